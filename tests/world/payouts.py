"""The words for payouts: what the operator's back end asks for, and what there is afterwards."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from local.emulator.payment import Payment
from local.emulator.wire import dumps
from shared.payouts.record import PayoutRecord
from tests.world.devices import Loses
from tests.world.effects import Moment
from tests.world.functions import Environment, Reply
from tests.world.stage import Stage


class Payouts(Stage):
    # --- What the operator and his back end do ---------------------------------------------------

    def uid(self, name: str | None = None, **how: Any) -> str:
        """Of a user who has signed in."""
        return self.user(name, **how).uid

    def post(self, **body: Any) -> Reply:
        """`POST /payouts` with this body; amounts are Decimals, texts or whole numbers."""
        return self.call("POST /payouts", body=dumps(body))

    def refuse_for_good(self, code: str = "missing_wallet") -> None:
        """Pi creates no payment any more, until `heal`: the payouts fail."""
        self.fault("POST", "/v2/payments", code=code)

    def requested(self, payout_id: str = "payout-1", uid: str | None = None, **how: Any) -> str:
        """A payout that was taken on; nobody has sent it yet."""
        body = {"payout_id": payout_id, "amount": "3.14"}
        if "refund_of" not in how:  # a refund has no memo, and knows its user
            body |= {"uid": uid or self.uid("alice"), "memo": "Thank you"}
        reply = self.post(**body | how)
        assert reply.status == 202, reply.body
        return payout_id

    def several(self, count: int, amount: str = "1") -> list[str]:
        """The ids of as many, each for another user; nobody has sent them yet."""
        numbers = range(count)
        return [self.requested(f"p{n}", self.uid(f"user {n}"), amount=amount) for n in numbers]

    def half_sent(self, effect: str, moment: Moment, payout_id: str = "payout-1") -> None:
        """Taken on and sent; each answer of this effect was lost, `before` it happened or after."""
        self.requested(payout_id)
        with self.effects.watched_by(Loses(effect, moment)):
            self.send()

    def decide(self, payout_id: str, decision: str, **more: Any) -> Mapping[str, Any]:
        command = {"payout_id": payout_id, "decision": decision, **more}
        return cast(Mapping[str, Any], self.function("decide_payout")(command))

    def wake_sender(self, payout_id: str, sender: Environment | None = None) -> None:
        """One delivery of the newest message about it, out of turn; nothing may reach the DLQ."""
        standing = self.find_payout(payout_id)
        body = f"{payout_id}:{(standing and standing.due_at) or 0}"
        record = {"messageId": "1", "body": body, "eventSource": "aws:sqs"}
        answer = (sender or self.function("send_payout"))({"Records": [record]})
        assert answer == {"batchItemFailures": []}

    def stranger_pays(self, amount: str = "1", **how: Any) -> str:
        """Somebody else's use of our wallet takes a sequence number."""
        stranger = self.pi.registry.sign_in("stranger")[0].wallet
        order = {"source": self.wallet, "destination": stranger, "memo": None} | how
        return self.pi.transfer(amount=Decimal(amount), **order).txid

    # --- What there is afterwards ----------------------------------------------------------------

    def payout(self, payout_id: str = "payout-1") -> PayoutRecord:
        record = self.find_payout(payout_id)
        assert record is not None, "there is no record of this payout"
        return record

    def standing(self, payout_id: str = "payout-1") -> tuple[str, str | None]:
        """Its state and its reason."""
        record = self.payout(payout_id)
        return record.state, record.reason

    def find_payout(self, payout_id: str) -> PayoutRecord | None:
        return self.look(self.eyes.payouts.get, payout_id)

    def all_payouts(self) -> list[PayoutRecord]:
        names = [item["payout_id"]["S"] for item in self.tables.raw("PayoutsTable")]
        return [self.payout(name) for name in names if "#" not in name]

    def counters(self) -> dict[str, int]:
        """What the days' counters say, in stroops, without those at zero."""
        items = self.tables.raw("PayoutsTable")
        paid = {item["payout_id"]["S"]: int(item["paid"]["N"]) for item in items if "paid" in item}
        return {name: stroops for name, stroops in paid.items() if stroops}

    def payments_of(self, payout_id: str) -> list[Payment]:
        """All that Pi was ever asked to create for it."""
        return [p for p in self.pi.payments.values() if p.metadata.get("payout_id") == payout_id]

    def transfers_of(self, payout_id: str) -> list[str]:
        """The successful transactions of our wallet for it: exactly one, or money is lost."""
        memos = {payment.identifier for payment in self.payments_of(payout_id)}
        return [
            tx.txid
            for tx in self.pi.chain.transactions
            if tx.memo in memos and tx.source == self.wallet and tx.successful
        ]
