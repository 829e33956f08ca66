// Plays a scene: says what happens, presses what a user would press, and lets a person follow.
// ?speed=20 on the page's address plays it twenty times as fast.

import { scenes } from "./scenes.js";

const READING_MS = 900; // and for each letter
const LETTER_MS = 38;
const PRESSING_MS = 800;
const SETTLED_WITHIN_MS = 60_000;
const SPEED = Number(new URLSearchParams(location.search).get("speed")) || 1;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

class Stopped extends Error {}

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
      const link = Object.assign(document.createElement("a"), { href: `#scene=${name}`, textContent: title });
      link.addEventListener("click", (event) => {
        event.preventDefault();
        history.replaceState(null, "", link.href);
        this.play(name);
      });
      const item = document.createElement("li");
      item.append(link);
      section.querySelector("ul").append(item);
      this.links.set(name, link);
    }
    window.addEventListener("hashchange", () => this.playNamed());
  }

  // The scene that the page's address names, if it names one.
  async playNamed() {
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
    const verbs = this.#verbs(playing);
    this.answers = [];
    for (const [each, link] of this.links) link.ariaCurrent = each === name ? "true" : "false";
    this.#show(scenes[name].title, "plain", "playing");
    try {
      for (const step of scenes[name].steps) {
        if (this.playing !== playing) throw new Stopped();
        const [verb, ...rest] = step;
        await verbs[verb](...rest);
      }
      const { tone } = await this.#settled(playing);
      if (tone === "good") this.#show(scenes[name].moral, "good", "over");
      else this.#show("This must not be: look at the last line.", "bad", "over");
    } catch (error) {
      if (!(error instanceof Stopped)) this.#show(`The scene cannot go on. ${error.message}.`, "bad", "failed");
    }
    if (this.playing === playing) this.playing = null;
  }

  // What a scene can ask for.
  #verbs(playing) {
    const { phone, director } = this;
    return {
      begins: (told = {}) => director.reset(told),
      says: async (text) => {
        this.#show(text, "plain", "playing");
        await sleep((READING_MS + LETTER_MS * text.length) / SPEED);
      },
      press: (name, where) => phone.ask({ press: name, where, pause: PRESSING_MS / SPEED }),
      again: (ending) => phone.ask({ again: ending }),
      switches: (name, on) => director.turn(name, on),
      hears: (text) => this.#until(playing, () => this.answers.some((answer) => answer.startsWith(text))),
      closes: () => phone.close(),
      closed: () => this.#until(playing, () => !phone.current.iframe),
      reopens: () => phone.reopen(),
      orders: (what) => director.order(what),
      settles: () => this.#settled(playing),
    };
  }

  // The verdict, when nothing is on its way any more, or when that has taken too long.
  async #settled(playing) {
    let verdict = { tone: "waiting" };
    const isSettled = async () => {
      verdict = await (await fetch("/verdict")).json();
      return !["waiting", "nothing"].includes(verdict.tone);
    };
    await this.#until(playing, isSettled).catch((error) => {
      if (error instanceof Stopped) throw error;
    });
    return verdict;
  }

  async #until(playing, holds) {
    const end = Date.now() + SETTLED_WITHIN_MS;
    while (!(await holds())) {
      if (this.playing !== playing) throw new Stopped();
      if (Date.now() > end) throw new Error("It takes too long");
      await sleep(200);
    }
  }

  #show(text, tone, state) {
    this.caption.hidden = false;
    this.caption.dataset.tone = tone;
    this.words.textContent = text;
    this.stopButton.hidden = state !== "playing";
    document.body.dataset.scene = state;
  }
}
