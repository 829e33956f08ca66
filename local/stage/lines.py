"""What is new between two snapshots, in words for a developer who meets Pi for the first time.

A record has its times in whole seconds and Pi's log in thousandths, so a change is put beside the
call that belongs to it: a payment is recorded before it is approved, and completed at Pi before it
is completed in the record.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.stage.snapshot import Snapshot, in_pi, plain
from shared.payments.record import Attention

RECORD, PI, CHAIN, STAGE = "record", "pi", "chain", "stage"
GOOD, BAD, QUIET = "good", "bad", "quiet"

# Ids, wallets and hashes are shown by their beginning.
_LONG = re.compile(r"(?<=/)(?=[\w-]*[\dA-Z])([\w-]{4})[\w-]{8,}")
HALF_MS = 0.5  # just before, just after: times have whole milliseconds


@dataclass(frozen=True, slots=True)
class Line:
    """`at` is in thousandths of a second since 1970, by the clock of Pi and of the functions.
    `subject` is the payment, payout or ad that it is about."""

    lane: str
    text: str
    at: float
    tone: str = ""
    subject: str = ""


def lines(before: Snapshot, now: Snapshot) -> list[Line]:
    """In the order in which it happened."""
    new = Changes(before, now)
    found = [*new.calls(), *new.pi(), *new.chain(), *new.records(), *new.goods()]
    return sorted(found, key=lambda line: line.at)


@dataclass(frozen=True, slots=True)
class Changes:
    """`now` against `before`."""

    before: Snapshot
    now: Snapshot

    # --- Pi and the chain -------------------------------------------------------------------------

    def calls(self) -> Iterator[Line]:
        for call in self.now.pi["calls"]:
            lane = CHAIN if call["path"].startswith("/horizon") else PI
            tone = QUIET if call["method"] == "GET" else ""
            if call["status"] is None or call["status"] >= 500:
                tone = BAD
            yield Line(lane, _call(call), _ms(call["at"]), tone, _subject(call["path"]))

    def pi(self) -> Iterator[Line]:
        known = self.before.pi_payments
        for identifier, payment in self.now.pi_payments.items():
            if identifier not in known:
                yield self._opened(payment)
            was = known[identifier]["status"] if identifier in known else {}
            shown = bool(identifier in known and known[identifier]["transaction"])
            if payment["transaction"] and not shown:
                is_ours = payment["direction"] == "app_to_user"
                paid_at = (
                    0 if is_ours else self._paid_at(identifier, other_than=self.before.transactions)
                )
                at = paid_at or self._call_at(identifier, "complete") or self._now
                yield Line(PI, "Pi knows the transaction", at + HALF_MS, "", identifier)
            for flag in _FLAGS:
                if payment["status"][flag] and not was.get(flag):
                    yield self._flag(payment, flag)
        ads = {ad["identifier"] for ad in self.before.pi.get("ads", ())}
        for ad in self.now.pi["ads"]:
            if ad["identifier"] not in ads:
                status = ad["mediator_ack_status"] or "the ad network has not answered yet"
                yield Line(PI, f"an ad was watched: {status}", self._now, "", ad["identifier"])

    def _opened(self, payment: Mapping[str, Any]) -> Line:
        direction = "payment" if payment["direction"] == "user_to_app" else "payment to the user"
        text = f"{direction} opened: {plain(payment['amount'])} Pi"
        return Line(PI, text, self._opened_at(payment) + HALF_MS, "", payment["identifier"])

    def _opened_at(self, payment: Mapping[str, Any]) -> float:
        """By the app's call, where it is the app that opens it."""
        at = _ms(payment["created_at"])
        is_ours = payment["direction"] == "app_to_user"
        return self._call_since(at, "/v2/payments") if is_ours else at

    def _flag(self, payment: Mapping[str, Any], flag: str) -> Line:
        identifier, (words, step) = payment["identifier"], _FLAGS[flag]
        if flag == "developer_approved" and payment["direction"] == "app_to_user":
            at = self._opened_at(payment) + HALF_MS
        else:
            at = self._call_at(identifier, step) or self._now
        tone = GOOD if flag == "developer_completed" else ""
        return Line(PI, words, at + HALF_MS, tone, identifier)

    def chain(self) -> Iterator[Line]:
        known = self.before.transactions
        for txid, transaction in self.now.transactions.items():
            if txid in known:
                continue
            way = "to the app" if transaction["destination"] == self.now.wallet else "to the user"
            text = f"{plain(transaction['amount'])} Pi {way}, txid {txid[:8]}…"
            if not transaction["successful"]:
                text = f"failed: {text}"
            if lag := self.now.pi.get("settings", {}).get("ledger_lag_s"):
                text = f"{text}, which Horizon shows {lag:.0f} s later"
            tone = GOOD if transaction["successful"] else BAD
            at = _ms(transaction["applied_at"])
            if transaction["source"] == self.now.wallet:
                at = self._call_since(at, "/horizon/transactions") + HALF_MS
            yield Line(CHAIN, text, at, tone, transaction["memo"] or "")

    # --- Our record, and what it led to -----------------------------------------------------------

    def records(self) -> Iterator[Line]:
        for kind, before, now in (
            ("", self.before.payments, self.now.payments),
            ("payout ", self.before.payouts, self.now.payouts),
            ("reward ", self.before.rewards, self.now.rewards),
        ):
            for key, record in now.items():
                if key not in before:
                    yield self._recorded(kind, key, record)
                known = int(before[key]["version"]) if key in before else 0
                for entry in record.get("story", ()):
                    if entry["version"] > known:
                        yield self._changed(kind, key, record, entry)

    def _recorded(self, kind: str, key: str, record: Mapping[str, Any]) -> Line:
        story = record.get("story", ())
        state = story[0]["was"] if story else record["state"]
        text, tone = f"{kind}{state}", ""
        if kind == "" and "refusal" in record:
            text, tone = f"refused: {_refusal(record)}", BAD
        elif kind == "payout ":
            why = ", a refund" if "refund_of" in record else ""
            text = f"payout {state}: {in_pi(record['amount'])} Pi{why}"
        elif kind == "reward ":
            tone = GOOD
        else:
            text = f"{state}: recorded at {in_pi(record['amount'])} Pi"
        at = self._call_at(key, "approve") or self._call_at(key, "cancel")
        return Line(RECORD, text, at - HALF_MS if at else self._now, tone, key)

    def _changed(
        self, kind: str, key: str, record: Mapping[str, Any], entry: Mapping[str, Any]
    ) -> Line:
        why, state = entry.get("why"), entry["state"]
        tone = GOOD if state == "completed" and entry["was"] != state else ""
        if state == "blocked" or record.get("attention"):
            tone = BAD
        if why and why.startswith("told "):
            text = f"the app is told: {why.removeprefix('told ')}"
        elif why and why.startswith("refund "):
            text = "a refund is asked for"
        elif entry["was"] != state:
            text = f"{kind}{state}" + (f": {why}" if why else _by(entry))
        elif why in _ATTENTION:
            text = f"a person must look: {_ATTENTION[why]}"
        else:
            text = f"{kind}{state}, waits: {why}"
        identifier = str(record.get("payment_id", key))
        return Line(RECORD, text, self._changed_at(identifier, state) or self._now, tone, key)

    def goods(self) -> Iterator[Line]:
        for key, item in self.now.goods.items():
            was = int(self.before.goods.get(key, {}).get("quantity", 0))
            if key.startswith("user#") and (more := int(item["quantity"]) - was):
                product = key.rpartition("#")[2]
                yield Line(RECORD, f"delivered: {more} {product}", self._now + HALF_MS, GOOD)

    # --- When -------------------------------------------------------------------------------------

    @property
    def _now(self) -> float:
        return _ms(self.now.pi["now"])

    def _call_at(self, identifier: str, step: str) -> float:
        """When Pi was last asked for this step; 0: not lately."""
        calls = self._calls_to(f"/v2/payments/{identifier}/{step}")
        return _ms(calls[-1]["at"]) if calls else 0

    def _call_since(self, at: float, path: str) -> float:
        """When the call to this path was answered that did what was done then."""
        calls = self._calls_to(path)
        answered = (_ms(call["at"]) for call in calls if call["method"] == "POST")
        return min((each for each in answered if each >= at), default=at)

    def _calls_to(self, path: str) -> list[Mapping[str, Any]]:
        """Also those of the snapshot before: Pi is read last, so its calls may be seen one snapshot
        earlier than the records that they changed."""
        calls = [*self.before.pi.get("calls", ()), *self.now.pi["calls"]]
        return [call for call in calls if call["path"] == path]

    def _paid_at(self, identifier: str, *, other_than: Collection[str] = ()) -> float:
        """When the chain applied a transaction for it, other than these; 0: it has not."""
        found = [tx for txid, tx in self.now.transactions.items() if txid not in other_than]
        return max((_ms(tx["applied_at"]) for tx in found if tx["memo"] == identifier), default=0)

    def _changed_at(self, identifier: str, state: str) -> float:
        match state:
            case "completed" | "cancelled" | "failed":
                step = "complete" if state == "completed" else "cancel"
                at = self._call_at(identifier, step)
                return at + 2 * HALF_MS if at else 0
            case "created":
                payment = self.now.pi_payments.get(identifier)
                return self._opened_at(payment) + 3 * HALF_MS if payment else 0
            case "signed":
                return (at := self._paid_at(identifier)) and at - 2 * HALF_MS
        return 0


# The reason without what to do about it.
_ATTENTION = {str(reason): reason.meaning.partition(".")[0] for reason in Attention}
# In words, and the step that sets it.
_FLAGS = {
    "developer_approved": ("approved", "approve"),
    "developer_completed": ("completed", "complete"),
    "cancelled": ("cancelled", "cancel"),
    "user_cancelled": ("cancelled by the user", "cancel"),
}


def _call(call: Mapping[str, Any]) -> str:
    path = call["path"].removeprefix("/v2").removeprefix("/horizon") or "/"
    path = _LONG.sub(lambda found: f"{found[1]}…", path)
    if call["status"] is not None:
        return f"{call['method']} {path} → {call['status']}"
    return f"{call['method']} {path} → {'answer lost' if 'after' in call['fault'] else 'lost'}"


def _subject(path: str) -> str:
    """The payment, ad or transaction that a path names."""
    found = re.match(r"/v2/(?:payments|ads_network/status)/([\w-]{12,})", path)
    return found[1] if found and found[1] != "incomplete_server_payments" else ""


def _refusal(record: Mapping[str, Any]) -> str:
    asked = in_pi(record["amount"])
    if record["refusal"] == "unexpected_amount" and "expected_minimum" in record:
        return f"{asked} Pi asked, {in_pi(record['expected_minimum'])} Pi is the price"
    return str(record["refusal"])


def _by(entry: Mapping[str, Any]) -> str:
    """Which route, or which function without its stack's name."""
    by = str(entry.get("by") or "")
    if found := re.match(r".*-([A-Za-z]+)-[0-9A-F]+$", by):
        return f", by {_FUNCTIONS.get(found[1], found[1])}"
    return f", by {by.removeprefix('POST ')}" if by else ""


_FUNCTIONS: Mapping[str, str] = {"Settle": "the worker", "SendPayout": "the sender"}


def _ms(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp() * 1000
