"""`pi-bundle restore` and `pi-bundle tear-down` on the local cloud: the real template, its
functions under their own roles, real triggers and concurrency, CloudFormation's own deletion.

MiniStack's point-in-time recovery copies what a table holds now. So the two calls that know the
past are played: the copy that MiniStack makes gets the rows that were kept at the moment.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from local.cloud.ministack import LocalCloud
from local.cloud.stack import NOT_HERE
from local.command.cli import main
from local.command.deployed import Deployed
from local.command.stack import deploy, pause
from local.emulator.process import PiEmulator
from shared.app import App
from shared.payouts.record import PayoutState
from tests.laptop.operated import STACK, Aws, Operated, uploaded
from tests.laptop.waiting import eventually

STEP_SECONDS = 0.2


class Recovery:
    """MiniStack's DynamoDB, with a past: `keep` keeps what the tables hold."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def __getattr__(self, call: str) -> Any:
        return getattr(self._client, call)

    def keep(self, *names: str) -> None:
        self._rows = {name: self._client.scan(TableName=name)["Items"] for name in names}

    def describe_continuous_backups(self, *, TableName: str) -> Any:  # noqa: N803 - AWS's names
        now = datetime.now(UTC)
        found = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "EarliestRestorableDateTime": now.replace(year=2020),
            "LatestRestorableDateTime": now,
        }
        assert TableName in self._rows
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": found}}

    def restore_table_to_point_in_time(self, **given: Any) -> None:
        self._client.restore_table_to_point_in_time(**given)
        copy = given["TargetTableName"]
        [key] = self._client.describe_table(TableName=copy)["Table"]["KeySchema"]
        for item in self._client.scan(TableName=copy)["Items"]:
            name = key["AttributeName"]
            self._client.delete_item(TableName=copy, Key={name: item[name]})
        for item in self._rows[given["SourceTableName"]]:
            self._client.put_item(TableName=copy, Item=item)


@dataclass
class Ahead:
    """What a command waits for is over at once: it sets the clocks of all functions, and Pi's."""

    cloud: LocalCloud
    emulator: PiEmulator
    seconds: float = 0

    def clock(self) -> int:
        return int(time.time() + self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.cloud.set_clock(ahead=self.seconds)
        self.emulator.control("POST", "/clock", {"advance_s": seconds})
        time.sleep(STEP_SECONDS)


@dataclass(kw_only=True)
class Commanded(Operated):
    """And its operator's command."""

    ahead: Ahead
    recovery: Recovery
    url: str

    def opened(self) -> Deployed:
        own = {"dynamodb": self.recovery}
        stack = self.stack

        def aws(service: str) -> Any:
            return own.get(service) or self.aws(service)

        edges = replace(stack.app.edges, aws=aws, sleep=self.ahead.sleep, clock=self.ahead.clock)
        return replace(stack, aws=aws, app=App(stack.app.settings, edges))

    def does(self, *words: str, status: int = 0) -> Any:
        return json.loads(self.runs(*words, status=status).stdout)

    def runs(self, *words: str, status: int, typed: str = "") -> Result:
        runner = CliRunner(mix_stderr=False)
        result = runner.invoke(main, [*words, "--json"], input=typed, obj=self.opened)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output + result.stderr
        return result


@pytest.fixture(scope="module")
def aws(cloud: LocalCloud) -> Aws:
    return cache(cloud.client)


@pytest.fixture
def commanded(
    aws: Aws, cloud: LocalCloud, built: Path, emulator: PiEmulator
) -> Iterator[Commanded]:
    parameters = {
        **NOT_HERE,
        "PiApiUrl": f"{emulator.url}/v2",
        "HorizonUrl": f"{emulator.url}/horizon",
        "FirstLookSeconds": "1",
    }
    commanded = Commanded(
        aws=aws,
        emulator=emulator,
        parameters=parameters,
        ahead=Ahead(cloud, emulator),
        recovery=Recovery(aws("dynamodb")),
        url=uploaded(cloud, aws, built, "whole"),
    )
    commanded.deploys(commanded.url)
    commanded.fill()
    yield commanded
    cloud.set_clock(ahead=0)
    aws("cloudformation").delete_stack(StackName=STACK)


def finished(operated: Commanded, payment_id: str, payout_id: str) -> None:
    app = operated.stack.app

    def are_finished() -> bool:
        operated.stack.invoke("Sweep", {})
        payment, payout = app.payments.get(payment_id), app.payouts.get(payout_id)
        if payment is None or payout is None:
            return False
        states = payment.state, payout.state, payout.pending_event
        return states == ("completed", PayoutState.COMPLETED, None)

    eventually(are_finished, seconds=60)


@pytest.mark.usefixtures("built")
def test_restored_and_nothing_is_paid_twice(commanded: Commanded) -> None:
    text = commanded.stack.app.settings.text
    names = [text(name) for name in ("PAYMENTS_TABLE", "PAYOUTS_TABLE", "REWARDS_TABLE")]
    finished(commanded, commanded.paid(), commanded.requested())
    commanded.recovery.keep(*names)
    to = datetime.now(UTC).replace(microsecond=0)
    eventually(lambda: time.time() >= to.timestamp() + 1, seconds=5)
    payment_id, payout_id = commanded.paid(), commanded.requested()
    finished(commanded, payment_id, payout_id)
    paid = commanded.stack.app.payouts.require(payout_id)

    told = commanded.does("restore", "--to", to.isoformat(), "--yes")

    assert told["agrees"] is True, told
    assert told["in_by_records"] == told["in_by_chain"] == "6.28"
    assert told["out_by_records"] == told["out_by_chain"] == "1"
    assert (told["payments"], told["payouts"]) == ("on", "on")
    finished(commanded, payment_id, payout_id)
    again = commanded.stack.app.payouts.require(payout_id)
    assert (again.txid, again.payment_id) == (paid.txid, paid.payment_id)
    assert not [
        n for n in commanded.aws("dynamodb").list_tables()["TableNames"] if "-restore-" in n
    ]


@pytest.mark.usefixtures("built")
def test_taken_down_and_taken_over_nothing_is_lost(commanded: Commanded) -> None:
    """What was open when the stack went is finished by the one that takes its tables over."""
    payment_id, payout_id = commanded.paid(), commanded.requested()
    finished(commanded, payment_id, payout_id)
    unpaid = commanded.approved()
    tables = _tables(commanded)

    seen = commanded.does("tear-down", "--dry-run")
    assert [row["id"] for row in seen["open"]] == [unpaid]
    wrong = commanded.runs("tear-down", typed="pi-bundle\n", status=1)
    assert "That is not its name." in wrong.stderr
    assert commanded.stack.app.switch.is_on()

    listed = commanded.does("tear-down", "--confirm", STACK, "--minutes", "1", status=3)
    assert [row["id"] for row in listed] == [unpaid]
    assert not commanded.stack.app.switch.is_on()
    assert commanded.stack.app.payments.get(unpaid) is not None, "the functions run, it stands"

    told = commanded.does(
        *("tear-down", "--confirm", STACK, "--minutes", "0", "--leave-open"),
    )
    assert deploy.status_of(commanded.aws, STACK) is None
    assert {row["what"]: row["name"] for row in told["left"] if row["what"] in tables} == tables
    assert "--take-over PaymentsTable=" + tables["PaymentsTable"] in told["next"]
    seed = next(row["name"] for row in told["left"] if row["what"] == "WalletSeed")
    secret = commanded.aws("secretsmanager").get_secret_value(SecretId=seed)
    assert secret["SecretString"] == commanded.emulator.wallet_seed

    change = deploy.take_over(commanded.aws, STACK, tables, {"Environment": "dev"}, number=1)
    assert change is not None
    deploy.carry_out(commanded.aws, change)
    commanded.deploys(commanded.url)
    commanded.fill()
    assert _tables(commanded) == tables
    record = commanded.stack.app.payouts.require(payout_id)
    assert record.state is PayoutState.COMPLETED
    commanded.emulator.control("POST", f"/payments/{unpaid}/pay", {})
    finished(commanded, unpaid, payout_id)


@pytest.mark.usefixtures("built")
def test_what_hears_of_the_stack_goes_first(commanded: Commanded) -> None:
    """And a run that died between the functions and the deletion goes on, or is given up."""
    bus, events = commanded.stack.outputs["EventBusName"], commanded.aws("events")
    events.put_rule(Name="somebodys", EventBusName=bus, EventPattern='{"source": ["pi-bundle"]}')
    told = commanded.runs("tear-down", "--confirm", STACK, status=1)
    assert "not its own: somebodys." in told.stderr
    assert commanded.stack.app.switch.is_on()
    events.delete_rule(Name="somebodys", EventBusName=bus)

    pause.stop(commanded.opened())
    given_up = commanded.does("tear-down", "--give-up")
    assert given_up["functions"] == "run"
    finished(commanded, commanded.paid(), commanded.requested())
    pause.stop(commanded.opened())
    assert commanded.does("tear-down", "--confirm", STACK)["taken_down"] == STACK
    assert deploy.status_of(commanded.aws, STACK) is None


def _tables(commanded: Commanded) -> dict[str, str]:
    """Physical names by logical id."""
    resources = commanded.aws("cloudformation").list_stack_resources(StackName=STACK)
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in resources["StackResourceSummaries"]
        if one["ResourceType"] == "AWS::DynamoDB::Table"
    }
