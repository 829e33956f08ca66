"""What the commands print: tables for people, or JSON for programs.

Amounts are in Pi. Times are seconds since 1970 in JSON, and the operator's own time in tables.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]
Answer = Row | Sequence[Row]

TIMES = frozenset({"at", "until", "since", "closed", "day_ends"})
NOTHING = "-"
WIDEST = 1000
# What CloudFormation calls a function: the stack's name, its own, and twelve signs.
FUNCTION = re.compile(r".+-([A-Za-z]+)-[A-Za-z0-9]{12,13}$")


def tell(answer: Answer, *, as_json: bool, console: Console | None = None) -> None:
    """Print an answer: an object, or a list of them."""
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    console = console or _console()
    if isinstance(answer, Mapping):
        _tell_object(console, answer)
    else:
        _tell_list(console, answer)


def _console() -> Console:
    """Into a pipe each row is one line, however long."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDEST)


def shown(name: str, value: Any) -> str:
    """A value of this name, for a person."""
    if value is None or value in ("", [], ()) or (name, value) == ("times", 1):
        return NOTHING
    if name == "by":
        return FUNCTION.sub(r"\1", value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and (name in TIMES or name.endswith(("_at", "_since"))):
        return local_time(value)
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    # A stranger's text must not steer the terminal.
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def utc(at: int) -> str:
    """`2026-11-27T03:30:12Z`: as a command takes it."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def local_time(seconds: int) -> str:
    """`2026-11-27 04:30:12+01:00`: the operator's own time, as ISO 8601 writes it, with a blank at
    which a narrow table can break."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ")


def _tell_object(console: Console, answer: Row) -> None:
    grid, below = Table.grid(padding=(0, 2)), list[tuple[str, Any]]()
    for name, value in answer.items():
        if isinstance(value, Mapping) or (value and isinstance(value, list) and _has_rows(value)):
            below.append((name, value))
        else:
            grid.add_row(Text(_label(name), style="bold"), Text(shown(name, value)))
    console.print(grid)
    for name, value in below:
        console.print(f"\n[bold]{_label(name)}[/bold]")
        if isinstance(value, Mapping):
            _tell_object(console, value)
        else:
            _tell_list(console, value)


def _tell_list(console: Console, rows: Sequence[Row]) -> None:
    if not rows:
        console.print("Nothing.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    columns = [
        (name, [shown(name, row.get(name)) for row in rows])
        for name in dict.fromkeys(name for row in rows for name in row)
    ]
    told = [(name, texts) for name, texts in columns if set(texts) != {NOTHING}]
    for name, _ in told:
        table.add_column(_label(name), overflow="fold")
    for texts in zip(*(texts for _, texts in told), strict=True):
        table.add_row(*map(Text, texts))  # as text: a stranger's memo is no markup
    console.print(table)


def _has_rows(value: list[Any]) -> bool:
    return isinstance(value[0], Mapping)


def _label(name: str) -> str:
    return name.replace("_", " ")
