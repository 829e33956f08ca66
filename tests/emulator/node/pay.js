// One step of a payout by the stock package: its answer, or its refusal, as JSON on the output.
"use strict";

const PiNetwork = require("pi-backend").default;

const { EMULATOR_URL, SERVER_KEY, WALLET_SEED, SETUP } = process.env;
const [step, ...argv] = process.argv.slice(2);
const args = argv.map((text) => JSON.parse(text));

// SETUP is docs/emulator.md's own lines, which make `pi`.
const pi = SETUP
  ? new Function("require", "PiNetwork", "apiKey", "walletSeed", `${SETUP}; return pi;`)(
      require, PiNetwork, SERVER_KEY, WALLET_SEED,
    )
  : new PiNetwork(SERVER_KEY, WALLET_SEED, { baseUrl: EMULATOR_URL });

async function whole(order) {
  const paymentId = await pi.createPayment(order);
  const txid = await pi.submitPayment(paymentId);
  return pi.completePayment(paymentId, txid);
}

(step === "whole" ? whole(...args) : pi[step](...args)).then(
  (answer) => console.log(JSON.stringify({ answer })),
  (error) => {
    const { response, message } = error;
    console.log(JSON.stringify({ refused: response ? response.data : message }));
  },
);
