// One notice at a time, above everything: Pi's wallet stays over the page until a payment is done.
import { wordsFor } from "./words.js";

const box = document.querySelector("#notice");
const [title, text, number, action] = ["h2", "p", "small", ".action"].map((part) => box.querySelector(part));
export const silence = () => box.hidePopover();
box.querySelector(".close").onclick = silence;

/** `tone`: good, bad, or wait. `next`: a button, `[label, what it does]`. */
export function notice(tone, [titleText, bodyText], { next, requestId } = {}) {
  box.dataset.tone = tone;
  title.textContent = titleText;
  text.textContent = bodyText;
  number.textContent = requestId ? `Number ${requestId}` : "";
  action.hidden = !next;
  action.textContent = next?.[0] ?? "";
  action.onclick = () => {
    silence();
    next?.[1]();
  };
  // Anew, so that it comes to lie above a wallet that has opened since.
  silence();
  box.showPopover();
}

/** Why not: with what the user can do. */
export function refused(error, { next } = {}) {
  const tone = error.retryAfter ? "wait" : "bad";
  notice(tone, wordsFor(error), { next, requestId: error.requestId });
}
