"""The control API: what people and tests do to Pi's world from outside.

A wrong request is 400, one that the payment's state forbids is 409, both in Pi's error shape.
"""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, request

from .address import address_of, is_address
from .ads import STATUSES
from .chain import Transaction, stroops
from .errors import PiError
from .faults import Fault, FaultyFront
from .model import App, iso
from .notifications import REFUSALS
from .payment import amount_of
from .pi import Pi
from .weather import Weather
from .web import NUMBER, TEXT_OR_NULL, answer, json_body, json_fields

STRANGER = address_of("stranger")

# The settings that are one of a few words.
_CHOICES: dict[str, tuple[str | None, ...]] = {
    "notification_refusal": REFUSALS,
    "sdk_ads": (
        *("ready", "AD_NOT_AVAILABLE", "AD_NETWORK_ERROR"),
        *("AD_DISPLAY_ERROR", "ADS_NOT_SUPPORTED"),
    ),
    "sdk_ad_status": STATUSES,
}

# Payments that no Pi wallet makes, but that the chain takes.
_ODD: dict[str, Any] = {"kind": str, "operation_source": TEXT_OR_NULL, "fee_bump": bool}


def control_api(pi: Pi, front: FaultyFront) -> Blueprint:
    api = Blueprint("control", __name__)
    weather = Weather(pi, front)
    _add_world(api, pi, front, weather)
    _add_settings(api, pi)
    _add_people(api, pi)
    _add_payments(api, pi)
    _add_chain(api, pi)
    _add_faults(api, front, weather)
    return api


def _add_world(api: Blueprint, pi: Pi, front: FaultyFront, weather: Weather) -> None:
    @api.get("/health")
    def health() -> Response:
        return answer({"status": "ok"})

    @api.get("/state")
    def state() -> Response:
        """`?calls_from=12` leaves out the calls that its reader has seen."""
        for identifier in pi.payments:
            pi.payment(identifier)
        return answer(
            {
                "now": iso(pi.now()),
                "settings": _settings(pi),
                "weather": weather.names,
                "apps": [_app(app) for app in pi.registry.apps.values()],
                "users": [asdict(user) for user in pi.registry.users.values()],
                "payments": [
                    payment.dto()
                    | {"_emulator": {"app_id": payment.app_id, "on_chain": payment.on_chain}}
                    for payment in pi.payments.values()
                ],
                "ads": [ad.dto() for ad in pi.ads.values()],
                "notifications": [notification.dto() for notification in pi.notifications],
                "transactions": [_transaction(tx) for tx in pi.chain.transactions],
                # In stroops; the total is what was minted, or Pi was made or lost.
                "balances": {a.address: a.balance for a in pi.chain.accounts.values()},
                "fee_pool": pi.chain.fee_pool,
                "total_coins": pi.chain.total_coins,
                "minted": pi.chain.minted,
                "calls": front.calls[request.args.get("calls_from", 0, int) :],
                "calls_received": len(front.calls),
            }
        )

    @api.post("/clock")
    def advance_clock() -> Response:
        pi.advance(float(json_fields("advance_s", advance_s=NUMBER)["advance_s"]))
        return answer({"now": iso(pi.now())})

    @api.post("/reset")
    def reset() -> Response:
        pi.reset()
        front.reset()
        return answer({})


def _add_settings(api: Blueprint, pi: Pi) -> None:
    @api.patch("/settings")
    def change_settings() -> Response:
        changes = json_fields(
            show_txid_before_complete=bool,
            forgets_links=bool,
            ledger_lag_s=NUMBER,
            page_limit=int,
            approval_limit_s=NUMBER,
            auto_cancel=bool,
            approve_repeat_refused=bool,
            base_fee_stroops=int,
            close_at_once=bool,
            repeats_success=bool,
            ledger_close_s=NUMBER,
            node_lag_s=NUMBER,
            pi_links=bool,
            text_amounts=bool,
            cancelled_limit=int | None,
            revoked_is_unknown=bool,
            notification_batch=int,
            notification_quota=int,
            notification_quota_names=int | None,
            notification_app_quota=int | None,
            notification_refusal=str,
            notification_strangers_refused=bool,
            holes=list,
            sdk_approval_s=NUMBER,
            sdk_completion_s=NUMBER,
            sdk_repeat_s=NUMBER,
            sdk_done_s=NUMBER,
            sdk_incomplete_first=bool,
            sdk_ads=str,
            sdk_ad_s=NUMBER,
            sdk_ad_status=TEXT_OR_NULL,
            sdk_ad_id=bool,
            sdk_marker=bool,
        )
        for name in ("page_limit", "base_fee_stroops", "ledger_close_s"):
            if changes.get(name, 1) < 1:
                raise PiError("invalid_arguments", f"{name} is at least 1.")
        for name, words in _CHOICES.items():
            if changes.get(name, words[0]) not in words:
                told = " or ".join(map(str, words))
                raise PiError("invalid_arguments", f"{name} is {told}.")
        if "holes" in changes:
            changes["holes"] = [_hole(each) for each in changes["holes"]]
        for name, value in changes.items():
            setattr(pi.settings, name, float(value) if name.endswith("_s") else value)
        return answer(_settings(pi))


def _add_people(api: Blueprint, pi: Pi) -> None:
    @api.post("/apps")
    def add_app() -> Response:
        app = json_fields(
            "app_id", "key", app_id=str, key=str, network=str, wallet=str, wallet_seed=str
        )
        return answer(_app(pi.registry.add_app(**app)))

    @api.patch("/apps/<app_id>")
    def change_app(app_id: str) -> Response:
        """Rotate the key; change or take away (null) the wallet; take away A2U, notifications."""
        app = pi.registry.app(app_id)
        changes = json_fields(
            key=str,
            network=str,
            wallet=TEXT_OR_NULL,
            wallet_seed=str,
            a2u=bool,
            notifications=bool,
        )
        if "wallet_seed" in changes:
            changes["wallet"] = pi.registry.open_wallet(changes.pop("wallet_seed"))
        for name, value in changes.items():
            setattr(app, name, value)
        return answer(_app(app))

    @api.post("/users")
    def sign_in() -> Response:
        who = json_fields(username=str, uid=str, app_id=str, scopes=list, funded=bool, roles=list)
        user, token = pi.registry.sign_in(**who)
        return answer({"uid": user.uid, "username": user.username, "accessToken": token})

    @api.post("/users/<uid>/expire")
    def expire_tokens(uid: str) -> Response:
        pi.registry.expire_tokens(uid)
        return answer({})

    @api.post("/users/<uid>/revoke")
    def revoke(uid: str) -> Response:
        pi.registry.revoke(uid)
        return answer({})

    @api.post("/ads")
    def show_ad() -> Response:
        ad = pi.show_ad(**json_fields(status=TEXT_OR_NULL, app_id=str))
        return answer({"adId": ad.identifier})

    @api.patch("/ads/<identifier>")
    def judge_ad(identifier: str) -> Response:
        word = json_fields("status", status=TEXT_OR_NULL, granted_at=str, revoked_at=str)
        return answer(pi.judge_ad(identifier, **word).dto())


def _add_payments(api: Blueprint, pi: Pi) -> None:
    @api.post("/payments")
    def start_payment() -> Response:
        body = json_body()
        overrides = body.get("overrides")
        if not isinstance(overrides, dict | None):
            raise PiError("invalid_arguments", "overrides is an object.")
        return answer(pi.start_payment(str(body.get("accessToken")), body, overrides))

    @api.patch("/payments/<identifier>")
    def force(identifier: str) -> Response:
        changes = json_body()
        if not isinstance(changes.get("status", {}), dict):
            raise PiError("invalid_arguments", "status is an object.")
        return answer(pi.force(identifier, changes))

    @api.post("/payments/<identifier>/pay")
    def pay(identifier: str) -> Response:
        how = json_fields(
            source=str,
            destination=str,
            amount=NUMBER,
            memo=TEXT_OR_NULL,
            asset=str,
            successful=bool,
            link=bool,
            skip_approval_check=bool,
            **_ODD,
        )
        return answer({"txid": pi.pay(identifier, **how).txid})

    @api.post("/payments/<identifier>/user_cancel")
    def user_cancel(identifier: str) -> Response:
        return answer(pi.user_cancel(identifier))

    @api.post("/payments/<identifier>/delete")
    def delete_payment(identifier: str) -> Response:
        pi.delete_payment(identifier)
        return answer({})


def _add_chain(api: Blueprint, pi: Pi) -> None:
    @api.post("/chain/accounts")
    def fund() -> Response:
        """A wallet that holds just so much: to run out of, or to have plenty.

        `null`: it has no account until somebody creates it.
        """
        account = json_fields("address", "balance", address=str, balance=NUMBER | None)
        address = account["address"]
        if not is_address(address):
            raise PiError("invalid_arguments", "That is no address.")
        if account["balance"] is None:
            if address in pi.chain.accounts:
                raise PiError("invalid_arguments", "That account exists already.", 409)
            pi.chain.withhold(address)
            return answer({"balance": None})
        pi.chain.fund(address, stroops(amount_of(account["balance"])))
        return answer({"balance": pi.chain.accounts[address].balance})

    @api.post("/chain/transactions")
    def transfer() -> Response:
        """A stranger's transaction; `count` of them, to bury something in history."""
        fields = json_fields(
            "destination",
            source=str,
            destination=str,
            amount=NUMBER,
            memo=TEXT_OR_NULL,
            asset=str,
            successful=bool,
            count=int,
            **_ODD,
        )
        count = max(1, fields.pop("count", 1))
        transaction = {"source": STRANGER, "memo": None} | fields
        txids = [pi.transfer(**transaction).txid for _ in range(count)]
        return answer({"txid": txids[-1]})

    @api.post("/chain/reset")
    def reset_chain() -> Response:
        pi.reset_chain()
        return answer({})


def _add_faults(api: Blueprint, front: FaultyFront, weather: Weather) -> None:
    @api.post("/faults")
    def add_fault() -> Response:
        fault = json_fields(
            method=str,
            path=str,
            times=int | None,
            drop=TEXT_OR_NULL,
            code=TEXT_OR_NULL,
            status=int | None,
            body=object,
            content_type=TEXT_OR_NULL,
            headers=dict,
            effect=bool,
            delay_s=NUMBER,
        )
        front.faults.append(Fault(**fault))
        return answer({"faults": len(front.faults)})

    @api.delete("/faults")
    def delete_faults() -> Response:
        weather.clear()
        front.faults.clear()
        return answer({})

    @api.put("/weather/<name>")
    def switch_on(name: str) -> Response:
        weather.switch_on(name)
        return answer({"weather": weather.names})

    @api.delete("/weather/<name>")
    def switch_off(name: str) -> Response:
        weather.switch_off(name)
        return answer({"weather": weather.names})

    @api.delete("/calls")
    def delete_calls() -> Response:
        front.calls.clear()
        return answer({})


def _app(app: App) -> dict[str, Any]:
    return {name: value for name, value in asdict(app).items() if name != "key"}


def _settings(pi: Pi) -> dict[str, Any]:
    return asdict(pi.settings)


def _hole(given: Any) -> tuple[int, int]:
    """The first and the last ledger of a hole."""
    match given:
        case [int(first), int(last)] if 1 <= first <= last:
            return first, last
    raise PiError("invalid_arguments", "A hole is a first and a last ledger.")


def _transaction(tx: Transaction) -> dict[str, Any]:
    return {
        "txid": tx.txid,
        "inner_txid": tx.inner_txid,
        "kind": tx.kind,
        "operation_source": tx.operation_source,
        "source": tx.source,
        "destination": tx.destination,
        "amount": tx.amount,
        "memo": tx.memo,
        "asset": tx.asset,
        "successful": tx.successful,
        "fee": tx.fee_stroops,
        "ledger": tx.ledger,
        "applied_at": iso(tx.applied_at),
        "closed_at": iso(tx.closed_at),
    }
