// The shop in a phone, as tabs of one browser. A tab can be closed in the middle of anything.

const MOST_TABS = 3;

export class Phone {
  constructor(section, shop, { call, sdk, held }) {
    this.shop = shop;
    this.tabs = [];
    this.asked = new Map();
    this.on = { call, sdk, held };
    this.frame = section.querySelector(".phone");
    this.bar = section.querySelector(".tabs");
    this.bar.addEventListener("keydown", (event) => this.#arrow(event));
    window.addEventListener("message", (event) => this.#heard(event));
  }

  get current() {
    return this.tabs.find((tab) => tab.number === this.shown);
  }

  // `told` is what the page must know before it begins: see observer.js. Resolves when it has begun.
  open(told = {}) {
    this.tabs.forEach((tab) => tab.panel.remove());
    this.tabs = [];
    return this.openTab(told);
  }

  openTab(told = {}) {
    if (this.tabs.length >= MOST_TABS) return this.show(this.tabs.at(-1).number);
    const number = (this.tabs.at(-1)?.number ?? 0) + 1;
    const panel = Object.assign(document.createElement("div"), { id: `tab-panel-${number}`, className: "panel" });
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-label", `Tab ${number}`);
    this.tabs.push({ number, panel });
    this.frame.append(panel);
    this.#load(this.tabs.at(-1), told);
    this.show(number);
    return this.tabs.at(-1).opened;
  }

  show(number) {
    this.shown = number;
    for (const tab of this.tabs) tab.panel.hidden = tab.number !== number;
    this.bar.hidden = this.tabs.length < 2;
    this.bar.replaceChildren(...this.tabs.map((tab) => this.#tabButton(tab)));
  }

  close() {
    const tab = this.current;
    if (!tab?.iframe) return;
    tab.iframe.remove();
    tab.iframe = null;
    const card = Object.assign(document.createElement("div"), { className: "closed" });
    const title = Object.assign(document.createElement("h3"), { textContent: "The page is closed" });
    const text = Object.assign(document.createElement("p"), {
      textContent: "Whatever it was about to say, nobody will hear. The lanes show who finishes its work.",
    });
    const again = Object.assign(document.createElement("button"), { type: "button", textContent: "Open it again" });
    again.addEventListener("click", () => this.reopen());
    card.append(title, text, again);
    tab.panel.append(card);
  }

  reopen(told = {}) {
    const tab = this.current;
    if (!tab.iframe) this.#load(tab, told);
    return tab.opened;
  }

  // Resolves when the page has done it.
  ask(request) {
    const iframe = this.current.iframe;
    if (!iframe) return Promise.reject(new Error("The page is closed"));
    const ask = crypto.randomUUID();
    return new Promise((done, failed) => {
      this.asked.set(ask, { done, failed });
      iframe.contentWindow.postMessage({ ask, ...request }, this.shop);
    });
  }

  #load(tab, told) {
    const iframe = document.createElement("iframe");
    iframe.name = JSON.stringify(told);
    iframe.title = this.tabs.length > 1 ? `The shop, tab ${tab.number}` : "The shop";
    iframe.src = `${this.shop}/?stage=${location.origin}`;
    tab.opened = new Promise((done) => (tab.isOpen = done));
    tab.iframe = iframe;
    tab.panel.replaceChildren(iframe);
  }

  #heard({ source, origin, data }) {
    const tab = this.tabs.find((each) => each.iframe?.contentWindow === source);
    if (!tab || origin !== this.shop) return;
    if (data.opened) tab.isOpen();
    if (data.call) this.on.call(tab.number, data.call, data.at);
    if (data.sdk) this.on.sdk(data.sdk, data.at);
    if (data.held) this.on.held(data.held);
    if (data.ask) {
      const { done, failed } = this.asked.get(data.ask) ?? {};
      this.asked.delete(data.ask);
      data.failed ? failed?.(new Error(data.failed)) : done?.();
    }
  }

  #tabButton(tab) {
    const isShown = tab.number === this.shown;
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: `Tab ${tab.number}` });
    button.setAttribute("role", "tab");
    button.setAttribute("aria-selected", isShown);
    button.setAttribute("aria-controls", tab.panel.id);
    button.tabIndex = isShown ? 0 : -1;
    button.addEventListener("click", () => this.show(tab.number));
    return button;
  }

  #arrow(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step && this.tabs[this.tabs.indexOf(this.current) + step];
    if (!next) return;
    this.show(next.number);
    this.bar.querySelector("[aria-selected=true]").focus();
  }
}
