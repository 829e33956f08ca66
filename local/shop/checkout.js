// One purchase, from the button to the goods. What was bought, the server says.
import { askUntil, bundle, Refusal, tell } from "./api.js";
import { busy } from "./busy.js";
import { notice, refused } from "./notice.js";
import { createPayment } from "./pi.js";
import { remember } from "./storage.js";
import { enter } from "./user.js";

export async function buy(product, amount, button) {
  if (!(await enter(button))) return;
  const ready = busy(button, "Waiting for Pi");
  let over = null; // why it is, whatever Pi says afterwards
  let last = null;

  const steps = {
    delayed: (trouble) => tell("trouble", trouble),
    approved: () => tell("trouble", null),

    refused(refusal, paymentId) {
      over = refusal;
      if (paymentId) remember(paymentId, product.product_id); // its record names no product
      refused(refusal);
      // Under the wallet a notice can neither be heard nor closed: so once more, when that has closed.
      button.addEventListener("focus", () => refused(refusal), { once: true });
    },

    unconfirmed(paymentId) {
      over = "paid";
      notice("wait", [
        "Paid, not confirmed yet",
        "Pi has not confirmed it so far. You may close this page: it arrives by itself.",
      ]);
      tell("payments");
      watch(paymentId).then(() => report("bought"), refused);
    },

    bought() {
      ready();
      notice("good", ["Thank you!", `${product.name}: it is in your purchases.`]);
      tell("payments");
    },

    cancelled() {
      ready();
      if (!over) notice("plain", ["The payment was cancelled", "You can start a new one."]);
      tell("payments");
    },

    failed(error) {
      ready();
      if (!over) refused(error);
      tell("payments");
    },
  };

  /** Pi calls again until it is content: what was said is not said twice. */
  function report(step, ...details) {
    if (step !== last) steps[step](...details);
    last = step;
  }

  button.focus(); // not every browser does so for a press, and the wallet gives the focus back
  createPayment(product, amount, report);
}

/** Pi's callbacks end at some time; the record goes on. Throws Refusal if it ends without goods. */
async function watch(paymentId) {
  const read = () => bundle("GET", `/payments/${paymentId}`);
  const { state } = await askUntil((payment) => payment.state !== "open", read);
  if (state !== "completed") throw new Refusal("payment_cancelled");
}
