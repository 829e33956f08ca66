// What the user has bought, newest first.
import { askPatiently, bundle, news, session, tell } from "./api.js";
import { refused } from "./notice.js";
import { nameOf } from "./products.js";
import { recall } from "./storage.js";

const PAGE = 5;
const DATE = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };

const section = document.querySelector("#purchases");
const list = section.querySelector("ol");
const more = section.querySelector("button");
const template = document.querySelector("#purchase");
let payments = [];
let next = null;
let timer = null;
let turn = 0;
let pause = 2; // seconds until what is open is looked at again

for (const what of ["user", "payments"]) news.addEventListener(what, start);
news.addEventListener("products", show);
more.onclick = async () => {
  clearTimeout(timer);
  await read(`limit=${PAGE}&next=${encodeURIComponent(next)}`, payments);
  refresh();
};

function start() {
  pause = 2;
  if (session.user && section.dataset.state === "signed-out") section.dataset.state = "loading";
  refresh();
}

async function refresh() {
  clearTimeout(timer);
  if (!session.user) return;
  await read(`limit=${Math.min(Math.max(PAGE, payments.length), 100)}`, []);
  if (payments.every(({ state }) => state !== "open")) return;
  pause = Math.min(pause * 1.5, 30);
  timer = setTimeout(refresh, pause * 1000);
}

async function read(query, before) {
  const mine = ++turn;
  try {
    const page = await askPatiently(() => bundle("GET", `/payments?${query}`));
    if (mine !== turn) return; // outdated
    [payments, next] = [[...before, ...page.payments], page.next];
    section.dataset.state = payments.length ? "some" : "none";
    show();
    tell("purchases", payments);
  } catch (error) {
    if (error.status === 401 && !payments.length) section.dataset.state = "signed-out";
    refused(error, error.status === 401 ? undefined : ["Try again", refresh]);
  }
}

function show() {
  list.replaceChildren(...payments.map(row));
  more.hidden = next === null;
}

function row(payment) {
  const item = template.content.cloneNode(true).firstElementChild;
  const [state, explanation] = stateOf(payment);
  const name = nameOf(payment.product_id ?? recall(payment.payment_id));
  for (const [part, text] of Object.entries({ name, amount: `${payment.amount} Pi`, state, explanation }))
    item.querySelector(`.${part}`).textContent = text;
  const day = new Date(payment.created_at * 1000);
  const time = item.querySelector("time");
  time.textContent = day.toLocaleString([], DATE);
  time.dateTime = day.toISOString();
  item.dataset.state = state;
  return item;
}

function stateOf({ state, txid, attention, received, refunded }) {
  const back = refunded === "0" ? "" : `${refunded} Pi went back to you.`;
  if (attention) return ["Being checked", "We are looking into it. You need not do anything."];
  if (back && refunded === received) return ["Paid back", back];
  if (state === "completed") return ["Bought", back];
  if (state === "cancelled") return ["Not paid", back];
  if (txid) return ["Paid", "Pi has not confirmed it so far. It arrives by itself."];
  return ["Not finished", "If you have paid, it arrives by itself. If not, it is closed in some minutes."];
}
