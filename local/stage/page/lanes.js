// Four lanes, one line per call and change, in the order in which they happened.

const LANES = { page: "Page", record: "Our record", pi: "Pi", chain: "Chain", stage: "Director" };
const MOST_ROWS = 1000;
const PAGE_LINES = "page-lines";
const MOST_PAGE_LINES = 300;
const AT_THE_END = 40; // pixels

export class Lanes {
  constructor(section) {
    this.scroll = section.querySelector(".scroll");
    this.list = section.querySelector("ol");
    this.empty = section.querySelector(".empty");
    this.newest = section.querySelector(".newest");
    this.follows = true;
    this.top = 0;
    this.pageLines = [];
    this.scroll.addEventListener("scroll", () => this.#scrolled());
    this.newest.addEventListener("click", () => this.#toTheEnd());
    new ResizeObserver(() => this.follows && this.#toTheEnd()).observe(this.list);
  }

  // `number` says which emptying it is: after a reload the same one is told again.
  clear(number) {
    const kept = JSON.parse(sessionStorage.getItem(PAGE_LINES) ?? "{}");
    this.list.replaceChildren();
    this.pageLines = kept.number === number ? kept.lines : [];
    this.number = number;
    this.pageLines.forEach((line) => this.add(line));
    this.empty.hidden = this.list.children.length > 0;
    this.emptied?.();
  }

  // Resolves when all has been emptied.
  nextEmpty() {
    return new Promise((done) => (this.emptied = done));
  }

  // A line of the page: nobody else knows it, so it is kept for a reload of the stage.
  addOfPage(line) {
    this.pageLines = [...this.pageLines, line].slice(-MOST_PAGE_LINES);
    this.#keep();
    return this.add(line);
  }

  // The call of then has its answer.
  replaceOfPage(at, line) {
    this.pageLines = this.pageLines.map((each) => (each.at === at ? { ...line, at } : each));
    this.#keep();
  }

  #keep() {
    sessionStorage.setItem(PAGE_LINES, JSON.stringify({ number: this.number, lines: this.pageLines }));
  }

  add(line) {
    const before = this.#rowBefore(line);
    if (isRepeat(before, line)) return count(before);
    const row = rowOf(line);
    before ? before.after(row) : this.list.prepend(row);
    [row, row.nextElementSibling].forEach(sayTimeOnce);
    if (this.list.children.length > MOST_ROWS) this.list.firstElementChild.remove();
    this.empty.hidden = true;
    return row;
  }

  #rowBefore(line) {
    let row = this.list.lastElementChild;
    while (row && Number(row.dataset.at) > line.at) row = row.previousElementSibling;
    return row;
  }

  // It follows the newest line until a person scrolls up, and again once they are at the end.
  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroll;
    if (scrollTop < this.top) this.follows = false;
    if (scrollHeight - scrollTop - clientHeight < AT_THE_END) this.follows = true;
    this.top = scrollTop;
    this.newest.hidden = this.follows;
  }

  #toTheEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }
}

// Rows of the same second say it once.
function sayTimeOnce(row) {
  const second = (each) => each?.querySelector("time").textContent;
  row?.classList.toggle("same-second", second(row) === second(row.previousElementSibling));
}

// A page's call is shown when it leaves, and again when its answer is there.
export function answered(row, line) {
  row.dataset.tone = line.tone;
  row.querySelector(".text").replaceChildren(...textOf(line));
}

function rowOf(line) {
  const row = document.createElement("li");
  Object.assign(row.dataset, { lane: line.lane, at: line.at, tone: line.tone, subject: line.subject ?? "", text: line.text });
  const time = Object.assign(document.createElement("time"), { textContent: clockOf(line.at) });
  const lane = Object.assign(document.createElement("span"), { className: "lane", textContent: LANES[line.lane] });
  const text = Object.assign(document.createElement("span"), { className: "text" });
  text.replaceChildren(...textOf(line));
  const words = Object.assign(document.createElement("div"), { className: "words" });
  words.append(lane, " ", text);
  row.append(time, words);
  return row;
}

// The status of a call stands apart from what was called.
function textOf({ text }) {
  const [call, status] = text.split(" → ");
  if (!/^[A-Z]+ \//.test(call)) return [text];
  const code = Object.assign(document.createElement("code"), { textContent: call });
  if (status === undefined) return [code];
  return [code, Object.assign(document.createElement("b"), { textContent: ` → ${status}` })];
}

function isRepeat(row, line) {
  return row?.dataset.text === line.text && row.dataset.lane === line.lane && row.dataset.tone === "quiet";
}

function count(row) {
  const times = Number(row.dataset.times ?? 1) + 1;
  row.dataset.times = times;
  let shown = row.querySelector(".times");
  if (!shown) {
    shown = Object.assign(document.createElement("span"), { className: "times" });
    row.querySelector(".text").append(shown);
  }
  shown.textContent = ` ×${times}`;
  return row;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const clockOf = (at) => clock.format(at);
