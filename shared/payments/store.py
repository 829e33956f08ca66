"""The Payments table: one record per payment, and each user's history."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as with_
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.aws.dynamodb import (
    Item,
    day_key,
    decoded,
    due_keys,
    encoded,
    put_if_absent,
    readable,
    replace,
    whole,
)
from shared.base.amount import Amount
from shared.base.identifiers import PAYMENT_ID
from shared.payments.prices import Price
from shared.payments.record import Attention, Owed, PaymentRecord, PaymentState, Receipt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

KEY = "payment_id"
CANARY = "canary#"  # no payment's id has a `#` in it
LATEST = 10**12  # seconds since 1970
Cursor = tuple[str, Decimal]
"""The payment id of a history's last row, and its creation time, as the table holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """What the index of a user's payments holds of one."""

    payment_id: str
    state: PaymentState
    amount: Amount
    product_id: str | None
    quantity: int | None
    txid: str | None
    attention: Attention | None
    created_at: int
    completed_at: int | None


class PaymentStore:
    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def get(self, payment_id: str) -> PaymentRecord | None:
        """The record, read consistently."""
        with aws_call():
            answer = self._client.get_item(
                TableName=self._table, Key=encoded({KEY: payment_id}), ConsistentRead=True
            )
        return _record(decoded(answer["Item"])) if "Item" in answer else None

    def put_if_absent(self, record: PaymentRecord) -> PaymentRecord:
        """The record that stands afterwards: `record` itself if it was the first, else the one that
        was.
        """
        standing = put_if_absent(self._client, self._table, KEY, _item(record))
        return record if standing is None else _record(standing)

    def replace(self, old: PaymentRecord, new: PaymentRecord) -> tuple[PaymentRecord, bool]:
        """Write a transition from `old`: the record that stands afterwards, and whether it is this
        transition's; if somebody else wrote first, it is theirs."""
        standing = replace(self._client, self._table, KEY, _item(old), _item(new))
        if standing is None:
            return with_(new, version=old.version + 1), True
        return _record(standing), False

    def ask_to_free(self, payment_id: str, now: int) -> bool:
        """Note that somebody wants an open payment freed; whether that is news. Beside the record's
        version: it takes no write from anybody else."""
        with aws_call():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=encoded({KEY: payment_id}),
                    UpdateExpression="SET asked_at = :now",
                    # Still open, and the first to ask: so asking costs one write.
                    ConditionExpression="#state = :open AND attribute_not_exists(asked_at)",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues=encoded({":now": now, ":open": PaymentState.OPEN}),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def canary(self) -> str | None:
        """A payment that this stack has seen completed, read consistently; None: none was, yet."""
        with aws_call():
            answer = self._client.get_item(
                TableName=self._table, Key=encoded({KEY: CANARY}), ConsistentRead=True
            )
        payment_id = decoded(answer.get("Item", {})).get("seen")
        return payment_id if isinstance(payment_id, str) else None

    def keep_canary(self, payment_id: str) -> None:
        """The newest replaces the one before."""
        with aws_call():
            self._client.update_item(
                TableName=self._table,
                Key=encoded({KEY: CANARY}),
                UpdateExpression="SET seen = :id",
                ExpressionAttributeValues=encoded({":id": payment_id}),
            )

    def history(
        self, uid: str, limit: int, after: Cursor | None
    ) -> tuple[list[Item], Cursor | None]:
        """A user's payments, newest first, as far as the index holds them; and where the next page
        starts: `after` the last one seen.
        """
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": "by_user",
            "KeyConditionExpression": "uid = :uid",
            "ExpressionAttributeValues": encoded({":uid": uid}),
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if after is not None:
            start = {"uid": uid, KEY: after[0], "created_at": after[1]}
            query["ExclusiveStartKey"] = encoded(start)
        with aws_call():
            page = self._client.query(**query)
        last = decoded(page.get("LastEvaluatedKey", {}))
        cursor = (last[KEY], last["created_at"]) if last else None
        return [decoded(item) for item in page["Items"]], cursor


def can_be_named(cursor: Cursor) -> bool:
    """Whether a caller can give it back: it is not the key of a row that was edited by hand."""
    payment_id, at = cursor
    return bool(PAYMENT_ID.fullmatch(payment_id)) and at == int(at) and 0 <= at < LATEST


def history_row(item: Item) -> HistoryRow:
    """An item of a history. Raises UnreadableRecord."""
    return readable(_read_row, item, KEY)


def _read_row(item: Item) -> HistoryRow:
    if not can_be_named((item[KEY], item["created_at"])):
        raise ValueError(KEY)
    return HistoryRow(
        payment_id=item[KEY],
        state=PaymentState(item["state"]),
        amount=Amount(int(item["amount"])),
        product_id=item.get("product_id"),
        quantity=whole(item.get("quantity")),
        txid=item.get("txid"),
        attention=Attention(item["attention"]) if "attention" in item else None,
        created_at=int(item["created_at"]),
        completed_at=whole(item.get("completed_at")),
    )


def _item(record: PaymentRecord) -> Item:
    price = record.price
    return {
        KEY: record.payment_id,
        "uid": record.uid,
        "username": record.username,
        "amount": record.amount.stroops,
        "state": record.state.value,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "from_address": record.from_address,
        "to_address": record.to_address,
        "product_id": price and price.product_id,
        "quantity": price and price.quantity,
        "price_minimum": price and price.minimum.stroops,
        "price_maximum": price and price.maximum.stroops,
        "refusal": record.refusal,
        "attention": record.attention and record.attention.value,
        "txid": record.txid,
        "asked_at": record.asked_at,
        "dead_at": record.dead_at,
        "receipts": [_of_receipt(receipt) for receipt in record.receipts] or None,
        "completed_at": record.completed_at,
        "cancelled_at": record.cancelled_at,
        "refunded": record.refunded.stroops or None,
        "owed": record.owed and record.owed.value,
        **due_keys(record.payment_id, record.due_at),
        **day_key(record.completed_at),
        "version": record.version,
    }


def _record(item: Item) -> PaymentRecord:
    return readable(_read, item, KEY)


def _read(item: Item) -> PaymentRecord:
    price = None
    if "price_minimum" in item:
        price = Price(
            product_id=item["product_id"],
            quantity=int(item["quantity"]),
            minimum=Amount(int(item["price_minimum"])),
            maximum=Amount(int(item["price_maximum"])),
        )
    return PaymentRecord(
        payment_id=item[KEY],
        uid=item["uid"],
        username=item.get("username"),
        amount=Amount(int(item["amount"])),
        state=PaymentState(item["state"]),
        created_at=int(item["created_at"]),
        started_at=whole(item.get("started_at")),
        from_address=item.get("from_address"),
        to_address=item.get("to_address"),
        price=price,
        refusal=item.get("refusal"),
        attention=Attention(item["attention"]) if "attention" in item else None,
        txid=item.get("txid"),
        asked_at=whole(item.get("asked_at")),
        dead_at=whole(item.get("dead_at")),
        receipts=tuple(_receipt(entry) for entry in item.get("receipts", ())),
        completed_at=whole(item.get("completed_at")),
        cancelled_at=whole(item.get("cancelled_at")),
        refunded=Amount(int(item.get("refunded", 0))),
        owed=Owed(item["owed"]) if "owed" in item else None,
        due_at=whole(item.get("due_at")),
        version=int(item["version"]),
    )


def _of_receipt(receipt: Receipt) -> Item:
    item = {"token": receipt.token, "txid": receipt.txid, "amount": receipt.amount.stroops}
    return item if receipt.odd is None else {**item, "odd": receipt.odd}


def _receipt(entry: Item) -> Receipt:
    amount = Amount(int(entry["amount"]))
    return Receipt(int(entry["token"]), entry["txid"], amount, entry.get("odd"))
