"""The words for payments: what users and their front ends do, and what there is afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from local.emulator.payment import Payment
from shared.aws.dynamodb import encoded
from shared.base.amount import Amount
from shared.book.record import Book
from shared.payments.record import PaymentRecord, PaymentState
from shared.work.wake_ups import WakeUp, Work
from tests.world.aws import PRICE_FUNCTION
from tests.world.functions import Reply
from tests.world.stage import Stage, User

PIE, DONATION, BADGE = "apple_pie_1", "donation", "badge"


class Payments(Stage):
    # --- What a front end calls ------------------------------------------------------------------

    def approve(self, payment_id: str, user: User | None) -> Reply:
        return self._post("approve", {"paymentId": payment_id}, user)

    def complete(self, payment_id: str, txid: str, user: User | None = None) -> Reply:
        return self._post("complete", {"paymentId": payment_id, "txid": txid}, user)

    def incomplete(self, payment_id: str, user: User | None = None, **more: Any) -> Reply:
        return self._post("incomplete", {"paymentId": payment_id, **more}, user)

    def cancel(self, payment_id: str, user: User | None = None) -> Reply:
        return self._post("cancel", {"paymentId": payment_id}, user)

    def error(self, payment_id: str, user: User | None = None) -> Reply:
        return self._post("error", {"paymentId": payment_id, "error": {}}, user)

    def _post(self, step: str, body: Mapping[str, Any], user: User | None) -> Reply:
        return self.call(f"POST /pi_payment/{step}", body=body, token=user and user.token)

    # --- What its user does ----------------------------------------------------------------------

    def start(self, user: User, amount: str = "3.14", metadata: object = None, **shown: Any) -> str:
        """`Pi.createPayment` in the user's browser. `shown` replaces keys of the PaymentDTO."""
        metadata = {"productId": PIE} if metadata is None else metadata
        order = {"amount": Decimal(amount), "memo": "An apple pie", "metadata": metadata}
        return str(self.pi.start_payment(user.token, order, shown)["identifier"])

    def approved(
        self, user: User | None = None, amount: str = "3.14", metadata: object = None, **shown: Any
    ) -> str:
        """A payment, of a new user unless one is given, that the bundle has approved."""
        user = user or self.user()
        payment_id = self.start(user, amount, metadata, **shown)
        reply = self.approve(payment_id, user)
        assert reply.status == 200, reply.body
        return payment_id

    def pay(self, payment_id: str, **how: Any) -> str:
        """The user's wallet pays; its txid. `how`: see `Pi.pay`."""
        return self.pi.pay(payment_id, **how).txid

    def paid(self, user: User | None = None, **how: Any) -> tuple[str, str]:
        """A payment that the bundle has approved and its user paid; and its txid."""
        payment_id = self.approved(user)
        return payment_id, self.pay(payment_id, **how)

    def paid_payment(self, **shown: Any) -> str:
        """The same of a new user; `shown` replaces keys of the PaymentDTO."""
        payment_id = self.approved(**shown)
        self.pay(payment_id)
        return payment_id

    def settled_payment(self, rounds: int = 2) -> str:
        """Paid, and settled in so many rounds; so its wallet has a book."""
        payment_id = self.paid_payment()
        self.rounds(rounds)
        return payment_id

    def forgotten_payment(self) -> str:
        """The chain knows that it was paid; a restored table knows nothing of it."""
        backup = self.backup()
        payment_id = self.paid_unseen(known_to_pi=False)
        self.restore(backup)
        return payment_id

    def paid_unseen(self, *, known_to_pi: bool = True) -> str:
        """Paid on the chain; Pi does not show the transaction, or does not know it at all."""
        payment_id = self.approved()
        payment = self.at_pi(payment_id)
        payment.settings = replace(payment.settings, show_txid_before_complete=False)
        self.pay(payment_id, link=known_to_pi)
        return payment_id

    def cancelled_but_paid(self, user: User) -> tuple[str, str]:
        """Pi has flagged it cancelled and does not know the transaction, which its user's page
        does."""
        self.pi.settings.show_txid_before_complete = False
        payment_id = self.approved(user)
        txid = self.pay(payment_id, link=False)
        self.pi.force(payment_id, {"status": {"cancelled": True}})
        return payment_id, txid

    def cancelled_by_user(self) -> str:
        payment_id = self.approved()
        self.pi.user_cancel(payment_id)
        return payment_id

    # --- What the operator does ------------------------------------------------------------------

    def stock(self) -> None:
        """Put the two sample products."""
        self.sell(PIE, price="3.14")
        self.sell(DONATION, minimum="0.1", maximum="100")

    def sell(self, product_id: str, *, active: bool = True, **more: object) -> None:
        """Put a product, or change it: `price`, or `minimum` and `maximum`, in Pi; `once`."""
        row = {"product_id": product_id, "name": product_id, "active": active, **more}
        self.tables.put("ProductsTable", encoded(row))

    def price_by(self, says: Callable[[dict[str, Any]], object]) -> None:
        """Deploy with a price function of the app's own, which answers this to a request."""
        self.price_function.says = says
        self.deploy(PriceFunctionArn=PRICE_FUNCTION)

    def sold(self, amount: str = "3.14", uid: str | None = None, **fields: Any) -> str:
        """A payment as the table keeps it that was completed and delivered long ago."""
        payment_id = f"payment-{len(self.tables.raw('PaymentsTable'))}"
        record = PaymentRecord(
            payment_id=payment_id,
            uid=uid or self.user("alice").uid,
            amount=Amount.of(amount),
            created_at=self.clock(),
            **{"state": PaymentState.COMPLETED, "price": None, **fields},
        )
        self.look(self.eyes.payments.put_if_absent, record)
        return payment_id

    def wake(self, work: Work, key: str) -> None:
        """A message about it, out of turn: what an operator sends by hand."""
        self.wake_ups.put(str(WakeUp(work, key)))

    # --- What there is afterwards ----------------------------------------------------------------

    def at_pi(self, payment_id: str) -> Payment:
        return self.pi.payment(payment_id)

    def transactions_of(self, payment_id: str) -> list[str]:
        """The transactions on the chain that pay it: successful, and as Pi asked its user to."""
        payment = self.at_pi(payment_id)
        return [
            txid
            for txid in payment.on_chain
            if (tx := self.pi.chain.find(txid)) and tx.successful and payment.mismatch(tx) is None
        ]

    def record(self, payment_id: str) -> PaymentRecord:
        record = self.find_record(payment_id)
        assert record is not None, "there is no record of this payment"
        return record

    def all_payments(self) -> list[PaymentRecord]:
        """But for what was edited by hand and cannot be read."""
        names = [item["payment_id"]["S"] for item in self.tables.raw("PaymentsTable")]
        return [self.record(name) for name in names if "#" not in name]

    def book(self) -> Book:
        """The app's wallet's."""
        book = self.look(self.eyes.books.get, self.wallet)
        assert book is not None, "the wallet has no book"
        return book

    def until_proven(self) -> None:
        """Sweeps until what nobody has paid is proven unpaid, cancelled at Pi and closed."""
        self.rounds(8)

    def check_writes(self) -> None:
        """Promise 4: each write was counted in its record, so none has overwritten another."""
        for record in self.all_payments():
            assert self.effects.landed[record.payment_id] == record.version

    def standing_of(self, payment_id: str) -> tuple[str, str | None]:
        """Its state, and why it needs an operator."""
        record = self.record(payment_id)
        return record.state, record.needs_review

    def find_record(self, payment_id: str) -> PaymentRecord | None:
        return self.look(self.eyes.payments.get, payment_id)
