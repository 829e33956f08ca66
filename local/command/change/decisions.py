"""The commands that decide about payments and payouts: the stack says what it would do, and does it
once that is confirmed."""

import time
from typing import Any

import click

from local.command.deployed import StackError
from local.command.desk import IDS, Desk, changes, end, is_confirmed, on_stack
from local.command.read import attention as attending
from local.command.read import search
from local.command.restore_journal import require_none
from local.command.tell import Row
from shared.base.identifiers import txid_of
from shared.payments.by_hand import Ending
from shared.payments.record import PaymentRecord
from shared.payments.view import payment_with_story
from shared.payouts.record import PayoutRecord
from shared.payouts.view import payout_with_story
from shared.stellar.objects import ExpectedTransfer, Transfer
from shared.work.ordered import OrderedWakeUp
from shared.work.wake_ups import WakeUp, Work

WAIT_SECONDS = 20
LOOK_EVERY_SECONDS = 0.5
UNSEEN = click.option(
    "--unseen", is_flag=True, help="Accept it although the chain does not show it."
)

# --- Payments -------------------------------------------------------------------------------------


@click.command(context_settings=IDS)
@click.argument("key")
@changes
@on_stack
def settle(desk: Desk, key: str, *, yes: bool, dry_run: bool) -> None:
    """Try a payment or payout again now, and show what became of it."""
    app, record = desk.stack.app, _one(desk, key)
    if record.due_at is None:
        end("Nothing is left to do for it.", status=0)
    question = "Try it now?"
    if not is_confirmed(desk, search.why(app, key), question, yes=yes, dry=dry_run):
        return
    if isinstance(record, PaymentRecord):
        app.wake_ups.send(WakeUp(Work.PAYMENT, key))
    else:
        app.payout_queue.hint(OrderedWakeUp(key, record.due_at))
    give_up = time.monotonic() + WAIT_SECONDS
    while (standing := _one(desk, key)).version == record.version and time.monotonic() < give_up:
        time.sleep(LOOK_EVERY_SECONDS)
    desk.tell(_view(standing))


@click.command(context_settings=IDS)
@click.argument("payment_id")
@click.option("--as", "ending", type=click.Choice(list(Ending)), required=True)
@click.option("--reason", help="Why it needs review; default: its present reason.")
@click.option("--txid", help="The transaction that paid it, if its record names none.")
@UNSEEN
@changes
@on_stack
def close(
    desk: Desk,
    payment_id: str,
    ending: str,
    reason: str | None,
    txid: str | None,
    *,
    unseen: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    """Close a payment that needs review. It was sold, not_sold or looked_after.

    \b
    pi-bundle close b7Pq-3xK_mZ0aYwVtR5sLcDe9fGh --as not_sold
    """
    record = desk.stack.app.payments.get(payment_id)
    reason = reason or str(record and record.needs_review)
    if record is not None and txid is not None and not unseen:
        _require_seen(desk, txid, record)
    order = {"payment_id": payment_id, "as": ending, "reason": reason, "txid": txid}
    _carry_out(desk, "close", order, f"Close it as {ending}?", yes=yes, dry=dry_run)


@click.command(context_settings=IDS)
@click.argument("payment_id")
@click.option("--amount", help="In Pi; default: all that can be refunded.")
@click.option("--payout-id", help="Default: refund-<payment_id>, so a repeat pays nothing more.")
@click.option("--to", "refund_to", metavar="UID", help="The user's new uid.")
@changes
@on_stack
def refund(
    desk: Desk,
    payment_id: str,
    amount: str | None,
    payout_id: str | None,
    refund_to: str | None,
    *,
    yes: bool,
    dry_run: bool,
) -> None:
    """Refund a payment to its user. A repeated command pays only once."""
    order = {"payment_id": payment_id, "payout_id": payout_id, "amount": amount}
    order["refund_to"] = refund_to
    _carry_out(desk, "refund", order, "Refund it?", yes=yes, dry=dry_run)


@click.command("pay-back", context_settings=IDS)
@click.argument("payment_id")
@click.option("--payout-id", help="Default: refund-<payment_id>.")
@changes
@on_stack
def pay_back(
    desk: Desk, payment_id: str, payout_id: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Refund a payment that is `gone` at Pi. First see on the chain that it was paid."""
    order = {"payment_id": payment_id, "payout_id": payout_id}
    _carry_out(desk, "pay_back", order, "Pay it back?", yes=yes, dry=dry_run)


@click.command(context_settings=IDS)
@click.argument("payment_id")
@changes
@on_stack
def deliver(desk: Desk, payment_id: str, *, yes: bool, dry_run: bool) -> None:
    """Tell your app of a completed payment that it never heard of."""
    _carry_out(desk, "deliver", {"payment_id": payment_id}, "Deliver it?", yes=yes, dry=dry_run)


@click.command("sell-again", context_settings=IDS)
@click.argument("payment_id")
@changes
@on_stack
def sell_again(desk: Desk, payment_id: str, *, yes: bool, dry_run: bool) -> None:
    """Let a user buy a product again. It is sold once, and you have refunded the payment."""
    order = {"payment_id": payment_id}
    _carry_out(desk, "sell_again", order, "Sell it again?", yes=yes, dry=dry_run)


def _carry_out(
    desk: Desk, command: str, order: dict[str, Any], question: str, *, yes: bool, dry: bool
) -> None:
    """The stack says what it would do, and then does it."""
    would = desk.stack.command(command, **order, dry_run=True)
    if is_confirmed(desk, would, question, yes=yes, dry=dry):
        desk.tell(desk.stack.command(command, **order))


@click.group()
def payments() -> None:
    """Switch the approval of payments on or off."""


@payments.command("off")
@on_stack
def payments_off(desk: Desk) -> None:
    """Stop approving payments. Payments that are already approved are completed."""
    desk.tell(desk.stack.command("sales", switch="off"))


@payments.command("on")
@on_stack
def payments_on(desk: Desk) -> None:
    """Approve payments again."""
    require_none(desk.stack)
    desk.tell(desk.stack.command("sales", switch="on"))


# --- Payouts --------------------------------------------------------------------------------------


@click.command(context_settings=IDS)
@click.argument("payout_id")
@changes
@on_stack
def resume(desk: Desk, payout_id: str, *, yes: bool, dry_run: bool) -> None:
    """Resume a blocked payout from where it stopped."""
    _decide(desk, payout_id, "resume", "Let it go on?", yes=yes, dry=dry_run)


@click.command(context_settings=IDS)
@click.argument("payout_id")
@changes
@on_stack
def fail(desk: Desk, payout_id: str, *, yes: bool, dry_run: bool) -> None:
    """Give a payout up. It fails when the chain proves that it was not paid."""
    _decide(desk, payout_id, "fail", "Give it up?", yes=yes, dry=dry_run)


@click.command(context_settings=IDS)
@click.argument("payout_id")
@click.option("--txid", required=True, help="The transaction that you have seen on the chain.")
@UNSEEN
@changes
@on_stack
def paid(desk: Desk, payout_id: str, txid: str, *, unseen: bool, yes: bool, dry_run: bool) -> None:
    """Close a blocked payout as paid. The chain shows it, and Pi will never complete it."""
    if not unseen:
        _require_seen(desk, txid, _payout(desk, payout_id))
    _decide(desk, payout_id, "paid", "Close it as paid?", yes=yes, dry=dry_run, txid=txid)


def _require_seen(desk: Desk, txid: str, record: PaymentRecord | PayoutRecord) -> None:
    """A transaction that a person has typed in is believed once the chain shows that it has paid
    this. Anyone can send a memo: its wallets and its amount count as well. Raises StackError."""
    transaction = desk.stack.app.chain.transaction(txid_of(txid))
    if transaction is None:
        raise StackError("The chain does not show this transaction. If you are certain: --unseen")
    source, destination = str(record.from_address), str(record.to_address)
    moved = Transfer(source, destination, record.amount)
    if not ExpectedTransfer(str(record.payment_id), moved).is_met_by(transaction):
        raise StackError(
            f"This transaction did not pay it: expected {record.amount} Pi from {source} to"
            f" {destination} with the memo {record.payment_id}. If you are certain: --unseen"
        )


def _decide(
    desk: Desk, payout_id: str, decision: str, question: str, *, yes: bool, dry: bool, **given: str
) -> None:
    version = _payout(desk, payout_id).version  # read first: what is shown is as new or newer
    now = search.why(desk.stack.app, payout_id)
    if is_confirmed(desk, now, question, yes=yes, dry=dry):
        desk.tell(desk.stack.decide(payout_id, decision, version=version, **given))


@click.group()
def payouts() -> None:
    """Switch payouts on or off, and list the open ones."""


@payouts.command("on")
@on_stack
def payouts_on(desk: Desk) -> None:
    """Switch payouts on."""
    require_none(desk.stack)
    _switch(desk, "on")


@payouts.command("off")
@on_stack
def payouts_off(desk: Desk) -> None:
    """Switch payouts off. A payout that was submitted before is still finished."""
    _switch(desk, "off")


def _switch(desk: Desk, value: str) -> None:
    desk.stack.switch_payouts(value)
    desk.tell({"payouts": value})


@payouts.command("list")
@on_stack
def payouts_list(desk: Desk) -> None:
    """All payouts that are not finished, the newest last."""
    app = desk.stack.app
    keys = [row.key for row in attending.unfinished(app, "payout")]
    records = [record for key in keys for record in search.by_id(app, key)]
    open_ones = [search.row(one) for one in records if isinstance(one, PayoutRecord)]
    desk.tell(sorted(open_ones, key=lambda row: int(row["at"])))


def _payout(desk: Desk, payout_id: str) -> PayoutRecord:
    """Raises StackError: there is none."""
    record = _one(desk, payout_id)
    if not isinstance(record, PayoutRecord):
        raise StackError(f"{payout_id} is a payment, not a payout.")
    return record


def _one(desk: Desk, key: str) -> PaymentRecord | PayoutRecord:
    """Raises StackError: no payment and no payout."""
    for record in search.by_id(desk.stack.app, key):
        if isinstance(record, PaymentRecord | PayoutRecord):
            return record
    raise StackError(f"There is no payment or payout {key}.")


def _view(record: PaymentRecord | PayoutRecord) -> Row:
    if isinstance(record, PaymentRecord):
        return payment_with_story(record)
    return payout_with_story(record)
