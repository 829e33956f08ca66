/**
 * A shop in React for one app of Pi: sign in, buy, see what was bought. It believes nothing that the
 * browser says: the user, the payments and the goods are what the bundle answers. `bundle.d.ts` is
 * made from the bundle's openapi.yaml, so a call that the bundle does not know does not compile.
 */

import createClient from "openapi-fetch";
import { useCallback, useEffect, useState } from "react";
import type { components, paths } from "./bundle";

type User = components["schemas"]["User"];
type Payment = components["schemas"]["Payment"];
type Refusal = components["schemas"]["Error"];
/** The gateway's own answers have another shape than the functions'. */
type AnyError = Refusal | components["schemas"]["GatewayMessage"];

export type Product = { product_id: string; name: string; price: string };

const SCOPES = ["username", "payments", "wallet_address"] as const; // the last one for refunds

/** What a user reads. The code is stable; the message is for the developer. */
const WORDS: Record<string, string> = {
  unexpected_amount: "The price has changed. Load the page again; you have paid nothing.",
  unknown_product: "This is not for sale any more. You have paid nothing.",
  already_bought: "You have bought this already.",
  invalid_token: "Pi has signed you out. Sign in again.",
};
const LATER = "Pi does not answer right now. Nothing is lost: try again in a minute.";

function words(error: AnyError): string {
  return "error" in error ? (WORDS[error.error] ?? LATER) : LATER;
}

/** The shop's calls: one typed client, with the token of whoever is signed in. */
function useBundle(api: string) {
  const [bundle] = useState(() => createClient<paths>({ baseUrl: api }));
  const signedIn = useCallback(
    (accessToken: string) =>
      bundle.use({
        onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${accessToken}`),
      }),
    [bundle],
  );
  return { bundle, signedIn };
}

export function Shop({ api, products }: { api: string; products: Product[] }) {
  const { bundle, signedIn } = useBundle(api);
  const [user, setUser] = useState<User>();
  const [payments, setPayments] = useState<Payment[]>([]);
  const [note, setNote] = useState("");

  /** Tell the user why not; a token that has run out leads back to the sign-in. */
  const refused = useCallback((error: AnyError) => {
    setNote(words(error));
    if ("error" in error && error.error === "invalid_token") setUser(undefined);
  }, []);

  const refresh = useCallback(async () => {
    const { data, error } = await bundle.GET("/payments");
    if (data) setPayments(data.payments);
    else refused(error);
  }, [bundle, refused]);

  useEffect(() => {
    if (user) void refresh();
  }, [user, refresh]);

  async function signIn() {
    try {
      await window.Pi.init({ version: "2.0" });
      // May be called before sign-in has resolved: this route needs no token.
      const auth = await window.Pi.authenticate([...SCOPES], (payment) =>
        bundle.POST("/pi_payment/incomplete", { body: { payment } }),
      );
      signedIn(auth.accessToken);
    } catch {
      return setNote("You are not signed in. You can sign in whenever you like.");
    }
    const { data, error } = await bundle.GET("/me"); // believe this one, not auth.user
    if (error) return refused(error);
    setUser(data);
    setNote("");
  }

  function buy(product: Product) {
    setNote("Waiting for Pi ...");
    window.Pi.createPayment(
      { amount: Number(product.price), memo: product.name, metadata: { productId: product.product_id } },
      { onReadyForServerApproval: approve, onReadyForServerCompletion: complete, onCancel: cancel, onError: fail },
    );
  }

  async function approve(paymentId: string) {
    const { error } = await bundle.POST("/pi_payment/approve", { body: { paymentId } });
    if (error) refused(error); // Pi asks again in ten seconds, and gives up after a minute
  }

  async function complete(paymentId: string, txid: string) {
    const { data, error } = await bundle.POST("/pi_payment/complete", { body: { paymentId, txid } });
    if (error) return refused(error);
    // 202: paid, but not seen on the chain yet. Pi asks again; the bundle finishes it in any case.
    setNote(data.state === "completed" ? "Thank you!" : "Paid. We are waiting for Pi's network.");
    await refresh();
  }

  async function cancel(paymentId: string) {
    const { data, error } = await bundle.POST("/pi_payment/cancel", { body: { paymentId } });
    if (error) return refused(error);
    setNote(data.state === "cancelled" ? "Cancelled. You have paid nothing." : "We look whether you have paid.");
  }

  async function fail(error: Error, payment?: { identifier: string }) {
    if (payment) {
      const body = { paymentId: payment.identifier, error: error.message };
      await bundle.POST("/pi_payment/error", { body });
    }
    setNote(error.message);
  }

  if (!user) {
    return (
      <main>
        <button onClick={() => void signIn()}>Sign in with Pi</button>
        <p role="status">{note}</p>
      </main>
    );
  }
  return (
    <main>
      <h1>Welcome{user.username ? `, ${user.username}` : ""}</h1>
      <ul>
        {products.map((product) => (
          <li key={product.product_id}>
            {product.name} <button onClick={() => buy(product)}>Buy for {product.price} Pi</button>
          </li>
        ))}
      </ul>
      <p role="status">{note}</p>
      <h2>Your purchases</h2>
      <ul>
        {payments.map((payment) => (
          <li key={payment.payment_id}>
            {payment.product_id}: {payment.amount} Pi, {payment.state}
          </li>
        ))}
      </ul>
    </main>
  );
}
