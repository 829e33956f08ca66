"""What keeps an operator's money and nerves: retention, recovery, encryption, logs, limits."""

import re
from typing import Any

import pytest

from local.cloud.template import Template, of_type
from local.processes import ROOT


def index(name: str, key: str, then: str, *shown: str) -> dict[str, Any]:
    """Its projection is of the keys alone, or of what is `shown` as well."""
    more = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(shown)}
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": key, "KeyType": "HASH"},
            {"AttributeName": then, "KeyType": "RANGE"},
        ],
        "Projection": more if shown else {"ProjectionType": "KEYS_ONLY"},
    }


DUE = index("due", "due_shard", "due_at")
# The sweep counts and paces from the index alone.
DUE_AND_COUNTED = index("due", "due_shard", "due_at", "created_at", "attention", "owed")
SHOWN = ("state", "attention", "amount", "product_id", "quantity", "txid", "completed_at")
BY_USER = index("by_user", "uid", "created_at", *SHOWN)
BY_USERNAME = index("by_username", "username", "created_at", "uid", "state", "attention", "amount")
PAYMENTS_BY_DAY = index(
    "by_day", "settled_on", "payment_id", "amount", "txid", "to_address", "started_at"
)
PAID_OUT = ("amount", "txid", "payment_id", "from_address", "requested_at")
PAYOUTS_BY_DAY = index("by_day", "settled_on", "payout_id", *PAID_OUT)
REWARDS_BY_DAY = index("by_day", "day", "id")
TABLES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "PaymentsTable": ("payment_id", [DUE_AND_COUNTED, BY_USER, BY_USERNAME, PAYMENTS_BY_DAY]),
    "ProductsTable": ("product_id", []),
    "RewardsTable": ("id", [DUE, REWARDS_BY_DAY]),
    "NotificationsTable": ("id", [DUE]),
    "PayoutsTable": ("payout_id", [DUE_AND_COUNTED, PAYOUTS_BY_DAY]),
}
# Nobody waits for these.
BACKGROUND_SECONDS = {
    "Sweep": 60,
    "Settle": 120,
    "SendPayout": 60,
    "ProveWallet": 300,
    "Operate": 60,
}


def test_the_tables_are_these(translated: Template) -> None:
    assert set(of_type(translated, "AWS::DynamoDB::Table")) == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_outlives_its_stack_and_every_mistake(translated: Template, table: str) -> None:
    resource = translated["Resources"][table]
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"
    properties = resource["Properties"]
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Fn::If": ["IsProd", True, False]}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_its_key_and_all_its_indexes(translated: Template, table: str) -> None:
    """All from the first deployment: CloudFormation changes one index per update."""
    key, indexes = TABLES[table]
    properties = translated["Resources"][table]["Properties"]
    assert properties["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]
    assert properties.get("GlobalSecondaryIndexes", []) == indexes


def test_only_rewards_expire(translated: Template) -> None:
    expiring = {
        name: table["Properties"]["TimeToLiveSpecification"]
        for name, table in of_type(translated, "AWS::DynamoDB::Table").items()
        if "TimeToLiveSpecification" in table["Properties"]
    }
    assert expiring == {"RewardsTable": {"AttributeName": "expires_at", "Enabled": True}}


def test_the_secrets_are_made_without_a_value(translated: Template) -> None:
    secrets = of_type(translated, "AWS::SecretsManager::Secret")
    assert set(secrets) == {"ServerKey", "WalletSeed", "WebhookSecret"}
    for name in ("ServerKey", "WalletSeed"):
        assert set(secrets[name]["Properties"]) == {"Description"}


def test_the_wallets_seed_outlives_its_stack_and_every_mistake(translated: Template) -> None:
    """It may be the only copy of the key to real money."""
    seed = translated["Resources"]["WalletSeed"]
    assert seed["DeletionPolicy"] == "RetainExceptOnCreate"
    assert seed["UpdateReplacePolicy"] == "Retain"


def test_promise_6_whoever_may_read_secrets_only_the_sender_reads_the_seed(
    translated: Template,
) -> None:
    """A denial alone, and of reading alone: the operator puts another seed, an administrator may
    change the policy. Who has no ARN, as a service of AWS, is refused too."""
    (policy,) = of_type(translated, "AWS::SecretsManager::ResourcePolicy").values()
    assert "DeletionPolicy" not in policy
    properties = policy["Properties"]
    assert properties["SecretId"] == {"Ref": "WalletSeed"}
    assert properties["BlockPublicPolicy"] is True
    (statement,) = properties["ResourcePolicy"]["Statement"]
    del statement["Sid"]
    assert statement == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
        "Condition": {
            "ArnNotEquals": {"aws:PrincipalArn": {"Fn::GetAtt": ["SendPayoutRole", "Arn"]}}
        },
    }


def test_payouts_are_off_until_the_operator_switches_them_on(translated: Template) -> None:
    """A parameter of the stack's own, which no parameter of the template can switch on."""
    (switch,) = of_type(translated, "AWS::SSM::Parameter").values()
    assert switch["Properties"]["Value"] == "off"
    assert switch["Properties"]["Name"] == {"Fn::Sub": "/${AWS::StackName}/payouts"}


def test_only_the_sender_has_the_chain_layer_and_the_wallets_seed(translated: Template) -> None:
    layers, told = {}, set()
    for name, function in of_type(translated, "AWS::Lambda::Function").items():
        properties = function["Properties"]
        layers[name] = [layer["Ref"].rstrip("0123456789abcdef") for layer in properties["Layers"]]
        if "WALLET_SEED_SECRET_ARN" in properties["Environment"]["Variables"]:
            told.add(name)
    assert told == {"SendPayout"}
    assert layers.pop("SendPayout") == ["SharedLayer", "ChainLayer"]
    assert all(others == ["SharedLayer"] for others in layers.values())


def test_every_function_logs_to_a_declared_group_of_this_stack(translated: Template) -> None:
    for name, function in of_type(translated, "AWS::Lambda::Function").items():
        folder = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
        assert function["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}
        group = translated["Resources"][f"{name}Logs"]["Properties"]
        assert group["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{folder}"}


def test_no_log_is_kept_for_ever(translated: Template) -> None:
    for group in of_type(translated, "AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_every_function_is_of_one_kind(translated: Template) -> None:
    for name, function in of_type(translated, "AWS::Lambda::Function").items():
        properties = function["Properties"]
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == ["arm64"]
        assert properties["Handler"] == "app.handler"
        assert properties["Timeout"] == BACKGROUND_SECONDS.get(name, 15)
        # An account of its first day has 10 executions at once and can reserve none of them.
        assert "ReservedConcurrentExecutions" not in properties


def test_every_function_has_its_folder(written: Template) -> None:
    folders = {
        function["Properties"]["CodeUri"]
        for function in of_type(written, "AWS::Serverless::Function").values()
    }
    assert folders == {
        f"functions/{app.parent.name}" for app in (ROOT / "functions").glob("*/app.py")
    }


def test_two_stacks_share_no_metric(translated: Template) -> None:
    for function in of_type(translated, "AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "PiBundle"


def test_every_parameter_is_described_and_constrained(written: Template) -> None:
    grouped = [
        parameter
        for group in written["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        for parameter in group["Parameters"]
    ]
    assert sorted(grouped) == sorted(written["Parameters"])
    for name, parameter in written["Parameters"].items():
        assert parameter["Description"]
        assert "Default" in parameter, f"{name}: a plain `sam deploy` must work"
        limits = {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter)
        assert limits or parameter["Type"] == "CommaDelimitedList"


def test_every_output_is_described(written: Template) -> None:
    assert {"ApiUrl", "ServerKeySecretArn", "ProductsTableName"} <= set(written["Outputs"])
    for output in written["Outputs"].values():
        assert output["Description"]
