// Who is here: signed out, or signed in. Whoever wants to buy is asked to sign in then.
import { news, session } from "./api.js";
import { isDisabled } from "./busy.js";
import { refused, silence } from "./notice.js";
import { signIn } from "./pi.js";

const VISITED = "shop-visited";
const button = document.querySelector("#sign-in");
button.onclick = () => enter();

news.addEventListener("user", () => {
  document.body.dataset.user = "known";
  document.querySelector("#user").textContent = session.user.username ?? "Signed in";
  localStorage.setItem(VISITED, "yes");
});

// The token has run out, and could not be renewed without a question.
news.addEventListener("sign-in", () => {
  session.user = null;
  enter();
});

let entering = null;

/** Each thing that a user does begins here. True once the user is signed in. */
export async function enter(pressed) {
  if (pressed && isDisabled(pressed)) return false;
  silence();
  if (!session.user) await (entering ??= askToSignIn());
  return Boolean(session.user);
}

async function askToSignIn() {
  button.disabled = true;
  try {
    await signIn();
  } catch (error) {
    refused(error);
  }
  button.disabled = false;
  entering = null;
}

/** Pi asks a user once for the shop, so who was here before is signed in without a question. */
export const welcomeBack = () => localStorage.getItem(VISITED) && enter();
