"""A file of another back end's payments, and what the stack makes of its rows.

The file is only cut into rows here: what is in them, the deployed version judges. It is asked about
a few at a time, so a run that is broken off has done some, and the next one goes on.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from local.command.deployed import Deployed, StackError
from local.command.tell import Row
from shared.payments.migrate import MOST_ROWS
from shared.payments.past import COLUMNS, NEEDED, PastState

Line = tuple[int, dict[str, str]]
"""A row with the number of its line in the file."""
Progress = Callable[[Sequence[Sequence[Line]]], Iterable[Sequence[Line]]]


def read_csv(path: Path) -> list[Line]:
    """Raises StackError: it is not a CSV file in UTF-8 with a header of `COLUMNS`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            _check_header(path.name, list(reader.fieldnames or ()))
            return list(_lines(path.name, reader))
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise StackError(f"{path.name} cannot be read as CSV in UTF-8: {wrong}") from None


def _check_header(name: str, columns: list[str]) -> None:
    unknown = [column for column in columns if column not in COLUMNS]
    missing = [column for column in NEEDED if column not in columns]
    if unknown or missing or len(set(columns)) < len(columns):
        wrong = f"no column {unknown[0]!r} is known" if unknown else f"{missing} is missing"
        wrong = wrong if unknown or missing else "a column comes twice"
        raise StackError(f"{name}: {wrong}. The header has these: {', '.join(COLUMNS)}")


def _lines(name: str, reader: "csv.DictReader[str]") -> Iterator[Line]:
    for row in reader:
        if None in row:
            raise StackError(f"{name}, line {reader.line_num}: it has more cells than the header.")
        yield reader.line_num, row


def taken_in(
    deployed: Deployed, lines: Sequence[Line], progress: Progress, *, dry_run: bool
) -> Row:
    """What becomes of each row, or would, and how many of each there are."""
    first = dict[str, int]()
    for number, row in lines:
        first.setdefault(row["payment_id"].strip(), number)
    once = [(number, row) for number, row in lines if first[row["payment_id"].strip()] == number]
    twice = [(number, row) for number, row in lines if first[row["payment_id"].strip()] != number]
    told = [_twice(line, first) for line in twice]
    batches = [once[n : n + MOST_ROWS] for n in range(0, len(once), MOST_ROWS)]
    for batch in progress(batches):
        answer = deployed.command("import", rows=[row for _, row in batch], dry_run=dry_run)
        pairs = zip(batch, answer["rows"], strict=True)
        told += [{"line": number, **verdict} for (number, _), verdict in pairs]
    counted = Counter(str(row["outcome"]) for row in told)
    return {**dict(sorted(counted.items())), "rows": sorted(told, key=lambda row: row["line"])}


def _twice(line: Line, first: dict[str, int]) -> Row:
    number, row = line
    payment_id = row["payment_id"].strip()
    why = f"The same payment stands in line {first[payment_id]}."
    verdict = {"payment_id": payment_id, "outcome": "refused", "error": "invalid_row", "why": why}
    return {"line": number, **verdict}


def open_ones(path: Path) -> list[str]:
    """The payments that the other back end has not finished. Raises StackError: the file says two
    things of one, so it may have been delivered."""
    rows = [row for _, row in read_csv(path)]
    ids = [row["payment_id"].strip() for row in rows if _is_open(row)]
    number = Counter(row["payment_id"].strip() for row in rows)
    if twice := [payment_id for payment_id in ids if number[payment_id] > 1]:
        raise StackError(f"{path.name}: {twice[0]} stands in it twice, and once as open.")
    return ids


def _is_open(row: dict[str, str]) -> bool:
    return row["state"].strip().lower() == PastState.OPEN


def adopted(deployed: Deployed, ids: Iterable[str], *, dry_run: bool) -> list[Row]:
    """What becomes of each, or would; one that is refused ends nothing."""
    return [_adopted(deployed, payment_id, dry_run=dry_run) for payment_id in ids]


def _adopted(deployed: Deployed, payment_id: str, *, dry_run: bool) -> Row:
    try:
        told = deployed.command("adopt", payment_id=payment_id, dry_run=dry_run)
    except StackError as refused:
        return {"payment_id": payment_id, "outcome": "refused", "why": str(refused)}
    shown = {name: told[name] for name in ("state", "attention", "amount", "product_id", "uid")}
    return {"payment_id": payment_id, "outcome": "adopted", **shown}
