"""Take a stack down, and leave its ledger: the tables and the wallet's seed stay.

What hears of the stack goes first: another stack's rule on its bus would hold up the deletion. Then
nothing new is begun, what is open ends, the queues run empty, and the functions are stopped: none
is half taken away while it pays.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from local.command.deployed import Deployed, StackError
from local.command.read.attention import unfinished
from local.command.read.dead_letters import DEAD_LETTERS, waiting
from local.command.restore_journal import require_none
from local.command.stack import pause
from local.command.stack.deploy import environment_option
from local.command.tell import Row

KINDS = ("payment", "payout", "reward")
QUEUES = {"wake-ups": "WAKE_UP_QUEUE_URL", "payouts": "PAYOUT_QUEUE_URL"}
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
TABLE, SECRET = "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"
LOOK_EVERY_SECONDS = 15
DELETION_SECONDS, DELETION_LOOKS = 10, 360
# Of DynamoDB and Secrets Manager, in us-east-1, in USD a month; elsewhere a little more.
STORED_GB, RECOVERABLE_GB, ONE_SECRET = 0.25, 0.20, 0.40
GB = 10**9

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Resource:
    logical: str
    physical: str
    kind: str


# --- What stays -----------------------------------------------------------------------------------


def left(deployed: Deployed) -> list[Row]:
    """What the deletion leaves, and about what it costs a month."""
    tables = [_table(deployed, one) for one in _resources(deployed) if one.kind == TABLE]
    seed = deployed.outputs["WalletSeedSecretArn"]
    return [*tables, {"what": "WalletSeed", "name": seed, "usd_a_month": ONE_SECRET}]


def _table(deployed: Deployed, table: Resource) -> Row:
    described = deployed.aws("dynamodb").describe_table(TableName=table.physical)["Table"]
    size = int(described["TableSizeBytes"])
    indexes = described.get("GlobalSecondaryIndexes", [])
    whole = size + sum(int(index.get("IndexSizeBytes", 0)) for index in indexes)
    cost = (whole * STORED_GB + size * RECOVERABLE_GB) / GB
    return {"what": table.logical, "name": table.physical, "usd_a_month": round(cost, 2)}


def taken_over_by(stack: str, stays: list[Row]) -> str:
    """The command that gives a new stack of the same name these tables."""
    tables = [row for row in stays if row["what"].endswith("Table")]
    options = " ".join(f"--take-over {row['what']}={row['name']}" for row in tables)
    return f"pi-bundle deploy{environment_option(stack)} {options}"


def _resources(deployed: Deployed) -> Iterator[Resource]:
    client = deployed.aws("cloudformation")
    for page in client.get_paginator("list_stack_resources").paginate(StackName=deployed.name):
        for one in page["StackResourceSummaries"]:
            yield Resource(one["LogicalResourceId"], one["PhysicalResourceId"], one["ResourceType"])


# --- What is in the way ---------------------------------------------------------------------------


def require_alone(deployed: Deployed) -> None:
    """Raises StackError: a restore is under way, AWS protects the stack, or another stack's rule
    hangs on its bus."""
    require_none(deployed)
    [stack] = deployed.aws("cloudformation").describe_stacks(StackName=deployed.name)["Stacks"]
    if stack.get("EnableTerminationProtection"):
        raise StackError(
            "The stack is protected against termination. Take that off first: aws cloudformation"
            f" update-termination-protection --no-enable-termination-protection --stack-name"
            f" {deployed.name}"
        )
    if rules := list(_foreign_rules(deployed)):
        raise StackError(
            f"These rules on the stack's bus are not its own: {', '.join(rules)}. What hears of the"
            " stack goes first: delete their stacks."
        )


def _foreign_rules(deployed: Deployed) -> Iterator[str]:
    """A rule's physical name is `<bus>|<rule>`, and EventBridge keeps one itself for an archive."""
    own = {one.physical.rpartition("|")[2] for one in _resources(deployed)}
    pages = deployed.aws("events").get_paginator("list_rules")
    for page in pages.paginate(EventBusName=deployed.outputs["EventBusName"]):
        for rule in page["Rules"]:
            if rule["Name"] not in own and "ManagedBy" not in rule:
                yield str(rule["Name"])


def still_open(deployed: Deployed) -> list[Row]:
    """What has not come to its end, with what an operator can do about it."""
    rows = [
        {"what": what, "id": row.key, "why": row.needs_review or "open", "next": f"why {row.key}"}
        for what in KINDS
        for row in unfinished(deployed.app, what)
    ]
    for name, setting in QUEUES.items():
        if number := _messages(deployed, deployed.app.settings.text(setting)):
            rows.append({"what": "queue", "id": name, "why": f"{number} messages", "next": "sweep"})
    for name in DEAD_LETTERS:
        if number := waiting(deployed, name):
            told = f"{number} messages"
            rows.append(
                {"what": "dead letters", "id": name, "why": told, "next": f"redrive {name}"}
            )
    return [{**row, "next": f"pi-bundle {row['next']} {deployed.option}"} for row in rows]


def _messages(deployed: Deployed, url: str) -> int:
    answer = deployed.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))
    return sum(int(answer["Attributes"].get(name, 0)) for name in COUNTS)


# --- Step by step ---------------------------------------------------------------------------------


def come_to_rest(deployed: Deployed, seconds: int, say: Say) -> list[Row]:
    """What is open after so long, with payments and payouts off. Functions that a former run has
    stopped are started for it."""
    say("Switch payments and payouts off")
    deployed.switch_payouts("off")
    if pause.is_any_stopped(deployed):
        pause.go_on(deployed, pause.as_deployed(deployed))
    deployed.command("sales", switch="off")
    return _run_out(deployed, seconds, say)


def _run_out(deployed: Deployed, seconds: int, say: Say) -> list[Row]:
    give_up = deployed.app.clock() + seconds
    while (rows := still_open(deployed)) and deployed.app.clock() < give_up:
        say(f"{len(rows)} open")
        deployed.invoke("Sweep", {})
        deployed.app.edges.sleep(LOOK_EVERY_SECONDS)
    return rows


def go_on(deployed: Deployed) -> Row:
    """Instead of the deletion: the functions run. The switches stay off. Raises StackError."""
    require_none(deployed)
    pause.go_on(deployed, pause.as_deployed(deployed))
    switches = [f"pi-bundle {one} on {deployed.option}" for one in ("payments", "payouts")]
    return {"stack": deployed.name, "functions": "run", "next": switches}


def delete(deployed: Deployed, say: Say) -> None:
    """The functions are stopped, then the stack is deleted. Where AWS refuses that, they go on.
    Raises StackError."""
    require_alone(deployed)  # it has waited long
    before = pause.standing(deployed)
    say("Stop the functions")
    pause.stop(deployed)
    deployed.app.edges.sleep(pause.longest_run(deployed))
    say("Delete the stack")
    client = deployed.aws("cloudformation")
    [stack] = client.describe_stacks(StackName=deployed.name)["Stacks"]
    try:
        client.delete_stack(StackName=deployed.name)
    except ClientError:
        pause.go_on(deployed, before)
        raise
    _wait(client, stack["StackId"])


def _wait(client: Any, stack_id: str) -> None:
    """By its id: once it is gone, its name finds it no more."""
    waits = {"Delay": DELETION_SECONDS, "MaxAttempts": DELETION_LOOKS}
    try:
        client.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig=waits)
    except WaiterError:
        reasons = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in client.describe_stack_events(StackName=stack_id)["StackEvents"]
            if event["ResourceStatus"] == "DELETE_FAILED"
        ]
        told = f"The deletion has not ended. {'; '.join(reasons)}. When that is mended:"
        raise StackError(
            f"{told} aws cloudformation delete-stack --stack-name {stack_id}"
        ) from None
