/*
 * Pi's browser SDK, of the Pi emulator: `window.Pi` in an ordinary browser.
 *
 *   <script src="http://127.0.0.1:8314/pi-sdk.js"></script>
 *   <script>Pi.init({ version: "2.0" });</script>
 *
 * A page that works with https://sdk.minepi.com/pi-sdk.js changes only that address. The emulator
 * is where this script came from; `?app_id=...` on it names another app than the emulator's first.
 *
 * Everything that matters is kept by the emulator: a page may be closed, reloaded or opened twice
 * at any moment. Only who signed in last, and what they refused, is in localStorage ("pi-emulator").
 * What the SDK does is told by "pi-emulator" events on window: { detail: { what, ... } }.
 *
 * Contents: the emulator; the user; Pi; signing in; a payment; an ad; dialogs; the marker; the look.
 */
(() => {
  "use strict";

  const SOURCE = new URL(document.currentScript.src);
  const CONTROL = `${SOURCE.origin}/_emulator`;
  const APP_ID = SOURCE.searchParams.get("app_id") ?? undefined;

  const SCOPES = {
    username: "Your Pi username",
    payments: "Ask you for payments",
    wallet_address: "Your wallet’s address, to pay you",
    roles: "Your roles at Pi",
    platform: "That you use Pi",
    in_app_notifications: "Send you notifications",
  };
  const NATIVE_FEATURES = ["inline_media", "request_permission", "ad_network"];
  const AD_TYPES = ["interstitial", "rewarded"];
  const POLL_S = 0.2;
  // So long an emulator that does not answer is asked again.
  const PATIENCE_S = 2;

  const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const tell = (what, detail = {}) =>
    window.dispatchEvent(new CustomEvent("pi-emulator", { detail: { what, ...detail } }));

  // --- The emulator ------------------------------------------------------------------------------

  /** The emulator's refusal: Pi's `code` and text. */
  class Refusal extends Error {
    constructor(status, { error, error_message: message, ...more }) {
      super(message || `Pi answered ${status}.`);
      this.code = error;
      Object.assign(this, more);
    }
  }

  const SILENT = `The Pi emulator does not answer at ${SOURCE.origin}. Is it running?`;

  async function ask(method, path, body) {
    let response;
    try {
      response = await fetch(CONTROL + path, {
        method,
        cache: "no-store",
        headers: body && { "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
      });
    } catch {
      throw new Error(SILENT);
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refusal(response.status, answer);
    return answer;
  }

  const about = () => ask("GET", `/browser${APP_ID ? `?app_id=${encodeURIComponent(APP_ID)}` : ""}`);

  // --- The user ----------------------------------------------------------------------------------

  /** What this browser remembers; in a frame without storage, only until it is closed. */
  const memory = {
    value: {},
    read() {
      try {
        return JSON.parse(localStorage.getItem("pi-emulator")) ?? {};
      } catch {
        return this.value;
      }
    },
    write(value) {
      this.value = value;
      try {
        localStorage.setItem("pi-emulator", JSON.stringify(value));
      } catch {
        // The value above will do.
      }
    },
  };

  /** Since the page was loaded: as in Pi's SDK, a reload forgets it. */
  const session = {
    initialized: false,
    user: null, // { uid, username, wallet }
    accessToken: null,
    scopes: [],
    asked: [],
    onIncompletePaymentFound: null,
  };

  /** Call the page. What it throws is the page's error, and stops nothing here. */
  function callPage(name, callback, ...values) {
    try {
      callback?.(...values);
    } catch (error) {
      reportError(error);
    }
  }

  // --- Pi ----------------------------------------------------------------------------------------

  function requireInit() {
    if (!session.initialized) {
      throw new Error("Pi Network SDK was not initialized. Call init() before any other method.");
    }
  }

  const Pi = {
    async init({ version } = {}) {
      if (version !== "2.0") throw new Error("Unrecognized version number");
      session.initialized = true;
      await showMarker();
    },

    async authenticate(scopes, onIncompletePaymentFound) {
      requireInit();
      if (!scopes.every((scope) => scope in SCOPES)) {
        throw new Error("Invalid scopes found. Please check the scopes you're requesting again.");
      }
      tell("authenticate", { scopes });
      return oneAtATime(() => signIn(scopes, onIncompletePaymentFound));
    },

    createPayment(paymentData, callbacks) {
      requireInit();
      if (!session.scopes.includes("payments")) {
        throw new Error('Cannot create a payment without "payments" scope');
      }
      const { amount, memo, metadata } = paymentData ?? {};
      tell("createPayment", { amount, memo, metadata });
      new Payment({ amount, memo, metadata }, callbacks ?? {}).run();
    },

    async nativeFeaturesList() {
      requireInit();
      const { settings } = await about();
      const supported = settings.sdk_ads !== "ADS_NOT_SUPPORTED";
      return NATIVE_FEATURES.filter((feature) => supported || feature !== "ad_network");
    },

    openShareDialog(title, message) {
      requireInit();
      share(title, message);
    },

    async openUrlInSystemBrowser(url) {
      requireInit();
      window.open(url, "_blank", "noopener");
    },

    Ads: {
      async isAdReady(type) {
        const { settings } = await adCall(type);
        return { type, ready: settings.sdk_ads === "ready" };
      },
      async requestAd(type) {
        const { settings } = await adCall(type);
        return { type, result: REQUESTED[settings.sdk_ads] };
      },
      async showAd(type) {
        requireInit();
        tell("showAd", { type });
        const answer = { type, ...(await showAd(type)) };
        tell("ad-result", answer);
        return answer;
      },
    },

    Wallet: {
      async getUserMigratedWalletAddresses() {
        requireInit();
        if (!session.scopes.includes("wallet_address")) {
          throw new Error('Cannot get wallet addresses without "wallet_address" scope');
        }
        return { wallets: [{ publicKey: session.user.wallet }] };
      },
    },
  };

  // --- Signing in --------------------------------------------------------------------------------

  let signingIn = Promise.resolve();

  function oneAtATime(work) {
    const turn = signingIn.then(work);
    signingIn = turn.catch(() => {});
    return turn;
  }

  async function signIn(scopes, onIncompletePaymentFound) {
    let world;
    try {
      world = await about();
    } catch (error) {
      sayOnly("Signing in", error.message);
      throw new Error("Authentication failed.");
    }
    const remembered = memory.read();
    const known = world.users.find((user) => user.username === remembered.username);
    const refused = (remembered.refused ?? []).filter((scope) => scopes.includes(scope));
    const decided = [...(known?.scopes ?? []), ...refused];
    const choice =
      known && scopes.every((scope) => decided.includes(scope))
        ? { username: known.username, refused }
        : await askConsent(world, scopes, known);
    if (!choice) throw new Error("User consent cancelled.");
    await grant(world, scopes, choice);
    session.onIncompletePaymentFound = onIncompletePaymentFound;
    const { uid, username } = session.user;
    tell("signed-in", { uid, username, scopes: session.scopes });
    if (world.settings.sdk_incomplete_first) await findIncomplete();
    else setTimeout(findIncomplete, 0);
    const shown = session.scopes.includes("username") ? { uid, username } : { uid };
    return { accessToken: session.accessToken, user: shown };
  }

  /** Pi remembers what was granted, this browser what was refused. */
  async function grant(world, scopes, { username, refused }) {
    const before = world.users.find((user) => user.username === username)?.scopes ?? [];
    const granted = new Set([...before, ...scopes].filter((scope) => !refused.includes(scope)));
    let user;
    try {
      user = await ask("POST", "/users", { username, app_id: APP_ID, scopes: [...granted] });
      const { users } = await about();
      session.user = users.find(({ uid }) => uid === user.uid);
    } catch (error) {
      sayOnly("Signing in", error.message);
      throw new Error("Authentication failed.");
    }
    memory.write({ username, refused });
    session.accessToken = user.accessToken;
    session.scopes = [...granted];
    session.asked = scopes;
    refreshMarker();
  }

  /** Gives { username, refused }, or null if the user does not want to. */
  async function askConsent(world, scopes, known) {
    const names = world.users.map((user) => user.username);
    const last = known?.username ?? memory.read().username;
    const suggested = names.includes(last) ? last : names[0];
    const newName = element("input", {
      type: "text",
      id: "new-name",
      maxLength: 40,
      autocomplete: "off",
      spellcheck: false,
      value: names.length ? "" : (last ?? "alice"),
    });
    const users = names.map((name) => radio("user", name, name, name === suggested));
    if (names.length) {
      const another = radio("user", "", "Someone new", false);
      newName.addEventListener("input", () => (another.querySelector("input").checked = true));
      another.addEventListener("change", () => newName.focus());
      users.push(another);
    }
    const boxes = scopes.map((scope) => checkbox(scope, SCOPES[scope], true));
    const who = element("fieldset", {}, [
      element("legend", { textContent: "Sign in as" }),
      element("div", { className: "list" }, users),
      element("label", { htmlFor: "new-name", textContent: names.length ? "Their name" : "Your name" }),
      newName,
    ]);
    const may = element("fieldset", {}, [
      element("legend", { textContent: `${world.app.app_id} may have` }),
      element("div", { className: "list" }, boxes),
    ]);
    const sheet = new Sheet("Sign in with Pi", world.app.network);
    sheet.show({
      body: [who, ...(scopes.length ? [may] : [])],
      buttons: { cancel: "Cancel", allow: "Sign in" },
    });
    for (;;) {
      if ((await sheet.choice()) !== "allow") {
        sheet.close();
        return null;
      }
      const picked = who.querySelector("input[type=radio]:checked")?.value;
      const username = picked || newName.value.trim();
      if (username) {
        sheet.close();
        const kept = boxes.map((box) => box.querySelector("input")).filter((box) => !box.checked);
        return { username, refused: kept.map((box) => box.value) };
      }
      sheet.say("A name is needed.");
      newName.focus();
    }
  }

  async function findIncomplete() {
    try {
      const query = new URLSearchParams({ uid: session.user.uid });
      const { payment } = await ask("GET", `/browser/incomplete?${query}`);
      if (payment) incompleteFound(payment);
    } catch {
      // The emulator has gone away meanwhile: the next call says so.
    }
  }

  function incompleteFound(payment) {
    tell("onIncompletePaymentFound", { paymentId: payment.identifier, payment });
    callPage("onIncompletePaymentFound", session.onIncompletePaymentFound, payment);
  }

  // --- A payment ---------------------------------------------------------------------------------

  const PENDING =
    "You already have a pending payment on this app, which needs an action from the developer.";
  const STEPS = ["App approves", "You pay", "App confirms"];

  /** How a payment ends otherwise than by its completion. */
  class Cancelled extends Error {}

  class Payment {
    constructor(data, callbacks) {
      this.data = data;
      this.callbacks = callbacks;
      this.seen = null; // as the emulator showed it last
      this.sheet = null;
    }

    get id() {
      return this.seen?.payment.identifier;
    }

    async run() {
      this.sheet = new Sheet("Payment", "");
      this.sheet.show({ body: [], status: "Opening the payment…", locked: true });
      try {
        await this.open();
        await this.beApproved();
        const txid = await this.bePaid();
        await this.beCompleted(txid);
        this.sheet.show({ body: this.summary(3), status: "Done", locked: true });
        await sleep(this.settings.sdk_done_s);
        this.sheet.close();
      } catch (error) {
        await this.end(error);
      }
    }

    async open() {
      const world = await about();
      this.settings = world.settings;
      this.sheet.network = world.app.network;
      this.app = world.app;
      let payment;
      try {
        payment = await ask("POST", "/payments", { accessToken: session.accessToken, ...this.data });
      } catch (error) {
        if (error.code === "ongoing_payment_found") {
          incompleteFound(error.payment);
          throw new Error(PENDING);
        }
        throw error;
      }
      this.seen = { payment };
      this.sheet.title = `Pay ${this.app.app_id}`;
      tell("payment-created", { paymentId: this.id, amount: payment.amount, memo: payment.memo });
      this.seen = await this.look();
    }

    /** Locked: the user can do nothing until the app's server has approved. */
    async beApproved() {
      const end = Date.now() + this.settings.sdk_approval_s * 1000;
      this.sheet.show({
        body: this.summary(0),
        status: "Waiting for the app’s server",
        countdown: end,
        locked: true,
      });
      const approved = await this.callUntil(
        "onReadyForServerApproval",
        [this.id],
        ({ payment }) => payment.status.developer_approved,
        end,
      );
      if (!approved) {
        this.seen = await ask("POST", `/browser/payments/${this.id}/expire`);
        this.check();
      }
      tell("approved", { paymentId: this.id });
    }

    /** The wallet: gives the txid. */
    async bePaid() {
      const { wallet } = this.seen;
      const enough = wallet.enough;
      this.sheet.show({
        body: this.summary(1),
        status: enough ? "" : "Your wallet does not hold enough Pi for this.",
        buttons: enough
          ? { cancel: "Cancel", pay: `Pay ${pi(this.data.amount)}` }
          : { cancel: "Close" },
      });
      const choice = await Promise.race([this.sheet.choice(), this.cancelledElsewhere()]);
      this.sheet.lock(choice === "pay" ? "Paying…" : "Cancelling…");
      if (choice !== "pay") {
        await ask("POST", `/payments/${this.id}/user_cancel`);
        throw new Cancelled();
      }
      let txid;
      try {
        const how = this.settings.sdk_link ? {} : { link: false };
        ({ txid } = await ask("POST", `/payments/${this.id}/pay`, how));
      } catch (error) {
        if (error.code === "op_underfunded") {
          this.seen.wallet.enough = false;
          return this.bePaid();
        }
        // The answer may have been lost: what the chain shows decides.
        this.seen = await this.look();
        if (!this.seen.txid) throw error;
        ({ txid } = this.seen);
      }
      tell("paid", { paymentId: this.id, txid, amount: this.seen.payment.amount });
      return txid;
    }

    async beCompleted(txid) {
      const end = Date.now() + this.settings.sdk_completion_s * 1000;
      this.sheet.show({
        body: this.summary(2),
        status: "Paid. Waiting for the app to confirm",
        locked: true,
      });
      const completed = await this.callUntil(
        "onReadyForServerCompletion",
        [this.id, txid],
        ({ payment }) => payment.status.developer_completed,
        end,
      );
      if (!completed) {
        throw new Error(
          "You have paid, but the app has not confirmed it in time. Nothing is lost: it still can.",
        );
      }
      tell("completed", { paymentId: this.id, txid });
    }

    /** Call the page at once and again and again, until the emulator shows it: false if too late. */
    async callUntil(name, values, reached, end) {
      const call = () => {
        tell(name, { paymentId: values[0], txid: values[1] });
        callPage(name, this.callbacks[name], ...values);
      };
      call();
      const repeat = setInterval(call, this.settings.sdk_repeat_s * 1000);
      try {
        while (Date.now() < end) {
          this.seen = await this.look();
          if (reached(this.seen)) return true;
          this.check();
          await sleep(POLL_S);
        }
        return false;
      } finally {
        clearInterval(repeat);
      }
    }

    /** While the user thinks it over, another tab, the app or Pi may cancel. */
    async cancelledElsewhere() {
      const shown = this.sheet.shown;
      while (shown === this.sheet.shown) {
        this.seen = await this.look();
        if (shown === this.sheet.shown) this.check();
        await sleep(POLL_S);
      }
      return new Promise(() => {});
    }

    /** Throws if the payment was cancelled. */
    check() {
      const { payment, expired } = this.seen;
      if (payment.status.developer_approved || !isCancelled(payment)) {
        if (isCancelled(payment) && !this.seen.txid) throw new Cancelled();
        return;
      }
      if (expired) throw new Error("The payment has expired");
      throw new Cancelled();
    }

    /** As the emulator shows it now; one that does not answer is asked for a while. */
    async look() {
      const end = Date.now() + PATIENCE_S * 1000;
      for (;;) {
        try {
          return await ask("GET", `/browser/payments/${this.id}`);
        } catch (error) {
          if (error instanceof Refusal) {
            throw new Error("Pi does not know this payment any more. Was the emulator reset?");
          }
          if (Date.now() > end) throw error;
        }
        await sleep(POLL_S);
      }
    }

    async end(error) {
      const payment = this.seen?.payment;
      if (error instanceof Cancelled) {
        tell("onCancel", { paymentId: this.id });
        callPage("onCancel", this.callbacks.onCancel, this.id);
        this.sheet.close();
        return;
      }
      tell("onError", { paymentId: this.id, message: error.message });
      callPage("onError", this.callbacks.onError, new Error(error.message), payment);
      this.sheet.show({
        body: payment ? this.summary() : [],
        status: error.message,
        buttons: { close: "Close" },
      });
      await this.sheet.choice();
      this.sheet.close();
    }

    summary(step) {
      const { payment, wallet } = this.seen;
      const rows = {
        To: `${this.app.app_id} (${short(payment.to_address)})`,
        For: payment.memo,
        Network: payment.network,
      };
      if (wallet) rows["In your wallet"] = pi(wallet.available);
      if (wallet) rows.Fee = pi(wallet.fee);
      return [
        element("p", { className: "amount", textContent: pi(payment.amount) }),
        element(
          "dl",
          {},
          Object.entries(rows).flatMap(([name, value]) => [
            element("dt", { textContent: name }),
            element("dd", { textContent: value }),
          ]),
        ),
        ...(step === undefined ? [] : [steps(step)]),
      ];
    }
  }

  const isCancelled = ({ status }) => status.cancelled || status.user_cancelled;
  const pi = (amount) =>
    `${new Intl.NumberFormat("en", { maximumFractionDigits: 7 }).format(amount)} Pi`;
  const short = (address) => `${address.slice(0, 4)}…${address.slice(-4)}`;

  function steps(current) {
    return element(
      "ol",
      { className: "steps" },
      STEPS.map((name, index) => {
        const state = index < current ? "done" : index === current ? "now" : "later";
        const item = element("li", { className: state, textContent: name });
        if (state === "now") item.setAttribute("aria-current", "step");
        return item;
      }),
    );
  }

  // --- An ad -------------------------------------------------------------------------------------

  // What `requestAd` answers, by the setting `sdk_ads`.
  const REQUESTED = {
    ready: "AD_LOADED",
    AD_DISPLAY_ERROR: "AD_LOADED",
    AD_NETWORK_ERROR: "AD_FAILED_TO_LOAD",
    AD_NOT_AVAILABLE: "AD_NOT_AVAILABLE",
    ADS_NOT_SUPPORTED: "ADS_NOT_SUPPORTED",
  };

  async function adCall(type) {
    requireInit();
    if (!AD_TYPES.includes(type)) throw new Error(`There is no ad of the type ${type}.`);
    return about();
  }

  async function showAd(type) {
    let world;
    try {
      world = await adCall(type);
    } catch (error) {
      if (error.message === SILENT) return { result: "AD_NETWORK_ERROR" };
      throw error;
    }
    const { settings } = world;
    if (type === "rewarded" && !session.accessToken) return { result: "USER_UNAUTHENTICATED" };
    if (settings.sdk_ads === "ADS_NOT_SUPPORTED" && type === "interstitial") {
      return { result: "AD_NOT_AVAILABLE" };
    }
    if (settings.sdk_ads !== "ready") return { result: settings.sdk_ads };
    const watched = await playAd(type, settings.sdk_ad_s, world.app.network);
    if (type === "interstitial" || !watched) return { result: "AD_CLOSED" };
    try {
      const ad = await ask("POST", "/ads", { status: settings.sdk_ad_status, app_id: APP_ID });
      return { result: "AD_REWARDED", ...(settings.sdk_ad_id ? ad : {}) };
    } catch {
      return { result: "AD_NETWORK_ERROR" };
    }
  }

  /** Gives whether it was watched to its end. */
  async function playAd(type, seconds, network) {
    const sheet = new Sheet("An ad", network);
    const end = Date.now() + seconds * 1000;
    const picture = element("div", { className: "ad" }, [
      element("p", { textContent: "Here an ad would play." }),
    ]);
    const rewarded = type === "rewarded";
    sheet.show({
      body: [picture],
      status: rewarded ? "The reward comes at its end" : "It ends by itself",
      countdown: end,
      buttons: { skip: rewarded ? "Close without the reward" : "Close" },
    });
    const choice = await Promise.race([sheet.choice(), sleep(seconds).then(() => "ended")]);
    if (choice === "ended") {
      sheet.show({
        body: [picture],
        status: rewarded ? "You have watched it." : "It has ended.",
        buttons: { done: rewarded ? "Close and take the reward" : "Close" },
      });
      await sheet.choice();
    }
    sheet.close();
    return choice === "ended";
  }

  // --- Dialogs -----------------------------------------------------------------------------------

  let root = null;
  let dialogs = 0;

  /** The shadow root of <pi-emulator>: beside the body, which a page may replace. */
  function shadow() {
    if (!root) {
      const host = document.createElement("pi-emulator");
      root = host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(LOOK);
      root.adoptedStyleSheets = [sheet];
    }
    if (!root.host.isConnected) document.documentElement.append(root.host);
    return root;
  }

  function element(name, properties = {}, children = []) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function checkbox(value, text, checked) {
    return element("label", { className: "choice" }, [
      element("input", { type: "checkbox", value, checked }),
      element("span", { textContent: text }),
    ]);
  }

  function radio(name, value, text, checked) {
    return element("label", { className: "choice" }, [
      element("input", { type: "radio", name, value, checked }),
      element("span", { textContent: text }),
    ]);
  }

  /** A modal dialog. Locked, it has no button, and Escape does not close it. */
  class Sheet {
    constructor(title, network) {
      const id = `title-${(dialogs += 1)}`;
      this.shown = 0;
      this.heading = element("h2", { id, textContent: title, tabIndex: -1 });
      this.onNetwork = element("span", { textContent: network });
      this.body = element("div", { className: "body" });
      this.status = element("p", { className: "status" });
      this.status.setAttribute("role", "status");
      this.timer = element("p", { className: "timer" });
      this.timer.setAttribute("role", "timer");
      this.buttons = element("div", { className: "buttons" });
      const form = element("form", { method: "dialog", noValidate: true }, [
        element("p", { className: "mark" }, [
          element("span", { textContent: "Pi emulator" }),
          this.onNetwork,
        ]),
        this.heading,
        this.body,
        element("div", { className: "progress" }, [this.status, this.timer]),
        this.buttons,
      ]);
      this.dialog = element("dialog", {}, [form]);
      this.dialog.setAttribute("aria-labelledby", id);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.pick(this.buttons.lastElementChild?.value);
      });
      // Chrome closes at the second Escape, whatever `cancel` says: so its key is taken as well.
      this.dialog.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.escape(event);
      });
      this.dialog.addEventListener("cancel", (event) => this.escape(event));
      this.dialog.addEventListener("close", () => {
        if (!this.closed) this.dialog.showModal();
      });
      this.pick = () => {};
      shadow().append(this.dialog);
      this.dialog.showModal();
      this.heading.focus();
    }

    set title(text) {
      this.heading.textContent = text;
    }

    set network(name) {
      this.onNetwork.textContent = name;
    }

    /** `buttons` by value: the first one is what Escape means, the last one the main one. */
    show({ body, status = "", countdown = null, buttons = {}, locked = false }) {
      this.shown += 1;
      clearInterval(this.ticking);
      this.body.replaceChildren(...body);
      this.say(status, locked);
      this.tick(countdown);
      this.buttons.replaceChildren(
        // Enter in a field presses the main one: it alone submits.
        ...Object.entries(buttons).map(([value, text], index, all) => {
          const main = index === all.length - 1;
          return element("button", {
            type: main ? "submit" : "button",
            className: main ? "main" : "",
            value,
            textContent: text,
            onclick: main ? null : () => this.pick(value),
          });
        }),
      );
      this.answer = new Promise((resolve) => (this.pick = resolve));
      this.heading.focus();
    }

    say(text, busy = false) {
      this.status.textContent = text;
      this.dialog.classList.toggle("busy", busy);
    }

    lock(text) {
      this.show({ body: [...this.body.childNodes], status: text, locked: true });
    }

    /** The value of the button that the user presses. */
    async choice() {
      const value = await this.answer;
      this.answer = new Promise((resolve) => (this.pick = resolve));
      return value;
    }

    escape(event) {
      event.preventDefault();
      event.stopPropagation();
      const [first] = this.buttons.children;
      if (first) this.pick(first.value);
    }

    tick(end) {
      const left = () => {
        this.timer.textContent = `${Math.max(0, Math.ceil((end - Date.now()) / 1000))} s`;
      };
      this.timer.textContent = "";
      if (end === null) return;
      left();
      this.ticking = setInterval(left, 250);
    }

    close() {
      this.closed = true;
      this.shown += 1;
      clearInterval(this.ticking);
      this.dialog.close();
      this.dialog.remove();
    }
  }

  async function sayOnly(title, text) {
    const sheet = new Sheet(title, "");
    sheet.show({ body: [], status: text, buttons: { close: "Close" } });
    await sheet.choice();
    sheet.close();
  }

  async function share(title, message) {
    const sheet = new Sheet("Share", "");
    const what = [
      element("p", { className: "strong", textContent: title }),
      element("p", { textContent: message }),
    ];
    sheet.show({ body: what, status: "", buttons: { close: "Close" } });
    await sheet.choice();
    sheet.close();
  }

  // --- The marker --------------------------------------------------------------------------------

  let marker = null;

  async function showMarker() {}

  function refreshMarker() {}

  // --- The look ----------------------------------------------------------------------------------

  const LOOK = `
    :host {
      color-scheme: light dark;
      --ink: light-dark(#16201e, #e8eeec);
      --quiet: light-dark(#5a6764, #9aa8a4);
      --card: light-dark(#ffffff, #171d1c);
      --line: light-dark(#d9dfdd, #33403d);
      --accent: light-dark(#0b6b5d, #5fd3bd);
      --on-accent: light-dark(#ffffff, #06231e);
      --wash: light-dark(#f1f5f4, #1f2826);
    }
    * { box-sizing: border-box; margin: 0; }
    dialog {
      width: min(400px, calc(100vw - 32px));
      max-height: calc(100dvh - 32px);
      margin: auto;
      padding: 0;
      overflow: auto;
      border: 1px solid var(--line);
      border-radius: 16px;
      background: var(--card);
      color: var(--ink);
      font: 16px/1.5 system-ui, sans-serif;
      box-shadow: 0 24px 64px rgb(0 0 0 / 0.24);
    }
    dialog::backdrop { background: rgb(10 20 18 / 0.5); }
    form { display: grid; gap: 16px; padding: 0 24px 24px; }
    .mark {
      display: flex;
      justify-content: space-between;
      gap: 16px;
      margin: 0 -24px;
      padding: 8px 24px;
      border-bottom: 1px dashed var(--line);
      color: var(--quiet);
      font: 12px/1.5 ui-monospace, monospace;
    }
    h2 { font-size: 20px; line-height: 1.3; outline: none; }
    .body { display: grid; gap: 16px; }
    .body:empty, .status:empty, .timer:empty, .buttons:empty, .progress:has(.status:empty) { display: none; }
    .amount { font-size: 32px; font-weight: 600; line-height: 1.2; font-variant-numeric: tabular-nums; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 4px 16px; font-size: 14px; }
    dt { color: var(--quiet); }
    dd { text-align: right; overflow-wrap: anywhere; }
    .steps { display: flex; gap: 8px; padding: 0; list-style: none; font-size: 12px; }
    .steps li { flex: 1; padding-top: 8px; border-top: 3px solid var(--line); color: var(--quiet); }
    .steps .done { border-color: var(--accent); }
    .steps .now { border-color: var(--accent); color: var(--ink); font-weight: 600; }
    .progress { display: flex; gap: 16px; justify-content: space-between; padding: 12px; border-radius: 8px; background: var(--wash); font-size: 14px; }
    .timer { color: var(--quiet); font-variant-numeric: tabular-nums; white-space: nowrap; }
    .busy .status::before {
      content: "";
      display: inline-block;
      width: 12px;
      height: 12px;
      margin-right: 8px;
      border: 2px solid var(--accent);
      border-right-color: transparent;
      border-radius: 50%;
      vertical-align: -1px;
      animation: turn 1s linear infinite;
    }
    @keyframes turn { to { rotate: 1turn; } }
    fieldset { min-width: 0; padding: 0; border: 0; }
    legend, fieldset > label { padding: 0; color: var(--quiet); font-size: 14px; }
    .list { display: grid; gap: 4px; max-height: 200px; margin: 4px 0 8px; overflow: auto; }
    .choice { display: flex; gap: 12px; align-items: center; min-height: 32px; }
    .choice input { flex: none; width: 18px; height: 18px; margin: 2px; accent-color: var(--accent); }
    input[type="text"] {
      width: 100%;
      padding: 8px 12px;
      border: 1px solid var(--quiet);
      border-radius: 8px;
      background: var(--card);
      color: inherit;
      font: inherit;
    }
    .strong { font-weight: 600; }
    .ad { display: grid; place-items: center; min-height: 160px; padding: 16px; border: 1px dashed var(--quiet); border-radius: 8px; color: var(--quiet); text-align: center; }
    .buttons { display: flex; flex-wrap: wrap; gap: 8px; }
    button {
      flex: 1 1 auto;
      min-height: 44px;
      padding: 8px 16px;
      border: 1px solid var(--line);
      border-radius: 10px;
      background: transparent;
      color: inherit;
      font: inherit;
      font-weight: 600;
      cursor: pointer;
    }
    button.main { border-color: transparent; background: var(--accent); color: var(--on-accent); }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important; } }
  `;

  window.Pi = Pi;
})();
