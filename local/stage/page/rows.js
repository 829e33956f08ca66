// A row of the lanes: when, in which lane, and what.

import { element } from "./element.js";

// Where a line may be broken: before a word of onReadyForServerApproval, after a part of a path.
const IN_NAMES = /(?<=[a-z])(?=[A-Z])|(?<=\()/;
const IN_PATHS = /(?<=[/_])/;
const LANES = { page: "Page", record: "Our record", pi: "Pi", chain: "Chain", stage: "Director" };

export function rowOf(line) {
  const text = element("span", { className: "text" }, ...textOf(line));
  const words = element("div", { className: "words" }, element("span", { className: "lane" }, LANES[line.lane]), " ", text);
  const row = element("li", {}, element("time"), words);
  setTime(row, line.at);
  Object.assign(row.dataset, { lane: line.lane, tone: line.tone });
  return row;
}

// The status of a call stands apart from what was called.
export function textOf({ text }) {
  const [call, status] = text.split(" → ");
  if (!/^[A-Z]+ \//.test(call)) return breakable(text, IN_NAMES);
  const code = element("code", {}, ...breakable(call, IN_PATHS));
  return status === undefined ? [code] : [code, element("b", {}, ` → ${status}`)];
}

function breakable(text, where) {
  const [first, ...rest] = text.split(where);
  return [first, ...rest.flatMap((part) => [element("wbr"), part])];
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function setTime(row, at) {
  row.dataset.at = at;
  row.querySelector("time").textContent = clock.format(at);
}

// Of the rows of one second only the first shows it.
export function sayTimeOnce(row) {
  const second = (each) => each?.querySelector("time").textContent;
  row?.classList.toggle("same-second", second(row) === second(shown(row, "previousElementSibling")));
}

export const shownAfter = (row) => shown(row, "nextElementSibling");

function shown(row, next) {
  let found = row[next];
  while (found?.hidden) found = found[next];
  return found;
}
