"""Receives the bundle's events in a back end that is not on AWS. docs/webhooks.md explains it.

The note that an event was seen, and what it causes, are committed together and before the answer.
So no crash leaves one without the other, and a repeat changes nothing.

WEBHOOK_SECRETS=... python receiver.py    two secrets, comma-separated, while one is replaced
"""

import hmac
import json
import os
import sqlite3
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/pi-events"
SECRETS = [secret.encode() for secret in os.environ["WEBHOOK_SECRETS"].split(",") if secret]
DATABASE = os.environ.get("DATABASE", "shop.db")
LARGEST_BODY = 1024 * 1024

TABLES = """
CREATE TABLE IF NOT EXISTS seen (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS goods (uid TEXT, product_id TEXT, quantity INT,
                                  PRIMARY KEY (uid, product_id));
CREATE TABLE IF NOT EXISTS status (id TEXT PRIMARY KEY, event TEXT, sequence INT);
"""
# The later event stands, whichever comes first; and nothing undoes a completion.
STANDS = """
INSERT INTO status VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE
SET event = excluded.event, sequence = excluded.sequence
WHERE excluded.event = 'PaymentCompleted'
   OR (status.event <> 'PaymentCompleted' AND excluded.sequence > status.sequence)
"""
GIVE = """
INSERT INTO goods VALUES (?, ?, ?)
ON CONFLICT (uid, product_id) DO UPDATE SET quantity = quantity + excluded.quantity
"""


def take(kind: str, detail: dict[str, Any]) -> None:
    """All of it or nothing: one transaction of your own database."""
    with closing(sqlite3.connect(DATABASE, timeout=3)) as database, database:
        is_new = "INSERT OR IGNORE INTO seen VALUES (?)"
        if not database.execute(is_new, (detail["event_id"],)).rowcount:
            return  # seen before: answer 200 again
        subject = detail.get("payout_id") or detail.get("payment_id") or detail.get("ad_id")
        state = (subject, kind, detail.get("sequence", 0))
        stands = database.execute(STANDS, state).rowcount
        if kind == "PaymentCompleted":
            goods = (detail["uid"], detail["product_id"], detail["quantity"])
            database.execute(GIVE, goods)
            print("give", *goods, flush=True)
        elif kind == "PaymentCancelled" and stands:
            print("release", subject, flush=True)  # what was reserved for it


class Receiver(BaseHTTPRequestHandler):
    timeout = 4  # EventBridge waits 5 s

    def do_POST(self) -> None:
        self.send_response(self.answer())
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self) -> int:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != PATH or length > LARGEST_BODY:
            return 404
        body = self.rfile.read(length)
        given = (self.headers.get("x-webhook-secret") or "").encode()
        # Each is compared, and in constant time. Never 401 or 407: they stop every event.
        matches = [hmac.compare_digest(given, secret) for secret in SECRETS]
        if True not in matches:
            return 403
        try:
            event = json.loads(body)
            kind, detail = str(event["detail-type"]), dict(event["detail"])
            str(detail["event_id"])
        except (KeyError, TypeError, ValueError):
            return 400  # straight to the dead letters
        try:
            take(kind, detail)
        except sqlite3.Error:
            return 503  # it comes again
        return 200

    def log_message(self, *_: object) -> None:
        """No access log."""


if __name__ == "__main__":
    with closing(sqlite3.connect(DATABASE)) as made:
        made.executescript(TABLES)
    port = int(os.environ.get("PORT", "3000"))
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
