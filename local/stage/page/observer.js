// The stage's ear and hand in the shop's page; the shop itself holds nothing of the stage.
// It tells the stage of each call and of each step of Pi's SDK, and does what the stage asks for.
// What must be so before the page begins stands in the frame's name, as JSON:
// {forget: true}, {hold: "/pi_payment/complete"}, {prices: {apple_pie_1: "0.01"}}.
(() => {
  const stage = new URL(document.currentScript.src).origin;
  const setup = readName();
  const tell = (message) => parent.postMessage({ ...message, at: Date.now() }, stage);
  const fetchOfPage = window.fetch.bind(window);
  const lastCalls = new Map(); // by path

  if (setup.forget) {
    localStorage.clear();
    sessionStorage.clear();
    window.name = JSON.stringify({ ...setup, forget: false }); // a reload forgets nothing
  }

  function readName() {
    try {
      return JSON.parse(window.name) ?? {};
    } catch {
      return {};
    }
  }

  // --- What the page does ----------------------------------------------------------------------

  let calls = 0;
  window.fetch = async (resource, options = {}) => {
    const request = new Request(resource, options);
    const path = new URL(request.url).pathname;
    if (setup.hold && path.endsWith(setup.hold)) {
      tell({ held: path });
      return new Promise(() => {}); // the page is closed before this call leaves
    }
    const call = { id: ++calls, method: request.method, path };
    lastCalls.set(path, [resource, options]);
    tell({ call });
    try {
      const answer = await fetchOfPage(resource, options);
      tell({ call: { ...call, status: answer.status } });
      return setup.prices && path === "/products.json" ? await otherPrices(answer) : answer;
    } catch (error) {
      tell({ call: { ...call, status: null } });
      throw error;
    }
  };

  // A page that asks for another price than the shop's: what a cheating user would do.
  async function otherPrices(answer) {
    tell({ sdk: { what: "changed", prices: setup.prices } });
    const change = (value) => {
      if (Array.isArray(value)) return value.map(change);
      if (value === null || typeof value !== "object") return value;
      const price = setup.prices[value.product_id];
      return price ? { ...value, price } : Object.fromEntries(Object.entries(value).map(([k, v]) => [k, change(v)]));
    };
    return Response.json(change(await answer.json()));
  }

  window.addEventListener("pi-emulator", ({ detail }) => tell({ sdk: plain(detail) }));

  // Errors and functions cannot be posted.
  function plain(detail) {
    return JSON.parse(JSON.stringify(detail, (_key, value) => (value instanceof Error ? value.message : value)));
  }

  // --- What the stage asks for -----------------------------------------------------------------

  window.addEventListener("message", async ({ origin, source, data }) => {
    if (origin !== stage || source !== parent) return;
    if ("hold" in data) setup.hold = data.hold;
    if (!data.ask) return;
    try {
      if (data.press) await press(data);
      if (data.again) await again(data.again);
      if (data.scroll) scroll(data.scroll);
      tell({ ask: data.ask });
    } catch (error) {
      tell({ ask: data.ask, failed: error.message });
    }
  });

  // The same call once more, as the page sent it.
  async function again(ending) {
    const [, last] = [...lastCalls].reverse().find(([path]) => path.endsWith(ending));
    const [resource, { signal, ...options }] = last; // its time limit has begun long ago
    await window.fetch(resource, options);
  }

  function scroll(heading) {
    const found = [...document.querySelectorAll("h2")].find((each) => each.textContent === heading);
    found.scrollIntoView({ block: "start" });
  }

  // `within: "dialog"`: a button of the page with the same name is not meant.
  async function press({ press: name, within, pause }) {
    const button = await pressable(name, within);
    button.scrollIntoView({ block: "nearest" });
    button.focus({ preventScroll: true });
    button.style.outline = "3px solid var(--accent)"; // the shop and Pi's dialogs have this colour
    button.style.outlineOffset = "2px";
    await new Promise((done) => setTimeout(done, pause));
    button.style.outline = button.style.outlineOffset = "";
    button.click();
  }

  // A page that has only begun to load hears no press.
  const loaded = new Promise((done) => window.addEventListener("load", done));

  async function pressable(name, within) {
    await loaded;
    const until = Date.now() + 20_000;
    while (Date.now() < until) {
      const found = buttons(document).find((button) => named(button) === name && isPressable(button, within));
      if (found) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`The shop shows no button "${name}".`);
  }

  function* all(root) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* all(element.shadowRoot);
    }
  }

  const buttons = (root) => [...all(root)].filter((each) => each.matches("button, a, [role=button], input[type=submit]"));

  function named(element) {
    const by = element.getAttribute("aria-labelledby");
    const text = by ? by.split(" ").map((id) => element.getRootNode().getElementById(id)?.textContent).join(" ") : null;
    return (element.getAttribute("aria-label") ?? text ?? element.textContent).trim().replace(/\s+/g, " ");
  }

  // What lies under an open dialog is out of reach, as it is for a person.
  function isPressable(element, within) {
    if (element.disabled || element.getAttribute("aria-disabled") === "true" || !element.checkVisibility()) return false;
    const dialogs = [...all(document)].filter((each) => each.matches("dialog:modal"));
    return dialogs.length ? dialogs.at(-1).contains(element) : within !== "dialog";
  }

  tell({ opened: true });
})();
