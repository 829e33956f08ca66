"""Deploy a stack: six questions, asked once; a change set that rolls back by itself when an alarm
rings; and the tables of a stack that is gone, taken over.

SAM builds and uploads. The change set is made here, since SAM's own knows no rollback triggers and
imports no tables.
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from subprocess import run
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from local.cloud import template
from local.command.deployed import StackError
from local.command.tell import Row
from local.processes import ROOT

ANSWERS = ROOT / ".deploy"  # ignored by git: the operator's own
PACKAGED = ROOT / ".aws-sam" / "packaged.yaml"
SAM_STACK = "aws-sam-cli-managed-default"  # whose bucket SAM uploads to
LEDGER = frozenset({"PaymentsTable", "PayoutsTable", "RewardsTable"})
QUESTIONS = {
    "PiNetwork": "Pi's network of your app",
    "PiAppId": "Your app's id at Pi; empty: tokens of other apps are not refused",
    "PiWalletAddress": "Your app's wallet, G...; empty: payments to any wallet are taken",
    "AllowOrigins": "The origins of your pages, with commas between",
    "AlarmEmail": "Who hears the alarms: an e-mail address; empty: nobody",
    "WebhookUrl": "Where events are posted, https://...; empty: nowhere",
}
# At most five: what sells and what pays, and a bug anywhere.
TRIGGERS = (
    *("ApiErrorsAlarm", "UnexpectedErrorAlarm", "ServiceUnavailableAlarm"),
    *("WakeUpDeadLettersAlarm", "PayoutDeadLettersAlarm"),
)
WATCHED_MINUTES = 10
STEP_SECONDS, MOST_STEPS = 5, 720


@dataclass(frozen=True, slots=True)
class Environment:
    """One of samconfig.toml: its stack, and what it is deployed with whatever is answered."""

    name: str
    stack: str
    fixed: Mapping[str, str]

    @property
    def answers(self) -> Path:
        return ANSWERS / f"{self.name}.json"


def environment(name: str) -> Environment:
    """Raises StackError: there is none of this name."""
    config = _config()
    if name not in config or name == "version":
        known = ", ".join(one for one in config if one != "version")
        raise StackError(f"samconfig.toml has no {name}. It has: {known}")
    overrides = config[name]["deploy"]["parameters"]["parameter_overrides"]
    fixed = {key: text.strip('"') for key, _, text in (one.partition("=") for one in overrides)}
    return Environment(name, config[name]["global"]["parameters"]["stack_name"], fixed)


def environment_option(stack: str) -> str:
    """What `pi-bundle deploy` is told to deploy this stack: ` --env staging`; empty for that of the
    default, and for a stack that samconfig.toml does not name."""
    names = [name for name in _config() if name not in ("version", "default")]
    return next((f" --env {name}" for name in names if environment(name).stack == stack), "")


def _config() -> dict[str, Any]:
    return tomllib.loads((ROOT / "samconfig.toml").read_text())


# --- The questions --------------------------------------------------------------------------------


def answered(
    env: Environment, ask: Callable[[str, str, str], str], stands: Mapping[str, str]
) -> dict[str, str]:
    """What the operator has answered, now or before; `ask` is given the parameter, the question and
    its default: what the stack has, if it `stands`. Each answer is checked as the template does."""
    known = json.loads(env.answers.read_text()) if env.answers.exists() else {}
    declared = template.bundle()["Parameters"]
    for name, question in QUESTIONS.items():
        while name not in known:
            answer = ask(name, question, stands.get(name, str(declared[name]["Default"]))).strip()
            if wrong := fault(declared[name], answer):
                sys.stderr.write(f"{wrong}\n")
            else:
                known[name] = answer
    env.answers.parent.mkdir(exist_ok=True)
    env.answers.write_text(json.dumps(known, indent=2) + "\n")
    return {**env.fixed, **known}


def fault(declared: Mapping[str, Any], answer: str) -> str | None:
    """Why the template would not take this; None: it would."""
    allowed = declared.get("AllowedValues")
    if allowed is not None and answer not in allowed:
        return f"One of: {', '.join(map(str, allowed))}"
    parts = answer.split(",") if declared["Type"] == "CommaDelimitedList" else [answer]
    pattern = declared.get("AllowedPattern")
    if pattern and not all(re.fullmatch(pattern, part) for part in parts):
        return f"Expected {declared.get('ConstraintDescription', pattern)}"
    return None


# --- Build and upload -----------------------------------------------------------------------------


def package(env: Environment, region: str | None, profile: str | None) -> Path:
    """The template with its code uploaded, by SAM. Raises StackError."""
    sam = [sys.executable, "-m", "samcli"]
    named = {"--region": region, "--profile": profile}
    options = [word for name, text in named.items() if text for word in (name, text)]
    _run([*sam, "build", "--config-env", env.name])
    _run([*sam, "package", "--resolve-s3", "--output-template-file", str(PACKAGED), *options])
    return PACKAGED


def _run(command: list[str]) -> None:
    if run(command, cwd=ROOT, check=False).returncode != 0:
        raise StackError(f"{' '.join(command[2:4])} has failed: see above.")


def uploaded(aws: Callable[[str], Any], file: Path) -> str:
    """The template's address: it is larger than a call may be."""
    [stack] = aws("cloudformation").describe_stacks(StackName=SAM_STACK)["Stacks"]
    [bucket] = [o["OutputValue"] for o in stack["Outputs"] if o["OutputKey"] == "SourceBucket"]
    body = file.read_bytes()
    s3, key = aws("s3"), f"pi-bundle/{sha256(body).hexdigest()}.yaml"
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return f"{s3.meta.endpoint_url}/{bucket}/{key}"


# --- The change set -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A change set that is ready; `changes` is what it would do."""

    stack: str
    name: str
    kind: str
    changes: list[Row]


def status_of(aws: Callable[[str], Any], stack: str) -> str | None:
    """The stack's status; None: there is none."""
    try:
        [found] = aws("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return str(found["StackStatus"])


def standing(aws: Callable[[str], Any], stack: str) -> dict[str, str]:
    """What the stack was deployed with, as far as the template still has it; empty: there is
    none."""
    if status_of(aws, stack) is None:
        return {}
    [found] = aws("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    declared = template.bundle()["Parameters"]
    given = {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}
    return {name: text for name, text in given.items() if name in declared}


def change_set(
    aws: Callable[[str], Any],
    stack: str,
    template_url: str,
    parameters: Mapping[str, str],
    *,
    number: int,
) -> Change | None:
    """What a deployment would change; None: nothing. It rolls back when one of the stack's alarms
    rings while it is deployed, or ten minutes after. Raises StackError."""
    status = status_of(aws, stack)
    is_new = status in (None, "REVIEW_IN_PROGRESS")
    kept = [] if is_new else [name for name in standing(aws, stack) if name not in parameters]
    triggers = [] if is_new else _triggers(aws, stack)
    given: dict[str, Any] = {
        "RollbackConfiguration": {
            "RollbackTriggers": triggers,
            "MonitoringTimeInMinutes": WATCHED_MINUTES if triggers else 0,
        },
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        "TemplateURL": template_url,
        "Parameters": [
            *({"ParameterKey": key, "ParameterValue": text} for key, text in parameters.items()),
            *({"ParameterKey": key, "UsePreviousValue": True} for key in kept),
        ],
    }
    return _made(aws, stack, f"pi-bundle-{number}", "CREATE" if is_new else "UPDATE", given)


def _triggers(aws: Callable[[str], Any], stack: str) -> list[dict[str, str]]:
    """The alarms of the stack as it stands."""
    pages = aws("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    names = [
        one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["LogicalResourceId"] in TRIGGERS
    ]
    if not names:
        return []
    alarms = aws("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return [{"Arn": one["AlarmArn"], "Type": "AWS::CloudWatch::Alarm"} for one in alarms]


def _made(
    aws: Callable[[str], Any], stack: str, name: str, kind: str, given: Mapping[str, Any]
) -> Change | None:
    cloudformation = aws("cloudformation")
    cloudformation.create_change_set(
        StackName=stack, ChangeSetName=name, ChangeSetType=kind, **given
    )
    which = {"StackName": stack, "ChangeSetName": name}
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(
            **which, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
    except WaiterError:
        told = cloudformation.describe_change_set(**which)
        cloudformation.delete_change_set(**which)
        reason = str(told.get("StatusReason", told["Status"]))
        if "didn't contain changes" in reason or "No updates" in reason:
            return None
        raise StackError(f"The change set has failed: {reason}") from None
    changes = list(_changes(cloudformation, which))
    _require_tables(changes)
    return Change(stack, name, kind, changes)


def _require_tables(changes: list[Row]) -> None:
    """Raises StackError: the ledger would begin anew, empty."""
    for row in changes:
        is_table = row["type"] == "AWS::DynamoDB::Table"
        is_gone = row["does"] == "Remove" or row["replaces"] == "True"
        if is_table and is_gone:
            raise StackError(f"This would replace {row['what']}, and the new one is empty.")


def _changes(cloudformation: Any, which: Mapping[str, str]) -> Iterator[Row]:
    pages = cloudformation.get_paginator("describe_change_set").paginate(**which)
    for change in (change for page in pages for change in page["Changes"]):
        one = change["ResourceChange"]
        yield {
            "does": one["Action"],
            "what": one["LogicalResourceId"],
            "type": one["ResourceType"],
            "replaces": one.get("Replacement"),
        }


def discard(aws: Callable[[str], Any], change: Change) -> None:
    """A change set that was only looked at leaves no trace, nor does the stack it would make."""
    cloudformation = aws("cloudformation")
    cloudformation.delete_change_set(StackName=change.stack, ChangeSetName=change.name)
    if status_of(aws, change.stack) == "REVIEW_IN_PROGRESS":
        cloudformation.delete_stack(StackName=change.stack)


def carry_out(aws: Callable[[str], Any], change: Change) -> None:
    """Raises StackError: it failed, and what was before stands again."""
    cloudformation = aws("cloudformation")
    cloudformation.execute_change_set(StackName=change.stack, ChangeSetName=change.name)
    waiter = cloudformation.get_waiter(f"stack_{change.kind.lower()}_complete")
    try:
        waiter.wait(
            StackName=change.stack,
            WaiterConfig={"Delay": STEP_SECONDS, "MaxAttempts": MOST_STEPS},
        )
    except WaiterError:
        status = status_of(aws, change.stack)
        reasons = "; ".join(_failures(cloudformation, change.stack))
        raise StackError(f"{change.stack} is {status}: {reasons or 'see its events'}") from None


def _failures(cloudformation: Any, stack: str) -> Iterator[str]:
    for event in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]:
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
            yield f"{event['LogicalResourceId']}: {reason}"


# --- Tables of a stack that is gone ---------------------------------------------------------------


def named_tables(pairs: Iterable[str]) -> dict[str, str]:
    """Physical names by logical id, of `PaymentsTable=its-name`. Raises StackError."""
    named = dict[str, str]()
    for pair in pairs:
        logical, _, physical = pair.partition("=")
        if not physical:
            raise StackError(f"--take-over {pair}: give it as PaymentsTable=its-name.")
        named[logical] = physical
    return named


def _require_fit(dynamodb: Any, logical: str, declared: Mapping[str, Any], physical: str) -> None:
    """CloudFormation takes over whatever has the name. Raises StackError."""
    try:
        found = dynamodb.describe_table(TableName=physical)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        raise StackError(f"There is no table {physical} in this region.") from None
    if found["KeySchema"] != declared["KeySchema"]:
        key = found["KeySchema"][0]["AttributeName"]
        raise StackError(f"{physical} is no {logical}: its key is {key}.")
    indexes = {one["IndexName"] for one in declared.get("GlobalSecondaryIndexes", ())}
    standing = {one["IndexName"] for one in found.get("GlobalSecondaryIndexes", ())}
    if missing := indexes - standing:
        raise StackError(f"{physical} is no {logical}: it has no index {min(missing)}.")


def take_over(
    aws: Callable[[str], Any],
    stack: str,
    tables: Mapping[str, str],
    parameters: Mapping[str, str],
    *,
    number: int,
) -> Change | None:
    """A change set that makes the stack of these tables alone, physical names by logical id, with
    all that they hold; the next deployment adds the rest. Raises StackError."""
    if status_of(aws, stack) not in (None, "REVIEW_IN_PROGRESS"):
        raise StackError(f"{stack} stands: only a new stack takes tables over.")
    bundle = template.load(ROOT / "template.yaml")
    declared = template.of_type(bundle, "AWS::DynamoDB::Table")
    if unknown := tables.keys() - declared.keys():
        raise StackError(f"No table is called {min(unknown)}: {', '.join(sorted(declared))}")
    for logical, physical in sorted(tables.items()):
        _require_fit(aws("dynamodb"), logical, declared[logical]["Properties"], physical)
    missing = LEDGER - tables.keys()
    if missing and missing != LEDGER:
        raise StackError(
            f"Take {' and '.join(sorted(missing))} over as well: an empty one knows of no payment, "
            "payout or reward, so what was paid could be paid again."
        )
    only = {
        "AWSTemplateFormatVersion": bundle["AWSTemplateFormatVersion"],
        "Parameters": {"Environment": bundle["Parameters"]["Environment"]},
        "Conditions": {"IsProd": bundle["Conditions"]["IsProd"]},
        # An import demands that what it takes over is retained.
        "Resources": {
            name: {**declared[name], "DeletionPolicy": "Retain"} for name in sorted(tables)
        },
    }
    given: dict[str, Any] = {
        "TemplateBody": json.dumps(only),
        "Parameters": [
            {"ParameterKey": "Environment", "ParameterValue": parameters["Environment"]}
        ],
        "ResourcesToImport": [
            {
                "ResourceType": "AWS::DynamoDB::Table",
                "LogicalResourceId": name,
                "ResourceIdentifier": {"TableName": physical},
            }
            for name, physical in sorted(tables.items())
        ],
    }
    return _made(aws, stack, f"pi-bundle-tables-{number}", "IMPORT", given)
