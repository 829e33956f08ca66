"""Pi's servers as one pure state machine: no I/O, no threads, a clock that can be moved.

The first half is what Pi answers to servers (Key) and users (Bearer); the second half is what
happens around it: users start, pay and cancel payments, ad networks grant. Every refusal is a
`PiError`. Not safe for threads: `http` puts one lock around it.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypedDict, Unpack

from .address import is_address
from .ads import Ads
from .chain import (
    ACCOUNT_MERGE,
    CREATE_ACCOUNT,
    KINDS,
    NATIVE,
    PAYMENT,
    Chain,
    Order,
    SignedTransaction,
    Transaction,
    stroops,
)
from .core import Core
from .errors import PiError
from .horizon import Horizon
from .hosts import HORIZONS
from .ids import Ids
from .model import Ad, App, Settings, User
from .notifications import Notifications
from .payment import Direction, Payment, amount_of, new_payment
from .registry import Registry

APP_ID = "demo-app"
SERVER_KEY = "emulator-server-key"

_MAX_MEMO_BYTES = 28
_STATUS_FLAGS = {
    "developer_approved",
    "transaction_verified",
    "developer_completed",
    "cancelled",
    "user_cancelled",
}


class Odd(TypedDict, total=False):
    """What no Pi wallet makes of a payment, but the chain takes.

    `kind` is one of `KINDS`; `account_merge` moves whatever there is. The Pi is
    `operation_source`'s, if there is one. A `fee_bump` costs two fees and has two hashes.
    """

    kind: str
    operation_source: str | None
    fee_bump: bool


def utc_now() -> datetime:
    return datetime.now(UTC)


class Pi:
    """Pi with one app registered. The same seed gives the same identifiers, uids and tokens.

    `horizon_url` is the emulator's own, at the address that was asked last: links start with it.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = utc_now,
        seed: int | None = None,
        app_id: str = APP_ID,
        server_key: str = SERVER_KEY,
        network: str = "Pi Testnet",
        wallet_seed: str | None = None,
    ) -> None:
        self._clock = clock
        self._seed = seed
        self._network = network
        self._first_app = (app_id, server_key, network, None, wallet_seed)
        self.horizon_url = "/horizon"
        self.reset()

    def reset(self) -> None:
        """Forget everything but the first app; time is the clock's own again."""
        self._ids = Ids(self._seed)
        # Apart from the identifiers: a request more changes none of them.
        self._nodes = Random(self._seed)  # nosec B311
        self._advanced = timedelta(0)
        self._payments_of: dict[tuple[Direction, str], list[Payment]] = {}
        self.settings = Settings()
        self.core = Core(Chain(self._network), self.settings, self._note)
        self.registry = Registry(self._ids, self.now, self.core.chain)
        self.registry.add_app(*self._first_app)
        self.payments: dict[str, Payment] = {}
        self.ads = Ads(self._ids, self.now)
        self.notifications = Notifications(self._ids, self.now, self.settings)

    def now(self) -> datetime:
        return self._clock() + self._advanced

    @property
    def chain(self) -> Chain:
        """The chain as it is by now."""
        self.core.catch_up(self.now())
        return self.core.chain

    # --- What Pi answers -------------------------------------------------------------------------

    def me(self, authorization: str) -> dict[str, Any]:
        user, token = self.registry.user_of(authorization)
        return user.dto(token.valid_until)

    def get_payment(self, app: App, identifier: str) -> dict[str, Any]:
        return self._payment_of(app, identifier).dto()

    def approve(self, app: App, identifier: str) -> dict[str, Any]:
        payment = self._payment_of(app, identifier)
        payment.approve()
        return payment.dto()

    def complete(self, app: App, identifier: str, body: dict[str, Any]) -> dict[str, Any]:
        payment = self._payment_of(app, identifier)
        if "txid" not in body:
            raise PiError("missing_param")
        txid = body["txid"]
        if not isinstance(txid, str) or not txid:
            raise PiError("missing_txid")
        payment.complete(txid.lower(), self.chain.find(txid.lower()))
        return payment.dto()

    def cancel(self, app: App, identifier: str) -> dict[str, Any]:
        payment = self._payment_of(app, identifier)
        payment.cancel()
        return payment.dto()

    def create_payment(self, app: App, arguments: dict[str, Any]) -> dict[str, Any]:
        """A2U: approved as it is created; Pi learns of its transaction only by `/complete`."""
        if not app.a2u:
            raise PiError("feature_not_available")
        user = self.registry.users.get(str(arguments.get("uid")))
        if user is None or user.app_id != app.app_id:
            raise PiError("user_not_found")
        if user.revoked and self.settings.revoked_is_unknown:
            raise PiError("user_not_found")
        if "wallet_address" not in user.scopes:
            raise PiError("missing_scope")
        payment = self._new_payment(app, user, "app_to_user", arguments)
        limit = self.settings.cancelled_limit
        if limit is not None and self._cancelled_payouts(app) >= limit:
            raise PiError("too_many_cancelled_payments")
        for other in self._open_payments("app_to_user", app.app_id):
            raise PiError("ongoing_payment_found", payment=other.dto())
        payment.developer_approved = True
        self._keep(payment)
        return payment.dto()

    def incomplete_server_payments(self, app: App) -> dict[str, Any]:
        payments = self._open_payments("app_to_user", app.app_id)
        return {"incomplete_server_payments": [payment.dto() for payment in payments]}

    def incomplete_payment(self, authorization: str) -> dict[str, Any]:
        """What the browser SDK asks at sign-in: `{"exists": bool, "payment": PaymentDTO | null}`.

        Undocumented; this shape is the one that an independent SDK reads (pinetwork-js).
        """
        user, _ = self.registry.user_of(authorization)
        payment = self.open_payment(user.uid)
        return {"exists": payment is not None, "payment": payment}

    def ad_status(self, app: App, identifier: str) -> dict[str, Any]:
        ad = self.ads.find(identifier)
        if ad.app_id != app.app_id:
            raise PiError("ad_not_found")
        return ad.dto()

    def notify(self, app: App, body: dict[str, Any]) -> dict[str, Any]:
        return self.notifications.notify(app, self.registry.users, body)

    def open_payment(self, uid: str) -> dict[str, Any] | None:
        """The newest payment that this user has opened and that is not finished."""
        user = self.registry.users.get(uid)
        payments = self._open_payments("user_to_app", user.person) if user else []
        return payments[-1].dto() if payments else None

    # --- What happens around Pi ------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        if seconds < 0 and not self.core.is_idle:
            raise PiError("invalid_arguments", "The chain cannot go back in time.", 409)
        self._advanced += timedelta(seconds=seconds)

    def horizon(self, base: str) -> Horizon:
        """The chain as Horizon's first node shows it now, with links that start with `base`."""
        return self._node(base, 0.0)

    def any_horizon(self, base: str) -> Horizon:
        """One of Horizon's two nodes, by chance."""
        lag_s = self.settings.node_lag_s
        return self._node(base, lag_s if lag_s and self._nodes.random() < 0.5 else 0.0)

    def start_payment(
        self, access_token: str, arguments: dict[str, Any], overrides: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """`Pi.createPayment`: refused while a paid one is open; cancels an unpaid one silently."""
        user, _ = self.registry.user_of(f"Bearer {access_token}")
        if "payments" not in user.scopes:
            raise PiError("missing_scope")
        app = self.registry.app(user.app_id)
        payment = self._new_payment(app, user, "user_to_app", arguments)
        for other in self._open_payments("user_to_app", user.person):
            if other.txid or not self.settings.auto_cancel:
                raise PiError("ongoing_payment_found", payment=other.dto())
            other.cancelled = True
        payment.overrides = overrides or {}
        self._keep(payment)
        return payment.dto()

    def pay(
        self,
        identifier: str,
        *,
        link: bool | None = None,
        skip_approval_check: bool = False,
        **altered: Any,
    ) -> Transaction:
        """The sender's wallet pays, by default exactly what the payment says.

        `altered` replaces fields of the transaction. `link` says whether Pi learns of it: by
        default it does of a U2A transaction that matches, as the settings have it.
        `skip_approval_check` pays what no honest wallet would pay.
        """
        payment = self.payment(identifier)
        if not skip_approval_check:
            self._check_payable(payment)
        faithful: dict[str, Any] = {
            "source": payment.from_address,
            "destination": payment.to_address,
            "amount": payment.amount,
            "memo": payment.identifier,
        }
        transaction = self.transfer(**faithful | altered)
        payment.on_chain.append(transaction.txid)
        if link is None:
            matches = payment.mismatch(transaction) is None and transaction.successful
            is_told = payment.direction == "user_to_app" and not self.settings.forgets_links
            link = matches and is_told
        if link and payment.txid is None:
            payment.link(transaction)
        return transaction

    def transfer(
        self,
        *,
        source: str,
        destination: str,
        memo: str | None,
        amount: Any = None,
        asset: str = NATIVE,
        successful: bool = True,
        **odd: Unpack[Odd],
    ) -> Transaction:
        """Anybody's transaction, with any text memo that fits; wallets that are new are opened.

        `successful: false` fails it on chain. Other assets are shown, but nobody's balance of
        them is kept. Raises PiError with the chain's code for what cannot succeed, such as
        `op_underfunded`.
        """
        if memo is not None and len(memo.encode()) > _MAX_MEMO_BYTES:
            raise PiError("invalid_arguments", "A text memo holds at most 28 bytes.")
        kind, fee_bump = odd.get("kind", PAYMENT), odd.get("fee_bump", False)
        if kind not in KINDS or (kind != PAYMENT and asset != NATIVE):
            raise PiError("invalid_arguments", f"There is no {kind} of {asset}.")
        fee = self.settings.base_fee_stroops * (2 if fee_bump else 1)
        payer = odd.get("operation_source") or source
        self._open_wallets(source, payer, None if kind == CREATE_ACCOUNT else destination, fee)
        chain = self.chain
        left = chain.accounts[payer].balance - (fee if payer == source else 0)
        order = Order(
            source=source,
            destination=destination,
            amount_stroops=left if kind == ACCOUNT_MERGE else stroops(amount_of(amount)),
            memo=memo,
            memo_type="none" if memo is None else "text",
            asset=asset,
            kind=kind,
            operation_source=odd.get("operation_source"),
        )
        code = chain.judge(order, fee)
        could_succeed = code in ("op_success", "op_src_no_trust")
        if successful and not could_succeed:
            raise PiError(code, f"The chain would refuse it: {code}.", 409)
        if could_succeed:
            failed = "op_dest_full" if kind == ACCOUNT_MERGE else "op_underfunded"
            code = "op_success" if successful else failed
        signed = self._signed(order, fee, fee_bump)
        return chain.append(self.now(), order, code, fee_stroops=fee, signed=signed)

    def create_account(
        self, source: str, destination: str, amount: Any, memo: str | None = None
    ) -> Transaction:
        """Somebody gives an address that has no account one, with so much Pi to begin with."""
        return self.transfer(
            kind=CREATE_ACCOUNT, source=source, destination=destination, amount=amount, memo=memo
        )

    def reset_chain(self) -> None:
        """The network begins anew, as the Testnet does now and then. Pi keeps its payments."""
        self.core.reset(self.now())

    def user_cancel(self, identifier: str) -> dict[str, Any]:
        payment = self.payment(identifier)
        payment.cancel(by_user=True)
        return payment.dto()

    def force(self, identifier: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Set status flags against all rules, and what else the DTO is to show."""
        payment = self.payment(identifier)
        flags = changes.get("status", {})
        if unknown := flags.keys() - _STATUS_FLAGS:
            raise PiError("invalid_arguments", f"No such flag: {', '.join(sorted(unknown))}.")
        for flag, value in flags.items():
            setattr(payment, flag, bool(value))
        payment.overrides |= {key: value for key, value in changes.items() if key != "status"}
        return payment.dto()

    def delete_payment(self, identifier: str) -> None:
        payment = self.payment(identifier)
        del self.payments[identifier]
        self._payments_of[payment.direction, payment.owner].remove(payment)

    def show_ad(self, status: str | None = None, app_id: str | None = None) -> Ad:
        """A user has watched a rewarded ad."""
        ad = self.ads.show(self.registry.app(app_id).app_id)
        return self.judge_ad(ad.identifier, status)

    def judge_ad(
        self,
        identifier: str,
        status: str | None,
        granted_at: str | None = None,
        revoked_at: str | None = None,
    ) -> Ad:
        """The ad network's word: see `Ads.judge`."""
        return self.ads.judge(identifier, status, granted_at, revoked_at)

    # --- Looking up and making -------------------------------------------------------------------

    def payment(self, identifier: str) -> Payment:
        """A payment of any app, as it is by now. Raises PiError `payment_not_found`."""
        payment = self.payments.get(identifier)
        if payment is None:
            raise PiError("payment_not_found")
        payment.expire(self.now())
        return payment

    def _payment_of(self, app: App, identifier: str) -> Payment:
        payment = self.payment(identifier)
        if payment.app_id != app.app_id:
            raise PiError("payment_not_found")
        return payment

    def _open_payments(self, direction: Direction, owner: str) -> list[Payment]:
        kept = self._payments_of.get((direction, owner), [])
        return [payment for payment in kept if self.payment(payment.identifier).is_open]

    def _cancelled_payouts(self, app: App) -> int:
        kept = self._payments_of.get(("app_to_user", app.app_id), [])
        return sum(payment.is_cancelled for payment in kept)

    def _keep(self, payment: Payment) -> None:
        self.payments[payment.identifier] = payment
        self._payments_of.setdefault((payment.direction, payment.owner), []).append(payment)

    def _node(self, base: str, lag_s: float) -> Horizon:
        chain = self.chain
        until = self.now() - timedelta(seconds=self.settings.ledger_lag_s + lag_s)
        return Horizon(chain, max(until, chain.genesis), base, self.settings)

    def _open_wallets(
        self, source: str, payer: str, destination: str | None, fee_stroops: int
    ) -> None:
        """Those that are new. Raises PiError if the chain would not take a transaction of them."""
        chain = self.chain
        wallets = [wallet for wallet in (source, payer, destination) if wallet is not None]
        if not all(map(is_address, wallets)):
            raise PiError("invalid_arguments", "A wallet is an address: G...")
        for wallet in wallets:
            chain.open_account(wallet)
        if source not in chain.accounts or payer not in chain.accounts:
            raise PiError("tx_no_source_account", "The wallet has no account.", 409)
        if chain.accounts[source].available < fee_stroops:
            raise PiError("op_underfunded", "The wallet holds too little.", 409)

    def _signed(self, order: Order, fee_stroops: int, fee_bump: bool) -> SignedTransaction:
        from .signing import sign

        chain = self.chain
        sequence = chain.next_sequence(order.source)
        try:
            return sign(order, sequence, fee_stroops, chain.passphrase, fee_bump=fee_bump)
        except ValueError as error:
            raise PiError("invalid_arguments", str(error)) from None

    def _check_payable(self, payment: Payment) -> None:
        if payment.is_cancelled:
            raise PiError("cancelled_payment", status=409)
        if not payment.developer_approved:
            raise PiError("not_approved", status=409)
        if any(tx.successful for txid in payment.on_chain if (tx := self.chain.find(txid))):
            raise PiError("already_paid", status=409)

    def _note(self, transaction: Transaction) -> None:
        """Somebody signed and submitted it: it is in its payment's history, unknown to Pi."""
        payment = self.payments.get(transaction.memo or "")
        if payment and payment.from_address == transaction.source:
            payment.on_chain.append(transaction.txid)

    def _link_of(self, payment: Payment) -> str:
        horizon = self.horizon_url
        if self.settings.pi_links:
            horizon = f"https://{HORIZONS[payment.network]}" if payment.network in HORIZONS else ""
        return f"{horizon}/transactions/{payment.txid}"

    def _new_payment(
        self, app: App, user: User, direction: Direction, arguments: dict[str, Any]
    ) -> Payment:
        """A payment not yet kept."""
        identifier, now = self._ids.payment(), self.now()
        return new_payment(
            identifier, app, user, direction, arguments, now, self.settings, self._link_of
        )
