"""The commands that only look."""

import json
import sys
import threading
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import ClientError
from rich.progress import track

from local.command.deployed import StackError
from local.command.desk import COMMAND_SECONDS, IDS, NEEDS_YOU, Desk, on_stack, on_stack_for_long
from local.command.read import attention as attending
from local.command.read import doctor as checking
from local.command.read import months, search
from local.command.tell import Row, local_time, shown
from shared.base.context import within

NOTHING_FOUND = (
    "A name must be written exactly as Pi writes it. A payment that another back end of your app"
    " has approved is found within two sweeps after it is paid; before, take it over:"
    " pi-bundle adopt ID"
)


@click.command()
@on_stack
def doctor(desk: Desk) -> None:
    """Check the stack: key, wallet, seed, products, alarms, quotas.

    \b
    pi-bundle doctor --stack pi-bundle-dev
    """
    checks = checking.doctor(desk.stack)
    desk.tell(checks)
    if not checking.is_well(checks):
        sys.exit(NEEDS_YOU)


@click.command(context_settings=IDS)
@click.argument("what")
@on_stack
def find(desk: Desk, what: str) -> None:
    """Find records by an id, a txid or a user's name.

    The id of a payment, payout or ad, a txid, a uid or a user's name. It may be in the quotes
    with which you copied it.

    \b
    pi-bundle find @alice
    pi-bundle find 40813ae426e7a88ae4990fd36f4991318a90f3c7e67b4179bc60ef89a399f79c
    """
    found = search.find(desk.stack.app, what)
    desk.tell(found)
    if not found and not desk.as_json:
        click.echo(NOTHING_FOUND, err=True)


@click.command(context_settings=IDS)
@click.argument("key")
@on_stack
def why(desk: Desk, key: str) -> None:
    """Show everything about one record. Its story, Pi's view, the chain's, and what comes next."""
    desk.tell(search.why(desk.stack.app, key))


@click.command()
@on_stack
def attention(desk: Desk) -> None:
    """List what waits for you, each with the next command. Alarms that ring are in it."""
    found = attending.attention(desk.stack)
    try:
        found += attending.alarms(desk.stack)
    except ClientError as refused:  # a role that may not ask sees the rest
        click.echo(f"The alarms are not known: {refused}", err=True)
    desk.tell(found)
    if found:
        sys.exit(NEEDS_YOU)


@click.command()
@click.option("--seconds", type=click.IntRange(1), help="Stop after them, not at Ctrl-C.")
@on_stack_for_long
def watch(desk: Desk, seconds: int | None) -> None:
    """Show unfinished work; each change is a line."""
    until = None if seconds is None else time.monotonic() + seconds
    before: dict[tuple[str, str], Row] = {}
    while until is None or time.monotonic() < until:
        with within(COMMAND_SECONDS):
            now: dict[tuple[str, str], Row] = {
                (what, row.key): {"needs_review": row.needs_review, "owes": row.pending_event}
                for what in desk.stack.app.unfinished
                for row in attending.unfinished(desk.stack.app, what)
            }
        for (what, key), row in now.items():
            if before.get((what, key)) != row:
                _line(desk, what, key, row)
        for what, key in before.keys() - now.keys():
            _line(desk, what, key, {"finished": True})
        before = now
        time.sleep(min(1.0, seconds or 1.0))


def _line(desk: Desk, what: str, key: str, row: Row) -> None:
    at = desk.stack.app.clock()
    if desk.as_json:
        click.echo(json.dumps({"at": at, "what": what, "id": key, **row}))
        return
    told = ", ".join(f"{name} {shown(name, value)}" for name, value in row.items() if value)
    click.echo(f"{local_time(at)}  {what} {key}  {told or 'open'}")


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: any free port.")
@on_stack_for_long
def console(desk: Desk, port: int) -> None:
    """Serve a page on this machine that shows the stack. It changes nothing. Ctrl-C ends it."""
    from local.console.server import Console

    with suppress(KeyboardInterrupt), Console(desk.stack, port) as opened:
        click.echo(f"Open this link, once: {opened.door.link()}")
        wait_for_ctrl_c()


def wait_for_ctrl_c() -> None:
    threading.Event().wait()


# --- A month's money ------------------------------------------------------------------------------


@click.command()
@click.argument("month", metavar="YYYY-MM[-DD]")
@on_stack_for_long
def reconcile(desk: Desk, month: str) -> None:
    """Compare the wallet with the records. Of a month or a day, in both directions."""
    days = _days(desk, month)
    found = months.reconcile(desk.stack.app, _tracked(days, "Days"))
    desk.tell({**_from_to(days), **found})
    if found["differing"] or found["not_proven"]:
        sys.exit(NEEDS_YOU)


@click.command()
@click.argument("month", metavar="YYYY-MM[-DD]")
@click.option("--csv", "to", type=click.Path(dir_okay=False, path_type=Path), required=True)
@on_stack_for_long
def export(desk: Desk, month: str, to: Path) -> None:
    """Write the money of a month or a day to a CSV file. Payments, refunds, payouts and fees.

    \b
    pi-bundle export 2026-11 --csv november.csv
    """
    days = _days(desk, month)
    done = months.export(desk.stack.app, _tracked(days, "Days"), to, desk.stack.name)
    desk.tell({**_from_to(days), **done})


def _days(desk: Desk, month: str) -> list[date]:
    """Raises StackError: none of them is over yet, so nothing can be said of it."""
    days = months.days_of(month, months.today(desk.stack.app))
    if not days:
        raise StackError(f"No day of {month} is over yet, by UTC.")
    return days


def _from_to(days: list[date]) -> dict[str, str]:
    return {"first_day": days[0].isoformat(), "last_day": days[-1].isoformat()}


def _tracked(days: list[date], what: str) -> Any:
    """With a bar on standard error, where a person sees it."""
    return track(days, what, disable=not sys.stderr.isatty())
