"""What the tests do to a deployed stack that neither a front end nor an operator does."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from local.cloud.stack import Deployment, Stack
from shared.app import App
from shared.aws.dynamodb import decoded, encoded
from shared.base.amount import Amount
from shared.base.settings import Settings
from shared.book.store import wallet_of
from shared.edges import Edges
from shared.payouts.record import Caps, PayoutRecord, blocked, delivered
from shared.payouts.request import PayoutRequest, requested
from shared.payouts.store import PayoutStore


@contextmanager
def without(deployment: Deployment, function: str, verb: str) -> Iterator[None]:
    """The function's role, for a while, with everything but one verb."""
    iam = deployment.cloud.session.client("iam", endpoint_url=deployment.cloud.endpoint)
    role = deployment.resources[f"{function}Role"]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    whole: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    whole = json.loads(whole) if isinstance(whole, str) else whole
    kept = []
    for statement in whole["Statement"]:
        verbs = statement["Action"]
        verbs = [one for one in ([verbs] if isinstance(verbs, str) else verbs) if one != verb]
        if verbs:
            kept.append({**statement, "Action": verbs})
    assert kept != whole["Statement"], f"{role} has no {verb}"

    def put(statements: list[dict[str, Any]]) -> None:
        document = json.dumps({**whole, "Statement": statements})
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)

    put(kept)
    try:
        yield
    finally:
        put(whole["Statement"])


def record(stack: Stack, payment_id: str) -> dict[str, Any]:
    """The payment's item as it stands in the table."""
    answer = stack.cloud.dynamodb.get_item(
        TableName=stack.outputs["PaymentsTableName"],
        Key=encoded({"payment_id": payment_id}),
        ConsistentRead=True,
    )
    return decoded(answer["Item"])


def hasten(stack: Stack, payment_id: str) -> None:
    """Let the payment be due now: no test waits for the first look. Nothing if it is finished."""
    client = stack.cloud.dynamodb
    with suppress(client.exceptions.ConditionalCheckFailedException):
        client.update_item(
            TableName=stack.outputs["PaymentsTableName"],
            Key=encoded({"payment_id": payment_id}),
            UpdateExpression="SET due_at = :now",
            ConditionExpression="attribute_exists(due_at)",
            ExpressionAttributeValues=encoded({":now": int(time.time()) - 1}),
        )


def unfinished(stack: Stack) -> list[str]:
    """The payments of which something is still to be done."""
    pages = stack.cloud.dynamodb.get_paginator("scan").paginate(
        TableName=stack.outputs["PaymentsTableName"], IndexName="due"
    )
    return [decoded(item)["payment_id"] for page in pages for item in page["Items"]]


def parts(stack: Stack) -> App:
    """The bundle's own stores and bus on the deployed resources, past every role."""
    names = {
        "PAYMENTS_TABLE": stack.outputs["PaymentsTableName"],
        "PAYOUTS_TABLE": stack.outputs["PayoutsTableName"],
        "EVENT_BUS": stack.outputs["EventBusName"],
    }
    cloud = stack.cloud

    def client(service: str) -> Any:
        make: Any = cloud.session.client  # typed for literal names only
        return make(service, endpoint_url=cloud.endpoint)

    return App(Settings(names), Edges(aws=client))


def payouts(stack: Stack) -> PayoutStore:
    return parts(stack).payouts


def taken_on(stack: Stack, uid: str, *, blocked_for: str | None = None) -> PayoutRecord:
    """A payout that nobody has been woken for; one that is blocked has been told of."""
    amount, much = Amount.of("0.01"), Amount.of(1000)
    request = PayoutRequest(uuid4().hex, uid, amount, "Thank you", {})
    store, now = payouts(stack), int(time.time())
    caps = Caps(much, much, much, user_day_number=1000, least=amount)
    record = store.reserve(requested(request, now), caps, None)
    if blocked_for is None:
        return record
    return store.replace(record, delivered(blocked(record, blocked_for, now), now))[0]


def send(stack: Stack, payout_id: str) -> PayoutRecord:
    """The payout after the sender was woken for it."""
    record = payouts(stack).get(payout_id)
    assert record is not None
    message = {"messageId": "1", "body": f"{payout_id}:{record.due_at}"}
    answer = stack.invoke("SendPayout", {"Records": [message]})
    assert answer == {"batchItemFailures": []}, "what is held up is acknowledged"
    record = payouts(stack).get(payout_id)
    assert record is not None
    return record


@contextmanager
def restored(stack: Stack, payout_id: str) -> Iterator[None]:
    """What happens meanwhile to the payout, its table has forgotten afterwards; and so has the
    wallet's book in it."""
    client, table = stack.cloud.dynamodb, stack.outputs["PayoutsTableName"]

    def restorable() -> dict[str, Any]:
        pages = client.get_paginator("scan").paginate(TableName=table)
        items = {item["payout_id"]["S"]: item for page in pages for item in page["Items"]}
        return {key: item for key, item in items.items() if key == payout_id or wallet_of(key)}

    backup = restorable()
    yield
    for key in restorable():
        client.delete_item(TableName=table, Key=encoded({"payout_id": key}))
    for item in backup.values():
        client.put_item(TableName=table, Item=item)


def forget(stack: Stack, payout_id: str) -> None:
    """Let no sweep find it when the emulator has long forgotten it."""
    stack.cloud.dynamodb.delete_item(
        TableName=stack.outputs["PayoutsTableName"], Key=encoded({"payout_id": payout_id})
    )
