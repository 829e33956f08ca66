// What the shop's page does, in words: its calls, and the steps of Pi's SDK under their own names.

const API = /^\/_aws\/execute-api\/[^/]+/;
const LONG = /(?<=\/)(?=[\w-]*[\dA-Z])([\w-]{4})[\w-]{8,}/g;
// What Pi's SDK asks the emulator, and the shop's list of products, are no part of the story.
const LEFT_OUT = /^\/((_emulator|v2|horizon)\/|products\.json$)/;

export function callLine({ method, path, status }, at) {
  if (LEFT_OUT.test(path)) return null;
  const call = `${method} ${path.replace(API, "").replace(LONG, "$1…")}`;
  if (status === undefined) return { lane: "page", text: call, at, tone: "" };
  const tone = status === null || status >= 400 ? "bad" : "";
  return { lane: "page", text: `${call} → ${status ?? "no answer"}`, at, tone };
}

export function sdkLine(detail, at) {
  const words = STEPS[detail.what];
  const text = words ? words(detail) : detail.what;
  return { lane: "page", text, at, tone: ["onError", "changed"].includes(detail.what) ? "bad" : "" };
}

const short = (id) => (id ? `${id.slice(0, 4)}…` : "");

const STEPS = {
  changed: ({ prices }) => `the user changes the page: ${Object.values(prices)} Pi for ${Object.keys(prices)}`,
  authenticate: ({ scopes }) => `Pi.authenticate${scopes ? `(${scopes.join(", ")})` : ""}`,
  "signed-in": ({ username }) => `signed in${username ? ` as ${username}` : ""}`,
  createPayment: ({ amount }) => `Pi.createPayment: ${amount} Pi`,
  "payment-created": ({ paymentId }) => `Pi shows the payment ${short(paymentId)}`,
  onReadyForServerApproval: () => "onReadyForServerApproval",
  approved: () => "the wallet is unlocked: the user may pay",
  paid: ({ txid }) => `the user pays${txid ? `, txid ${txid.slice(0, 8)}…` : ""}`,
  onReadyForServerCompletion: () => "onReadyForServerCompletion",
  completed: () => "the dialog says: done",
  onCancel: () => "onCancel",
  onError: ({ error, message }) => `onError: ${message ?? error?.message ?? error ?? ""}`,
  onIncompletePaymentFound: ({ paymentId }) => `onIncompletePaymentFound ${short(paymentId)}`,
  showAd: ({ type }) => `Pi.Ads.showAd(${type ?? "rewarded"})`,
  "ad-result": ({ result }) => `the ad is over: ${result ?? ""}`,
};
