// The user: signed out, or signed in. A user who wants to buy is asked to sign in then.
import { news, session } from "./api.js";
import { busy, isDisabled } from "./busy.js";
import { refused, silence } from "./notice.js";
import { signIn } from "./pi.js";
import { recall, remember } from "./storage.js";

const VISITED = "shop-visited";
const button = document.querySelector("#sign-in");
button.onclick = () => enter(button);

news.addEventListener("user", () => {
  document.body.dataset.user = "known";
  document.querySelector("#user").textContent = session.user.username ?? "Signed in";
  remember(VISITED, "yes");
});

// The token has run out, and could not be renewed without a question.
news.addEventListener("sign-in", () => {
  session.user = null;
  enter();
});

let entering = null;

/** Each thing that a user does begins here. True once the user is signed in; a second press does nothing. */
export async function enter(pressed = button) {
  if (isDisabled(pressed)) return false;
  silence();
  if (session.user) return true;
  const ready = busy(pressed, pressed.textContent);
  await (entering ??= signIn().catch(refused).finally(() => (entering = null)));
  ready();
  return Boolean(session.user);
}

/** Pi asks a user once for the shop, so who was here before is signed in without a question. */
export const welcomeBack = () => recall(VISITED) && enter();
