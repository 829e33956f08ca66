// One notice at a time, above everything: Pi's wallet stays over the page until a payment is done.
import { news, tell } from "./api.js";
import { wordsFor } from "./words.js";

const box = document.querySelector("#notice");
const [title, text, number, action] = ["h2", "p", "small", ".action"].map((part) => box.querySelector(part));
export const silence = () => box.hidePopover();
box.querySelector(".close").onclick = silence;
box.onanimationend = silence; // good news goes by itself

/** `tone`: good, bad, wait or plain. `next`: a button, `[label, what it does]`. */
export function notice(tone, [titleText, bodyText, logNumber], next) {
  box.dataset.tone = tone;
  delete box.dataset.trouble;
  title.textContent = titleText;
  text.textContent = bodyText;
  number.textContent = logNumber ? `Number ${logNumber}` : "";
  action.hidden = !next;
  action.textContent = next?.[0] ?? "";
  action.onclick = () => {
    silence();
    next?.[1]();
  };
  // Anew, so that it comes to lie above a wallet that has opened since.
  silence();
  box.showPopover();
  for (const leaving of box.getAnimations()) leaving.currentTime = 0;
}

/** Why not, and what the user can do. */
export function refused(error, next = error.status === 401 ? SIGN_IN : null) {
  notice(error.retryAfter ? "wait" : "bad", wordsFor(error), next);
}
const SIGN_IN = ["Sign in", () => tell("sign-in")];

// What is tried again by itself is said, unless something else is, and taken back once there is an answer.
news.addEventListener("trouble", ({ detail: refusal }) => {
  if (box.matches(":popover-open") && !box.dataset.trouble) return;
  if (!refusal) return silence();
  refused(refusal);
  box.dataset.trouble = "yes";
});
