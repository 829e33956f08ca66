// Half a Pi to the user. Our own server asks the bundle for it: a page must not decide who is paid.
import { askPatiently, askUntil, backEnd, news, session } from "./api.js";
import { busy, isDisabled } from "./busy.js";
import { notice, refused, silence } from "./notice.js";
import { signIn } from "./pi.js";
import { enter } from "./user.js";

const REQUEST = "shop-payout"; // of one request comes one payout, however often it is sent
const ENDS = {
  completed: "Sent: it is in your wallet.",
  failed: "It could not be sent. Nothing was paid; you can ask again.",
  blocked: "A person of the shop looks at it. You need not do anything.",
};
const button = document.querySelector("#pay-me");
const share = document.querySelector("#share");
const shown = document.querySelector("#payout-state");

button.onclick = async () => {
  if (!(await enter(button))) return;
  const request_id = localStorage.getItem(REQUEST) ?? crypto.randomUUID();
  localStorage.setItem(REQUEST, request_id);
  follow(() => backEnd("POST", "/payout", { amount: "0.5", request_id }));
};

share.onclick = async () => {
  silence();
  try {
    await signIn();
    if (!shares()) notice("plain", ["Not shared so far", "You refused it. Allow it at Pi, then press again."]);
  } catch (error) {
    refused(error);
  }
};

// It goes on without the page. A page that comes back asks what became of it.
news.addEventListener("user", () => {
  const request = localStorage.getItem(REQUEST);
  if (request) follow(() => backEnd("GET", `/payout/${request}`));
});

async function follow(ask) {
  if (isDisabled(button)) return;
  const ready = busy(button, "Waiting for Pi");
  const read = () => backEnd("GET", `/payout/${localStorage.getItem(REQUEST)}`);
  try {
    const payout = await askPatiently(ask);
    show(payout);
    if (!isSettled(payout)) show(await askUntil(isSettled, read, show));
  } catch (error) {
    // Not taken on, or another user's: the next press is a new request.
    if (error.code !== "still_waiting") localStorage.removeItem(REQUEST);
    if (error.code !== "payout_not_found") refused(error);
  }
  ready();
}

const shares = () => session.user.scopes.includes("wallet_address");
const lacksScope = ({ state, reason, warning }) =>
  state !== "completed" && [reason, warning].includes("missing_scope");
const isSettled = (payout) => payout.state in ENDS || lacksScope(payout);

function show(payout) {
  if (["completed", "failed"].includes(payout.state)) localStorage.removeItem(REQUEST);
  share.hidden = !lacksScope(payout) || shares();
  shown.textContent = wordsFor(payout);
  if (payout.state !== "completed") return;
  notice("good", ["It has arrived", `${payout.amount} Pi are in your wallet.`]);
}

function wordsFor(payout) {
  if (payout.state in ENDS) return ENDS[payout.state];
  if (!lacksScope(payout)) return "On its way. This takes some seconds; you may close the page.";
  if (shares()) return "Thank you. It is sent within a day.";
  return "We do not know your wallet. Share its address, and we send it within a day.";
}
