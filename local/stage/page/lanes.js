// Four lanes, one line per call and change, in the order in which they happened.

import { foldReads } from "./reads.js";
import { rowOf, sayTimeOnce, shownAfter, textOf } from "./rows.js";

const MOST_ROWS = 1000;
const PAGE_LINES = "page-lines";
const MOST_PAGE_LINES = 300;
const NEAR_THE_END_PX = 40;

export class Lanes {
  constructor(section) {
    this.scroll = section.querySelector(".scroll");
    this.list = section.querySelector("ol");
    this.empty = section.querySelector(".empty");
    this.newest = section.querySelector(".newest");
    this.top = 0;
    this.pageLines = [];
    this.awaitEmpty = [];
    this.#follow(true);
    this.scroll.addEventListener("scroll", () => this.#scrolled());
    this.newest.addEventListener("click", () => this.#toTheEnd());
    this.list.addEventListener("toggle", () => this.#follow(false));
    const resized = new ResizeObserver(() => this.follows && this.#toTheEnd());
    resized.observe(this.list);
    resized.observe(this.scroll);
  }

  // `number` says which emptying it is: after a reload the same one is told again.
  clear(number) {
    const kept = JSON.parse(sessionStorage.getItem(PAGE_LINES) ?? "{}");
    this.list.replaceChildren();
    this.pageLines = kept.number === number ? kept.lines : [];
    this.number = number;
    this.pageLines.forEach((line) => this.add(line));
    this.empty.hidden = this.#tells();
    this.awaitEmpty.splice(0).forEach((done) => done());
  }

  // Resolves when all has been emptied.
  nextEmpty() {
    return new Promise((done) => this.awaitEmpty.push(done));
  }

  // Only this page knows its lines, so it keeps them for a reload of the stage.
  addOfPage(line) {
    this.pageLines = [...this.pageLines, line].slice(-MOST_PAGE_LINES);
    this.#keep();
    return { line, row: this.add(line) };
  }

  // A call's line is shown when it leaves. Now its answer is there.
  answer({ line, row }, answered) {
    const now = { ...answered, at: line.at };
    this.pageLines = this.pageLines.map((each) => (each === line ? now : each));
    this.#keep();
    row.dataset.tone = now.tone;
    row.querySelector(".text").replaceChildren(...textOf(now));
  }

  #keep() {
    sessionStorage.setItem(PAGE_LINES, JSON.stringify({ number: this.number, lines: this.pageLines }));
  }

  add(line) {
    const before = this.#rowBefore(line);
    const row = rowOf(line);
    before ? before.after(row) : this.list.prepend(row);
    [row, shownAfter(row)].forEach(sayTimeOnce);
    foldReads(row);
    if (this.list.children.length > MOST_ROWS) this.#removeOldest();
    this.empty.hidden = this.#tells();
    return row;
  }

  // More than reads, which the sweep also does while nothing happens.
  #tells() {
    return this.list.querySelector("li:not(.reads, [data-tone=quiet])") !== null;
  }

  #removeOldest() {
    this.list.querySelector("li:not(.reads)").remove();
    foldReads(this.list.firstElementChild);
  }

  #rowBefore(line) {
    let row = this.list.lastElementChild;
    while (row && Number(row.dataset.at) > line.at) row = row.previousElementSibling;
    return row;
  }

  // It follows the newest line until a person scrolls up or opens a row, and again at the end.
  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroll;
    if (scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX) this.#follow(true);
    else if (scrollTop < this.top) this.#follow(false);
    this.top = scrollTop;
  }

  #follow(follows) {
    this.follows = follows;
    this.newest.hidden = follows;
  }

  #toTheEnd() {
    this.#follow(true);
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.top = this.scroll.scrollTop; // it may be higher than before: then no person has scrolled
  }
}
