"""The last line: what became of the money, from the chain, Pi, the records and the goods.

Each fact is counted where it is true: what was paid on the chain, what was delivered at the app,
what was given back on the chain. Never from what was meant to happen.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.stage.snapshot import Snapshot, in_pi
from shared.base.amount import Amount

GOOD, WAITING, BAD, NOTHING = "good", "waiting", "bad", "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    tone: str
    text: str


def verdict(snapshot: Snapshot) -> Verdict:
    facts = Facts(snapshot)
    if violations := list(facts.violations()):
        return Verdict(BAD, f"Something is wrong: {'; '.join(violations)}.")
    if pending := Counter(facts.pending()):
        parts = [each if many == 1 else f"{each} ({many} times)" for each, many in pending.items()]
        return Verdict(WAITING, f"On its way: {'; '.join(parts)}.")
    if not (facts.paid or snapshot.payouts or snapshot.rewards):
        return _nothing(snapshot)
    parts = [*facts.sold(), *facts.rewarded(), *facts.paid_out()]
    return Verdict(GOOD, f"Nothing was lost: {'; '.join(parts)}.")


def _nothing(snapshot: Snapshot) -> Verdict:
    refused = sum("refusal" in record for record in snapshot.payments.values())
    if refused:
        what = "a payment" if refused == 1 else f"{refused} payments"
        return Verdict(GOOD, f"Nothing was lost: {what} refused, no Pi moved, nothing delivered.")
    if snapshot.pi.get("payments"):
        return Verdict(GOOD, "Nothing was lost: no Pi moved, nothing delivered.")
    return Verdict(NOTHING, "No Pi has moved yet.")


class Facts:
    """Amounts in stroops."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        moved = [tx for tx in snapshot.transactions.values() if tx["successful"]]
        self.paid = _by_memo(tx for tx in moved if tx["destination"] == snapshot.wallet)
        self.sent = _by_memo(tx for tx in moved if tx["source"] == snapshot.wallet)
        self.delivered = {
            key.removeprefix("event#").rpartition(":")[0]
            for key in snapshot.goods
            if key.startswith("event#")
        }

    # --- What must never be -----------------------------------------------------------------------

    def violations(self) -> Iterator[str]:
        yield from self._wrong_payments()
        yield from self._wrong_goods()
        yield from self._wrong_payouts()
        ads = {ad["identifier"] for ad in self.snapshot.pi.get("ads", ())}
        if unknown := self.snapshot.rewards.keys() - ads:
            yield f"{len(unknown)} rewards without an ad"

    def _wrong_payments(self) -> Iterator[str]:
        for identifier, stroops in self.paid.items():
            record = self.snapshot.payments.get(identifier)
            if identifier in self.snapshot.pi_payments and record is None:
                yield f"{in_pi(stroops)} Pi came in for a payment that was never recorded"
            elif record and record["state"] == "cancelled" and not _is_noticed(record):
                yield f"{in_pi(stroops)} Pi came in for a payment that is closed as unpaid"
        for key, record in self.snapshot.payments.items():
            if record["state"] == "completed" and key not in self.paid:
                yield "a payment is completed that was never paid"

    def _wrong_goods(self) -> Iterator[str]:
        for payment in self.delivered - self.paid.keys():
            yield f"goods were delivered for {payment[:6]}..., which was never paid"
        handed_out = sum(int(item.get("quantity", 0)) for item in self.snapshot.goods.values())
        owed = sum(int(self._record(key).get("quantity", 1)) for key in self.delivered)
        if handed_out != owed:
            yield f"{handed_out} things were handed out, {owed} were sold"

    def _wrong_payouts(self) -> Iterator[str]:
        ours = {str(payout.get("payment_id")): payout for payout in self.snapshot.payouts.values()}
        for identifier, stroops in self.sent.items():
            payout = ours.get(identifier)
            if payout is None and not any(
                identifier in str(each.get("former_payments", "")) for each in ours.values()
            ):
                yield f"{in_pi(stroops)} Pi left the wallet for no payout"
            elif payout and stroops > int(payout["amount"]):
                yield f"{in_pi(stroops)} Pi were sent for a payout of {in_pi(payout['amount'])} Pi"
        for key, payout in self.snapshot.payouts.items():
            if payout["state"] == "completed" and str(payout.get("payment_id")) not in self.sent:
                yield f"the payout {key[:6]}... is completed and was never sent"

    # --- What is not over yet ---------------------------------------------------------------------

    def pending(self) -> Iterator[str]:
        for identifier, payment in self.snapshot.pi_payments.items():
            if payment["direction"] == "user_to_app":
                yield from self._pending_payment(identifier, payment)
        for payout in self.snapshot.payouts.values():
            if payout["state"] not in ("completed", "failed"):
                yield f"a payout of {in_pi(payout['amount'])} Pi is {payout['state']}"

    def _pending_payment(self, identifier: str, payment: Mapping[str, Any]) -> Iterator[str]:
        record = self._record(identifier)
        amount = in_pi(self.paid.get(identifier, 0))
        if identifier not in self.paid:
            status = payment["status"]
            if record.get("state", "open") == "open" and not _is_cancelled(status):
                approved = "approved" if status["developer_approved"] else "not approved"
                yield f"a payment is {approved} and not paid yet"
        elif _is_seen(record):
            if int(record.get("refunded", 0)) < self.paid[identifier]:
                yield f"{amount} Pi paid, Pi does not complete it: a person decides"
        elif record.get("state") != "completed":
            yield f"{amount} Pi paid, and not completed yet"
        elif "product_id" in record and identifier not in self.delivered:
            yield f"{amount} Pi paid and completed, and not delivered yet"
        elif (more := self.paid[identifier] - int(record["amount"])) > int(
            record.get("refunded", 0)
        ):
            yield f"{in_pi(more)} Pi came in beside the price: give it back"

    # --- What came of it --------------------------------------------------------------------------

    def sold(self) -> Iterator[str]:
        delivered = [self.paid[key] for key in self.paid if key in self.delivered]
        if delivered:
            times = "once" if len(delivered) == 1 else "once each"
            yield f"{_sum(delivered)} Pi, delivered {times}"
        if kept := [self.paid[key] for key in self.paid if key not in self.delivered]:
            yield f"{_sum(kept)} Pi came in, nothing delivered"

    def rewarded(self) -> Iterator[str]:
        granted = [each for each in self.snapshot.rewards.values() if each["state"] == "granted"]
        if granted:
            ads = "1 ad, rewarded once" if len(granted) == 1 else f"{len(granted)} ads, once each"
            yield ads

    def paid_out(self) -> Iterator[str]:
        done = [each for each in self.snapshot.payouts.values() if each["state"] == "completed"]
        if back := [int(each["amount"]) for each in done if "refund_of" in each]:
            yield f"{_sum(back)} Pi given back {_times(back)}"
        if out := [int(each["amount"]) for each in done if "refund_of" not in each]:
            yield f"{_sum(out)} Pi paid out {_times(out)}"

    def _record(self, identifier: str) -> Mapping[str, Any]:
        return self.snapshot.payments.get(identifier, {})


def _is_seen(record: Mapping[str, Any]) -> bool:
    """It stands before a person, with the chain's proof."""
    return record.get("attention") in ("cancelled_but_paid", "never_verifies")


def _is_noticed(record: Mapping[str, Any]) -> bool:
    """The chain's payment was noted, and something is still to be done."""
    return _is_seen(record) or "due_at" in record


def _is_cancelled(status: Mapping[str, Any]) -> bool:
    return bool(status["cancelled"] or status["user_cancelled"])


def _by_memo(transactions: Iterator[Mapping[str, Any]]) -> dict[str, int]:
    """What was moved, in sum, by the payment that its memo names."""
    sums: dict[str, int] = {}
    for tx in transactions:
        memo = tx["memo"] or ""
        sums[memo] = sums.get(memo, 0) + Amount.of(tx["amount"]).stroops
    return sums


def _sum(stroops: list[int]) -> str:
    return in_pi(sum(stroops))


def _times(amounts: list[int]) -> str:
    return "once" if len(amounts) == 1 else "once each"
