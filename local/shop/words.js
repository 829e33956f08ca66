// What a user reads for each code of docs/errors.md that a shop can meet: what it is, what to do now.
const UNPAID = "You have paid nothing.";
const BY_ITSELF = "Nothing is lost. We keep trying; you need not do anything.";
const AGAIN = "Please sign in again";
const NO_SLICE = "No slice this time";
const ENOUGH = ["Enough for today", "You have had all that we send to one person in a day."];
const TROUBLE = "Something went wrong";

export const WORDS = {
  // Signing in
  no_pi: ["Please open this page in the Pi Browser", "Only there you can sign in and pay."],
  not_signed_in: ["You are not signed in", "Sign in to buy. You decide what this shop may know."],
  invalid_token: [AGAIN, "Your sign-in has run out. What you bought is safe."],
  missing_app_id: [AGAIN, "Pi did not say for which app you signed in."],
  wrong_app: [AGAIN, "This sign-in was for another app."],

  // A payment that the server does not approve, so it cannot be paid
  unexpected_amount: ({ minimum, maximum, amount } = {}) => [
    "This is not our price",
    minimum
      ? `It costs ${range(minimum, maximum)} Pi, and this page asked for ${amount}. So we said no. ${UNPAID}`
      : `This page asked for another amount, so we said no. ${UNPAID}`,
  ],
  unknown_product: ["This is no longer for sale", `Reload the page to see what is. ${UNPAID}`],
  already_bought: [
    "You have this already",
    `It is sold once to each person. ${UNPAID} If you cancelled just now, try again in ten minutes.`,
  ],
  price_expired: ["The price has changed", `Reload the page, and try again at the new price. ${UNPAID}`],
  too_many_decimals: ["Too many decimals", `An amount of Pi has at most seven. ${UNPAID}`],
  unexpected_network: ["Wrong network", `This shop and your wallet use different networks. ${UNPAID}`],
  unexpected_token: ["Only Pi, please", `This payment was not in Pi. ${UNPAID}`],
  unexpected_split: ["This payment is not ours", `It would have paid others as well. ${UNPAID}`],
  unexpected_wallet: ["This payment is not ours", `It would have gone to another wallet. ${UNPAID}`],
  payment_cancelled: ["This payment is over", "It was cancelled. You can start a new one."],
  payment_not_found: ["We do not know this payment", "You can start a new one."],
  not_owner: ["This is not your payment", "Another user started it. You can start one of your own."],

  // A payment that is on its way
  payment_needs_attention: ["We are looking into this", "Something about your payment is unusual. You need not do anything."],
  already_completed: ["This payment is done", "It was completed elsewhere. Look at your purchases."],

  // Ads
  AD_CLOSED: [NO_SLICE, "You closed the ad before its end."],
  AD_NOT_AVAILABLE: ["No ad right now", "There is none for you at the moment. Try again later."],
  ADS_NOT_SUPPORTED: ["No ads here", "Your Pi Browser is too old for ads. Please update it."],
  USER_UNAUTHENTICATED: ["You are not signed in", "Sign in, then watch the ad."],
  ad_not_granted: [NO_SLICE, "The ad network says that the ad was not watched to its end."],
  ad_already_claimed: ["This ad is used up", "Another user has had the slice for it."],
  ad_revoked: [NO_SLICE, "The ad network has taken this ad back."],
  ad_stale: ["Too late", "An ad counts for a short while only. Watch another one."],
  ad_not_found: ["We do not know this ad", "Watch another one."],
  daily_cap_reached: ["Enough for today", "You have had all slices of today. Come back tomorrow."],

  // Money to the user
  payouts_off: ["Not right now", "The shop has stopped sending money for a while. Try again later."],
  user_daily_cap_reached: ENOUGH,
  user_daily_number_reached: ENOUGH,
  wallet_daily_cap_reached: ["Enough for today", "The shop has sent all that it may. Come back tomorrow."],
  above_payment_cap: ["Too much at once", "The shop may not send as much as this."],
  below_least_amount: ["Too little", "The shop does not send amounts as small as this."],

  // Not now
  offline: ["We cannot reach the shop", `Look at your connection. ${BY_ITSELF}`],
  pi_unavailable: ["Pi does not answer", BY_ITSELF],
  service_unavailable: ["The shop does not answer", BY_ITSELF],
  sales_paused: ["We sell nothing just now", BY_ITSELF],
  price_unavailable: ["We cannot look up the price", BY_ITSELF],
  http_429: ["Many people are here", BY_ITSELF],
  still_waiting: ["Still no answer", "This takes longer than usual. Nothing is lost; come back later."],
};

// Pi has no codes for these, only texts.
const OF_PI = [
  [/"payments" scope/, ["You have not allowed payments", "Allow them at Pi, then you can buy."]],
  [/pending payment/, ["An earlier payment is still open", "We finish it now. Try again in a moment."]],
  [/expired/, ["The time is over", `This payment was not approved in time. ${UNPAID}`]],
  [/consent|Authentication/, ["You are not signed in", "You can sign in whenever you like."]],
];

/** Title and text for a Refusal, or for an Error of Pi's; and the number in our log, where it helps. */
export function wordsFor(error) {
  const words = WORDS[error.code];
  if (words) return typeof words === "function" ? words(error.details) : words;
  if (error.retryAfter) return WORDS.service_unavailable;
  if (error.requestId) return [TROUBLE, "Try again in a moment. If it stays, tell us the number below.", error.requestId];
  if (error.code) return [TROUBLE, "Try again in a moment."];
  const message = error.message ?? String(error);
  return OF_PI.find(([text]) => text.test(message))?.[1] ?? ["Pi said no", message];
}

export const range = (minimum, maximum) => (minimum === maximum ? minimum : `${minimum} to ${maximum}`);
