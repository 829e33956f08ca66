// A stranger's Express back end. Its routes, its variables and what it sends to Pi are those of Pi's
// Express kit, which npm does not have.
"use strict";

const express = require("express");

const { PI_API_URL_BASE, PI_API_KEY } = process.env;

async function atPi(step, paymentId, body) {
  const response = await fetch(`${PI_API_URL_BASE}/v2/payments/${paymentId}/${step}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Key ${PI_API_KEY}` },
    body: JSON.stringify(body),
  });
  const piServer = await response.json();
  if (!response.ok) throw new Error(piServer.error);
  return piServer;
}

const answering = (step) => async ({ body: { paymentId, accessToken, transactionId } }, response) => {
  const body = step === "complete" ? { paymentId, txid: transactionId } : { paymentId, accessToken };
  try {
    response.json({ paymentId, piServer: await atPi(step, paymentId, body) });
  } catch (error) {
    response.status(400).json({ error: error.message });
  }
};

const app = express();
app.use(express.json());
for (const step of ["approve", "complete", "cancel"]) app.post(`/pi_payment/${step}`, answering(step));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
