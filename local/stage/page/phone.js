// The shop in a phone, as tabs of one browser. A tab can be closed in the middle of anything.

import { element } from "./element.js";

export class Phone {
  constructor(section, shop, { call, sdk }) {
    this.shop = shop;
    this.tabs = [];
    this.on = { call, sdk, held: () => {} };
    this.hold = null;
    this.frame = section.querySelector(".phone");
    this.bar = section.querySelector(".tabs");
    this.bar.addEventListener("keydown", (event) => this.#arrow(event));
    window.addEventListener("message", (event) => this.#heard(event));
  }

  // One tab, with the page anew. `setup` is what the page must know before it begins: see
  // observer.js. Resolves when it has begun.
  open(setup = {}) {
    for (const tab of this.tabs) {
      this.close(tab);
      tab.panel.remove();
    }
    this.tabs = [];
    this.bar.replaceChildren();
    return this.#openTab(1, setup);
  }

  openSecondTab() {
    if (this.tabs.length < 2) return this.#openTab(2, {});
    this.show(this.tabs[1]);
  }

  show(shown) {
    this.current = shown;
    for (const tab of this.tabs) {
      const isShown = tab === shown;
      tab.panel.hidden = !isShown;
      tab.button.ariaSelected = String(isShown);
      tab.button.tabIndex = isShown ? 0 : -1;
    }
    this.bar.hidden = this.tabs.length < 2;
  }

  close(tab = this.current) {
    if (!tab?.iframe) return;
    tab.iframe = null;
    for (const { failed } of tab.asked.values()) failed(new Error("The page was closed."));
    const again = element("button", { type: "button" }, "Open it again");
    again.addEventListener("click", () => {
      this.reopen(tab);
      tab.iframe.focus(); // its button is gone
    });
    const card = element(
      "div",
      { className: "closed" },
      element("h3", {}, "The page is closed"),
      element("p", {}, "What it was about to send never left. The lanes show who finishes its work."),
      again,
    );
    tab.panel.replaceChildren(card);
  }

  // The page that calls this path next is closed before the call leaves. null: none is.
  holdNext(path) {
    this.hold = path;
    for (const tab of this.tabs) this.#tellWhenOpen(tab, { hold: path });
  }

  // Until the shop has come, the frame is the stage's own, and would not get it.
  #tellWhenOpen(tab, message) {
    const { iframe } = tab;
    tab.opened?.then(() => tab.iframe === iframe && iframe?.contentWindow.postMessage(message, this.shop));
  }

  reopen(tab = this.current) {
    if (!tab.iframe) this.#load(tab, {});
    return tab.opened;
  }

  // Resolves when the page has done it.
  ask(request) {
    const { iframe, asked } = this.current;
    if (!iframe) return Promise.reject(new Error("The page is closed."));
    const ask = crypto.randomUUID();
    return new Promise((done, failed) => {
      asked.set(ask, { done, failed });
      iframe.contentWindow.postMessage({ ask, ...request }, this.shop);
    });
  }

  #openTab(number, setup) {
    const name = `Tab ${number}`;
    const panel = element("div", { id: `tab-panel-${number}`, className: "panel", role: "tabpanel", ariaLabel: name });
    const button = element("button", { type: "button", role: "tab", "aria-controls": panel.id }, name);
    const tab = { number, panel, button };
    button.addEventListener("click", () => this.show(tab));
    this.tabs.push(tab);
    this.bar.append(button);
    this.frame.append(panel);
    this.#load(tab, setup);
    this.show(tab);
    return tab.opened;
  }

  #load(tab, setup) {
    const title = tab.number > 1 ? `The shop, tab ${tab.number}` : "The shop";
    tab.iframe = element("iframe", { title, name: JSON.stringify({ hold: this.hold, ...setup }), src: `${this.shop}/?stage=${location.origin}` });
    tab.asked = new Map();
    tab.opened = new Promise((done) => (tab.isOpen = done));
    tab.panel.replaceChildren(tab.iframe);
  }

  #heard({ source, origin, data }) {
    const tab = this.tabs.find((each) => each.iframe?.contentWindow === source);
    if (!tab || origin !== this.shop) return;
    if (data.opened) tab.isOpen();
    if (data.call) this.on.call(tab.number, data.call, data.at);
    if (data.sdk) this.on.sdk(data.sdk, data.at);
    if (data.held) {
      this.close(tab);
      this.on.held();
    }
    if (data.ask) {
      const { done, failed } = tab.asked.get(data.ask);
      tab.asked.delete(data.ask);
      data.failed ? failed(new Error(data.failed)) : done();
    }
  }

  #arrow(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step && this.tabs[this.tabs.indexOf(this.current) + step];
    if (!next) return;
    this.show(next);
    next.button.focus();
  }
}
