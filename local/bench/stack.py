"""What the benches run on: the bundle's tables, queues, bus, secrets and switch in a local cloud,
and each function's variables, all as the template has them.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.cloud import template
from local.cloud.ministack import CREDENTIALS, LocalCloud
from local.processes import ROOT

FUNCTIONS = sorted(app.parent.name for app in (ROOT / "functions").glob("*/app.py"))
SERVER_KEY = "server-key-of-the-bench"
# Nothing is held up by a cap, and the sweep looks at a payment as soon as it is told to.
PARAMETERS = {
    "PayoutCap": "1000",
    "PayoutUserDailyCap": "1000",
    "PayoutWalletDailyCap": "100000",
    "FirstLookSeconds": "1",
}


class Context:
    """The Lambda context, as far as the handlers read it."""

    function_name = "bench"
    aws_request_id = "7d1b8d0c-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


def variables(
    function: str, pi: str, names: Mapping[str, str] | None = None, **parameters: str
) -> dict[str, str]:
    """Those of a function, with the Pi of this URL. `names` of resources by their logical ids;
    without any, each has its logical id for a name."""
    given = PARAMETERS | {"PiApiUrl": f"{pi}/v2", "HorizonUrl": f"{pi}/horizon"} | parameters
    known = names or {}
    return template.variables(
        template.function_of(function), given, lambda name: known.get(name, name)
    )


def process_environment(*path: Path) -> dict[str, str]:
    """As in Lambda: this on the path, no proxy, no bytecode made."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        **CREDENTIALS,
    }


def make_resources(cloud: LocalCloud, wallet_seed: str = "") -> dict[str, str]:
    """Make them, with the key and a product in place and payouts on; their names by logical id."""
    resources = template.bundle()["Resources"]
    for table, declared in template.of_type(template.bundle(), "AWS::DynamoDB::Table").items():
        keys = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        described = {
            key: declared["Properties"][key] for key in keys if key in declared["Properties"]
        }
        cloud.dynamodb.create_table(TableName=table, **described)
    cloud.dynamodb.put_item(
        TableName="ProductsTable",
        Item={
            "product_id": {"S": "apple_pie_1"},
            "name": {"S": "Apple pie"},
            "active": {"BOOL": True},
            "price": {"S": "3.14"},
        },
    )
    sqs: Any = cloud.session.client("sqs", endpoint_url=cloud.endpoint)
    names = {"Bus": "bus", "PayoutsSwitch": "/bench/payouts"}
    for queue, name in (("WakeUps", "wake-ups"), ("Payouts", "payouts.fifo")):
        declared = resources[queue]["Properties"]
        attributes = {"VisibilityTimeout": str(declared["VisibilityTimeout"])}
        if declared.get("FifoQueue"):
            attributes["FifoQueue"] = "true"
        names[queue] = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    bridge: Any = cloud.session.client("events", endpoint_url=cloud.endpoint)
    bridge.create_event_bus(Name=names["Bus"])
    for secret, value in (("ServerKey", SERVER_KEY), ("WalletSeed", wallet_seed or "none")):
        made = cloud.secrets.create_secret(Name=secret, SecretString=value)
        names[secret] = made["ARN"]
    cloud.parameters.put_parameter(Name=names["PayoutsSwitch"], Value="on", Type="String")
    return names
