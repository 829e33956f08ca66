"""Pi's answers as the reference and the field show them, and records as we keep them."""

from dataclasses import replace
from typing import Any

from shared.base.amount import Amount
from shared.base.networks import Network
from shared.payments.prices import Price
from shared.payments.record import Patience, PaymentRecord, PaymentState, Terms
from shared.pi.objects import PaymentDto
from shared.stellar.objects import Movement, Transfer

Json = dict[str, Any]

NOW = 1_790_000_000
PAYMENT_ID = "Vk3-gB_1Zr0pQ7sYtL2mXw9aHdCe"
UID = "a1111111-aaaa-4bbb-8222-ccccccc3333d"
TXID = "7a7ed20d3d72c365b9019baf8dc4c4e3cce4c08114d866e47ae157e3a796e9e7"
OTHER_TXID = "e" * 64
USER_WALLET = "GBUSER4WALLETOFTHEUSER7777777777777777777777777777777777"
APP_WALLET = "GCAPP4WALLETOFTHEAPP77777777777777777777777777777777777"
TERMS = Terms(network=Network.TESTNET, wallet=APP_WALLET, first_look=60)
PATIENCE = Patience(alone=3600, asked=600)
PRICE = Price("apple_pie_1", 1, Amount.of("3.14"), Amount.of("3.14"))

MOVED = Movement(
    token=(1 << 32) + 4097,
    at=NOW,
    kind="payment",
    txids=(TXID,),
    memo=PAYMENT_ID,
    transfer=Transfer(USER_WALLET, APP_WALLET, Amount.of("3.14")),
)

NOTHING_YET = {
    "developer_approved": False,
    "transaction_verified": False,
    "developer_completed": False,
    "cancelled": False,
    "user_cancelled": False,
}


def user_json(**changes: Any) -> Json:
    """The UserDTO, with what the field adds to the reference."""
    return {
        "uid": UID,
        "username": "pioneer1",
        "credentials": {
            "scopes": ["username", "payments", "platform"],
            "valid_until": {"timestamp": NOW, "iso8601": "2026-09-21T14:13:20.000Z"},
        },
        "app_id": "demo-app",
        "receiving_email": False,
        "roles": [],
        "preferred_language": "en",
    } | changes


def transaction_json(txid: str = TXID, **changes: Any) -> Json:
    link = f"https://api.testnet.minepi.com/transactions/{txid}"
    return {"txid": txid, "verified": True, "_link": link} | changes


def payment_json(status: Json | None = None, **changes: Any) -> Json:
    """The PaymentDTO; `status` changes single flags of one just created."""
    return {
        "identifier": PAYMENT_ID,
        "user_uid": UID,
        "amount": 3,
        "memo": "One apple pie",
        "metadata": {"productId": "apple_pie_1"},
        "from_address": USER_WALLET,
        "to_address": APP_WALLET,
        "direction": "user_to_app",
        "created_at": "2026-09-21T14:13:20.123Z",
        "network": "Pi Testnet",
        "split_recipients": None,
        "token_canonical": None,
        "status": NOTHING_YET | (status or {}),
        "transaction": None,
    } | changes


def without(json: Json, *keys: str) -> Json:
    return {key: value for key, value in json.items() if key not in keys}


def ad_json(status: str | None = "granted", **changes: Any) -> Json:
    """The RewardedAdStatusDTO."""
    return {
        "identifier": "ad-1",
        "mediator_ack_status": status,
        "mediator_granted_at": "2026-09-21T14:13:20Z" if status == "granted" else None,
        "mediator_revoked_at": None,
    } | changes


def payment(*flags: str, paid: bool = False, **changes: Any) -> PaymentDto:
    """A payment of 3.14 Pi with these status flags set; `paid`: Pi shows its transaction."""
    transaction = {"transaction": transaction_json()} if paid else {}
    status = dict.fromkeys(flags, True)
    given: Json = {"amount": "3.14", **transaction, **changes}
    return PaymentDto.read(payment_json(status, **given))


def record(**changes: Any) -> PaymentRecord:
    """Our record of it, just opened."""
    opened = PaymentRecord(
        payment_id=PAYMENT_ID,
        uid=UID,
        amount=Amount.of("3.14"),
        state=PaymentState.OPEN,
        created_at=NOW,
        started_at=NOW,
        from_address=USER_WALLET,
        to_address=APP_WALLET,
        price=PRICE,
        due_at=NOW + 60,
    )
    return replace(opened, **changes)
