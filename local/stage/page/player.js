// Plays a scene: says what happens, presses what a user would press, and lets a person follow.
// ?speed=20 on the page's address plays it twenty times as fast.

import { element } from "./element.js";
import { scenes } from "./scenes.js";

const READING_MS = 900; // and for each letter
const LETTER_MS = 38;
const PRESSING_MS = 800;
const POLL_MS = 200;
const PATIENCE_MS = 60_000;
const SPEED = Number(new URLSearchParams(location.search).get("speed")) || 1;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

class Stopped extends Error {}
class TooLong extends Error {}

export class Player {
  constructor(section, { phone, director }) {
    Object.assign(this, { phone, director });
    this.caption = section.querySelector(".caption");
    this.words = this.caption.querySelector("p");
    this.stopButton = this.caption.querySelector("button");
    this.stopButton.addEventListener("click", () => this.stop());
    this.links = new Map();
    this.answers = [];
    for (const [name, { title }] of Object.entries(scenes)) {
      const link = element("a", { href: `#scene=${name}` }, title);
      link.addEventListener("click", (event) => {
        event.preventDefault();
        history.replaceState(null, "", link.href);
        this.play(name);
      });
      section.querySelector("ul").append(element("li", {}, link));
      this.links.set(name, link);
    }
    window.addEventListener("hashchange", () => this.playNamed());
  }

  // Plays the scene that the page's address names, if it names one.
  playNamed() {
    const [, name] = location.hash.match(/^#scene=([\w-]+)$/) ?? [];
    if (!(name in scenes)) return false;
    this.play(name);
    return true;
  }

  // What the page was answered.
  heard(text) {
    this.answers.push(text);
  }

  stop() {
    this.playing = null;
    this.#show("The scene was stopped. The stage is yours.", "plain", "stopped");
  }

  async play(name) {
    const playing = (this.playing = Symbol(name));
    const { title, steps, moral } = scenes[name];
    const verbs = this.#verbs(playing);
    this.answers = [];
    for (const [each, link] of this.links) link.ariaCurrent = each === name ? "true" : "false";
    this.#show(title, "plain", "playing");
    this.phone.frame.scrollIntoView({ block: "nearest" });
    try {
      for (const [verb, ...rest] of steps) {
        await verbs[verb](...rest);
        this.#mustStillPlay(playing);
      }
      const tone = await this.#settled(playing);
      this.#mustStillPlay(playing);
      if (tone === "good") this.#end(moral, "good");
      else this.#end("This must not be: look at the last line.", "bad");
    } catch (error) {
      // A scene that was stopped says no more: the caption may be the next one's.
      if (this.playing === playing) this.#failed(error);
    }
  }

  // What a scene can ask for.
  #verbs(playing) {
    const { phone, director } = this;
    return {
      begins: (setup = {}) => director.reset(setup),
      says: async (text) => {
        this.#show(text, "plain", "playing");
        await sleep((READING_MS + LETTER_MS * text.length) / SPEED);
      },
      press: (name, { within } = {}) => phone.ask({ press: name, within, pause: PRESSING_MS / SPEED }),
      again: (ending) => phone.ask({ again: ending }),
      scrolls: (heading) => phone.ask({ scroll: heading }),
      switches: (name, on) => director.turn(name, on),
      hears: (text) => this.#until(playing, () => this.answers.some((answer) => answer.startsWith(text))),
      closes: () => phone.close(),
      closed: () => this.#until(playing, () => !phone.current.iframe),
      reopens: () => {
        this.answers = [];
        return phone.reopen();
      },
      orders: (what) => director.order(what),
      settles: () => this.#settled(playing),
    };
  }

  // The verdict's tone when nothing is on its way any more.
  async #settled(playing) {
    let tone;
    await this.#until(playing, async () => {
      ({ tone } = await (await fetch("/verdict")).json());
      return !["waiting", "nothing"].includes(tone);
    });
    return tone;
  }

  async #until(playing, holds) {
    const end = Date.now() + PATIENCE_MS;
    while (!(await holds())) {
      this.#mustStillPlay(playing);
      if (Date.now() > end) throw new TooLong();
      await sleep(POLL_MS);
    }
  }

  #mustStillPlay(playing) {
    if (this.playing !== playing) throw new Stopped();
  }

  #failed(error) {
    if (error instanceof TooLong)
      this.#end("It takes longer than a minute. The last line says what is still on its way.", "plain", "failed");
    else this.#end(`The scene cannot go on. ${error.message}`, "bad", "failed");
  }

  #end(text, tone, state = "over") {
    this.playing = null;
    this.#show(text, tone, state);
    this.caption.scrollIntoView({ block: "nearest" });
  }

  #show(text, tone, state) {
    this.caption.hidden = false;
    this.caption.dataset.tone = tone;
    this.words.textContent = text;
    this.stopButton.hidden = state !== "playing";
    document.body.dataset.scene = state;
  }
}
