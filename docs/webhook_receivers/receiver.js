// Receives the bundle's events in an Express back end. docs/webhooks.md explains it.
//
// The journal stands where your database stands: each event is one line of it, committed before
// the answer, and what the events cause is made of its lines. So no crash leaves one without the
// other, and a repeat changes nothing. With SQL, insert `event_id` into a table where it is unique,
// and write the goods in the same transaction.
//
// WEBHOOK_SECRETS=... node receiver.js    two secrets, comma-separated, while one is replaced
"use strict";

const { createHash, timingSafeEqual } = require("node:crypto");
const fs = require("node:fs");
const express = require("express");

const digest = (text) => createHash("sha256").update(text).digest();
const secrets = process.env.WEBHOOK_SECRETS.split(",").filter(Boolean).map(digest);
const seen = new Set();
const status = new Map(); // by payment, payout or ad: the event that stands, and its sequence
const journal = opened(process.env.JOURNAL ?? "events.jsonl");

function opened(path) {
  const file = fs.openSync(path, "a+");
  const text = fs.readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  fs.ftruncateSync(file, Buffer.byteLength(whole)); // a crash may have cut the last line
  for (const line of whole.split("\n").filter(Boolean)) apply(JSON.parse(line));
  return file;
}

// What an event causes; null: nothing, since a later one stands.
function apply({ "detail-type": kind, detail }) {
  seen.add(detail.event_id);
  const subject = detail.payout_id ?? detail.payment_id ?? detail.ad_id;
  const sequence = detail.sequence ?? 0;
  const before = status.get(subject);
  // The later event stands, whichever comes first; and nothing undoes a completion.
  const isLater = !before || (before.kind !== "PaymentCompleted" && sequence > before.sequence);
  if (kind === "PaymentCompleted" || isLater) status.set(subject, { kind, sequence });
  if (kind === "PaymentCompleted") return `give ${detail.uid} ${detail.product_id} ${detail.quantity}`;
  if (kind === "PaymentCancelled" && isLater) return `release ${subject}`; // what was reserved for it
  return null;
}

// Each secret is compared, and in constant time. Never 401 or 407: they stop every event.
function checkSecret(request, response, next) {
  const given = digest(request.get("x-webhook-secret") ?? "");
  const matches = secrets.map((secret) => timingSafeEqual(given, secret));
  if (matches.includes(true)) next();
  else response.sendStatus(403);
}

function receive(request, response) {
  const event = request.body;
  if (typeof event?.["detail-type"] !== "string" || typeof event?.detail?.event_id !== "string") {
    return response.sendStatus(400); // straight to the dead letters
  }
  if (!seen.has(event.detail.event_id)) {
    fs.writeSync(journal, JSON.stringify(event) + "\n");
    fs.fsyncSync(journal);
    const effect = apply(event);
    if (effect) console.log(effect);
  }
  return response.sendStatus(200); // for a repeat too
}

const app = express();
app.post("/pi-events", checkSecret, express.json({ limit: "1mb" }), receive);
app.use((error, request, response, next) => {
  if (error.status) return response.sendStatus(400); // no JSON
  console.error(error);
  process.exit(1); // the journal cannot be written: the event comes again
});
app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
