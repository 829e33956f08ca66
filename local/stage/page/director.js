// The panel for what no user can do. Its switches show how things are, as the server tells it.

const SWITCHES = {
  pi_down: "Pi is down",
  answers_lost: "Answers get lost",
  links_forgotten: "Pi forgets the transaction",
  chain_lags: "The chain lags",
};

export class Director {
  constructor(section, phone, lanes) {
    Object.assign(this, { phone, lanes });
    this.refused = section.querySelector(".refused");
    this.switches = new Map();
    for (const [name, words] of Object.entries(SWITCHES)) {
      const button = add(section.querySelector(".switches"), words, () => this.turn(name, !this.isOn(name)));
      button.setAttribute("role", "switch");
      button.setAttribute("aria-checked", false);
      this.switches.set(name, button);
    }
    const orders = section.querySelector(".orders");
    add(orders, "Close the page now", () => phone.close());
    add(orders, "An hour later", () => this.order("an-hour-later"));
    add(orders, "A second tab", () => phone.openTab());
    add(orders, "Refund the last purchase", () => this.order("refund"));
    add(orders, "Reset everything", () => this.reset());
  }

  isOn(name) {
    return this.switches.get(name).getAttribute("aria-checked") === "true";
  }

  show(weather) {
    for (const [name, button] of this.switches) button.setAttribute("aria-checked", weather.includes(name));
  }

  turn(name, on) {
    return this.#ask(on ? "PUT" : "DELETE", `weather/${name}`);
  }

  order(what) {
    return this.#ask("POST", what);
  }

  // `told`: see observer.js.
  async reset(told = {}) {
    const emptied = this.lanes.nextEmpty();
    await this.order("reset");
    await emptied;
    await this.phone.open({ ...told, forget: true });
  }

  async #ask(method, path) {
    document.body.setAttribute("aria-busy", "true");
    this.refused.textContent = "";
    try {
      const answer = await fetch(`/director/${path}`, { method, headers: { "X-Stage": "1" } });
      const { error } = await answer.json();
      this.refused.textContent = error ?? "";
    } finally {
      document.body.removeAttribute("aria-busy");
    }
  }
}

function add(group, words, act) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: words });
  button.addEventListener("click", async () => {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      await act();
    } finally {
      button.ariaBusy = "false";
    }
  });
  group.append(button);
  return button;
}
