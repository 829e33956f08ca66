"""Prove a day of the wallets: what the chain shows is what the records tell, in and out.

Only a day that the books have read whole, and whose ledgers Horizon shows without a gap, can be
proven. Whatever is missing raises: half a proof is none, and no proof rings an alarm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from shared.base.amount import Amount
from shared.base.context import remaining
from shared.base.errors import BadRequest, BundleError, ChainUnavailable, UnreadableRecord
from shared.base.frozen import frozen
from shared.base.identifiers import txid_of
from shared.base.observability import gauge, logger
from shared.book.foreign import ForeignMemos
from shared.book.read import ChainParts, last_ledger_before, unbroken
from shared.book.record import Book, place_after
from shared.book.store import BookStore
from shared.payments.store import PaymentStore
from shared.payouts.store import PayoutStore
from shared.proof.day_index import DayIndex
from shared.proof.record import (
    Day,
    Difference,
    Settled,
    Tally,
    Told,
    Why,
    last_whole_day,
    memo_of,
    told_by_payment,
    told_by_payout,
    wrong_with,
)
from shared.stellar.objects import Ledger, Movement, Transfer

# What was paid so long before midnight needs no call of its own if it is completed after.
BEFORE_SECONDS = 3600
MOST_LOGGED = 100  # records that differ
STROOPS_IN_A_THOUSANDTH = 10_000  # of a Pi


@frozen(kw_only=True)
class Side:
    """One direction, and the table that tells of it. `is_its`: whether a transfer of a wallet goes
    in this direction. `told` is what the table tells of a movement with a payment's memo, None:
    nothing."""

    books: BookStore
    days: DayIndex
    foreign: ForeignMemos
    is_its: Callable[[Transfer, str], bool]
    told: Callable[[Movement, str], Told | None]


@frozen(kw_only=True)
class ProofParts(ChainParts):
    payments: Side
    payouts: Side


@frozen
class Shown:
    """What the chain shows of the wallets that have books, from a while before the day to its end:
    each wallet's movements, and all with their wallets by the hash of their transaction."""

    by_wallet: Mapping[str, Sequence[Movement]]
    by_txid: Mapping[str, Sequence[tuple[str, Movement]]]


def prove_wallet(parts: ProofParts) -> int:
    """How many records differ from the chain on the last whole day (UTC). Raises ChainUnavailable
    and ServiceUnavailable: it could not be proven.

    Costs a call per 200 ledgers and per 200 movements of the day, one for each record that was paid
    more than an hour before the day and completed on it, and two reads for each movement that was
    not completed on it.
    """
    day, is_proven = last_whole_day(parts.clock()), False
    try:
        differing = _prove(parts, day)
        is_proven = True
    except BundleError as error:
        left = {"code": error.code, "day": day.name, "seconds_left": int(remaining())}
        logger.error("The wallet's day could not be proven", extra=left)
        raise
    finally:
        gauge("ProofMissing", int(not is_proven))
    return differing


@frozen
class Proof:
    """What a day has shown, in each direction; `unproven` are the records of which the chain can
    tell nothing, completed before the network began anew, say."""

    came_in: Tally
    went_out: Tally
    unproven: Sequence[str]

    @property
    def differences(self) -> list[Difference]:
        return [*self.came_in.differences.values(), *self.went_out.differences.values()]


def compare_day(parts: ProofParts, day: Day) -> Proof:
    """Raises ChainUnavailable and ServiceUnavailable: it cannot be compared."""
    sides = {"In": parts.payments, "Out": parts.payouts}
    books = {name: _books(side, day) for name, side in sides.items()}
    shown = _read(parts, day, [book for of_side in books.values() for book in of_side.values()])
    tallies, unproven = {name: Tally() for name in sides}, list[str]()
    for name, side in sides.items():
        unproven += _compare(parts, side, books[name], shown, day, tallies[name])
    return Proof(tallies["In"], tallies["Out"], unproven)


def _prove(parts: ProofParts, day: Day) -> int:
    proof = compare_day(parts, day)
    differing = proof.differences
    _tell(day, differing)
    if differing or not proof.unproven:
        gauge("ProofDiffers", len(differing))
    if proof.unproven:
        records = list(proof.unproven[:MOST_LOGGED])
        logger.error("The chain does not reach back to these", extra={"records": records})
        raise ChainUnavailable
    _report(day, proof.came_in, proof.went_out)
    return len(differing)


def _report(day: Day, came_in: Tally, went_out: Tally) -> None:
    """The sums, in thousandths of a Pi; exact in the log."""
    gauge("WalletInByChain", came_in.by_chain // STROOPS_IN_A_THOUSANDTH)
    gauge("WalletInByRecords", came_in.by_records // STROOPS_IN_A_THOUSANDTH)
    gauge("WalletOutByChain", went_out.by_chain // STROOPS_IN_A_THOUSANDTH)
    gauge("WalletOutByRecords", went_out.by_records // STROOPS_IN_A_THOUSANDTH)
    sums = {
        "in_by_chain": str(Amount(came_in.by_chain)),
        "in_by_records": str(Amount(came_in.by_records)),
        "out_by_chain": str(Amount(went_out.by_chain)),
        "out_by_records": str(Amount(went_out.by_records)),
    }
    logger.info("The wallet's day", extra={"day": day.name, **sums})


def _books(side: Side, day: Day) -> dict[str, Book]:
    """By wallet; each has read the whole day. Raises ChainUnavailable."""
    found = {wallet: side.books.get(wallet) for wallet in side.days.wallets()}
    books = {wallet: book for wallet, book in found.items() if book is not None}
    if any(book.until < day.ends for book in books.values()):
        logger.error("A wallet's book has not read the day to its end", extra={"day": day.name})
        raise ChainUnavailable
    return books


def _read(parts: ProofParts, day: Day, books: Sequence[Book]) -> Shown:
    """Raises ChainUnavailable, also where Horizon lacks any of it."""
    movements: dict[str, list[Movement]] = {}
    by_txid = defaultdict[str, list[tuple[str, Movement]]](list)
    if books:
        first = last_ledger_before(parts, day.begins - BEFORE_SECONDS)
        needed = min(max(book.since + 1, day.begins) for book in books)
        if first.closed_at >= needed or not _is_whole(parts, first, day.ends):
            logger.error("Horizon does not show the whole day", extra={"day": day.name})
            raise ChainUnavailable
        for wallet in {book.wallet for book in books}:
            movements[wallet] = list(_movements(parts, wallet, first, day.ends))
            for movement in movements[wallet]:
                for txid in movement.txids:
                    by_txid[txid].append((wallet, movement))
    return Shown(movements, by_txid)


def _is_whole(parts: ProofParts, first: Ledger, until: int) -> bool:
    """Whether no ledger is missing from `first` to that moment."""
    read, is_whole = unbroken(parts, first, until)
    while not is_whole and read != first:  # more than is read at once
        first = read
        read, is_whole = unbroken(parts, first, until)
    return is_whole


def _movements(parts: ProofParts, wallet: str, first: Ledger, until: int) -> Iterator[Movement]:
    """Those after the ledger `first`, and before that moment."""
    place = place_after(first.number)
    while page := parts.chain.movements(wallet, after=place):
        for movement in page:
            if movement.at >= until:
                return
            yield movement
        place = page[-1].token


def _compare(
    parts: ProofParts, side: Side, books: Mapping[str, Book], shown: Shown, day: Day, tally: Tally
) -> list[str]:
    """Tally one direction; the records of which the chain can tell nothing."""
    unproven, settled = list[str](), dict[str | None, Settled]()
    for row in side.days.settled(day.name):
        if isinstance(row, str):
            tally.differs(Difference(row, Why.UNREADABLE))
            continue
        settled[row.payment_id] = row
        why = _wrong_with(parts, side, shown, row)
        if why is Why.NO_TRANSACTION and not _reaches_back(books, row):
            unproven.append(row.subject)
        elif why is not None:
            tally.add_unmatched(row, why)
    for wallet, book in books.items():
        begins = max(day.begins, book.since + 1)
        for movement in shown.by_wallet[wallet]:
            moved, memo = movement.transfer, memo_of(movement)
            is_its = moved is not None and side.is_its(moved, wallet)
            if movement.at >= begins and is_its and memo is not None:
                _match(side, settled.get(memo), movement, memo, tally)
    return unproven


def _wrong_with(parts: ProofParts, side: Side, shown: Shown, row: Settled) -> Why | None:
    """What is wrong with the transaction that a record tells of, wherever the chain has it."""
    if movements := shown.by_txid.get(row.txid or ""):
        amounts = [
            moved.amount
            for wallet, movement in movements
            if (moved := movement.transfer) and side.is_its(moved, row.wallet or wallet)
        ]
        return wrong_with(row, movements[0][1].memo, amounts)
    try:
        transaction = parts.chain.transaction(txid_of(row.txid))
    except BadRequest:
        transaction = None
    if transaction is None:
        return Why.NO_TRANSACTION
    moves = [m for m in transaction.transfers if row.wallet is None or side.is_its(m, row.wallet)]
    memo = transaction.memo if transaction.successful else None
    return wrong_with(row, memo, [moved.amount for moved in moves])


def _reaches_back(books: Mapping[str, Book], row: Settled) -> bool:
    """Whether what has paid it would have been seen."""
    book = books.get(row.wallet or "")
    return book is not None and row.begun_at is not None and book.reaches_back_to(row.begun_at)


def _match(side: Side, row: Settled | None, movement: Movement, memo: str, tally: Tally) -> None:
    """What its record tells of a movement of the day."""
    if row is not None and row.txid in movement.txids:
        tally.add(movement, Told(row.subject, row.amount))
        return
    try:
        told = side.told(movement, memo)
    except UnreadableRecord:
        tally.differs(Difference(memo, Why.UNREADABLE, movement.txids[0]))
        return
    # It was reported when it was read.
    if told is None and memo in side.foreign:
        return
    tally.add(movement, told or Told(memo, None))


def told_by_payments(payments: PaymentStore, movement: Movement, memo: str) -> Told | None:
    record = payments.get(memo)
    return None if record is None else told_by_payment(record, movement)


def told_by_payouts(payouts: PayoutStore, movement: Movement, memo: str) -> Told | None:
    payout_id = payouts.payout_of(memo)
    record = None if payout_id is None else payouts.get(payout_id)
    return None if record is None else told_by_payout(record, movement, memo)


def _tell(day: Day, differing: Sequence[Difference]) -> None:
    for difference in differing[:MOST_LOGGED]:
        logger.error(
            "A record and the chain differ",
            extra={
                "subject": difference.subject,
                "why": difference.why,
                "txid": difference.txid,
                "by_chain": difference.by_chain and str(difference.by_chain),
                "by_record": difference.by_record and str(difference.by_record),
                "day": day.name,
            },
        )
