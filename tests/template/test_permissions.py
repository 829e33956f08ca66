"""Promise 6: each function's role reaches its own tables, queue, bus and secret only."""

import re
from typing import Any

import pytest

from local.cloud.template import Template, of_type

PAYMENTS = "PaymentsTable.Arn"
PRODUCTS = "ProductsTable.Arn"
REWARDS = "RewardsTable.Arn"
NOTIFICATIONS = "NotificationsTable.Arn"
BY_USER = "${PaymentsTable.Arn}/index/by_user"
PAYOUTS = "PayoutsTable.Arn"
QUEUE = "WakeUps.Arn"
KEY = ("secretsmanager:GetSecretValue", "ServerKey.Id")
SEED = ("secretsmanager:GetSecretValue", "WalletSeed.Id")
WAKE = ("sqs:SendMessage", QUEUE)
WAKE_SENDER = ("sqs:SendMessage", "Payouts.Arn")
SWITCH = (
    "ssm:GetParameter",
    "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${PayoutsSwitch}",
)

APPROVES = {
    ("dynamodb:GetItem", PAYMENTS),
    ("dynamodb:PutItem", PAYMENTS),
    ("dynamodb:UpdateItem", PAYMENTS),
    ("dynamodb:GetItem", PRODUCTS),
    KEY,
}
ALLOWED = {
    "VerifyUser": set(),
    "ApprovePayment": APPROVES | {("dynamodb:Query", BY_USER)},
    "CompletePayment": APPROVES | {WAKE},
    "ResolvePayment": APPROVES | {WAKE},
    "GetPayment": {("dynamodb:GetItem", PAYMENTS), ("dynamodb:Query", BY_USER)},
    "ClaimAdReward": {
        ("dynamodb:GetItem", REWARDS),
        ("dynamodb:PutItem", REWARDS),
        ("dynamodb:UpdateItem", REWARDS),
        KEY,
        WAKE,
    },
    # It reads no payment, no reward and no notification. The key is for Pi's list of open payouts.
    "Sweep": {
        KEY,
        WAKE_SENDER,
        ("dynamodb:Query", "${PayoutsTable.Arn}/index/due"),
        ("dynamodb:GetItem", PAYOUTS),
        ("dynamodb:UpdateItem", PAYOUTS),
        ("dynamodb:Query", "${PaymentsTable.Arn}/index/due"),
        ("dynamodb:Query", "${RewardsTable.Arn}/index/due"),
        ("dynamodb:Query", "${NotificationsTable.Arn}/index/due"),
        ("dynamodb:UpdateItem", NOTIFICATIONS),
        ("dynamodb:UpdateItem", PAYMENTS),
        ("dynamodb:UpdateItem", REWARDS),
        WAKE,
    },
    "ProveWallet": {
        ("dynamodb:Query", "${PaymentsTable.Arn}/index/by_day"),
        ("dynamodb:Query", "${PayoutsTable.Arn}/index/by_day"),
        ("dynamodb:GetItem", PAYMENTS),
        ("dynamodb:GetItem", PAYOUTS),
    },
    "Settle": {
        ("dynamodb:GetItem", PAYMENTS),
        ("dynamodb:PutItem", PAYMENTS),
        ("dynamodb:UpdateItem", PAYMENTS),
        ("dynamodb:GetItem", PRODUCTS),
        ("dynamodb:GetItem", REWARDS),
        ("dynamodb:UpdateItem", REWARDS),
        ("dynamodb:GetItem", NOTIFICATIONS),
        ("dynamodb:UpdateItem", NOTIFICATIONS),
        ("sqs:ReceiveMessage", QUEUE),
        ("sqs:DeleteMessage", QUEUE),
        ("sqs:GetQueueAttributes", QUEUE),
        ("events:PutEvents", "Bus.Arn"),
        KEY,
    },
    "RequestPayout": {
        ("dynamodb:GetItem", PAYOUTS),
        ("dynamodb:PutItem", PAYOUTS),
        ("dynamodb:UpdateItem", PAYOUTS),
        # What a refund gives back of a payment.
        ("dynamodb:GetItem", PAYMENTS),
        ("dynamodb:UpdateItem", PAYMENTS),
        # Whether the recipient's last payment says that he can be paid.
        ("dynamodb:Query", BY_USER),
        SWITCH,
        WAKE_SENDER,
    },
    "SendPayout": {
        ("dynamodb:GetItem", PAYOUTS),
        ("dynamodb:PutItem", PAYOUTS),
        ("dynamodb:UpdateItem", PAYOUTS),
        ("dynamodb:GetItem", PAYMENTS),
        ("dynamodb:UpdateItem", PAYMENTS),
        ("sqs:ReceiveMessage", "Payouts.Arn"),
        ("sqs:DeleteMessage", "Payouts.Arn"),
        ("sqs:GetQueueAttributes", "Payouts.Arn"),
        ("events:PutEvents", "Bus.Arn"),
        KEY,
        SEED,
        SWITCH,
        WAKE_SENDER,
        # What tells a user that it has arrived.
        ("dynamodb:GetItem", NOTIFICATIONS),
        ("dynamodb:PutItem", NOTIFICATIONS),
        WAKE,
    },
    # It writes nothing.
    "ReplayEvents": {
        ("dynamodb:Query", "${PaymentsTable.Arn}/index/by_day"),
        ("dynamodb:Query", "${PayoutsTable.Arn}/index/by_day"),
        ("dynamodb:Query", "${RewardsTable.Arn}/index/by_day"),
        ("dynamodb:GetItem", PAYMENTS),
        ("dynamodb:GetItem", PAYOUTS),
        ("dynamodb:GetItem", REWARDS),
        ("events:PutEvents", "Bus.Arn"),
    },
    "Operate": {
        ("dynamodb:GetItem", PAYMENTS),
        ("dynamodb:UpdateItem", PAYMENTS),
        ("dynamodb:Query", BY_USER),
    },
    "DecidePayout": {
        ("dynamodb:GetItem", PAYOUTS),
        ("dynamodb:UpdateItem", PAYOUTS),
        WAKE_SENDER,
    },
    "NotifyUsers": {
        ("dynamodb:GetItem", NOTIFICATIONS),
        ("dynamodb:PutItem", NOTIFICATIONS),
        WAKE,
    },
}
SCHEDULED = ("Sweep", "ProveWallet")

COMMON = {
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_SERVICE_NAME",
}
ASKS_PI = {"PI_API_URL"}
KNOWS_USERS = ASKS_PI | {"PI_APP_ID"}
SETTLES_WITH = ASKS_PI | {
    "FIRST_LOOK_SECONDS",
    "HORIZON_URL",
    "PAYMENTS_TABLE",
    "PI_NETWORK",
    "PI_WALLET_ADDRESS",
    "SERVER_KEY_SECRET_ARN",
}
TAKES_PAYOUTS_ON = {
    "PAYMENTS_TABLE",
    "PAYOUTS_SWITCH",
    "PAYOUTS_TABLE",
    "PAYOUT_CAP",
    "PAYOUT_LEAST_AMOUNT",
    "PAYOUT_QUEUE_URL",
    "PAYOUT_USER_DAILY_CAP",
    "PAYOUT_USER_DAILY_NUMBER",
    "PAYOUT_WALLET_DAILY_CAP",
}
TOLD = {
    "VerifyUser": KNOWS_USERS,
    "ApprovePayment": SETTLES_WITH | KNOWS_USERS | {"PRODUCTS_TABLE"},
    "CompletePayment": SETTLES_WITH | KNOWS_USERS | {"PRODUCTS_TABLE", "WAKE_UP_QUEUE_URL"},
    "ResolvePayment": SETTLES_WITH | KNOWS_USERS | {"PRODUCTS_TABLE", "WAKE_UP_QUEUE_URL"},
    "GetPayment": KNOWS_USERS | {"PAYMENTS_TABLE"},
    "ClaimAdReward": KNOWS_USERS
    | {
        "REWARDS_TABLE",
        "REWARD_DAILY_CAP",
        "REWARD_FRESH_SECONDS",
        "REWARD_RECHECK_SECONDS",
        "SERVER_KEY_SECRET_ARN",
        "WAKE_UP_QUEUE_URL",
    },
    "Sweep": ASKS_PI
    | {
        "NOTIFICATIONS_TABLE",
        "PAYMENTS_TABLE",
        "PAYOUTS_TABLE",
        "PAYOUT_QUEUE_URL",
        "REWARDS_TABLE",
        "SERVER_KEY_SECRET_ARN",
        "STUCK_ALARM_SECONDS",
        "SWEEP_MINUTES",
        "WAKE_UP_QUEUE_URL",
    },
    "ProveWallet": {"HORIZON_URL", "PAYMENTS_TABLE", "PAYOUTS_TABLE", "PI_NETWORK"},
    "Settle": SETTLES_WITH
    | {
        "CANCEL_UNPAID_AFTER_SECONDS",
        "EVENT_BUS",
        "NOTIFICATIONS_TABLE",
        "PRODUCTS_TABLE",
        "REWARDS_TABLE",
        "SWEEP_CANCELS_AFTER_SECONDS",
    },
    "RequestPayout": TAKES_PAYOUTS_ON,
    "SendPayout": ASKS_PI
    | {
        "EVENT_BUS",
        "FEE_CAP_STROOPS",
        "HORIZON_URL",
        "NOTIFICATIONS_TABLE",
        "NOTIFICATION_TITLE",
        "PAYMENTS_TABLE",
        "PAYOUTS_SWITCH",
        "PAYOUTS_TABLE",
        "PAYOUT_NOTIFICATION",
        "PAYOUT_QUEUE_URL",
        "PI_NETWORK",
        "PI_WALLET_ADDRESS",
        "REFUND_NOTIFICATION",
        "SERVER_KEY_SECRET_ARN",
        "WAKE_UP_QUEUE_URL",
        "WALLET_SEED_SECRET_ARN",
    },
    "ReplayEvents": {"EVENT_BUS", "PAYMENTS_TABLE", "PAYOUTS_TABLE", "REWARDS_TABLE"},
    "Operate": {"PAYMENTS_TABLE"},
    "DecidePayout": {"PAYMENTS_TABLE", "PAYOUTS_TABLE", "PAYOUT_QUEUE_URL"},
    "NotifyUsers": {"NOTIFICATIONS_TABLE", "WAKE_UP_QUEUE_URL"},
}


def role_of(template: Template, function: str) -> dict[str, Any]:
    role, attribute = template["Resources"][function]["Properties"]["Role"]["Fn::GetAtt"]
    assert attribute == "Arn"
    properties: dict[str, Any] = template["Resources"][role]["Properties"]
    return properties


def named(resource: Any) -> str:
    """A statement's resource as one string: what GetAtt names, or the text of Sub."""
    if "Fn::GetAtt" in resource:
        return ".".join(resource["Fn::GetAtt"])
    text: str = resource["Fn::Sub"]
    return text


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        statement
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def granted_to(role: dict[str, Any]) -> set[tuple[str, str]]:
    assert "ManagedPolicyArns" not in role, "a managed policy brings permissions on *"
    granted: set[tuple[str, str]] = set()
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        verbs, resources = listed(statement["Action"]), listed(statement["Resource"])
        granted |= {(verb, named(resource)) for verb in verbs for resource in resources}
    return granted


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_functions_are_these(translated: Template) -> None:
    assert set(of_type(translated, "AWS::Lambda::Function")) == set(ALLOWED)


@pytest.mark.parametrize("function", ALLOWED)
def test_promise_6_a_role_has_its_verbs_on_its_resources_only(
    translated: Template, function: str
) -> None:
    role = role_of(translated, function)
    logs = f"{function}Logs.Arn"
    assert granted_to(role) == ALLOWED[function] | {
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
    }


@pytest.mark.parametrize("function", ALLOWED)
def test_promise_6_nobody_but_lambda_takes_the_role_and_no_two_functions_share_one(
    translated: Template, function: str
) -> None:
    role = role_of(translated, function)
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
    assert [name for name in ALLOWED if role_of(translated, name) is role] == [function]


def test_no_role_reads_whole_tables_or_deletes(translated: Template) -> None:
    for role in of_type(translated, "AWS::IAM::Role").values():
        written = str(role["Properties"]["Policies"])
        for forbidden in ("*", "Scan", "DeleteItem", "Batch", "PurgeQueue"):
            assert forbidden not in written


def test_promise_6_only_the_senders_role_reads_the_wallets_seed(translated: Template) -> None:
    readers = {name for name in ALLOWED if SEED in granted_to(role_of(translated, name))}
    assert readers == {"SendPayout"}


@pytest.mark.parametrize("function", SCHEDULED)
def test_the_scheduler_may_start_its_function_and_nothing_else(
    translated: Template, function: str
) -> None:
    role = translated["Resources"][f"{function}ScheduleRole"]["Properties"]
    assert granted_to(role) == {
        ("lambda:InvokeFunction", f"{function}.Arn"),
        ("sqs:SendMessage", "SweepDeadLetters.Arn"),
    }
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": ["scheduler.amazonaws.com"]}


def test_there_is_no_other_role(translated: Template) -> None:
    roles = {f"{function}Role" for function in ALLOWED}
    roles |= {f"{function}ScheduleRole" for function in SCHEDULED}
    roles.add("WebhookRole")  # of EventBridge: test_webhook
    assert set(of_type(translated, "AWS::IAM::Role")) == roles


@pytest.mark.parametrize("function", TOLD)
def test_a_function_is_told_only_what_it_needs(translated: Template, function: str) -> None:
    properties = translated["Resources"][function]["Properties"]
    assert set(properties["Environment"]["Variables"]) == COMMON | TOLD[function]


def test_only_the_api_invokes_and_only_by_its_own_routes(translated: Template) -> None:
    permissions = of_type(translated, "AWS::Lambda::Permission").values()
    assert permissions
    for permission in permissions:
        properties = permission["Properties"]
        assert properties["Principal"] == "apigateway.amazonaws.com"
        pattern, values = properties["SourceArn"]["Fn::Sub"]
        assert values["__ApiId__"] == {"Ref": "Api"}
        assert re.search(
            r"/\$\{__Stage__\}/(GET|POST)/"
            r"(events|me|notifications|payments|payouts|pi_payment|rewarded_ads)\b",
            pattern,
        )
