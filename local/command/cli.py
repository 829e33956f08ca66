"""`pi-bundle`: everything that an operator does with a stack, each as one command."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import track

from local.command import attention as attending
from local.command import deploy as deploying
from local.command import doctor as checking
from local.command import months, products, queues, search, secrets
from local.command.deployed import Deployed, StackError, clients, on_aws, on_this_machine
from local.command.queues import DEAD_LETTERS
from local.command.tell import Answer, Row, local_time, shown, tell
from shared.base.context import About, within
from shared.base.errors import BundleError
from shared.payments.by_hand import Ending
from shared.payments.record import PaymentRecord
from shared.payments.view import payment_with_story
from shared.payouts.record import PayoutRecord
from shared.payouts.view import payout_with_story
from shared.work.ordered import OrderedWakeUp
from shared.work.wake_ups import WakeUp, Work

COMMAND_SECONDS = 600
WAIT_SECONDS = 20
LOOK_EVERY_SECONDS = 0.5
REFUSED, NEEDS_YOU = 1, 3
# The id of a payment may begin with a dash, and no command has an option of one letter.
IDS = {"ignore_unknown_options": True}

Opens = Callable[[], Deployed]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where a command works: the stack, and how it answers."""

    stack: Deployed
    as_json: bool

    def tell(self, answer: Answer) -> None:
        tell(answer, as_json=self.as_json)


def tells_failures(command: Callable[..., None]) -> Callable[..., None]:
    """Every refusal, and every failure of AWS, is told in a sentence."""

    @wraps(command)
    def told(*words: Any, **given: Any) -> None:
        try:
            command(*words, **given)
        except (StackError, BundleError) as refused:
            _end(refused.message if isinstance(refused, BundleError) else str(refused))
        except (ClientError, BotoCoreError) as refused:
            _end(f"AWS: {refused}")

    return told


def on_stack(command: Callable[..., None]) -> Callable[..., None]:
    """A command on a stack, which is opened first."""

    @tells_failures
    @click.option("--stack", envvar="PI_BUNDLE_STACK", default="pi-bundle-dev", show_default=True)
    @click.option("--region", help="Else that of your AWS configuration.")
    @click.option("--profile", help="Of your AWS configuration.")
    @click.option("--local", is_flag=True, help="The stack of `make run` on this machine.")
    @click.option("--json", "as_json", is_flag=True, help="For programs.")
    @click.pass_context
    @wraps(command)
    def opened(
        context: click.Context,
        /,
        stack: str,
        region: str | None,
        profile: str | None,
        local: bool,
        as_json: bool,
        **given: Any,
    ) -> None:
        opens: Opens | None = context.obj
        if opens is not None:
            deployed = opens()
        else:
            deployed = on_this_machine() if local else on_aws(stack, region, profile)
        with within(COMMAND_SECONDS, About(function="pi-bundle")):
            command(Desk(stack=deployed, as_json=as_json), **given)

    return opened


def _end(told: str, status: int = REFUSED) -> NoReturn:
    click.echo(told, err=True)
    sys.exit(status)


def changes(command: Callable[..., None]) -> Callable[..., None]:
    """A command that changes something: shown first, done once it is confirmed."""
    command = click.option("--yes", is_flag=True, help="Do it without asking.")(command)
    return click.option("--dry-run", is_flag=True, help="Only show what it would do.")(command)


def is_confirmed(desk: Desk, shown_first: Answer, question: str, *, yes: bool, dry: bool) -> bool:
    """Whether to go on. What it would do is told first, but for programs that have said yes."""
    if dry or not (yes and desk.as_json):
        desk.tell(shown_first)
    return not dry and (yes or click.confirm(f"\n{question}", err=True))


@click.group(
    context_settings={"max_content_width": 100},
    epilog="Ends with 0 if all is well, 1 if it was refused, 2 for a wrong usage, 3 if something"
    ' needs you. Completion: eval "$(_PI_BUNDLE_COMPLETE=bash_source pi-bundle)"',
)
def main() -> None:
    """Operate a deployed Pi bundle, with your own AWS credentials."""


# --- Deploy ---------------------------------------------------------------------------------------


@main.command()
@click.option("--env", "name", default="default", show_default=True, help="Of samconfig.toml.")
@click.option("--region", help="Else that of your AWS configuration.")
@click.option("--profile", help="Of your AWS configuration.")
@click.option(
    "--take-over",
    "tables",
    multiple=True,
    metavar="TABLE=NAME",
    help="A table of a stack that is gone, for a new one: PaymentsTable=its-name.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@tells_failures
def deploy(
    name: str,
    region: str | None,
    profile: str | None,
    tables: tuple[str, ...],
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Build and deploy a stack; it asks six questions, once.

    It rolls back by itself when an alarm of the stack rings meanwhile, or ten minutes after. Your
    answers stay in .deploy/, which git ignores.

    \b
    pi-bundle deploy
    pi-bundle deploy --env prod
    """
    env = deploying.environment(name)
    parameters = deploying.answered(env, _ask)
    aws, number = clients(region, profile), int(time.time())

    def is_done(change: deploying.Change | None) -> bool:
        if change is None:
            click.echo("Nothing has changed.")
            return True
        tell(change.changes, as_json=False)
        if dry_run or not (yes or click.confirm("\nDeploy this?", err=True)):
            return False
        deploying.carry_out(aws, change)
        return True

    if tables:
        named = dict(one.split("=", 1) for one in tables)
        if not is_done(deploying.take_over(aws, env.stack, named, parameters, number=number)):
            return
    url = deploying.uploaded(aws, deploying.package(env, region, profile))
    if is_done(deploying.change_set(aws, env.stack, url, parameters, number=number)):
        click.echo(f"{env.stack} stands. Next: pi-bundle key put, then pi-bundle doctor")


def _ask(_name: str, question: str, default: str) -> str:
    return str(click.prompt(question, default=default, show_default=bool(default), err=True))


# --- Look -----------------------------------------------------------------------------------------


@main.command()
@on_stack
def doctor(desk: Desk) -> None:
    """Is all well? Key, wallet, seed, products, alarms, quotas.

    \b
    pi-bundle doctor --stack pi-bundle-dev
    """
    checks = checking.doctor(desk.stack)
    desk.tell(checks)
    if not checking.is_well(checks):
        sys.exit(NEEDS_YOU)


@main.command(context_settings=IDS)
@click.argument("what")
@on_stack
def find(desk: Desk, what: str) -> None:
    """Find records by the id of a payment, payout or ad, a txid, a uid or a user's name.

    \b
    pi-bundle find @alice
    pi-bundle find 40813ae426e7a88ae4990fd36f4991318a90f3c7e67b4179bc60ef89a399f79c
    """
    desk.tell(search.find(desk.stack.app, what))


@main.command(context_settings=IDS)
@click.argument("key")
@on_stack
def why(desk: Desk, key: str) -> None:
    """Everything about one record: its story, Pi's view, the chain's, and what comes next."""
    desk.tell(search.why(desk.stack.app, key))


@main.command()
@on_stack
def attention(desk: Desk) -> None:
    """All that waits for you, each with the next command."""
    found = attending.attention(desk.stack)
    desk.tell(found)
    if found:
        sys.exit(NEEDS_YOU)


@main.command()
@click.option("--seconds", type=click.IntRange(1), help="Stop after so long; else Ctrl-C does.")
@on_stack
def watch(desk: Desk, seconds: int | None) -> None:
    """What is unfinished, line by line as it changes."""
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
        click.echo({"at": at, "what": what, "id": key, **row})
        return
    told = ", ".join(f"{name} {shown(name, value)}" for name, value in row.items() if value)
    click.echo(f"{local_time(at)}  {what} {key}  {told or 'open'}")


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Else any that is free.")
@on_stack
def console(desk: Desk, port: int) -> None:
    """A page on this machine that shows the stack, and changes nothing. Ctrl-C ends it."""
    from local.console.server import Console

    with suppress(KeyboardInterrupt), Console(desk.stack, port) as opened:
        click.echo(f"Open this link, once: {opened.door.link()}")
        wait_for_ctrl_c()


def wait_for_ctrl_c() -> None:
    threading.Event().wait()


# --- Payments -------------------------------------------------------------------------------------


@main.command(context_settings=IDS)
@click.argument("key")
@changes
@on_stack
def settle(desk: Desk, key: str, *, yes: bool, dry_run: bool) -> None:
    """Try a payment or payout again now, and show what became of it."""
    app, record = desk.stack.app, _one(desk, key)
    if record.due_at is None:
        _end("Nothing is left to do for it.", status=0)
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


@main.command(context_settings=IDS)
@click.argument("payment_id")
@click.option("--as", "ending", type=click.Choice(list(Ending)), required=True)
@click.option("--reason", help="That it needs review for; else the one that it has now.")
@click.option("--txid", help="What has paid it, where its record names none.")
@changes
@on_stack
def close(
    desk: Desk,
    payment_id: str,
    ending: str,
    reason: str | None,
    txid: str | None,
    *,
    yes: bool,
    dry_run: bool,
) -> None:
    """Close a payment that needs review: sold, not_sold or looked_after.

    \b
    pi-bundle close b7Pq-3xK_mZ0aYwVtR5sLcDe9fGh --as not_sold
    """
    record = desk.stack.app.payments.get(payment_id)
    reason = reason or str(record and record.needs_review)
    order = {"payment_id": payment_id, "as": ending, "reason": reason, "txid": txid}
    _carry_out(desk, "close", order, f"Close it as {ending}?", yes=yes, dry=dry_run)


@main.command(context_settings=IDS)
@click.argument("payment_id")
@click.option("--amount", help="In Pi; else all that can be refunded.")
@click.option("--payout-id", help="Else refund-<payment_id>, so that a repeat pays nothing more.")
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
    """Pay a payment back to its user, once however often it is repeated."""
    order = {"payment_id": payment_id, "payout_id": payout_id, "amount": amount}
    order["refund_to"] = refund_to
    _carry_out(desk, "refund", order, "Refund it?", yes=yes, dry=dry_run)


@main.command("pay-back", context_settings=IDS)
@click.argument("payment_id")
@click.option("--payout-id", help="Else refund-<payment_id>.")
@changes
@on_stack
def pay_back(
    desk: Desk, payment_id: str, payout_id: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Refund a payment that is `gone` at Pi, when the chain has shown you that it was paid."""
    order = {"payment_id": payment_id, "payout_id": payout_id}
    _carry_out(desk, "pay_back", order, "Pay it back?", yes=yes, dry=dry_run)


@main.command("sell-again", context_settings=IDS)
@click.argument("payment_id")
@changes
@on_stack
def sell_again(desk: Desk, payment_id: str, *, yes: bool, dry_run: bool) -> None:
    """Let its user buy again what is sold once, after you have refunded it."""
    order = {"payment_id": payment_id}
    _carry_out(desk, "sell_again", order, "Sell it again?", yes=yes, dry=dry_run)


def _carry_out(
    desk: Desk, command: str, order: dict[str, Any], question: str, *, yes: bool, dry: bool
) -> None:
    """The stack says what it would do, and then does it."""
    would = desk.stack.command(command, **order, dry_run=True)
    if is_confirmed(desk, would, question, yes=yes, dry=dry):
        desk.tell(desk.stack.command(command, **order))


@main.group()
def payments() -> None:
    """Approve payments, or pause."""


@payments.command("off")
@on_stack
def payments_off(desk: Desk) -> None:
    """Approve no payment any more; what is approved is completed."""
    desk.tell(desk.stack.command("sales", switch="off"))


@payments.command("on")
@on_stack
def payments_on(desk: Desk) -> None:
    """Approve payments again."""
    desk.tell(desk.stack.command("sales", switch="on"))


# --- Payouts --------------------------------------------------------------------------------------


@main.command(context_settings=IDS)
@click.argument("payout_id")
@changes
@on_stack
def resume(desk: Desk, payout_id: str, *, yes: bool, dry_run: bool) -> None:
    """Let a blocked payout go on from where it stopped."""
    _decide(desk, payout_id, "resume", "Let it go on?", yes=yes, dry=dry_run)


@main.command(context_settings=IDS)
@click.argument("payout_id")
@changes
@on_stack
def fail(desk: Desk, payout_id: str, *, yes: bool, dry_run: bool) -> None:
    """Give a payout up: it fails once the chain proves that it was not paid."""
    _decide(desk, payout_id, "fail", "Give it up?", yes=yes, dry=dry_run)


@main.command(context_settings=IDS)
@click.argument("payout_id")
@click.option("--txid", required=True, help="The transaction that you have seen on the chain.")
@changes
@on_stack
def paid(desk: Desk, payout_id: str, txid: str, *, yes: bool, dry_run: bool) -> None:
    """Close a blocked payout that the chain has paid and Pi will never complete."""
    _decide(desk, payout_id, "paid", "Close it as paid?", yes=yes, dry=dry_run, txid=txid)


def _decide(
    desk: Desk, payout_id: str, decision: str, question: str, *, yes: bool, dry: bool, **given: str
) -> None:
    now = search.why(desk.stack.app, payout_id)
    if is_confirmed(desk, now, question, yes=yes, dry=dry):
        desk.tell(desk.stack.decide(payout_id, decision, **given))


@main.group()
def payouts() -> None:
    """Switch payouts on or off, and list what is open."""


@payouts.command("on")
@on_stack
def payouts_on(desk: Desk) -> None:
    """Pay out."""
    _switch(desk, "on")


@payouts.command("off")
@on_stack
def payouts_off(desk: Desk) -> None:
    """Create and submit nothing new; what was submitted is finished."""
    _switch(desk, "off")


def _switch(desk: Desk, value: str) -> None:
    name = desk.stack.app.settings.text("PAYOUTS_SWITCH")
    desk.stack.aws("ssm").put_parameter(Name=name, Value=value, Overwrite=True)
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


# --- Products, key, seed --------------------------------------------------------------------------


@main.group("products")
def products_() -> None:
    """What the app sells."""


@products_.command("list")
@on_stack
def products_list(desk: Desk) -> None:
    """All products, and what is wrong with those that cannot be sold."""
    desk.tell(products.listed(desk.stack.app))


@products_.command("put")
@click.argument("product_id")
@click.option("--name", help="For you and your pages.")
@click.option("--price", help="In Pi, with at most 7 decimals.")
@click.option("--minimum", help="With --maximum instead of a price: a donation.")
@click.option("--maximum")
@click.option("--once/--often", default=None, help="Each user may buy it once.")
@click.option("--active/--inactive", default=None, help="Whether it is for sale.")
@on_stack
def products_put(desk: Desk, product_id: str, **given: Any) -> None:
    """Put a product, or change it: what you do not give stays as it was.

    \b
    pi-bundle products put apple_pie_1 --name "Apple pie" --price 3.14
    pi-bundle products put donation --minimum 0.1 --maximum 100
    """
    desk.tell(products.put(desk.stack, product_id, **given))


@products_.command("off")
@click.argument("product_id")
@on_stack
def products_off(desk: Desk, product_id: str) -> None:
    """Sell a product no more; its row stays."""
    desk.tell(products.switch_off(desk.stack, product_id))


@products_.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@changes
@on_stack
def products_import(desk: Desk, file: Path, *, yes: bool, dry_run: bool) -> None:
    """Put the products of a CSV file; nothing is put if one of them could not be sold.

    Columns: product_id, name, price, minimum, maximum, once, active.
    """
    found = products.read_csv(file)
    if is_confirmed(desk, found, f"Put these {len(found)}?", yes=yes, dry=dry_run):
        desk.tell([products.put(desk.stack, **row) for row in found])


@main.group()
def key() -> None:
    """The server key of your app at Pi."""


@key.command("put")
@on_stack
def key_put(desk: Desk) -> None:
    """Put the key, once Pi has taken it. It is typed in unseen, or comes by standard input."""
    desk.tell(secrets.put_key(desk.stack, _secret("Server key")))


@main.group()
def seed() -> None:
    """The seed of your app's wallet."""


@seed.command("put")
@on_stack
def seed_put(desk: Desk) -> None:
    """Put the seed, once it is certain that it is the wallet's."""
    desk.tell(secrets.put_seed(desk.stack, _secret("Seed")))


def _secret(what: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True)).strip()
    return click.get_text_stream("stdin").read().strip()


# --- Work, queues, months, people -----------------------------------------------------------------


@main.command()
@on_stack
def sweep(desk: Desk) -> None:
    """Look for unfinished work now, without waiting for the schedule."""
    desk.tell(desk.stack.invoke("Sweep", {}))


@main.command()
@click.argument("queue", type=click.Choice(list(DEAD_LETTERS)))
@click.option("--drop", is_flag=True, help="Delete them instead.")
@on_stack
def redrive(desk: Desk, queue: str, *, drop: bool) -> None:
    """Move a queue's dead letters back to where they came from."""
    desk.tell(queues.redrive(desk.stack, queue, drop=drop))


@main.command()
@click.argument("month", metavar="YYYY-MM[-DD]")
@on_stack
def reconcile(desk: Desk, month: str) -> None:
    """Hold a month of the wallet, or a day, against the records, in both directions."""
    app = desk.stack.app
    days = months.days_of(month, months.today(app))
    found = months.reconcile(app, _tracked(days, "Days"))
    desk.tell(found)
    if found["differing"] or found["not_proven"]:
        sys.exit(NEEDS_YOU)


@main.command()
@click.argument("month", metavar="YYYY-MM[-DD]")
@click.option("--csv", "to", type=click.Path(dir_okay=False, path_type=Path), required=True)
@on_stack
def export(desk: Desk, month: str, to: Path) -> None:
    """Write a month's (or a day's) payments, refunds, payouts and fees to a CSV file.

    \b
    pi-bundle export 2026-11 --csv november.csv
    """
    app = desk.stack.app
    days = months.days_of(month, months.today(app))
    desk.tell(months.export(app, _tracked(days, "Days"), to))


def _tracked(days: list[Any], what: str) -> Any:
    """With a bar on standard error, where a person sees it."""
    return track(days, what, disable=not sys.stderr.isatty()) if days else days


@main.command()
@click.argument("old_uid")
@click.argument("new_uid")
@click.option("--undo", is_flag=True, help="It was a mistake.")
@on_stack
def link(desk: Desk, old_uid: str, new_uid: str, *, undo: bool) -> None:
    """Pi has given a person a new uid: payments and refunds follow."""
    command = "unlink" if undo else "link"
    desk.tell(desk.stack.command(command, old_uid=old_uid, new_uid=new_uid))


@main.command()
@click.argument("uid")
@on_stack
def forget(desk: Desk, uid: str) -> None:
    """Erase a user's name from all records."""
    while not (told := desk.stack.command("forget", uid=uid))["is_done"]:
        click.echo(f"{told['forgotten']} so far", err=True)
    desk.tell(told)


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
