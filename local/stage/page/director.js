// The panel for what no user can do. Its switches are the server's: their words, and how they are.

import { element } from "./element.js";

export class Director {
  constructor(section, switches, phone, lanes) {
    Object.assign(this, { phone, lanes });
    this.refused = section.querySelector(".refused");
    this.switches = new Map();
    for (const [name, { title, means }] of Object.entries(switches)) {
      const group = element("div");
      section.querySelector(".switches").append(group);
      const button = this.#add(group, title, () => this.turn(name, !this.isOn(name)));
      button.role = "switch";
      button.ariaChecked = "false";
      button.setAttribute("aria-describedby", name);
      group.append(element("p", { id: name, className: "means" }, means));
      this.switches.set(name, button);
    }
    const orders = section.querySelector(".orders");
    // A person is too slow to close the page between the payment and the call that tells the server.
    const once = this.#add(orders, "Close the page once paid", () => this.closeOncePaid(once.ariaChecked !== "true"));
    once.role = "switch";
    once.ariaChecked = "false";
    this.once = once;
    phone.on.held = () => this.closeOncePaid(false);
    this.#add(orders, "Close the page now", () => phone.close());
    this.#add(orders, "An hour later", () => this.order("an-hour-later"));
    this.#add(orders, "A second tab", () => phone.openSecondTab());
    this.#add(orders, "Refund the last purchase", () => this.order("refund"));
    this.#add(orders, "Reset everything", () => this.reset());
    this.clock = element("p", { className: "clock", role: "status" });
    orders.append(this.clock);
  }

  isOn(name) {
    return this.switches.get(name).ariaChecked === "true";
  }

  showClock(ahead) {
    this.clock.textContent = `The clock is ${ahead / 3600} h ahead, and never goes back.`;
  }

  show(weather) {
    for (const [name, button] of this.switches) button.ariaChecked = String(weather.includes(name));
  }

  turn(name, on) {
    return ask(on ? "PUT" : "DELETE", `weather/${name}`);
  }

  closeOncePaid(on) {
    this.once.ariaChecked = String(on);
    this.phone.holdNext(on ? "/pi_payment/complete" : null);
  }

  order(what) {
    return ask("POST", what);
  }

  // `setup` is the page's: see observer.js.
  async reset(setup = {}) {
    this.closeOncePaid(false);
    const emptied = this.lanes.nextEmpty();
    await this.order("reset");
    await emptied;
    await this.phone.open({ ...setup, forget: true });
  }

  #add(group, words, act) {
    const button = element("button", { type: "button" }, words);
    button.addEventListener("click", async () => {
      if (button.ariaBusy === "true") return;
      button.ariaBusy = "true";
      this.refused.textContent = "";
      try {
        await act();
      } catch (error) {
        this.refused.textContent = error.message;
      } finally {
        button.ariaBusy = "false";
      }
    });
    group.append(button);
    return button;
  }
}

let asked = 0; // and not answered yet

function count(change) {
  asked += change;
  document.body.ariaBusy = String(asked > 0);
}

// Throws an Error with the reason, as a sentence, when the server refuses or fails.
async function ask(method, path) {
  count(1);
  try {
    const answer = await fetch(`/director/${path}`, { method, headers: { "X-Stage": "1" } });
    const { error } = await answer.json();
    if (error) throw new Error(error);
  } finally {
    count(-1);
  }
}
