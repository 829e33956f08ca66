"""Where a command works: the stack, how it answers, how it asks before it changes anything."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NoReturn

import click
from botocore.exceptions import BotoCoreError, ClientError

from local.command.deployed import Deployed, StackError, on_aws, on_this_machine
from local.command.tell import Answer, tell
from shared.base.context import About, within
from shared.base.errors import BundleError

COMMAND_SECONDS = 60
LONG_SECONDS = 24 * 3600  # what goes from day to day, or stays open
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
            end(refused.message if isinstance(refused, BundleError) else str(refused))
        except (ClientError, BotoCoreError) as refused:
            end(f"AWS: {refused}")

    return told


def on_stack(command: Callable[..., None], seconds: int = COMMAND_SECONDS) -> Callable[..., None]:
    """A command on a stack, which is opened first; its calls are over after so many seconds."""

    @tells_failures
    @click.option("--stack", envvar="PI_BUNDLE_STACK", default="pi-bundle-dev", show_default=True)
    @click.option("--region", help="Default: the region of your AWS configuration.")
    @click.option("--profile", help="A profile of your AWS configuration.")
    @click.option("--local", is_flag=True, help="The stack of `make run` on this machine.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
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
        with within(seconds, About(function="pi-bundle")):
            command(Desk(stack=deployed, as_json=as_json), **given)

    return opened


def on_stack_for_long(command: Callable[..., None]) -> Callable[..., None]:
    """The same for one that goes on and on."""
    return on_stack(command, LONG_SECONDS)


def end(told: str, status: int = REFUSED) -> NoReturn:
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
