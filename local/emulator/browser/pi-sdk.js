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
 * at any moment. Only who signed in last and what they refused is in localStorage, "pi-emulator".
 * What the SDK does is told by "pi-emulator" events on window: { detail: { what, ... } }.
 *
 * Contents: the emulator, the user, Pi, signing in, a payment, an ad, dialogs, marker, look.
 */
(() => {
  "use strict";

  const SOURCE = new URL(document.currentScript.src);
  const CONTROL = `${SOURCE.origin}/_emulator`;
  const APP_ID = SOURCE.searchParams.get("app_id") ?? undefined;

  const SCOPES = {
    username: "Your Pi username",
    payments: "To ask you for payments",
    wallet_address: "Your wallet’s address, to pay you",
    roles: "Your roles at Pi",
    platform: "That you use Pi",
    in_app_notifications: "To send you notifications",
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

  const SILENT =
    `The Pi emulator at ${SOURCE.origin} does not answer this page. ` +
    "Is it running? It answers only pages of this machine.";
  const EXPIRED = "Your sign-in has expired. Please sign in again.";

  /** The emulator's refusal: Pi's `code` and text, and the `payment` that is in the way. */
  class Refusal extends Error {
    constructor(status, { error, error_message: message, payment }) {
      super(status === 401 && !error ? EXPIRED : (message ?? `Pi answered ${status}.`));
      this.code = error;
      this.payment = payment;
    }
  }

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

  const about = () => ask("GET", `/browser${SOURCE.search}`);

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
    onIncompletePaymentFound: null,
  };

  /** Call the page. What it throws is the page's error, and stops nothing here. */
  function callPage(callback, ...values) {
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
      if (!scopes.every((scope) => Object.hasOwn(SCOPES, scope))) {
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
      const strong = element("p", { className: "strong", textContent: title });
      sayOnly("Share", "", [strong, element("p", { textContent: message })]);
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

  /** A page that signs in twice at once asks its user once. */
  function oneAtATime(work) {
    const turn = signingIn.then(work);
    signingIn = turn.catch(() => {});
    return turn;
  }

  async function signIn(scopes, onIncompletePaymentFound) {
    try {
      const world = await about();
      const choice = remembered(world, scopes) ?? (await askConsent(world, scopes));
      if (!choice) throw new Error("User consent cancelled.");
      await grant(world, scopes, choice);
      session.onIncompletePaymentFound = onIncompletePaymentFound;
      const { uid, username } = session.user;
      tell("signed-in", { uid, username, scopes: session.scopes });
      if (world.settings.sdk_incomplete_first) await findIncomplete();
      else setTimeout(findIncomplete, 0);
      const shown = session.scopes.includes("username") ? { uid, username } : { uid };
      return { accessToken: session.accessToken, user: shown };
    } catch (error) {
      if (error.message !== SILENT && !(error instanceof Refusal)) throw error;
      sayOnly("Sign in with Pi", error.message);
      throw new Error("Authentication failed.");
    }
  }

  /** What the user who signed in last has decided, if that is about all of these scopes. */
  function remembered(world, scopes) {
    const { username, refused = [] } = memory.read();
    const known = world.users.find((user) => user.username === username);
    if (!known) return null;
    const decided = [...known.scopes, ...refused];
    return scopes.every((scope) => decided.includes(scope)) ? { username, refused } : null;
  }

  /** Pi remembers what was granted, this browser what was refused. */
  async function grant(world, scopes, { username, refused }) {
    const before = world.users.find((user) => user.username === username)?.scopes ?? [];
    const granted = new Set([...before, ...scopes].filter((scope) => !refused.includes(scope)));
    const user = { username, app_id: APP_ID, scopes: [...granted] };
    const { uid, accessToken } = await ask("POST", "/users", user);
    const { users } = await about();
    memory.write({ username, refused });
    session.user = users.find((each) => each.uid === uid);
    session.accessToken = accessToken;
    session.scopes = user.scopes;
  }

  /** Gives { username, refused }, or null if the user does not want to. */
  async function askConsent(world, scopes) {
    const { username: last = "alice", refused = [] } = memory.read();
    const names = world.users.map((user) => user.username);
    const isNew = !names.includes(last);
    const name = element("input", {
      type: "text",
      maxLength: 40,
      autocomplete: "off",
      spellcheck: false,
      value: isNew ? last : "",
    });
    const users = names.map((each) => choice("radio", each, each, each === last));
    const someoneNew = choice("radio", "", "Someone new", isNew);
    const who = fieldset("Sign in as", [
      element("div", { className: "list", hidden: !names.length }, [...users, someoneNew]),
      element("label", { className: "name", textContent: "Name, any will do" }, [name]),
    ]);
    const boxes = scopes.map((scope) =>
      choice("checkbox", scope, SCOPES[scope], !refused.includes(scope)),
    );
    const may = fieldset(`${world.app.app_id} asks for`, [
      element("p", { className: "hint", textContent: "Untick what you refuse." }),
      element("div", { className: "list" }, boxes),
    ]);
    const sheet = new Sheet("Sign in with Pi", world.app.network);
    sheet.show({
      body: scopes.length ? [who, may] : [who],
      buttons: { cancel: "Cancel", allow: "Sign in" },
    });
    while ((await sheet.choice()) === "allow") {
      const username = who.querySelector(":checked").value || name.value.trim();
      if (username) {
        sheet.close();
        const before = username === last ? refused.filter((each) => !scopes.includes(each)) : [];
        const unticked = boxes.map((box) => box.firstChild).filter((box) => !box.checked);
        return { username, refused: [...before, ...unticked.map((box) => box.value)] };
      }
      sheet.say("Please give a name.");
      name.focus();
    }
    sheet.close();
    return null;
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
    callPage(session.onIncompletePaymentFound, payment);
  }

  // --- A payment ---------------------------------------------------------------------------------

  const PENDING =
    "You already have a pending payment on this app, which needs an action from the developer.";
  const LATE =
    "You have paid, but the app has not confirmed it in time. Nothing is lost: it still can.";
  const STEPS = ["App approves", "You pay", "App confirms"];

  /** The payment was cancelled; a message is for a user who did not do it. */
  class Cancelled extends Error {}

  class Payment {
    constructor(data, callbacks) {
      this.data = data;
      this.callbacks = callbacks;
      this.seen = null; // as the emulator showed it last
      this.sheet = new Sheet("Payment", "");
    }

    get id() {
      return this.seen?.payment.identifier;
    }

    /** Never rejects: whatever happens, the page hears of it by a callback. */
    async run() {
      try {
        await this.open();
        await this.beApproved();
        const txid = await this.pay();
        await this.beCompleted(txid);
        const status = "Done. The app has confirmed it.";
        this.sheet.show({ body: this.summary(3), status, mood: "good" });
        await sleep(this.world.settings.sdk_done_s);
        this.sheet.close();
      } catch (error) {
        if (error instanceof Cancelled) await this.cancelled(error);
        else await this.failed(error);
      }
    }

    async open() {
      this.sheet.show({ status: "Opening the payment", mood: "busy" });
      this.world = await about();
      this.sheet.network = this.world.app.network;
      this.sheet.title = `Pay ${this.world.app.app_id}`;
      try {
        const order = { accessToken: session.accessToken, ...this.data };
        this.seen = { payment: await ask("POST", "/payments", order) };
      } catch (error) {
        if (error.code !== "ongoing_payment_found") throw error;
        incompleteFound(error.payment);
        throw new Error(PENDING);
      }
      const { amount, memo } = this.seen.payment;
      tell("payment-created", { paymentId: this.id, amount, memo });
      this.seen = await this.look();
    }

    /** Locked: there is nothing for the user to do until the app's server has approved. */
    async beApproved() {
      const end = Date.now() + this.world.settings.sdk_approval_s * 1000;
      this.sheet.show({
        body: this.summary(0),
        status: "Waiting for the app’s server",
        countdown: end,
        mood: "busy",
      });
      const approved = await this.callUntil("onReadyForServerApproval", [this.id], end, (seen) => {
        return seen.payment.status.developer_approved;
      });
      if (!approved) {
        this.seen = await ask("POST", `/browser/payments/${this.id}/expire`);
        this.requireOpen();
      }
      tell("approved", { paymentId: this.id });
    }

    /** The wallet: gives the txid. */
    async pay() {
      const { enough } = this.seen.wallet;
      const pay = `Pay ${pi(this.seen.payment.amount)}`;
      this.sheet.show({
        body: this.summary(1),
        status: enough ? "" : "Your wallet does not hold enough Pi for this.",
        mood: "bad",
        buttons: enough ? { cancel: "Cancel", pay } : { cancel: "Close" },
      });
      const chosen = await Promise.race([this.sheet.choice(), this.cancelledElsewhere()]);
      if (chosen !== "pay") return this.cancel();
      this.sheet.show({ body: this.summary(1), status: "Paying", mood: "busy" });
      const txid = await this.submit();
      if (txid === null) return this.pay();
      tell("paid", { paymentId: this.id, txid, amount: this.seen.payment.amount });
      return txid;
    }

    async cancel() {
      this.sheet.show({ body: this.summary(1), status: "Cancelling", mood: "busy" });
      try {
        await ask("POST", `/payments/${this.id}/user_cancel`);
      } catch (error) {
        // Pi may have been faster.
        this.seen = await this.look();
        this.requireOpen();
        throw error;
      }
      throw new Cancelled();
    }

    /** Gives the txid, or null if the wallet holds too little by now. */
    async submit() {
      try {
        return (await ask("POST", `/payments/${this.id}/pay`, {})).txid;
      } catch (error) {
        // An answer may have been lost: what the chain shows decides.
        this.seen = await this.look();
        if (this.seen.txid) return this.seen.txid;
        this.requireOpen();
        if (error.code !== "op_underfunded") throw error;
        return null;
      }
    }

    async beCompleted(txid) {
      const end = Date.now() + this.world.settings.sdk_completion_s * 1000;
      this.sheet.show({
        body: this.summary(2),
        status: "Paid. Waiting for the app to confirm",
        mood: "busy",
      });
      const values = [this.id, txid];
      const completed = await this.callUntil("onReadyForServerCompletion", values, end, (seen) => {
        return seen.payment.status.developer_completed;
      });
      if (!completed) throw new Error(LATE);
      tell("completed", { paymentId: this.id, txid });
    }

    /** Call the page at once and again and again, until it is reached: false if it is too late. */
    async callUntil(name, values, end, reached) {
      const [paymentId, txid] = values;
      const call = () => {
        tell(name, { paymentId, txid });
        callPage(this.callbacks[name], ...values);
      };
      call();
      const repeat = setInterval(call, this.world.settings.sdk_repeat_s * 1000);
      try {
        while (Date.now() < end) {
          this.seen = await this.look();
          if (reached(this.seen)) return true;
          this.requireOpen();
          await sleep(POLL_S);
        }
        return false;
      } finally {
        clearInterval(repeat);
      }
    }

    /** Rejects if another tab, the app or Pi cancels while the user thinks it over. */
    async cancelledElsewhere() {
      const { shown } = this.sheet;
      while (this.sheet.shown === shown) {
        const seen = await this.look();
        if (this.sheet.shown !== shown) break;
        this.seen = seen;
        this.requireOpen();
        await sleep(POLL_S);
      }
      return new Promise(() => {});
    }

    /** What was paid is beyond cancelling, whatever Pi shows. */
    requireOpen() {
      const { payment, expired, txid } = this.seen;
      const { cancelled, user_cancelled: cancelledByUser } = payment.status;
      if (txid || !(cancelled || cancelledByUser)) return;
      if (expired) throw new Error("The payment has expired");
      throw new Cancelled("This payment was cancelled, by the app or by a newer payment.");
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

    async cancelled({ message }) {
      tell("onCancel", { paymentId: this.id });
      callPage(this.callbacks.onCancel, this.id);
      await this.sayLast(message);
    }

    async failed({ message }) {
      tell("onError", { paymentId: this.id, message });
      callPage(this.callbacks.onError, new Error(message), this.seen?.payment);
      await this.sayLast(message);
    }

    async sayLast(status) {
      if (status) {
        const buttons = { close: "Close" };
        this.sheet.show({ body: this.summary(), status, mood: "bad", buttons });
        await this.sheet.choice();
      }
      this.sheet.close();
    }

    summary(step) {
      if (!this.seen) return [];
      const { payment, wallet } = this.seen;
      const rows = {
        To: short(payment.to_address),
        For: payment.memo,
        ...(wallet && { "In your wallet": pi(wallet.available), Fee: pi(wallet.fee) }),
      };
      const amount = element("p", { className: "amount", textContent: pi(payment.amount) });
      amount.classList.toggle("long", amount.textContent.length > 14);
      return step === undefined ? [amount, table(rows)] : [amount, table(rows), steps(step)];
    }
  }

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
        status: rewarded ? "You have watched it to its end." : "It has ended.",
        buttons: rewarded ? { done: "Close and take the reward" } : { close: "Close" },
      });
      await sheet.choice();
    }
    sheet.close();
    return choice === "ended";
  }

  // --- Dialogs -----------------------------------------------------------------------------------

  // Buttons that leave as it is what the dialog is about: none of them is filled, even alone.
  const WAYS_OUT = ["cancel", "close", "skip"];

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

  const fieldset = (legend, children) =>
    element("fieldset", {}, [element("legend", { textContent: legend }), ...children]);

  const choice = (type, value, text, checked) =>
    element("label", { className: "choice" }, [
      element("input", { type, name: "choice", value, checked }),
      element("span", { textContent: text }),
    ]);

  const table = (rows) =>
    element(
      "dl",
      {},
      Object.entries(rows).flatMap(([name, value]) => [
        element("dt", { textContent: name }),
        element("dd", { textContent: value }),
      ]),
    );

  /** A modal dialog. Without a button it is locked: then Escape does not close it either. */
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

    /** `buttons` by value: the first one is what Escape means, the last one what Enter does. */
    show({ body = [], status = "", mood = "", countdown = null, buttons = {} }) {
      this.shown += 1;
      this.body.replaceChildren(...body);
      this.say(status);
      this.dialog.className = mood;
      this.tick(countdown);
      this.buttons.replaceChildren(
        // Enter in a field presses the last one: it alone submits.
        ...Object.entries(buttons).map(([value, text], index, all) => {
          const last = index === all.length - 1;
          return element("button", {
            type: last ? "submit" : "button",
            className: last && !WAYS_OUT.includes(value) ? "main" : "",
            value,
            textContent: text,
            onclick: last ? null : () => this.pick(value),
          });
        }),
      );
      this.answer = new Promise((resolve) => (this.pick = resolve));
      this.heading.focus();
    }

    say(text) {
      this.status.textContent = text;
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
      if (this.buttons.firstElementChild) this.pick(this.buttons.firstElementChild.value);
    }

    tick(end) {
      clearInterval(this.ticking);
      this.timer.textContent = "";
      if (end === null) return;
      const left = () => {
        this.timer.textContent = `${Math.max(0, Math.ceil((end - Date.now()) / 1000))} s`;
      };
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

  /** A dialog with something to read. */
  async function sayOnly(title, status, body = []) {
    const sheet = new Sheet(title, "");
    sheet.show({ body, status, buttons: { close: "Close" } });
    await sheet.choice();
    sheet.close();
  }

  // --- The marker --------------------------------------------------------------------------------

  let marked = false;

  /** At the edge: who is signed in, and what a user can do about it in the Pi Browser. */
  async function showMarker() {
    if (marked) return;
    marked = true;
    const world = await about().catch(() => null);
    if (!world?.settings.sdk_marker) return;
    const menu = element("div", { id: "menu", popover: "auto" });
    const button = element("button", { className: "mark", textContent: "Pi emulator" });
    button.popoverTargetElement = menu;
    menu.addEventListener("beforetoggle", ({ newState }) => {
      if (newState === "open") menu.replaceChildren(...deeds());
    });
    const marker = element("aside", {}, [button, menu]);
    marker.setAttribute("aria-label", "Pi emulator");
    shadow().append(marker);
  }

  function deeds() {
    const { username, refused } = memory.read();
    if (!username) return [element("p", { textContent: "Nobody is signed in." })];
    const act = (text, deed) => {
      const onclick = () =>
        deed().then(
          () => location.reload(),
          (error) => sayOnly(text, error.message),
        );
      return element("button", { textContent: text, onclick });
    };
    return [
      element("p", { textContent: `Signed in as ${username}` }),
      act("Switch user", async () => memory.write({})),
      ...(refused?.length
        ? [act("Ask again what I refused", async () => memory.write({ username }))]
        : []),
      act("Revoke this app", async () => {
        const { users } = await about();
        const user = users.find((each) => each.username === username);
        if (user) await ask("POST", `/users/${user.uid}/revoke`);
        memory.write({ username });
      }),
    ];
  }

  // --- The look ----------------------------------------------------------------------------------

  const LOOK = `
    :host {
      --ink: light-dark(#16201e, #e8eeec);
      --quiet: light-dark(#566360, #a3b0ad);
      --card: light-dark(#ffffff, #171d1c);
      --wash: light-dark(#f1f5f4, #212a28);
      --line: light-dark(#d3dad8, #3a4845);
      --bad: light-dark(#a8381a, #f2a488);
      --accent: light-dark(#0b6b5d, #5fd3bd);
      --on-accent: light-dark(#ffffff, #06231e);
    }
    /* Not on the host, which the page's own rules for every element reach. */
    dialog, aside {
      color-scheme: light dark;
      color: var(--ink);
      font: 16px/1.5 system-ui, sans-serif;
      text-align: start;
    }
    * { box-sizing: border-box; margin: 0; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    h2:focus-visible { outline: none; }

    dialog {
      width: min(400px, calc(100vw - 32px));
      max-height: calc(100dvh - 32px);
      margin: auto;
      padding: 0;
      overflow: auto;
      border: 1px solid var(--line);
      border-radius: 16px;
      background: var(--card);
      box-shadow: 0 24px 64px rgb(0 0 0 / 0.24);
    }
    dialog::backdrop { background: rgb(10 20 18 / 0.5); }
    form { display: grid; gap: 16px; padding: 0 24px 24px; }
    form > .mark {
      display: flex;
      justify-content: space-between;
      gap: 16px;
      margin: 0 -24px;
      padding: 8px 24px;
      border-bottom: 1px dashed var(--line);
    }
    .mark { color: var(--quiet); font: 12px/1.5 ui-monospace, monospace; }
    h2 { font-size: 20px; line-height: 1.3; overflow-wrap: anywhere; }
    .body { display: grid; gap: 16px; overflow-wrap: anywhere; }
    .body:empty, .buttons:empty, .timer:empty, .progress:has(.status:empty) { display: none; }

    .amount { font-size: 32px; font-weight: 600; line-height: 1.2; }
    .amount.long { font-size: 20px; }
    .amount, .timer, dd { font-variant-numeric: tabular-nums; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 4px 16px; font-size: 14px; }
    dt { color: var(--quiet); }
    dd { text-align: right; }
    .steps { display: flex; gap: 8px; padding: 0; list-style: none; font-size: 12px; }
    .steps li { flex: 1; padding-top: 8px; border-top: 3px solid var(--line); color: var(--quiet); }
    .steps .done, .steps .now { border-color: var(--accent); }
    .steps .now { color: var(--ink); font-weight: 600; }

    .progress {
      display: flex;
      justify-content: space-between;
      gap: 16px;
      padding: 12px;
      border-radius: 8px;
      background: var(--wash);
      font-size: 14px;
    }
    .timer { color: var(--quiet); white-space: nowrap; }
    .bad .status { color: var(--bad); }
    /* What is written after the sign stays beside it, also in a second line. */
    :is(.good, .busy) .status { padding-left: 20px; text-indent: -20px; }
    :is(.good, .busy) .status::before { display: inline-block; margin-right: 8px; text-indent: 0; }
    .good .status::before { content: "✓"; width: 12px; color: var(--accent); font-weight: 600; }
    .busy .status::before {
      content: "";
      width: 12px;
      height: 12px;
      border: 2px solid var(--accent);
      border-right-color: transparent;
      border-radius: 50%;
      vertical-align: -1px;
    }
    @media (prefers-reduced-motion: no-preference) {
      .busy .status::before { animation: turn 1s linear infinite; }
    }
    @keyframes turn { to { rotate: 1turn; } }

    fieldset { min-width: 0; padding: 0; border: 0; }
    legend { padding: 0; font-size: 14px; font-weight: 600; }
    .hint { color: var(--quiet); font-size: 14px; }
    fieldset:has([type="radio"]:checked:not([value=""])) .name { display: none; }
    .name { display: grid; gap: 4px; margin-top: 4px; color: var(--quiet); font-size: 14px; }
    .list:not([hidden]) { display: grid; max-height: 200px; margin-top: 4px; overflow: auto; }
    .choice { display: flex; gap: 12px; align-items: center; min-height: 36px; }
    .choice input { flex: none; width: 18px; height: 18px; margin: 3px; }
    input { accent-color: var(--accent); }
    input[type="text"] {
      width: 100%;
      padding: 8px 12px;
      border: 1px solid var(--quiet);
      border-radius: 8px;
      background: var(--card);
      color: var(--ink);
      font: 16px/1.5 system-ui, sans-serif;
    }
    .strong { font-weight: 600; }
    .ad {
      display: grid;
      place-items: center;
      min-height: 160px;
      padding: 16px;
      border: 1px dashed var(--quiet);
      border-radius: 8px;
      color: var(--quiet);
    }

    .buttons { display: flex; flex-wrap: wrap; gap: 8px; }
    button {
      flex: 1 1 auto;
      min-height: 44px;
      padding: 8px 12px;
      border: 1px solid var(--line);
      border-radius: 8px;
      background: var(--card);
      color: inherit;
      font: inherit;
      font-weight: 600;
      text-wrap: balance;
      cursor: pointer;
    }
    button:hover { background: var(--wash); }
    button.main { border-color: transparent; background: var(--accent); color: var(--on-accent); }
    button.main:hover { opacity: 0.9; }

    /* A tab of 16 px at the edge, in the margin that a page has: so it covers nothing of it. */
    aside { position: fixed; right: 0; bottom: 24px; z-index: 2147483647; }
    aside > .mark {
      min-height: 0;
      padding: 8px 0;
      border: 1px dashed;
      border-right: 0;
      border-radius: 8px 0 0 8px;
      color: var(--quiet);
      line-height: 15px;
      writing-mode: vertical-rl;
    }
    /* A finger needs more. */
    aside > .mark::before { position: absolute; inset: 0 0 0 -8px; content: ""; }
    #menu {
      position: fixed;
      inset: auto 24px 24px auto;
      width: min(240px, calc(100vw - 16px));
      padding: 8px;
      border: 1px solid var(--line);
      border-radius: 12px;
      background: var(--card);
      color: inherit;
      font-size: 14px;
      box-shadow: 0 12px 32px rgb(0 0 0 / 0.2);
    }
    #menu p { padding: 8px; overflow-wrap: anywhere; }
    #menu button { width: 100%; min-height: 36px; padding: 4px 8px; border: 0; text-align: left; }
  `;

  window.Pi = Pi;
})();
