// Half a Pi to the user. Our own server asks the bundle for it: a page must not decide who is paid.
import { askPatiently, askUntil, backEnd, news, session } from "./api.js";
import { busy, isDisabled } from "./busy.js";
import { notice, refused, silence } from "./notice.js";
import { signIn } from "./pi.js";
import { recall, remember } from "./storage.js";
import { enter } from "./user.js";

// Of one request of a user comes one payout, however often it is sent. It is kept until that has ended.
const requestOfUser = () => `shop-payout-${session.user.uid}`;
const ENDS = {
  completed: "Sent: it is in your wallet.",
  failed: "It could not be sent. Nothing was paid; you can ask again.",
  blocked: "We are looking into it. You need not do anything.",
};
const button = document.querySelector("#pay-me");
const share = document.querySelector("#share");
const shown = document.querySelector("#payout-state");

button.onclick = async () => {
  if (!(await enter(button))) return;
  const request_id = recall(requestOfUser()) ?? crypto.randomUUID();
  remember(requestOfUser(), request_id);
  follow(request_id, () => backEnd("POST", "/payout", { amount: "0.5", request_id }));
};

share.onclick = async () => {
  if (isDisabled(share)) return;
  silence();
  const ready = busy(share, "Waiting for Pi");
  try {
    await signIn();
    if (!shares()) notice("plain", ["Not shared so far", "You refused it. Allow it at Pi, then press again."]);
  } catch (error) {
    refused(error);
  }
  ready();
};

// It goes on without the page. A page that comes back asks what became of it.
news.addEventListener("user", () => {
  shown.textContent = "";
  share.hidden = true;
  const request = recall(requestOfUser());
  if (request) follow(request);
});

async function follow(request, ask) {
  if (isDisabled(button)) return;
  const ready = busy(button, "Waiting for Pi");
  const read = () => backEnd("GET", `/payout/${request}`);
  try {
    const payout = await askPatiently(ask ?? read);
    show(payout);
    if (!isSettled(payout)) show(await askUntil(isSettled, read, show));
  } catch (error) {
    // Not found: it was never taken on. The next press sends the same one.
    if (error.code !== "payout_not_found") refused(error);
  }
  ready();
}

const shares = () => session.user.scopes.includes("wallet_address");
const lacksScope = ({ state, reason, warning }) =>
  state !== "completed" && [reason, warning].includes("missing_scope");
const isSettled = (payout) => payout.state in ENDS || lacksScope(payout);

function show(payout) {
  if (["completed", "failed"].includes(payout.state)) remember(requestOfUser(), null);
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
