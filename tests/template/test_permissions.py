"""Promise 6: each function's role reaches its own tables, queue, bus and secret only."""

import re
from typing import Any

import pytest

from local.cloud.template import Template, of_type
from tests.world import roles

PAYMENTS, PRODUCTS = "PaymentsTable.Arn", "ProductsTable.Arn"
REWARDS, PAYOUTS = "RewardsTable.Arn", "PayoutsTable.Arn"
NOTIFICATIONS = "NotificationsTable.Arn"
QUEUE = "WakeUps.Arn"
GET, PUT, UPDATE = "GetItem", "PutItem", "UpdateItem"
PUSH = "PartiQLUpdate"  # of many in one call
KEY = ("secretsmanager:GetSecretValue", "ServerKey.Id")
SEED = ("secretsmanager:GetSecretValue", "WalletSeed.Id")
# Where prices come from: the table, or the app's own function in its place.
PRICES = ("dynamodb:GetItem", PRODUCTS)
PRICE_FUNCTION = ("lambda:InvokeFunction", "PriceFunctionArn")
WAKE = ("sqs:SendMessage", QUEUE)
WAKE_SENDER = ("sqs:SendMessage", "Payouts.Arn")
TELL = ("events:PutEvents", "Bus.Arn")
SWITCH = (
    "ssm:GetParameter",
    "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${PayoutsSwitch}",
)


def on(table: str, *verbs: str) -> set[tuple[str, str]]:
    return {(f"dynamodb:{verb}", table) for verb in verbs}


def queries(index: str, *tables: str) -> set[tuple[str, str]]:
    return {("dynamodb:Query", f"${{{table}}}/index/{index}") for table in tables}


def takes_from(queue: str) -> set[tuple[str, str]]:
    verbs = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    return {(f"sqs:{verb}", queue) for verb in verbs}


def counts(queue: str) -> tuple[str, str]:
    return ("sqs:GetQueueAttributes", queue)


APPROVES = on(PAYMENTS, GET, PUT, UPDATE) | {PRICES, KEY}
# What a refund gives back of a payment.
PAYS_OUT = on(PAYOUTS, GET, PUT, UPDATE) | on(PAYMENTS, GET, UPDATE) | {SWITCH, WAKE_SENDER}
ALLOWED: dict[str, set[tuple[str, str]]] = {
    "VerifyUser": set(),
    "ApprovePayment": APPROVES | queries("by_user", PAYMENTS),
    "CompletePayment": APPROVES | {WAKE},
    "ResolvePayment": APPROVES | {WAKE},
    "GetPayment": on(PAYMENTS, GET, "BatchGetItem") | queries("by_user", PAYMENTS),
    "ClaimAdReward": on(REWARDS, GET, PUT, UPDATE) | {KEY, WAKE},
    # It reads no payment, no reward and no notification. The key is for Pi's list of open payouts.
    "Sweep": queries("due", PAYMENTS, PAYOUTS, REWARDS, NOTIFICATIONS)
    | on(PAYMENTS, PUSH)
    | on(PAYOUTS, GET, PUSH)
    | on(REWARDS, PUSH)
    | on(NOTIFICATIONS, PUSH)
    | {KEY, WAKE, WAKE_SENDER, counts(QUEUE), counts("Payouts.Arn")},
    "ProveWallet": queries("by_day", PAYMENTS, PAYOUTS) | on(PAYMENTS, GET) | on(PAYOUTS, GET),
    # It wakes itself for the rest of what a sweep has found.
    "Settle": APPROVES
    | queries("due", PAYMENTS, REWARDS, NOTIFICATIONS)
    | on(PAYMENTS, PUSH)
    | on(REWARDS, GET, UPDATE, PUSH)
    | on(NOTIFICATIONS, GET, UPDATE, PUSH)
    | takes_from(QUEUE)
    | {TELL, WAKE},
    # By its index: whether the recipient's last payment says that he can be paid.
    "RequestPayout": PAYS_OUT | queries("by_user", PAYMENTS),
    "SendPayout": PAYS_OUT
    | takes_from("Payouts.Arn")
    | on(NOTIFICATIONS, GET, PUT)  # what tells a user that it has arrived
    | {TELL, KEY, SEED, WAKE},
    # It writes nothing.
    "ReplayEvents": queries("by_day", PAYMENTS, PAYOUTS, REWARDS)
    | on(PAYMENTS, GET)
    | on(PAYOUTS, GET)
    | on(REWARDS, GET)
    | {TELL},
    # A refund is a payout. The key and the prices are for what another back end has left.
    "Operate": PAYS_OUT | APPROVES | queries("by_user", PAYMENTS) | {WAKE},
    "DecidePayout": on(PAYOUTS, GET, UPDATE) | {WAKE_SENDER},
    "NotifyUsers": on(NOTIFICATIONS, GET, PUT) | {WAKE},
}
SCHEDULED = ("Sweep", "ProveWallet")
# Where a table is another business's, or of all: what is written there, and nothing else. Operate
# closes payments and links users, so it writes most of what a payment has.
REFUND = {"payment_id", "refunded", "version", "story"}
NARROWED = {
    ("Sweep", "PartiQLUpdate", "PaymentsTable"): {"payment_id", "due_at"},
    ("Sweep", "PartiQLUpdate", "PayoutsTable"): {"payout_id", "due_at"},
    ("Sweep", "PartiQLUpdate", "RewardsTable"): {"id", "due_at"},
    ("Sweep", "PartiQLUpdate", "NotificationsTable"): {"id", "due_at"},
    ("RequestPayout", "UpdateItem", "PaymentsTable"): REFUND,
    ("SendPayout", "UpdateItem", "PaymentsTable"): REFUND | {"seen"},  # the canary
}

COMMON = {"POWERTOOLS_LOG_LEVEL", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME"}
ASKS_PI = {"PI_API_URL"}
KNOWS_USERS = ASKS_PI | {"PI_APP_ID"}
SETTLES_WITH = ASKS_PI | {
    *("FIRST_LOOK_SECONDS", "HORIZON_URL", "PAYMENTS_TABLE", "PI_NETWORK", "PI_WALLET_ADDRESS"),
    "SERVER_KEY_SECRET_ARN",
}
PRICED = {"PRICE_FUNCTION_ARN", "PRODUCTS_TABLE"}
TAKES_PAYOUTS_ON = {
    *("PAYMENTS_TABLE", "PAYOUTS_SWITCH", "PAYOUTS_TABLE", "PAYOUT_CAP", "PAYOUT_LEAST_AMOUNT"),
    *("PAYOUT_QUEUE_URL", "PAYOUT_USER_DAILY_CAP", "PAYOUT_USER_DAILY_NUMBER"),
    "PAYOUT_WALLET_DAILY_CAP",
}
TOLD = {
    "VerifyUser": KNOWS_USERS,
    "ApprovePayment": SETTLES_WITH | KNOWS_USERS | PRICED,
    "CompletePayment": SETTLES_WITH | KNOWS_USERS | PRICED | {"WAKE_UP_QUEUE_URL"},
    "ResolvePayment": SETTLES_WITH | KNOWS_USERS | PRICED | {"WAKE_UP_QUEUE_URL"},
    "GetPayment": KNOWS_USERS | {"PAYMENTS_TABLE"},
    "ClaimAdReward": KNOWS_USERS
    | {
        *("REWARDS_TABLE", "REWARD_DAILY_CAP", "REWARD_FRESH_SECONDS"),
        *("REWARD_RECHECK_SECONDS", "SERVER_KEY_SECRET_ARN", "WAKE_UP_QUEUE_URL"),
    },
    "Sweep": ASKS_PI
    | {
        "NOTIFICATIONS_TABLE",
        *("PAYMENTS_TABLE", "PAYOUTS_TABLE", "PAYOUT_QUEUE_URL", "REWARDS_TABLE"),
        *("SERVER_KEY_SECRET_ARN", "STUCK_ALARM_SECONDS", "SWEEP_MINUTES", "WAKE_UP_QUEUE_URL"),
        "WORKERS",
    },
    "ProveWallet": {"HORIZON_URL", "PAYMENTS_TABLE", "PAYOUTS_TABLE", "PI_NETWORK"},
    "Settle": SETTLES_WITH
    | PRICED
    | {
        *("CANCEL_UNPAID_AFTER_SECONDS", "EVENT_BUS", "NOTIFICATIONS_TABLE", "REWARDS_TABLE"),
        *("SWEEP_CANCELS_AFTER_SECONDS", "SWEEP_MINUTES", "WAKE_UP_QUEUE_URL", "WORKERS"),
    },
    "RequestPayout": TAKES_PAYOUTS_ON,
    "SendPayout": ASKS_PI
    | {
        *("EVENT_BUS", "FEE_CAP_STROOPS", "HORIZON_URL", "PAYMENTS_TABLE", "PAYOUTS_SWITCH"),
        *("PAYOUTS_TABLE", "PAYOUT_QUEUE_URL", "PI_NETWORK", "PI_WALLET_ADDRESS"),
        *("SERVER_KEY_SECRET_ARN", "WALLET_SEED_SECRET_ARN"),
        *("NOTIFICATIONS_TABLE", "NOTIFICATION_TITLE", "PAYOUT_NOTIFICATION"),
        *("REFUND_NOTIFICATION", "WAKE_UP_QUEUE_URL"),
    },
    "ReplayEvents": {"EVENT_BUS", "PAYMENTS_TABLE", "PAYOUTS_TABLE", "REWARDS_TABLE"},
    "Operate": TAKES_PAYOUTS_ON
    | ASKS_PI
    | PRICED
    | {
        *("FIRST_LOOK_SECONDS", "PI_NETWORK", "PI_WALLET_ADDRESS", "SERVER_KEY_SECRET_ARN"),
        "WAKE_UP_QUEUE_URL",
    },
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
    text: str = resource.get("Ref") or resource["Fn::Sub"]
    return text


def statements(role: dict[str, Any], has_price_function: bool) -> list[dict[str, Any]]:
    return [
        _chosen(statement, has_price_function)
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def _chosen(statement: dict[str, Any], has_price_function: bool) -> dict[str, Any]:
    if "Fn::If" not in statement:
        return statement
    condition, yes, no = statement["Fn::If"]
    assert condition == "HasPriceFunction"
    chosen: dict[str, Any] = yes if has_price_function else no
    return chosen


def granted_to(role: dict[str, Any], *, has_price_function: bool = False) -> set[tuple[str, str]]:
    assert "ManagedPolicyArns" not in role, "a managed policy brings permissions on *"
    granted: set[tuple[str, str]] = set()
    for statement in statements(role, has_price_function):
        assert statement["Effect"] == "Allow"
        verbs, resources = listed(statement["Action"]), listed(statement["Resource"])
        granted |= {(verb, named(resource)) for verb in verbs for resource in resources}
    return granted


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_functions_are_these(translated: Template) -> None:
    assert set(of_type(translated, "AWS::Lambda::Function")) == set(ALLOWED)


@pytest.mark.parametrize("function", ALLOWED)
def test_promise_6_a_role_has_only_its_verbs(translated: Template, function: str) -> None:
    role = role_of(translated, function)
    logs = f"{function}Logs.Arn"
    assert granted_to(role) == ALLOWED[function] | {
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
    }


@pytest.mark.parametrize("function", ALLOWED)
def test_promise_6_who_prices_invokes_the_apps_function_in_place_of_the_table(
    translated: Template, function: str
) -> None:
    role = role_of(translated, function)
    by_table, by_function = granted_to(role), granted_to(role, has_price_function=True)
    is_priced = PRICES in by_table
    assert by_table - by_function == ({PRICES} if is_priced else set())
    assert by_function - by_table == ({PRICE_FUNCTION} if is_priced else set())


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
        for forbidden in ("*", "Scan", "DeleteItem", "BatchWrite", "PurgeQueue"):
            assert forbidden not in written


def test_promise_6_only_the_senders_role_reads_the_wallets_seed(translated: Template) -> None:
    readers = {name for name in ALLOWED if SEED in granted_to(role_of(translated, name))}
    assert readers == {"SendPayout"}


def test_promise_6_who_shares_a_table_writes_only_its_attributes() -> None:
    narrowed = {
        (function, grant.verb, grant.place): grant.attributes
        for function in ALLOWED
        for grant in roles.grants(function)
        if grant.attributes is not None
    }
    assert narrowed == NARROWED


def _push(attribute: str, table: str = "PaymentsTable", key: str = "payment_id") -> dict[str, Any]:
    where = f'WHERE "{key}"=? AND "{attribute}"=?'
    return {"Statements": [{"Statement": f'UPDATE "{table}" SET "{attribute}"=? {where}'}]}


def _refund(**more: object) -> dict[str, Any]:
    write = {
        "TableName": "PaymentsTable",
        "Key": {"payment_id": {"S": "payment-1"}},
        "UpdateExpression": "ADD #refunded :step, version :one",
        "ConditionExpression": "attribute_not_exists(#refunded) OR #refunded <= :room",
        "ExpressionAttributeNames": {"#refunded": "refunded"},
    }
    return {"TransactItems": [{"Update": {**write, **more}}]}


ALL_OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def test_the_tests_world_lets_a_function_do_what_its_role_allows() -> None:
    roles.check("sweep", "BatchExecuteStatement", _push("due_at"))
    roles.check("request_payout", "TransactWriteItems", _refund())
    roles.check("a person", "TransactWriteItems", _refund(UpdateExpression="SET amount = :one"))


@pytest.mark.parametrize(
    ("function", "operation", "call"),
    [
        ("sweep", "BatchExecuteStatement", _push("state")),
        ("sweep", "GetItem", {"TableName": "PaymentsTable"}),
        ("sweep", "UpdateItem", {"TableName": "PayoutsTable", "UpdateExpression": "SET a = :a"}),
        ("sweep", "Query", {"TableName": "PaymentsTable", "IndexName": "by_user"}),
        ("request_payout", "TransactWriteItems", _refund(UpdateExpression="SET amount = :one")),
        ("request_payout", "TransactWriteItems", _refund(ConditionExpression="amount > :one")),
        ("request_payout", "TransactWriteItems", _refund(**ALL_OLD)),
    ],
)
def test_the_tests_world_refuses_what_a_role_does_not_allow(
    function: str, operation: str, call: dict[str, Any]
) -> None:
    with pytest.raises(roles.AccessDeniedError):
        roles.check(function, operation, call)


@pytest.mark.parametrize("function", SCHEDULED)
def test_the_scheduler_may_start_its_function_only(translated: Template, function: str) -> None:
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
