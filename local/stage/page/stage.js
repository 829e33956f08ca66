// The stage: what the server tells, and what the shop's page does, meet here.

import { Director } from "./director.js";
import { Lanes } from "./lanes.js";
import { callLine, sdkLine } from "./page-words.js";
import { Phone } from "./phone.js";
import { Player } from "./player.js";

const $ = (selector) => document.querySelector(selector);
let ahead = 0; // seconds, of the stage's clock before this machine's

const lanes = new Lanes($(".lanes"));
const unanswered = new Map();

const phone = new Phone($(".shop"), document.body.dataset.shop, {
  call(tab, call, at) {
    const line = callLine(call, at + ahead * 1000);
    if (!line) return;
    const key = `${tab} ${call.id}`;
    if (call.status === undefined) return unanswered.set(key, lanes.addOfPage(line));
    player.heard(line.text);
    lanes.answer(unanswered.get(key), line);
    unanswered.delete(key);
  },
  sdk: (detail, at) => lanes.addOfPage(sdkLine(detail, at + ahead * 1000)),
});

const { switches } = await (await fetch("/director")).json();
const director = new Director($(".director"), switches, phone, lanes);
const player = new Player($(".scenes"), { phone, director });

const feed = new EventSource("/feed");
const heard = (kind, act) => feed.addEventListener(kind, ({ data, lastEventId }) => act(JSON.parse(data), lastEventId));
heard("line", (line) => lanes.add(line));
heard("empty", (_nothing, number) => lanes.clear(number));
heard("weather", (names) => director.show(names));
heard("ahead", (seconds) => {
  ahead = seconds;
  director.showClock(ahead);
});
heard("verdict", ({ tone, text }) => {
  const last = $(".verdict");
  last.dataset.tone = tone;
  last.textContent = text;
});
feed.addEventListener("open", () => ($(".connection").textContent = ""));
feed.addEventListener("error", () => ($(".connection").textContent = "The stage does not answer. Is make run still up?"));

if (!player.playNamed()) phone.open();
