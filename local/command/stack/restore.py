"""Bring payments, payouts and rewards back to a moment, all three to the same.

Nothing that the wallet has sent since may be sent again. So payouts stay off until the wallet's
books are read from that moment to the present, what had failed since is given up again, and the
chain agrees with the records. The functions stand still while rows are written: half a restore is
seen by nobody. How far it has come stands in `restore_journal`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from local.command.deployed import Deployed, Refused, StackError
from local.command.read import months
from local.command.restore_journal import (
    Journal,
    journal_of,
    keep,
    now_and_then,
    put,
    require_ours,
    taken_over,
)
from local.command.stack import pause
from local.command.stack.point_in_time import (
    Item,
    Restored,
    changes,
    drop,
    is_delivered_before,
    keep_note,
    note_of,
    require_restorable,
    restore_aside,
    rows,
    write,
)
from local.command.tell import Row, utc
from shared.book.read import BookParts, book_of
from shared.book.store import BookStore
from shared.payments.record import PaymentEvent
from shared.payments.store import KEY as PAYMENT_KEY
from shared.payouts.record import PayoutState, Reason
from shared.payouts.store import KEY as PAYOUT_KEY
from shared.rewards.store import KEY as REWARD_KEY
from shared.stellar.objects import Movement

# By logical id: where a function finds the table, and its key. A payout, its counters and what it
# refunds of a payment are written at once, so none is restored alone.
TABLES = {
    "PaymentsTable": ("PAYMENTS_TABLE", PAYMENT_KEY),
    "PayoutsTable": ("PAYOUTS_TABLE", PAYOUT_KEY),
    "RewardsTable": ("REWARDS_TABLE", REWARD_KEY),
}
REMEMBERED_SECONDS = 35 * 24 * 3600  # DynamoDB's own: nothing older can be restored
READ_EVERY_SECONDS = 30
MOST_READS = 120
ENDED = (PayoutState.COMPLETED, PayoutState.FAILED)

Say = Callable[[str], None]


def tables_of(deployed: Deployed, to: int) -> list[Restored]:
    text = deployed.app.settings.text
    return [Restored(logical, text(name), key, to) for logical, (name, key) in TABLES.items()]


# --- Begin ----------------------------------------------------------------------------------------


def begin(deployed: Deployed, to: int, *, dry: bool = False) -> Journal:
    """Write down what is to be done, and how the switches stood; or take over the one that is under
    way. Raises StackError: that goes to another moment, or none to this one is possible."""
    journal = journal_of(deployed)
    if journal.to is not None:
        if journal.to != to:
            raise StackError(
                f"A restore to {utc(journal.to)} is under way. Go on with it: pi-bundle restore"
                f" {deployed.option}"
            )
        return journal if dry else taken_over(deployed, journal)
    for since, until in journal.undone:
        if since < to < until:
            raise StackError(
                f"An earlier restore has undone what was written from {utc(since)} to"
                f" {utc(until)}: a payout may have failed then that was paid since."
            )
    for table in tables_of(deployed, to):
        require_restorable(deployed, table)
    journal = Journal(
        to=to,
        run=uuid4().hex,
        begun_at=deployed.app.clock(),
        sold=deployed.app.sales.paused_since() is None,
        paid=deployed.app.switch.is_on(),
        undone=journal.undone,
    )
    return journal if dry else put(deployed, journal)


# --- The steps ------------------------------------------------------------------------------------


def _switch_off(deployed: Deployed, journal: Journal) -> Journal:
    deployed.switch_payouts("off")
    deployed.command("sales", switch="off")
    return journal


def _restore_aside(deployed: Deployed, journal: Journal) -> Journal:
    restore_aside(deployed, _tables(deployed, journal))
    return journal


def _remember(deployed: Deployed, journal: Journal) -> Journal:
    return replace(journal, before=pause.standing(deployed))


def _stop(deployed: Deployed, journal: Journal) -> Journal:
    pause.stop(deployed)
    return replace(journal, stopped_at=deployed.app.clock())


def _note_down(deployed: Deployed, journal: Journal) -> Journal:
    """Once nothing runs any more: what the rows tell that will be written over."""
    over_at = journal.stopped_at + pause.longest_run(deployed)
    deployed.app.edges.sleep(max(0, over_at - deployed.app.clock()))
    keep_note(deployed, _payouts(deployed, journal), _since_then(deployed, journal))
    proof, address = deployed.app.prove_wallet, deployed.parameters.get("PiWalletAddress")
    wallets = {*proof.payments.days.wallets(), *proof.payouts.days.wallets()}
    return replace(journal, wallets=sorted(wallets | ({address} if address else set())))


def _write_back(deployed: Deployed, journal: Journal) -> Journal:
    """Raises StackError: something else writes."""
    require = now_and_then(deployed, journal)
    for table in _tables(deployed, journal):
        write(deployed, table, changes(deployed, table), require)
        if next(changes(deployed, table), None) is not None:
            raise StackError(f"Something else writes to {table.name}. Stop it, and go on.")
    return journal


def _since_then(deployed: Deployed, journal: Journal) -> dict[str, list[str]]:
    """What an operator has to know of the payouts that were under way then or came later: those
    that have failed since or were given up, and would be tried again; and those that will be
    forgotten, unpaid. And of the payments: those that will be forgotten before the app has heard
    of them, which Pi shows as completed, so that they owe nothing then; and those that another
    back end has delivered, of which only its file knows the rest."""
    payouts, payments = (_table(deployed, journal, of) for of in ("PayoutsTable", "PaymentsTable"))
    now = dict(_ends(deployed, payouts, payouts.name))
    then = dict(_ends(deployed, payouts, payouts.copy))
    failed = [
        key
        for key, state in now.items()
        if state == PayoutState.FAILED and key in then and then[key] not in ENDED
    ]
    forgotten = [key for key, state in now.items() if key not in then and state not in ENDED]
    known = {key for key, _ in _records(deployed, payments, payments.copy)}
    untold, imported = list[str](), list[str]()
    for key, item in _records(deployed, payments, payments.name):
        if key not in known and item.get("owed", {}).get("S") == PaymentEvent.COMPLETED:
            untold.append(key)
        if key not in known and is_delivered_before(item):
            imported.append(key)
    found = {"failed": failed, "forgotten": forgotten, "untold": untold, "imported": imported}
    return {name: sorted(keys) for name, keys in found.items()}


def _ends(deployed: Deployed, payouts: Restored, name: str) -> Iterator[tuple[str, str]]:
    """Of each payout, its state; of one that is given up, the state to which that leads."""
    for key, item in _records(deployed, payouts, name):
        state = item.get("state", {}).get("S", "")
        is_given_up = item.get("giving_up", {}).get("S") == Reason.GIVEN_UP
        yield key, PayoutState.FAILED if is_given_up and state not in ENDED else state


def _records(deployed: Deployed, table: Restored, name: str) -> Iterator[tuple[str, Item]]:
    """By their ids; the table's other rows have a `#` in their key."""
    keyed = ((item[table.key]["S"], item) for item in rows(deployed, name))
    return ((key, item) for key, item in keyed if "#" not in key)


def _go_on(deployed: Deployed, journal: Journal) -> Journal:
    pause.go_on(deployed, journal.before)
    return replace(journal, running_at=deployed.app.clock())


def _open_books(deployed: Deployed, journal: Journal) -> Journal:
    """Each wallet's books reach back to the moment, also where the tables had none then: what has
    moved since is found in them."""
    to = _to(journal)
    for books in (deployed.app.books, deployed.app.payout_books):
        parts = _reader(deployed, books)
        for wallet in journal.wallets:
            book_of(parts, wallet, to)
    return journal


def _reader(deployed: Deployed, books: BookStore) -> BookParts:
    """It only opens books: the functions read them."""
    app = deployed.app
    return BookParts(
        chain=app.chain, network=app.network, clock=app.clock, books=books, act=_acts_on_nothing
    )


def _acts_on_nothing(_wallet: str, _movement: Movement) -> str | None:
    raise AssertionError("a book is opened here, not read")


def _give_up_again(deployed: Deployed, journal: Journal) -> Journal:
    """What had failed is open again, and would be paid once payouts are on."""
    for payout_id in _note(deployed, journal)["failed"]:
        record = deployed.app.payouts.get(payout_id)
        if record is not None and record.closed_at is None and record.reason != Reason.GIVEN_UP:
            deployed.decide(payout_id, "fail")
    return journal


def _read_back(deployed: Deployed, journal: Journal) -> Journal:
    """Until each book has read to the moment at which the functions went on. Raises StackError."""
    for _ in range(MOST_READS):
        if _read_until(deployed, journal) >= journal.running_at:
            return journal
        deployed.invoke("Sweep", {})
        deployed.app.edges.sleep(READ_EVERY_SECONDS)
    raise StackError(
        "The wallet's book is not read to the present yet: the chain cannot be read, or is behind."
        f" Go on later: pi-bundle restore {deployed.option}"
    )


def _read_until(deployed: Deployed, journal: Journal) -> int:
    """The moment to which every book is read; now, if there is none."""
    proof = deployed.app.prove_wallet
    books = [
        side.books.get(wallet)
        for side in (proof.payments, proof.payouts)
        for wallet in {*side.days.wallets(), *journal.wallets}
    ]
    return min((book.until for book in books if book), default=deployed.app.clock())


Step = Callable[[Deployed, Journal], Journal]
# In this order, each told in a sentence; to repeat one changes nothing.
STEPS: tuple[tuple[str, Step], ...] = (
    ("Switch payments and payouts off", _switch_off),
    ("Restore the tables into copies beside them; this takes DynamoDB a while", _restore_aside),
    ("Write down how the functions stand", _remember),
    ("Stop the functions", _stop),
    ("Note what will be written over, once the last function has ended", _note_down),
    ("Write back what differs", _write_back),
    ("Start the functions", _go_on),
    ("Let the wallet's books begin before the moment", _open_books),
    ("Give up again what had failed since", _give_up_again),
    ("Read the wallet's books to the present", _read_back),
)
_ORDER = [step for _, step in STEPS]
COPIES_STAND, STOPPING, WRITING, RUNNING = map(
    _ORDER.index, (_remember, _stop, _write_back, _open_books)
)
AGREED = len(STEPS) + 1  # the chain and the records were found to agree


def _to(journal: Journal) -> int:
    if journal.to is None:
        raise StackError("No restore is under way.")
    return journal.to


def _tables(deployed: Deployed, journal: Journal) -> list[Restored]:
    return tables_of(deployed, _to(journal))


def _payouts(deployed: Deployed, journal: Journal) -> Restored:
    return _table(deployed, journal, "PayoutsTable")


def _table(deployed: Deployed, journal: Journal, logical: str) -> Restored:
    [table] = [one for one in _tables(deployed, journal) if one.logical == logical]
    return table


def _note(deployed: Deployed, journal: Journal) -> dict[str, Any]:
    return note_of(deployed, _payouts(deployed, journal))


def go_on(deployed: Deployed, journal: Journal, say: Say, until: int = len(STEPS)) -> Journal:
    """Do the steps that are left, up to a number. Each is written down once it is done."""
    for number in range(journal.done, until):
        told, step = STEPS[number]
        require_ours(deployed, journal)
        say(f"{number + 1}/{len(STEPS)} {told}")
        journal = keep(deployed, replace(step(deployed, journal), done=number + 1))
    return journal


# --- What it would do, and what it has done -------------------------------------------------------


def plan(deployed: Deployed, journal: Journal) -> Row:
    """What the steps that are left would do; the rows can be counted while the copies stand and
    nothing is written."""
    told: dict[str, Any] = {"restore_to": utc(_to(journal)), "tables": list(TABLES)}
    if COPIES_STAND <= journal.done <= WRITING:
        told["rows"] = [_counted(deployed, table) for table in _tables(deployed, journal)]
        told |= _since_then(deployed, journal)
    return {**told, "steps": [{"step": told} for told, _ in STEPS[journal.done :]]}


def _counted(deployed: Deployed, table: Restored) -> Row:
    back = forgotten = 0
    for change in changes(deployed, table):
        forgotten += change.item is None
        back += change.item is not None
    return {"table": table.logical, "put_back": back, "forgotten": forgotten}


def finish(deployed: Deployed, journal: Journal) -> Row:
    """Hold the wallet against the records. If they agree, switch on what was on, and remove the
    copies; else leave all as it is, and say what is next."""
    told: dict[str, Any] = {"restored_to": utc(_to(journal)), "agrees": True}
    if journal.done < AGREED:
        note = _note(deployed, journal)
        told |= {"given_up_again": note["failed"], "request_again": note["forgotten"]}
        told |= _delivered(deployed, note.get("untold", []))
        told["import_again"] = note.get("imported", [])
        found = _compared(deployed, journal)
        told |= found
        if found["differing"] or found["not_proven"]:
            return {**told, "agrees": False, "next": _next(deployed, found)}
        journal = keep(deployed, replace(journal, done=AGREED))
    return {**told, **_switch_back(deployed, journal), **_end(deployed, journal), "next": []}


def _delivered(deployed: Deployed, untold: list[str]) -> Row:
    """The app had heard nothing of these, and a record that is made again owes no event where Pi
    shows the payment as completed. So have it sent now: which payments are delivered or will be,
    and which must be delivered by hand. An open payment is in neither list, since it is delivered
    when it is completed. Raises StackError: one is refused; the same command tries it again."""
    told, by_hand = list[str](), list[str]()
    for payment_id in untold:
        record = deployed.app.payments.get(payment_id)
        if record is None or (record.is_untold and record.price is None):
            by_hand.append(payment_id)
        elif record.last_event is PaymentEvent.COMPLETED:
            told.append(payment_id)
        elif record.is_untold and not record.is_given_back:
            (told if _deliver(deployed, payment_id) else by_hand).append(payment_id)
    return {"delivered": told, "deliver_by_hand": by_hand}


def _deliver(deployed: Deployed, payment_id: str) -> bool:
    """False: the stack is older than this command."""
    try:
        deployed.command("deliver", payment_id=payment_id)
    except Refused as refused:
        if refused.code != "invalid_command":
            raise
        return False
    return True


def _switch_back(deployed: Deployed, journal: Journal) -> Row:
    if journal.sold:
        deployed.command("sales", switch="on")
    if journal.paid:
        deployed.switch_payouts("on")
    were_on = {"payments": journal.sold, "payouts": journal.paid}
    return {name: "on" if on else "off" for name, on in were_on.items()}


def _compared(deployed: Deployed, journal: Journal) -> Row:
    """From the day of the moment until where the books are read."""
    until = _read_until(deployed, journal)
    first, last = (datetime.fromtimestamp(at, UTC).date() for at in (_to(journal), until - 1))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return months.reconcile(deployed.app, days, until)


def _next(deployed: Deployed, found: Mapping[str, Any]) -> list[str]:
    looks = [f"pi-bundle why {row['id']} {deployed.option}" for row in found["differing"]]
    return [*looks, f"pi-bundle restore {deployed.option}"]


def _end(deployed: Deployed, journal: Journal) -> Row:
    """The journal last: until then the same command ends it again."""
    require_ours(deployed, journal)
    tables = _tables(deployed, journal)
    drop(deployed, tables)
    undone = journal.undone
    if journal.done >= RUNNING:
        undone = [*undone, [_to(journal), journal.running_at]]
    since = deployed.app.clock() - REMEMBERED_SECONDS
    put(deployed, Journal(undone=[period for period in undone if period[1] > since]))
    return {"removed": [table.copy for table in tables]}


def give_up(deployed: Deployed) -> Row:
    """End a restore that has written nothing yet: all is as it was before. Raises StackError."""
    journal = journal_of(deployed)
    if journal.to is None:
        raise StackError("No restore is under way.")
    if journal.done >= WRITING:
        told = "Rows may be written already. Go on to its end; then restore to another moment"
        raise StackError(f"{told}: pi-bundle restore {deployed.option}")
    journal = taken_over(deployed, journal)
    if journal.done >= STOPPING:
        pause.go_on(deployed, journal.before)
    switched = _switch_back(deployed, journal)
    return {"given_up": utc(_to(journal)), **switched, **_end(deployed, journal)}
