"""`pi-bundle`: everything that an operator does with a stack, each as one command."""

import time

import click

from local.command.change import decisions, moves, supplies
from local.command.deployed import clients
from local.command.desk import tells_failures
from local.command.read import looks
from local.command.stack import deploy as deploying
from local.command.stack import whole_stack
from local.command.tell import tell


@click.group(
    context_settings={"max_content_width": 100},
    epilog="Exit codes: 0 all is well, 1 the command was refused, 2 wrong usage, 3 something needs"
    ' you. Completion: eval "$(_PI_BUNDLE_COMPLETE=bash_source pi-bundle)"',
)
def main() -> None:
    """Operate a deployed Pi bundle, with your own AWS credentials."""


@main.command()
@click.option("--env", "name", default="default", show_default=True, help="In samconfig.toml.")
@click.option("--region", help="Default: the region of your AWS configuration.")
@click.option("--profile", help="A profile of your AWS configuration.")
@click.option(
    "--take-over",
    "tables",
    multiple=True,
    metavar="TABLE=NAME",
    help="Give a new stack the table of a deleted stack: PaymentsTable=its-name.",
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
    """Build and deploy a stack. The first time, it asks six questions.

    It rolls back by itself if an alarm of the stack rings during the deployment or in the ten
    minutes after. Your answers are kept in .deploy/, which git ignores.

    \b
    pi-bundle deploy
    pi-bundle deploy --env prod
    """
    env = deploying.environment(name)
    aws, number = clients(region, profile), int(time.time())
    stands = deploying.standing(aws, env.stack)
    parameters = deploying.answered(env, _ask, stands)

    def is_done(change: deploying.Change | None) -> bool:
        if change is None:
            click.echo("Nothing has changed.")
            return True
        tell(change.changes, as_json=False)
        if dry_run or not (yes or click.confirm("\nDeploy this?", err=True)):
            deploying.discard(aws, change)
            return False
        deploying.carry_out(aws, change)
        return True

    if tables:
        named = deploying.named_tables(tables)
        if not is_done(deploying.take_over(aws, env.stack, named, parameters, number=number)):
            return
    url = deploying.uploaded(aws, deploying.package(env, region, profile))
    if is_done(deploying.change_set(aws, env.stack, url, parameters, number=number)):
        of = f"--stack {env.stack}"
        next_ = f"pi-bundle key put {of}, then doctor" if not stands else f"pi-bundle doctor {of}"
        click.echo(f"{env.stack} stands. Next: {next_}")
        if tables:
            click.echo(f"Payments are off, as they were left: pi-bundle payments on {of}")


def _ask(_name: str, question: str, default: str) -> str:
    return str(click.prompt(question, default=default, show_default=bool(default), err=True))


for each in (
    *(looks.doctor, looks.find, looks.why, looks.attention, looks.watch, looks.console),
    *(looks.reconcile, looks.export),
    *(decisions.settle, decisions.close, decisions.refund, decisions.pay_back),
    *(
        decisions.deliver,
        decisions.sell_again,
        decisions.payments,
        decisions.resume,
        decisions.fail,
    ),
    *(decisions.paid, decisions.payouts),
    *(supplies.products_, supplies.key, supplies.seed, supplies.sweep, supplies.redrive),
    supplies.smoke,
    *(moves.import_, moves.adopt),
    *(supplies.link, supplies.forget),
    *(whole_stack.restore, whole_stack.tear_down),
):
    main.add_command(each)
