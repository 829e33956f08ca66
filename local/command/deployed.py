"""A deployed stack, as its operator reaches it: with the operator's own AWS credentials.

The laptop reads, by the same code that the functions run. Whatever changes a record is asked of a
function of the stack, so that the deployed version decides, under its own role.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.cloud.ministack import REGION, ROOT_KEY
from local.cloud.stack import STACK
from local.processes import ROOT
from shared.app import App
from shared.base.settings import Settings
from shared.edges import Edges

LONGEST_RUN_SECONDS = 310  # of a function that is invoked: the wallet's proof
# Between them they know each table, queue, secret, switch and limit.
READ_AS = ("Settle", "SendPayout", "RequestPayout")

Invoke = Callable[[str, Mapping[str, Any]], dict[str, Any]]


class StackError(RuntimeError):
    """The stack cannot be reached, or refuses: a sentence that says what to do."""


class Refused(StackError):
    """By the stack's own code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """`outputs` and `parameters` are the stack's, `app` reads what it holds, `aws` gives a client
    by boto3's name for its service, `invoke` calls a function by its logical id."""

    name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    app: App
    aws: Callable[[str], Any]
    invoke: Invoke

    @property
    def option(self) -> str:
        """What a command needs to reach this stack, and no other."""
        return "--local" if self.name == STACK else f"--stack {self.name}"

    def ringing(self) -> dict[str, str]:
        """The alarms of this stack, and of none whose name begins alike, that ring; each with its
        description, which says where the runbook has it."""
        pages = (
            self.aws("cloudwatch")
            .get_paginator("describe_alarms")
            .paginate(AlarmNamePrefix=f"{self.name}-", StateValue="ALARM")
        )
        own = re.compile(rf"{re.escape(self.name)}-[A-Za-z]+(-[A-Z0-9]+)?")
        return {
            str(alarm["AlarmName"]): str(alarm.get("AlarmDescription", ""))
            for page in pages
            for alarm in page["MetricAlarms"]
            if own.fullmatch(alarm["AlarmName"])
        }

    def command(self, name: str, **given: Any) -> dict[str, Any]:
        """What the function for commands answers. Raises StackError where it refuses."""
        event = {key: value for key, value in given.items() if value is not None}
        return accepted(self.invoke("Operate", {"command": name, **event}))

    def switch_payouts(self, value: str) -> None:
        """`on` or `off`. What was submitted before is finished all the same."""
        name = self.app.settings.text("PAYOUTS_SWITCH")
        self.aws("ssm").put_parameter(Name=name, Value=value, Overwrite=True)

    def decide(self, payout_id: str, decision: str, **given: Any) -> dict[str, Any]:
        """What becomes of a payout. Raises StackError where it is refused."""
        event = {"payout_id": payout_id, "decision": decision, **given}
        return accepted(self.invoke("DecidePayout", event))


def accepted(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise Refused(answer["error"], answer["error_message"])
    return answer


def on_aws(name: str, region: str | None, profile: str | None) -> Deployed:
    """A stack of the operator's account. Raises StackError: there is none of this name."""
    return opened(name, clients(region, profile))


def clients(region: str | None, profile: str | None) -> Callable[[str], Any]:
    """A client of the operator's account, by boto3's name for its service."""
    return cache(partial(_client, boto3.Session(profile_name=profile, region_name=region), None))


def on_this_machine() -> Deployed:
    """The one that `make run` has deployed. Raises StackError: it is not running."""
    endpoints = Path(os.environ.get("LOCAL_HOME") or ROOT / ".local") / "endpoints.json"
    try:
        served = json.loads(endpoints.read_text())
    except FileNotFoundError:
        raise StackError("Nothing runs on this machine. Start it: make run") from None
    session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
    deployed = opened(STACK, cache(partial(_client, session, served["aws"])))
    # The local cloud has the API at another address than AWS would.
    return replace(deployed, outputs={**deployed.outputs, "ApiUrl": served["api"]})


def _client(session: boto3.Session, endpoint: str | None, service: str) -> Any:
    make: Any = session.client  # typed for literal names only
    # A function that was invoked is never invoked again by itself.
    attempts = 1 if service == "lambda" else 3
    config = Config(
        read_timeout=LONGEST_RUN_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return make(service, endpoint_url=endpoint, config=config)


def opened(name: str, aws: Callable[[str], Any]) -> Deployed:
    """The stack of this name. Raises StackError: there is none."""
    cloudformation = aws("cloudformation")
    try:
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise StackError(f"There is no stack {name} in this region. Name it: --stack") from None
    if (status := str(stack["StackStatus"])).startswith("DELETE"):
        raise StackError(f"{name} is {status}. aws cloudformation delete-stack tries it again.")
    functions = functions_of(cloudformation, name)

    def variables(function: str) -> Mapping[str, str]:
        found = aws("lambda").get_function_configuration(FunctionName=functions[function])
        return dict(found["Environment"]["Variables"])

    settings = {key: text for one in READ_AS for key, text in variables(one).items()}
    return Deployed(
        name=name,
        outputs={one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])},
        parameters={
            one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])
        },
        app=App(Settings(settings), Edges(aws=aws)),
        aws=aws,
        invoke=partial(_invoke, aws, functions),
    )


def scanned(dynamodb: Any, table: str) -> Iterator[dict[str, Any]]:
    """All that a table holds, page by page, in DynamoDB's wire form."""
    call = {"TableName": table, "ConsistentRead": True}
    while True:
        page = dynamodb.scan(**call)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        call["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def functions_of(cloudformation: Any, stack: str) -> dict[str, str]:
    """Physical names by logical id."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == "AWS::Lambda::Function"
    }


def _invoke(
    aws: Callable[[str], Any], functions: Mapping[str, str], function: str, event: Mapping[str, Any]
) -> dict[str, Any]:
    answer = aws("lambda").invoke(FunctionName=functions[function], Payload=json.dumps(event))
    told: dict[str, Any] = json.loads(answer["Payload"].read() or "{}")
    if "FunctionError" in answer:
        raise StackError(f"{function} has failed: {told.get('errorMessage')}. See its log.")
    return told
