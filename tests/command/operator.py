"""An operator at the command line, whose stack is the test's world."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from local.cloud import template
from local.command.cli import main
from local.command.deployed import READ_AS, Deployed
from shared.app import App
from shared.base.settings import Settings
from shared.base.version import VERSION
from shared.edges import Edges
from tests.world import World
from tests.world.aws import OperatorsSecrets
from tests.world.functions import URLS

FUNCTIONS = {
    "Operate": "operate",
    "DecidePayout": "decide_payout",
    "Sweep": "sweep",
    "RequestPayout": "request_payout",
}
# What the fakes call these resources.
OUTPUTS = {
    "ServerKeySecretArn": "ServerKey",
    "WalletSeedSecretArn": "WalletSeed",
    "WakeUpDeadLettersUrl": "WakeUpDeadLetters",
    "PayoutDeadLettersUrl": "PayoutDeadLetters",
    "EventBusName": "Bus",
    "Version": VERSION,
    "ApiUrl": "https://api.test",
}


class Watched:
    """CloudWatch and Lambda's account, as far as the commands ask them."""

    def __init__(self, ringing: tuple[str, ...] = (), most: int = 1000) -> None:
        self.ringing, self.most = ringing, most

    def get_paginator(self, name: str) -> Any:
        assert name == "describe_alarms"
        return self

    def paginate(self, *, AlarmNamePrefix: str, StateValue: str) -> Any:  # noqa: N803 - AWS's
        assert StateValue == "ALARM"
        found = [name for name in self.ringing if name.startswith(AlarmNamePrefix)]
        means = {"AlarmDescription": "See docs/alarms.md"}
        return [{"MetricAlarms": [{"AlarmName": name, **means}]} for name in found]

    def get_account_settings(self) -> Any:
        return {"AccountLimit": {"ConcurrentExecutions": self.most}}


@dataclass(frozen=True, slots=True)
class Operator:
    """`aws` are services that the world has not; `opens` gives another stack than the world's."""

    world: World
    aws: dict[str, Any] = field(default_factory=dict)
    opens: Callable[[], Deployed] | None = None

    def run(self, *words: str | Path, typed: str = "") -> Result:
        runner = CliRunner(mix_stderr=False)
        result = runner.invoke(
            main, list(map(str, words)), input=typed, obj=self.opens or self.stack
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def does(self, *words: str | Path, typed: str = "", status: int = 0) -> Any:
        """The command's answer, as a program reads it."""
        result = self.run(*words, "--json", typed=typed)
        assert result.exit_code == status, result.output
        return json.loads(result.stdout)

    def is_refused(self, *words: str | Path, typed: str = "") -> str:
        """What it is told."""
        result = self.run(*words, "--json", typed=typed)
        assert result.exit_code == 1, result.output
        return result.stderr

    def stack(self) -> Deployed:
        world = self.world
        own = {
            "dynamodb": world.tables.eyes,
            "secretsmanager": OperatorsSecrets(world.secrets.values),
            "cloudwatch": Watched(),
        }
        aws = {**world.aws, **own, **self.aws}
        given = URLS | world.parameters
        variables = {
            name: text
            for function in READ_AS
            for name, text in template.variables(function, given, self._physical).items()
        }
        edges = Edges(
            aws=aws.__getitem__,
            connections=lambda: world.adapter,
            clock=world.clock,
            sleep=world.tick,
            executor=lambda: world.executor,
        )
        return Deployed(
            name="the-world",
            outputs=OUTPUTS,
            parameters=world.parameters,
            app=App(Settings(variables), edges),
            aws=aws.__getitem__,
            invoke=self._invoke,
        )

    def _physical(self, place: str) -> str:
        return self.world.tables.names.get(place, place)

    def _invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        # As JSON: what a command sends must survive the way.
        told = json.loads(json.dumps(event))
        answer: dict[str, Any] = self.world.function(FUNCTIONS[function])(told)
        return answer
