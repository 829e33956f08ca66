// What the page asks of Pi, in the order that Pi wants. What Pi tells goes to the server at once.
import { askPatiently, bundle, Refusal, session, tell } from "./api.js";

// With wallet_address the shop can send money back. It is asked for now, since later is too late.
const SCOPES = ["username", "payments", "wallet_address"];

// `sandbox`: true for a page under development, which Pi's sandbox shows. In production leave it out.
const { Pi } = window;
Pi?.init({ version: "2.0", sandbox: true });

/** Sign in at Pi. Who the user is, the server says: the page could be changed. */
export async function signIn() {
  await authenticate();
  session.user = await askPatiently(() => bundle("GET", "/me"));
  tell("user");
}

async function authenticate() {
  if (!Pi) throw new Refusal("no_pi");
  const auth = await Pi.authenticate(SCOPES, onIncompletePaymentFound);
  session.accessToken = auth.accessToken;
}

// Calls that meet an old token at the same time sign in again together, once.
let renewal = null;
session.renew = () => (renewal ??= authenticate().finally(() => (renewal = null)));

/** An earlier visit left this open. Pi may call this before there is a token: none is needed. */
async function onIncompletePaymentFound(payment) {
  // Whatever the answer: the server finishes the payment by itself, and the purchases show it.
  await askPatiently(() => bundle("POST", "/pi_payment/incomplete", { payment })).catch(() => {});
  tell("payments");
}

/** `report` hears each step by its name. Pi has none for "bought": only the server knows. */
export function createPayment({ product_id, name }, amount, report) {
  const payment = { amount, memo: name, metadata: { productId: product_id } };
  const post = (step, body) => bundle("POST", `/pi_payment/${step}`, body);

  const callbacks = {
    // Pi repeats these two about every ten seconds until the server has done its part.
    onReadyForServerApproval: (paymentId) =>
      post("approve", { paymentId }).then(
        () => report("approved", paymentId),
        (refusal) => report(refusal.retryAfter ? "delayed" : "refused", refusal, paymentId),
      ),

    onReadyForServerCompletion: (paymentId, txid) =>
      post("complete", { paymentId, txid }).then(
        ({ state }) => report(state === "completed" ? "bought" : "unconfirmed", paymentId),
        (refusal) => (refusal.retryAfter ? report("unconfirmed", paymentId) : report("refused", refusal)),
      ),

    // Also for lack of funds, or by the app or another tab. The server finds out whether it was paid nevertheless.
    onCancel: (paymentId) =>
      post("cancel", { paymentId })
        .catch(() => {})
        .then(() => report("cancelled", paymentId)),

    onError: (error, opened) => {
      report("failed", error);
      if (!opened) return;
      return post("error", { paymentId: opened.identifier, error: String(error) }).catch(() => {});
    },
  };

  try {
    Pi.createPayment(payment, callbacks);
  } catch (error) {
    report("failed", error); // without the scope, for one
  }
}

/** The adId of an ad that was watched to its end; throws Refusal. */
export async function watchRewardedAd() {
  const { ready } = await Pi.Ads.isAdReady("rewarded");
  if (!ready) {
    const { result } = await Pi.Ads.requestAd("rewarded");
    if (result !== "AD_LOADED") throw new Refusal(result);
  }
  const { result, adId } = await Pi.Ads.showAd("rewarded");
  if (result !== "AD_REWARDED" || !adId) throw new Refusal(result);
  return adId;
}
