"""How far a restore has come. It is kept in AWS, so any laptop goes on with it, and one run at a
time.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from uuid import uuid4

from botocore.exceptions import ClientError

from local.command.deployed import Deployed, StackError

ASK_EVERY_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """How the functions stood before they were stopped: the ids of the triggers that were on, and
    the reserved concurrency of each function that had one, by its logical id."""

    triggers: list[str] = field(default_factory=list)
    reserved: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """How far a restore has come; times are in seconds since 1970. `run`: which run of the command
    is at work; `done`: the steps that are over; `sold` and `paid`: whether sales and payouts were
    on before it; `wallets`: whose books there were; `undone`: from when to when earlier restores
    took something back."""

    to: int | None = None
    run: str = ""
    begun_at: int = 0
    done: int = 0
    sold: bool = False
    paid: bool = False
    wallets: list[str] = field(default_factory=list)
    before: Before = field(default_factory=Before)
    stopped_at: int = 0
    running_at: int = 0
    undone: list[list[int]] = field(default_factory=list)


def _name(deployed: Deployed) -> str:
    return f"/{deployed.name}/restore"


def journal_of(deployed: Deployed) -> Journal:
    """`to` is None where no restore is under way."""
    try:
        answer = deployed.aws("ssm").get_parameter(Name=_name(deployed))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return Journal()
    kept = json.loads(answer["Parameter"]["Value"])
    return Journal(**{**kept, "before": Before(**kept["before"])})


def keep(deployed: Deployed, journal: Journal) -> Journal:
    """Raises StackError: another run is at work."""
    require_ours(deployed, journal)
    return put(deployed, journal)


def put(deployed: Deployed, journal: Journal) -> Journal:
    text = json.dumps(asdict(journal))
    deployed.aws("ssm").put_parameter(
        Name=_name(deployed), Value=text, Type="String", Overwrite=True
    )
    return journal


def require_ours(deployed: Deployed, journal: Journal) -> None:
    """A laptop that slept must not go on with what another one has ended. Raises StackError."""
    if journal_of(deployed).run != journal.run:
        raise StackError("Another run of this command is at work, or has ended it.")


def require_none(deployed: Deployed) -> None:
    """What a restore has switched off, it switches on itself, once nothing is paid or sold a second
    time. Raises StackError: one is under way."""
    if journal_of(deployed).to is not None:
        raise StackError(f"A restore is under way. pi-bundle restore {deployed.option}")


def taken_over(deployed: Deployed, journal: Journal) -> Journal:
    """From now on it is this run's. One that is at work elsewhere sees that before it writes, and
    what that one kept at this moment is seen here. Raises StackError."""
    journal = put(deployed, replace(journal, run=uuid4().hex))
    deployed.app.edges.sleep(ASK_EVERY_SECONDS)
    require_ours(deployed, journal)
    return journal


def now_and_then(deployed: Deployed, journal: Journal) -> Callable[[], None]:
    """The same, asked at most every two seconds by the clock on the wall, which goes on while a
    laptop sleeps."""
    asked_at = 0

    def require() -> None:
        nonlocal asked_at
        if (now := deployed.app.clock()) - asked_at >= ASK_EVERY_SECONDS:
            require_ours(deployed, journal)
            asked_at = now

    return require
