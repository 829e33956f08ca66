// The server reads Pi and the chain often, and a read changes nothing. So that the story stays
// readable, reads that follow each other are one row, "12 reads of Pi and the chain", that opens.

import { element } from "./element.js";
import { sayTimeOnce, setTime, shownAfter } from "./rows.js";

const OF = { pi: "Pi", chain: "the chain" };

const isRead = (row) => row?.dataset.tone === "quiet";
const isHead = (row) => row?.classList.contains("reads");

// After `row` has come: it continues a run of reads, or it splits one.
export function foldReads(row) {
  if (isRead(row)) fold(row);
  else [row.previousElementSibling, row.nextElementSibling].filter(isRead).forEach(fold);
}

function fold(row) {
  const run = runAround(row);
  const reads = run.filter(isRead);
  const head = run.find(isHead) ?? newHead();
  if (reads.length > 1) {
    if (reads[0].previousElementSibling !== head) reads[0].before(head);
    setTime(head, reads[0].dataset.at);
    const lanes = Object.keys(OF).filter((lane) => reads.some((each) => each.dataset.lane === lane));
    head.dataset.lane = lanes.join("-");
    buttonOf(head).textContent = `${reads.length} reads of ${lanes.map((lane) => OF[lane]).join(" and ")}`;
    show(head, reads);
  } else {
    head.remove();
    reads[0].hidden = false;
    [reads[0], shownAfter(reads[0])].forEach(sayTimeOnce);
  }
}

// The reads, and their head if they have one.
function runAround(row) {
  const run = [];
  let first = row;
  const belongs = (each) => isRead(each) || isHead(each);
  while (belongs(first.previousElementSibling)) first = first.previousElementSibling;
  for (let each = first; belongs(each); each = each.nextElementSibling) run.push(each);
  return run;
}

function newHead() {
  const button = element("button", { type: "button", ariaExpanded: "false" });
  const head = element("li", { className: "reads" }, element("time"), element("div", { className: "words" }, button));
  button.addEventListener("click", () => {
    button.ariaExpanded = String(!isOpen(head));
    show(head, runAround(head).filter(isRead));
    head.dispatchEvent(new Event("toggle", { bubbles: true }));
  });
  return head;
}

function show(head, reads) {
  for (const each of reads) each.hidden = !isOpen(head);
  const rows = isOpen(head) ? reads : [];
  [head, ...rows, shownAfter(reads.at(-1))].forEach(sayTimeOnce);
}

const buttonOf = (head) => head.querySelector("button");
const isOpen = (head) => buttonOf(head).ariaExpanded === "true";
