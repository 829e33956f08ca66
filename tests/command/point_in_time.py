"""What a restore, or a deletion, asks of AWS and the test's world has not: point-in-time recovery,
stopping a function, a parameter beside the switch, CloudFormation, the rules of the bus. Each
stands in for its calls alone; the tables are the world's own, and so is whatever reads and writes
them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError

from local.cloud import template
from local.command.deployed import Deployed
from shared.app import App
from tests.command.operator import Operator
from tests.world import World
from tests.world.devices import Died
from tests.world.dynamodb import Client, Database, Item, Table
from tests.world.functions import timeout_of

LATEST_SECONDS = 300  # DynamoDB's own: what is newer cannot be restored yet
CHANGES = ("put_", "update_", "delete_", "batch_write_", "restore_", "invoke")
STACK = "the-world"
FUNCTIONS = sorted(template.of_type(template.bundle(), "AWS::Serverless::Function"))
LISTENERS = {"Settle": "trigger-1", "SendPayout": "trigger-2"}


def refused(code: str, call: str) -> ClientError:
    kinds = {"ResourceNotFoundException": NotFoundError}
    error: Any = {"Error": {"Code": code, "Message": "as AWS says it"}}
    return kinds.get(code, ClientError)(error, call)


class NotFoundError(ClientError):
    pass


class Recovery:
    """DynamoDB of the operator: the world's own client, and what its tables were at each moment."""

    def __init__(self, world: World, is_still: Callable[[], bool]) -> None:
        self._eyes = cast(Client, world.tables.eyes)
        self._database: Database = self._eyes.database
        self._clock, self._is_still = world.clock, is_still
        self._since = world.clock()
        self._log: list[tuple[int, str, str, Item | None]] = []
        self._asked: dict[str, int] = {}
        self._going: dict[str, int] = {}
        self.goes_slowly = False
        names = {
            "ResourceNotFoundException": NotFoundError,
            "TableNotFoundException": NotFoundError,
        }
        self.exceptions = SimpleNamespace(**{**vars(self._eyes.exceptions), **names})
        for name, table in self._database.tables.items():
            for key, item in table.items.items():
                self._keep(name, key, item)
            table.changed = lambda key, item, name=name: self._keep(name, key, item)

    def __getattr__(self, call: str) -> Any:
        return getattr(self._eyes, call)

    def _keep(self, name: str, key: str, item: Item | None) -> None:
        self._log.append((self._clock(), name, key, item))

    @property
    def tables(self) -> dict[str, Table]:
        return cast(dict[str, Table], self._database.tables)

    def _table(self, name: str, call: str) -> Table:
        if name not in self.tables:
            raise refused("ResourceNotFoundException", call)
        return self.tables[name]

    def describe_continuous_backups(self, *, TableName: str) -> Any:  # noqa: N803 - AWS's names
        self._table(TableName, "DescribeContinuousBackups")
        latest = self._clock() - LATEST_SECONDS
        described = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "EarliestRestorableDateTime": datetime.fromtimestamp(self._since, UTC),
            "LatestRestorableDateTime": datetime.fromtimestamp(latest, UTC),
        }
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": described}}

    def restore_table_to_point_in_time(
        self,
        *,
        SourceTableName: str,  # noqa: N803
        TargetTableName: str,  # noqa: N803
        RestoreDateTime: datetime,  # noqa: N803
        GlobalSecondaryIndexOverride: list[Any],  # noqa: N803
    ) -> None:
        assert TargetTableName not in self.tables, "AWS refuses that"
        assert GlobalSecondaryIndexOverride == []
        source, to = self.tables[SourceTableName], int(RestoreDateTime.timestamp())
        assert self._since <= to <= self._clock() - LATEST_SECONDS
        copy = Table(
            {
                "AttributeDefinitions": [{"AttributeName": source.key, "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": source.key, "KeyType": "HASH"}],
            }
        )
        for at, name, key, item in self._log:
            if name == SourceTableName and at <= to:
                copy.items.pop(key, None)
                if item is not None:
                    copy.items[key] = item
        self.tables[TargetTableName] = copy

    def describe_table(self, *, TableName: str) -> Any:  # noqa: N803
        """It is not there at once, and perhaps not gone at once."""
        self._table(TableName, "DescribeTable")
        if TableName in self._going:
            self._going[TableName] -= 1
            if not self._going[TableName]:
                del self._going[TableName], self.tables[TableName]
            return {"Table": {"TableStatus": "DELETING"}}
        self._asked[TableName] = self._asked.get(TableName, 0) + 1
        status = "CREATING" if self._asked[TableName] < 3 else "ACTIVE"
        index = {"IndexSizeBytes": 10**9}
        sizes = {"TableSizeBytes": 10**9, "GlobalSecondaryIndexes": [index]}
        return {"Table": {"TableStatus": status, **sizes}}

    def scan(self, **call: Any) -> Any:
        """Only of a table that stands."""
        name = call["TableName"]
        if name in self._going or ("-restore-" in name and self._asked.get(name, 0) < 3):
            raise refused("ResourceNotFoundException", "Scan")
        return self._eyes.scan(**call)

    def delete_table(self, *, TableName: str) -> None:  # noqa: N803
        assert "-restore-" in TableName, "only what a restore has made"
        assert TableName not in self._going, "AWS refuses that"
        self._asked.pop(TableName)
        if self.goes_slowly:
            self._going[TableName] = 2
        else:
            del self.tables[TableName]

    def batch_write_item(self, *, RequestItems: Mapping[str, list[Any]]) -> Any:  # noqa: N803
        """The last of several is not processed, as DynamoDB does when it is busy."""
        assert self._is_still(), "a function may be writing too"
        [(name, requests)] = RequestItems.items()
        assert 1 <= len(requests) <= 25
        done, left = (requests[:-1], requests[-1:]) if len(requests) > 1 else (requests, [])
        for request in done:
            if "DeleteRequest" in request:
                self._eyes.delete_item(TableName=name, **request["DeleteRequest"])
            else:
                self._eyes.put_item(TableName=name, **request["PutRequest"])
        return {"UnprocessedItems": {name: left} if left else {}}


@dataclass(slots=True)
class Functions:
    """Lambda: which function may be started, and which trigger is on; and since when all have been
    stopped, while they are."""

    clock: Callable[[], int]
    reserved: dict[str, int] = field(default_factory=lambda: {"Operate": 3})
    triggers: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(LISTENERS.values(), "Enabled")
    )
    still_since: int | None = None

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, int]:  # noqa: N803
        most = self.reserved.get(FunctionName)
        return {} if most is None else {"ReservedConcurrentExecutions": most}

    def put_function_concurrency(
        self,
        *,
        FunctionName: str,  # noqa: N803
        ReservedConcurrentExecutions: int,  # noqa: N803
    ) -> None:
        self.reserved[FunctionName] = ReservedConcurrentExecutions
        self._look()

    def delete_function_concurrency(self, *, FunctionName: str) -> None:  # noqa: N803
        self.reserved.pop(FunctionName, None)
        self._look()

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:  # noqa: N803
        self.triggers[UUID] = "Enabled" if Enabled else "Disabling"

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, int]:  # noqa: N803
        return {"Timeout": timeout_of(FunctionName)}

    def get_paginator(self, call: str) -> Any:
        assert call == "list_event_source_mappings"
        return SimpleNamespace(paginate=self._mappings)

    def _mappings(self, *, FunctionName: str) -> Iterator[Any]:  # noqa: N803
        found = LISTENERS.get(FunctionName)
        listed = [{"UUID": found, "State": self.triggers[found]}] if found else []
        if found and self.triggers[found] == "Disabling":
            self.triggers[found] = "Disabled"
        yield {"EventSourceMappings": listed}

    def _look(self) -> None:
        is_still = all(self.reserved.get(name) == 0 for name in FUNCTIONS)
        self.still_since = (self.still_since or self.clock()) if is_still else None

    def runs(self, function: str) -> bool:
        return self.reserved.get(function) != 0

    def are_over(self) -> bool:
        """Whether whatever ran has ended."""
        longest = max(timeout_of(name) for name in FUNCTIONS)
        return self.still_since is not None and self.clock() >= self.still_since + longest


@dataclass(slots=True)
class Kept:
    """SSM: the world's switch, and what else is put."""

    switch: Any
    values: dict[str, str] = field(default_factory=dict)

    def get_parameter(self, *, Name: str) -> Any:  # noqa: N803
        if Name == "PayoutsSwitch":
            return self.switch.get_parameter(Name=Name)
        if Name not in self.values:
            raise refused("ParameterNotFound", "GetParameter")
        return {"Parameter": {"Name": Name, "Value": self.values[Name]}}

    def put_parameter(self, *, Name: str, Value: str, **how: Any) -> None:  # noqa: N803
        if Name == "PayoutsSwitch":
            self.switch.put_parameter(Name=Name, Value=Value, **how)
        else:
            assert how == {"Type": "String", "Overwrite": True}
            assert len(Value) <= 4096, "a standard parameter's most"
            self.values[Name] = Value


@dataclass(slots=True)
class Resources:
    """CloudFormation: everything is called by its logical id."""

    is_protected: bool = False
    refuses: bool = False
    is_deleted: bool = False

    def get_paginator(self, call: str) -> Any:
        assert call == "list_stack_resources"
        return SimpleNamespace(paginate=self._resources)

    def _resources(self, *, StackName: str) -> Iterator[Any]:  # noqa: N803
        assert StackName == STACK
        declared = template.bundle()["Resources"]
        kinds = {name: declared[name]["Type"] for name in declared}
        kinds |= dict.fromkeys(FUNCTIONS, "AWS::Lambda::Function")
        yield {
            "StackResourceSummaries": [
                {"LogicalResourceId": name, "PhysicalResourceId": name, "ResourceType": kind}
                for name, kind in kinds.items()
            ]
        }

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803
        assert StackName == STACK
        stack = {"StackId": STACK, "EnableTerminationProtection": self.is_protected}
        return {"Stacks": [stack]}

    def delete_stack(self, *, StackName: str) -> None:  # noqa: N803
        assert StackName == STACK
        if self.refuses:
            raise refused("AccessDenied", "DeleteStack")
        self.is_deleted = True

    def get_waiter(self, what: str) -> Any:
        assert what == "stack_delete_complete"
        return SimpleNamespace(wait=lambda **_how: None)


@dataclass(slots=True)
class Rules:
    """EventBridge: the rules on the bus."""

    names: list[str] = field(default_factory=lambda: ["Webhook"])

    def get_paginator(self, call: str) -> Any:
        assert call == "list_rules"
        rules = [{"Name": name} for name in self.names]
        rules.append({"Name": "Events-Archive-1", "ManagedBy": "prod.vhs.events.aws.internal"})
        return SimpleNamespace(paginate=lambda **_which: iter([{"Rules": rules}]))


class Watched:
    """A client whose changing calls are counted; `told` may die at one."""

    def __init__(self, client: Any, told: Callable[[str, str], None]) -> None:
        self._client, self._told = client, told

    def __getattr__(self, call: str) -> Any:
        act = getattr(self._client, call)
        if not call.startswith(CHANGES):
            return act

        def watched(**given: Any) -> Any:
            self._told("before", call)
            answer = act(**given)
            self._told("after", call)
            return answer

        return watched


@dataclass(frozen=True, slots=True)
class Restorer(Operator):
    """An operator whose AWS can restore; while he waits, the world lives on, as far as its
    functions run. `dies_at` is the number of a change, and whether before or after it."""

    recovery: Recovery = field(init=False)
    functions: Functions = field(init=False)
    parameters: Kept = field(init=False)
    resources: Resources = field(default_factory=Resources)
    rules: Rules = field(default_factory=Rules)
    log: list[str] = field(default_factory=list)
    dies_at: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        functions = Functions(self.world.clock)
        object.__setattr__(self, "functions", functions)
        object.__setattr__(self, "recovery", Recovery(self.world, functions.are_over))
        object.__setattr__(self, "parameters", Kept(self.world.switch))

    def stack(self) -> Deployed:
        own = {
            "dynamodb": self.recovery,
            "lambda": self.functions,
            "ssm": self.parameters,
            "cloudformation": self.resources,
            "events": self.rules,
        }
        deployed = Operator.stack(self)
        aws = {name: Watched(client, self._told) for name, client in own.items()}
        edges = replace(
            deployed.app.edges,
            aws=lambda name: aws[name] if name in aws else deployed.aws(name),
            sleep=self.waits,
        )
        return replace(
            deployed,
            app=App(deployed.app.settings, edges),
            aws=edges.aws,
            invoke=self._invoke_watched,
        )

    def waits(self, seconds: float) -> None:
        self.world.tick(seconds)
        self.lives_on()

    def lives_on(self) -> None:
        """What comes by itself."""
        world, runs = self.world, self.functions.runs
        if runs("Sweep"):
            world.sweep()
        if runs("Settle") and self.functions.triggers["trigger-1"] == "Enabled":
            world.work()
        if runs("SendPayout") and self.functions.triggers["trigger-2"] == "Enabled":
            world.send()

    def _invoke_watched(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        if not self.functions.runs(function):
            raise refused("TooManyRequestsException", "Invoke")
        self._told("before", f"invoke {function}")
        answer = self._invoke(function, event)
        self._told("after", f"invoke {function}")
        return answer

    def _told(self, moment: str, call: str) -> None:
        if moment == "before":
            self.log.append(call)
        if (len(self.log), moment) in self.dies_at:
            raise Died(f"{moment} {call}")
