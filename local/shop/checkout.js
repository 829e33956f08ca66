// One purchase, from the button to the goods. What was bought, the server says.
import { askUntil, bundle, Refusal, tell } from "./api.js";
import { busy } from "./busy.js";
import { notice, refused, silence } from "./notice.js";
import { createPayment } from "./pi.js";
import { enter } from "./user.js";

export async function buy(product, amount, button) {
  if (!(await enter())) return;
  const ready = busy(button, "Waiting for Pi");
  let refusal = null; // stays the reason, whatever Pi says afterwards
  let watched = false;

  const steps = {
    approved: silence,
    delayed: refused,

    refused(error) {
      refusal = error;
      refused(error);
    },

    unconfirmed(paymentId) {
      notice("wait", [
        "Paid, not confirmed yet",
        "Pi has not confirmed your payment so far. You may close this page: it arrives by itself.",
      ]);
      if (!watched) watch(paymentId).then(steps.bought, refused);
      watched = true;
    },

    bought() {
      ready();
      notice("good", ["Thank you!", `${product.name}: it is in your purchases.`]);
      tell("payments");
    },

    cancelled() {
      ready();
      if (refusal) refused(refusal);
      else notice("plain", ["You cancelled", "You have paid nothing."]);
      tell("payments");
    },

    failed(error) {
      ready();
      refused(refusal ?? error);
      tell("payments");
    },
  };
  createPayment(product, amount, (step, detail) => steps[step](detail));
}

/** Pi's callbacks end at some time; the record goes on. Throws Refusal if it ends without goods. */
async function watch(paymentId) {
  const read = () => bundle("GET", `/payments/${paymentId}`);
  const { state } = await askUntil((payment) => payment.state !== "open", read);
  if (state !== "completed") throw new Refusal("payment_cancelled");
}
