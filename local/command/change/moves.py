"""The commands that move an app here from another back end."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.progress import track

from local.command.change import migration
from local.command.desk import IDS, NEEDS_YOU, Desk, changes, is_confirmed, on_stack_for_long

FILE = click.Path(dir_okay=False, path_type=Path)
NOT_DONE = ("refused", "unanswered")


@click.command("import")
@click.argument("file", type=FILE)
@changes
@on_stack_for_long
def import_(desk: Desk, file: Path, *, yes: bool, dry_run: bool) -> None:
    """Import the past payments of another back end from a CSV file.

    Each payment is compared with what Pi shows. Existing records stay as they are, so you may
    repeat the command. The exit code is 3 if a row was refused.

    \b
    pi-bundle import payments.csv --dry-run
    """
    lines = migration.read_csv(file)
    take_in = partial(migration.taken_in, desk.stack, lines, _tracked)
    if dry_run or not yes:
        would = take_in(dry_run=True)
        if not is_confirmed(desk, would, "Take these in?", yes=yes, dry=dry_run):
            _end(would["rows"])
            return
    done = take_in(dry_run=False)
    desk.tell(done)
    _end(done["rows"])


@click.command(context_settings=IDS)
@click.argument("payment_ids", nargs=-1)
@click.option("--csv", "file", type=FILE, help="All that are `open` in the file of `import`.")
@changes
@on_stack_for_long
def adopt(
    desk: Desk, payment_ids: tuple[str, ...], file: Path | None, *, yes: bool, dry_run: bool
) -> None:
    """Finish payments that another back end has approved.

    \b
    pi-bundle adopt b7Pq-3xK_mZ0aYwVtR5sLcDe9fGh
    pi-bundle adopt --csv payments.csv
    """
    ids = [*payment_ids, *(migration.open_ones(file) if file else ())]
    would = migration.adopted(desk.stack, ids, dry_run=True)
    if not is_confirmed(desk, would, "Adopt these?", yes=yes, dry=dry_run):
        _end(would)
        return
    done = migration.adopted(desk.stack, ids, dry_run=False)
    desk.tell(done)
    _end(done)


def _end(rows: Any) -> None:
    if any(row["outcome"] in NOT_DONE for row in rows):
        sys.exit(NEEDS_YOU)


def _tracked(batches: Any) -> Any:
    """With a bar on standard error, where a person sees it."""
    return track(batches, "Rows", disable=not sys.stderr.isatty()) if batches else batches
