// Half a Pi to the user. Our own server asks the bundle for it: a page must not decide who is paid.
import { askPatiently, askUntil, backEnd, news, session } from "./api.js";
import { busy, isDisabled } from "./busy.js";
import { notice, refused } from "./notice.js";
import { signIn } from "./pi.js";
import { enter } from "./user.js";

const REQUEST = "shop-payout"; // one request is one payout, however often it is pressed, sent or reloaded
const button = document.querySelector("#pay-me");
const share = document.querySelector("#share");
const shown = document.querySelector("#payout-state");

button.onclick = async () => {
  if (!(await enter(button))) return;
  const request_id = localStorage.getItem(REQUEST) ?? crypto.randomUUID();
  localStorage.setItem(REQUEST, request_id);
  follow(() => backEnd("POST", "/payout", { amount: "0.5", request_id }));
};

share.onclick = () => signIn().catch(refused);

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
    show(await askPatiently(ask));
    show(await askUntil(isSettled, read, show));
  } catch (error) {
    // Not taken on, or another user's: the next press is a new request.
    if (error.code !== "still_waiting") localStorage.removeItem(REQUEST);
    if (error.code !== "payout_not_found") refused(error);
  }
  ready();
}

const mustShare = ({ state, reason, warning }) =>
  state !== "completed" && [reason, warning].includes("missing_scope");
const isSettled = (payout) => ["completed", "failed", "blocked"].includes(payout.state) || mustShare(payout);

function show(payout) {
  if (["completed", "failed"].includes(payout.state)) localStorage.removeItem(REQUEST);
  const shares = session.user.scopes.includes("wallet_address");
  share.hidden = !mustShare(payout) || shares;
  shown.textContent = wordsFor(payout, shares);
  if (payout.state === "completed") notice("good", ["It has arrived", `${payout.amount} Pi are in your wallet.`]);
}

function wordsFor(payout, shares) {
  if (payout.state === "completed") return `Sent: ${payout.amount} Pi are in your wallet.`;
  if (payout.state === "failed") return "It could not be sent. Nothing was paid; you can ask again.";
  if (payout.state === "blocked") return "A person of the shop looks at it. You need not do anything.";
  if (mustShare(payout) && !shares) return "We do not know where your wallet is. Share its address, and it is sent within a day.";
  if (mustShare(payout)) return "Thank you. Pi is asked again within a day.";
  return "On its way. This takes some seconds; you may close the page.";
}
