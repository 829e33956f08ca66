"""Hands out the goods of each completed payment: once, however often its event arrives.

The mark that an event was seen and the goods themselves are written in one transaction, so no crash
can leave one without the other.
"""

import json
import logging
import os
from typing import Any

import boto3

logger = logging.getLogger()
dynamodb: Any = boto3.client("dynamodb")
TABLE = os.environ["GOODS_TABLE"]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Ten messages at most; one that fails comes again, the others are done."""
    failed = []
    for message in event["Records"]:
        try:
            hand_out(json.loads(message["body"])["detail"])
        except Exception:
            logger.exception("Not handed out")
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def hand_out(payment: dict[str, Any]) -> None:
    """Write down `quantity` of `product_id` for the user, unless this event was seen before."""
    seen = f"event#{payment['event_id']}"
    goods = f"user#{payment['uid']}#{payment['product_id']}"
    note_event = {
        "TableName": TABLE,
        "Item": {"id": {"S": seen}},
        "ConditionExpression": "attribute_not_exists(id)",
    }
    add_goods = {
        "TableName": TABLE,
        "Key": {"id": {"S": goods}},
        "UpdateExpression": "ADD quantity :quantity",
        "ExpressionAttributeValues": {":quantity": {"N": str(payment["quantity"])}},
    }
    try:
        dynamodb.transact_write_items(TransactItems=[{"Put": note_event}, {"Update": add_goods}])
    except dynamodb.exceptions.TransactionCanceledException as cancelled:
        if cancelled.response["CancellationReasons"][0]["Code"] != "ConditionalCheckFailed":
            raise  # another transaction was in the way: the message comes again
