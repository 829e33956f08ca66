"""The commands about what a stack is given, and what it has left behind: products, the two secrets,
dead letters, people."""

import sys
from pathlib import Path
from typing import Any

import click

from local.command.change import products, queues, secrets
from local.command.change import smoke as trying
from local.command.deployed import StackError
from local.command.desk import Desk, changes, is_confirmed, on_stack, on_stack_for_long
from local.command.read import search
from local.command.read.dead_letters import DEAD_LETTERS, waiting
from local.command.read.products import listed

# --- Products, key, seed --------------------------------------------------------------------------


@click.group("products")
def products_() -> None:
    """What the app sells."""


@products_.command("list")
@on_stack
def products_list(desk: Desk) -> None:
    """All products, and what is wrong with those that cannot be sold."""
    desk.tell(listed(desk.stack.app))


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
    """Put a product, or change what you name of it.

    \b
    pi-bundle products put apple_pie_1 --name "Apple pie" --price 3.14
    pi-bundle products put donation --minimum 0.1 --maximum 100
    """
    desk.tell(products.put(desk.stack, product_id, **given))


@products_.command("off")
@click.argument("product_id")
@on_stack
def products_off(desk: Desk, product_id: str) -> None:
    """Stop selling a product; its row stays."""
    desk.tell(products.switch_off(desk.stack, product_id))


@products_.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@changes
@on_stack
def products_import(desk: Desk, file: Path, *, yes: bool, dry_run: bool) -> None:
    """Put the products of a CSV file.

    Nothing is put if one of them could not be sold.
    Columns: product_id, name, price, minimum, maximum, once, active.
    """
    found = products.read_csv(file)
    if is_confirmed(desk, found, f"Put these {len(found)}?", yes=yes, dry=dry_run):
        desk.tell([products.put(desk.stack, **row) for row in found])


@click.group()
def key() -> None:
    """The server key of your app at Pi."""


@key.command("put")
@on_stack
def key_put(desk: Desk) -> None:
    """Put the key, after Pi has accepted it. Type it in (it is not shown) or pipe it in."""
    desk.tell(secrets.put_key(desk.stack, _secret("Server key")))


@click.group()
def seed() -> None:
    """The seed of your app's wallet."""


@seed.command("put")
@click.option(
    "--yes", is_flag=True, help="This is the app's wallet, though PiWalletAddress is not set."
)
@on_stack
def seed_put(desk: Desk, *, yes: bool) -> None:
    """Put the seed, after a check that it belongs to the app's wallet.

    PiWalletAddress says which wallet that is. The stored seed is not compared: only the sender of
    payouts may read it.
    """
    typed = _secret("Seed")
    wallet = secrets.wallet_of(desk.stack, typed)
    if not (yes or desk.stack.parameters.get("PiWalletAddress")):
        _require_own(wallet)
    secrets.put_seed(desk.stack, typed)
    desk.tell({"wallet_seed": "put", "wallet": wallet})


def _require_own(wallet: str) -> None:
    told = f"PiWalletAddress is not set, so nothing tells whether {wallet} is the app's wallet."
    if not _is_terminal():
        raise StackError(f"{told} If it is: --yes")
    if not click.confirm(f"{told} Is it?", err=True):
        raise StackError("The old seed stays.")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _secret(what: str) -> str:
    if _is_terminal():
        return str(click.prompt(what, hide_input=True)).strip()
    return click.get_text_stream("stdin").read().strip()


# --- Work, queues, people -------------------------------------------------------------------------


@click.command()
@on_stack
def sweep(desk: Desk) -> None:
    """Look for unfinished work now. It does not wait for the schedule."""
    desk.tell(desk.stack.invoke("Sweep", {}))


@click.command()
@click.option("--uid", envvar="SMOKE_UID", required=True, help="The user to pay: one of your own.")
@click.option("--amount", default="0.01", show_default=True, help="In Pi.")
@click.option("--payout-id", help="Default: a new one, smoke-<seconds since 1970>.")
@click.option("--seconds", default=300, show_default=True, help="How long to wait.")
@on_stack_for_long
def smoke(desk: Desk, uid: str, amount: str, payout_id: str | None, seconds: int) -> None:
    """Test the stack with a tiny payout on Testnet. It pays a user of your own, and waits for it.

    \b
    pi-bundle smoke --stack pi-bundle-staging --uid 5d0b... --amount 0.01
    """
    payout_id = payout_id or f"smoke-{desk.stack.app.clock()}"
    desk.tell(trying.smoke(desk.stack, uid, amount, payout_id, seconds))


@click.command()
@click.argument("queue", type=click.Choice(list(DEAD_LETTERS)))
@click.option("--drop", is_flag=True, help="Delete them instead.")
@changes
@on_stack
def redrive(desk: Desk, queue: str, *, drop: bool, yes: bool, dry_run: bool) -> None:
    """Move the dead letters of a queue back to that queue."""
    number, meaning = waiting(desk.stack, queue), DEAD_LETTERS[queue].meaning
    shown = {"queue": queue, "waiting": number, "means": meaning}
    question = f"{'Delete' if drop else 'Move'} them?"
    if is_confirmed(desk, shown, question, yes=yes, dry=dry_run):
        desk.tell(queues.redrive(desk.stack, queue, drop=drop))


@click.command()
@click.argument("old_uid")
@click.argument("new_uid")
@click.option("--undo", is_flag=True, help="Remove the link.")
@on_stack
def link(desk: Desk, old_uid: str, new_uid: str, *, undo: bool) -> None:
    """Link a user's new uid to the old one. Payments and refunds follow."""
    command = "unlink" if undo else "link"
    desk.tell(desk.stack.command(command, old_uid=old_uid, new_uid=new_uid))


@click.command()
@click.argument("uid")
@changes
@on_stack_for_long
def forget(desk: Desk, uid: str, *, yes: bool, dry_run: bool) -> None:
    """Erase a user's name from all records."""
    found = search.find(desk.stack.app, uid)
    if not is_confirmed(desk, found, "Erase the name?", yes=yes, dry=dry_run):
        return
    while not (told := desk.stack.command("forget", uid=uid))["is_done"]:
        click.echo(f"{told['forgotten']} so far", err=True)
    desk.tell(told)
