"""A month of the ledger: held against the chain, and written out for the bookkeeper.

Days are by UTC. Both read by the indexes of the day, never the whole table.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

from local.command.deployed import StackError
from local.command.tell import Row
from shared.app import App
from shared.base.amount import Amount
from shared.base.context import within
from shared.base.errors import BundleError, UnreadableRecord
from shared.payments.record import PaymentRecord
from shared.payouts.record import PayoutRecord
from shared.proof.prove import Side, compare_day
from shared.proof.record import Day, Settled, day_of

MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
DAY_SECONDS = 600  # the longest that one day may take
COLUMNS = (
    *("what", "id", "completed_at", "day", "uid", "product_id", "quantity", "amount", "refunded"),
    *("fee", "txid", "payment_id", "refund_of"),
)
Progress = Callable[[Iterable[date]], Iterable[date]]


def days_of(month: str, today: date) -> list[date]:
    """The days of `2026-11` that are over, or the one day `2026-11-26`. Raises StackError."""
    is_month = MONTH.fullmatch(month) is not None
    try:
        first = date.fromisoformat(f"{month}-01" if is_month else month)
    except ValueError:
        raise StackError(f"{month!r} is no month. Write it so: 2026-11") from None
    days = [first + timedelta(days=n) for n in range(31 if is_month else 1)]
    return [day for day in days if day < today and day.month == first.month]


def today(app: App) -> date:
    return datetime.fromtimestamp(app.clock(), UTC).date()


# --- The wallet against the records ---------------------------------------------------------------


def reconcile(app: App, days: Iterable[date], until: int | None = None) -> Row:
    """Both directions of each day, summed, and the records that differ. A day that cannot be proven
    is told of, and ends nothing. `until`: the moment at which the last of them is cut off."""
    sums = {"in_by_chain": 0, "in_by_records": 0, "out_by_chain": 0, "out_by_records": 0}
    differing, unproven = list[Row](), list[Row]()
    for day in days:
        try:
            with within(DAY_SECONDS):
                proof = compare_day(app.prove_wallet, _cut_off(day_of(day), until))
        except BundleError as error:
            unproven.append({"day": day.isoformat(), "why": error.message})
            continue
        for name, tally in (("in", proof.came_in), ("out", proof.went_out)):
            sums[f"{name}_by_chain"] += tally.by_chain
            sums[f"{name}_by_records"] += tally.by_records
        differing += [_difference(day, one) for one in proof.differences]
        unproven += [
            {"day": day.isoformat(), "why": f"The chain does not reach back to {subject}."}
            for subject in proof.unproven
        ]
    told = {name: str(Amount(stroops)) for name, stroops in sums.items()}
    return {**told, "differing": differing, "not_proven": unproven}


def _cut_off(day: Day, until: int | None) -> Day:
    return day if until is None or until >= day.ends else replace(day, ends=until)


def _difference(day: date, one: Any) -> Row:
    return {
        "day": day.isoformat(),
        "id": one.subject,
        "why": one.why,
        "by_chain": one.by_chain and str(one.by_chain),
        "by_record": one.by_record and str(one.by_record),
        "txid": one.txid,
    }


# --- Written out ----------------------------------------------------------------------------------


def export(app: App, days: Iterable[date], to: Path, stack: str) -> Row:
    """Everything that was completed on these days, as CSV. What is done stays in a folder beside
    the file until the whole is written, so a run that was broken off goes on where it was. Raises
    StackError."""
    if not to.parent.is_dir():
        raise StackError(f"There is no folder {to.parent}.")
    done = to.with_name(f".{to.name}.{stack}.days")
    done.mkdir(exist_ok=True)
    files = [_written(app, day, done) for day in days]
    part = to.with_name(f".{to.name}.part")
    rows = 0
    with part.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerow(COLUMNS)
        for file in files:
            text = file.read_text(encoding="utf-8")
            rows += text.count("\n")
            out.write(text)
    part.replace(to)
    rmtree(done)
    return {"file": str(to), "days": len(files), "rows": rows}


def _written(app: App, day: date, folder: Path) -> Path:
    """The file of a day; it is there only once it is whole."""
    file = folder / f"{day.isoformat()}.csv"
    if not file.exists():
        part = file.with_suffix(".part")
        with part.open("w", newline="", encoding="utf-8") as out, within(DAY_SECONDS):
            writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
            writer.writerows(_of_day(app, day))
        part.replace(file)
    return file


def _of_day(app: App, day: date) -> Iterator[Row]:
    proof = app.prove_wallet
    yield from _rows(day, proof.payments, app.payments.get, _payment)
    yield from _rows(day, proof.payouts, app.payouts.get, lambda record: _payout(app, record))


def _rows(
    day: date, side: Side, get: Callable[[str], Any], read: Callable[[Any], Row]
) -> Iterator[Row]:
    for settled in side.days.settled(day.isoformat()):
        key = settled.subject if isinstance(settled, Settled) else settled
        record = None
        with suppress(UnreadableRecord):
            record = get(key)
        if record is None:
            yield {"what": "unreadable", "id": key, "day": day.isoformat()}
        else:
            yield {"day": day.isoformat(), **read(record)}


def _payment(record: PaymentRecord) -> Row:
    price = record.price
    return {
        "what": "payment",
        "id": record.payment_id,
        "completed_at": _iso(record.completed_at),
        "uid": record.uid,
        "product_id": price.product_id if price else None,
        "quantity": price.quantity if price else None,
        "amount": str(record.amount),
        "refunded": str(record.refunded),
        "txid": record.txid,
        "payment_id": record.payment_id,
    }


def _payout(app: App, record: PayoutRecord) -> Row:
    return {
        "what": "refund" if record.refund_of else "payout",
        "id": record.payout_id,
        "completed_at": _iso(record.closed_at),
        "uid": record.uid,
        "amount": str(record.amount),
        "fee": _fee(app, record.txid),
        "txid": record.txid,
        "payment_id": record.payment_id,
        "refund_of": record.refund_of,
    }


def _fee(app: App, txid: str | None) -> str | None:
    """What the chain took for it; None: it does not show it. Raises ChainUnavailable: the day is
    written when the chain can be read."""
    transaction = None if txid is None else app.chain.transaction(txid)
    return None if transaction is None else str(transaction.fee)


def _iso(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()
