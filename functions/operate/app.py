"""Invoked by the operator alone, most often by `pi-bundle`. See docs/operate.md.

`{"command": "close", ...}`: each command has its keys, and refuses others. With `"dry_run": true`
the commands that change a record answer with what it would become, and write nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.app import app
from shared.base.amount import Amount, InvalidAmount
from shared.base.errors import BadRequest
from shared.base.identifiers import payment_id_of, txid_of, uid_of
from shared.edge.background import on_command
from shared.edge.invocation import Event
from shared.edge.keys import allow_only
from shared.operate import OperateParts
from shared.payments.by_hand import Ending, close, deliver, sell_again, vouch
from shared.payments.migrate import MOST_ROWS, adopt, take_in
from shared.payments.past import COLUMNS
from shared.payments.people import forget, link, unlink
from shared.payments.view import payment_with_story
from shared.payouts.record import payout_id_of
from shared.payouts.request import PayoutRequest, refund, request_payout
from shared.payouts.view import payout

Answer = dict[str, object]
ENDINGS = {ending.value: ending for ending in Ending}


def _link(parts: OperateParts, event: Event) -> Answer:
    """Pi has given this person a new uid."""
    return link(parts.people, *_two_uids(event))


def _unlink(parts: OperateParts, event: Event) -> Answer:
    return unlink(parts.people, *_two_uids(event))


def _forget(parts: OperateParts, event: Event) -> Answer:
    """Erase the name that Pi has told."""
    return forget(parts.people, uid_of(event.get("uid")))


def _close(parts: OperateParts, event: Event) -> Answer:
    """A payment that needs review is closed by hand, `as` one of `Ending`."""
    ending = ENDINGS.get(str(event.get("as")))
    if ending is None:
        raise BadRequest("invalid_ending", f"as must be one of {', '.join(ENDINGS)}.")
    payment_id, reason = _payment_id(event), str(event.get("reason"))
    txid = txid_of(event["txid"]) if "txid" in event else None
    record = close(parts.by_hand, payment_id, ending, reason, txid, dry_run=_is_dry(event))
    return payment_with_story(record)


def _deliver(parts: OperateParts, event: Event) -> Answer:
    """The app gets the event of a completed payment that it was never told of."""
    record = deliver(parts.by_hand, _payment_id(event), dry_run=_is_dry(event))
    return payment_with_story(record)


def _sell_again(parts: OperateParts, event: Event) -> Answer:
    """Its user may buy once more what is sold once."""
    record = sell_again(parts.by_hand, _payment_id(event), dry_run=_is_dry(event))
    return payment_with_story(record)


def _refund(parts: OperateParts, event: Event) -> Answer:
    """Pay a payment back to its user, or `amount` of it."""
    amount = _amount(event["amount"]) if "amount" in event else None
    to = uid_of(event["refund_to"], "refund_to") if "refund_to" in event else None
    wanted = refund(
        parts.refunds, _payout_id(event), _payment_id(event), amount=amount, refund_to=to
    )
    return _requested(parts, wanted, event)


def _pay_back(parts: OperateParts, event: Event) -> Answer:
    """The same for one that Pi has forgotten, and that the operator has seen on the chain."""
    payout_id, payment_id = _payout_id(event), _payment_id(event)
    record = vouch(parts.by_hand, payment_id, dry_run=_is_dry(event))
    if _is_dry(event):
        uid = parts.refunds.links.newest(record.uid)
        return {"payout_id": payout_id, "uid": uid, "amount": str(record.amount)}
    return payout(
        request_payout(parts.refunds, refund(parts.refunds, payout_id, payment_id, amount=None))
    )


def _import(parts: OperateParts, event: Event) -> Answer:
    """Past payments of another back end become closed records, at most `MOST_ROWS` at once."""
    rows = event.get("rows")
    if not isinstance(rows, list) or len(rows) > MOST_ROWS or not all(map(_is_row, rows)):
        message = f"rows must be a list of at most {MOST_ROWS} rows, each of texts by column."
        raise BadRequest("invalid_rows", message)
    return {"rows": take_in(parts.migration, rows, dry_run=_is_dry(event))}


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and all(
        name in COLUMNS and isinstance(text, str) for name, text in row.items()
    )


def _adopt(parts: OperateParts, event: Event) -> Answer:
    """A payment that another back end has approved is finished by this one."""
    record = adopt(parts.migration, _payment_id(event), dry_run=_is_dry(event))
    return payment_with_story(record)


def _sales(parts: OperateParts, event: Event) -> Answer:
    """Stop or go on approving payments."""
    match event.get("switch"):
        case "off":
            parts.sales.pause()
        case "on":
            parts.sales.go_on()
        case _:
            raise BadRequest("invalid_switch", "switch must be on or off.")
    return {"paused_since": parts.sales.paused_since()}


COMMANDS: dict[str, tuple[Callable[[OperateParts, Event], Answer], tuple[str, ...]]] = {
    "link": (_link, ("old_uid", "new_uid")),
    "unlink": (_unlink, ("old_uid", "new_uid")),
    "forget": (_forget, ("uid",)),
    "close": (_close, ("payment_id", "as", "reason", "txid", "dry_run")),
    "deliver": (_deliver, ("payment_id", "dry_run")),
    "sell_again": (_sell_again, ("payment_id", "dry_run")),
    "refund": (_refund, ("payment_id", "payout_id", "amount", "refund_to", "dry_run")),
    "pay_back": (_pay_back, ("payment_id", "payout_id", "dry_run")),
    "import": (_import, ("rows", "dry_run")),
    "adopt": (_adopt, ("payment_id", "dry_run")),
    "sales": (_sales, ("switch",)),
}


def operate(parts: OperateParts, event: Event) -> Answer:
    name = str(event.get("command"))
    if name not in COMMANDS:
        raise BadRequest("invalid_command", f"command must be one of {', '.join(COMMANDS)}.")
    command, keys = COMMANDS[name]
    allow_only(frozenset({"command", *keys}), event, f"The command {name}")
    return command(parts, event)


def _requested(parts: OperateParts, wanted: PayoutRequest, event: Event) -> Answer:
    if _is_dry(event):
        return {"payout_id": wanted.payout_id, "uid": wanted.uid, "amount": str(wanted.amount)}
    return payout(request_payout(parts.refunds, wanted))


def _two_uids(event: Event) -> tuple[str, str]:
    return uid_of(event.get("old_uid"), "old_uid"), uid_of(event.get("new_uid"), "new_uid")


def _payment_id(event: Event) -> str:
    return payment_id_of(event.get("payment_id"), "payment_id")


def _payout_id(event: Event) -> str:
    """The id names the payment, so that a repeat by any operator pays nothing more."""
    return payout_id_of(event.get("payout_id", f"refund-{event.get('payment_id')}"))


def _amount(value: object) -> Amount:
    try:
        return Amount.of(value)
    except InvalidAmount as invalid:
        raise BadRequest("invalid_amount", f"The amount is not valid: {invalid}.") from None


def _is_dry(event: Event) -> bool:
    """Raises BadRequest: a text "true" must not be taken for a no."""
    is_dry = event.get("dry_run", False)
    if not isinstance(is_dry, bool):
        raise BadRequest("invalid_dry_run", "dry_run must be true or false.")
    return is_dry


handler = on_command(app.operate, operate)
