"""The commands about a stack as a whole: bring it back to a moment, take it down."""

import sys
from datetime import datetime

import click

from local.command.deployed import StackError
from local.command.desk import NEEDS_YOU, Desk, changes, end, is_confirmed, on_stack_for_long
from local.command.restore_journal import Journal, journal_of
from local.command.stack import restore as restoring
from local.command.stack import tear_down as tearing


@click.command()
@click.option("--to", metavar="TIME", help="As 2026-11-27T04:30:00Z; default: the begun one's.")
@click.option("--give-up", is_flag=True, help="Cancel a begun restore, if no row is written yet.")
@changes
@on_stack_for_long
def restore(desk: Desk, to: str | None, *, give_up: bool, yes: bool, dry_run: bool) -> None:
    """Bring payments, payouts and rewards back to a moment. It reads on from there.

    What was paid since then is found at Pi and on the chain, and is not paid again. If the command
    is interrupted, run it again: it goes on.

    \b
    pi-bundle restore --to 2026-11-27T04:30:00Z --dry-run
    """
    if give_up:
        _require_meant(dry=dry_run)
        desk.tell(restoring.give_up(desk.stack))
        return
    journal = restoring.begin(desk.stack, _moment(desk, to), dry=True)
    if not _is_meant(desk, journal, "Begin, or go on?", yes=yes, dry=dry_run):
        return
    journal = restoring.begin(desk.stack, journal.to or 0)
    journal = restoring.go_on(desk.stack, journal, _say, restoring.COPIES_STAND)
    if journal.done == restoring.COPIES_STAND:
        question = "Stop the functions for some minutes, and write these rows?"
        if not _is_meant(desk, journal, question, yes=yes):
            end(f"Nothing is written yet. {_ways(desk)}", NEEDS_YOU)
    answer = restoring.finish(desk.stack, restoring.go_on(desk.stack, journal, _say))
    desk.tell(answer)
    if not answer["agrees"]:
        sys.exit(NEEDS_YOU)


def _require_meant(*, dry: bool) -> None:
    if dry:
        raise click.UsageError("--give-up changes something: leave --dry-run out.")


def _is_meant(desk: Desk, journal: Journal, question: str, *, yes: bool, dry: bool = False) -> bool:
    plan = restoring.plan(desk.stack, journal)
    return is_confirmed(desk, plan, question, yes=yes, dry=dry)


def _ways(desk: Desk) -> str:
    option = desk.stack.option
    return f"Go on: pi-bundle restore {option}. Or leave it: pi-bundle restore --give-up {option}"


def _moment(desk: Desk, text: str | None) -> int:
    """In seconds since 1970. Raises StackError."""
    if text is None:
        under_way = journal_of(desk.stack).to
        if under_way is None:
            raise StackError("No restore is under way. To begin one: --to 2026-11-27T04:30:00Z")
        return under_way
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StackError(f"{text!r} is no time. Write it so: 2026-11-27T04:30:00Z") from None
    if moment.tzinfo is None:
        raise StackError(f"{text!r} does not say where. By UTC it is {text}Z")
    return int(moment.timestamp())


def _say(told: str) -> None:
    click.echo(told, err=True)


@click.command("tear-down")
@click.option("--dry-run", is_flag=True, help="Only show what is open, and what stays.")
@click.option("--confirm", metavar="STACK", help="The stack's name, instead of typing it.")
@click.option("--minutes", default=15, show_default=True, help="How long to wait for open work.")
@click.option("--leave-open", is_flag=True, help="Delete though work is open: a new stack ends it.")
@click.option("--give-up", is_flag=True, help="Start the functions again if they were stopped.")
@on_stack_for_long
def tear_down(
    desk: Desk,
    confirm: str | None,
    minutes: int,
    *,
    dry_run: bool,
    leave_open: bool,
    give_up: bool,
) -> None:
    """Delete a stack when nothing is open. Its tables and the wallet's seed stay.

    \b
    pi-bundle tear-down --stack pi-bundle-dev --dry-run
    """
    if give_up:
        _require_meant(dry=dry_run)
        desk.tell(tearing.go_on(desk.stack))
        return
    tearing.require_alone(desk.stack)
    stays = tearing.left(desk.stack)
    if dry_run or not desk.as_json:
        desk.tell({"stack": desk.stack.name, "open": tearing.still_open(desk.stack), "left": stays})
    if dry_run:
        return
    _require_name(desk, confirm)
    rows = tearing.come_to_rest(desk.stack, 60 * minutes, _say)
    if rows and not leave_open:
        desk.tell(rows)
        end(
            f"{len(rows)} are open, and payments and payouts are off. {_other_ways(desk)}",
            NEEDS_YOU,
        )
    tearing.delete(desk.stack, _say)
    next_ = tearing.taken_over_by(desk.stack.name, stays)
    desk.tell({"taken_down": desk.stack.name, "left": stays, "next": next_})


def _require_name(desk: Desk, typed: str | None) -> None:
    if typed is None:
        typed = str(click.prompt(f"To delete {desk.stack.name}, type its name", err=True)).strip()
    if typed != desk.stack.name:
        raise StackError("That is not its name. Nothing has changed.")


def _other_ways(desk: Desk) -> str:
    option = desk.stack.option
    return (
        "Run it again when they have ended, or with --leave-open: a new stack that takes the tables"
        f" over ends them. To go on instead: pi-bundle payments on {option}, payouts on {option}"
    )
