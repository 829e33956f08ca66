"""The Products table: what the operator sells. Written by hand or by the operator's own tools, read
here.

A row: `product_id`, `name`, `active`, and either `price` or `minimum` and `maximum`, in Pi, as
number or text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.aws.dynamodb import decoded, encoded
from shared.base.amount import Amount, InvalidAmount
from shared.base.observability import logger
from shared.payments.prices import Product

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ProductStore:
    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def get(self, product_id: str) -> Product | None:
        """The product, or None; a row that cannot be read is not for sale."""
        with aws_call():
            answer = self._client.get_item(
                TableName=self._table, Key=encoded({"product_id": product_id})
            )
        if "Item" not in answer:
            return None
        row = decoded(answer["Item"])
        try:
            minimum, maximum = (
                Amount.of(row[name])
                for name in (("price", "price") if "price" in row else ("minimum", "maximum"))
            )
        except (InvalidAmount, KeyError):
            logger.error("This product has no usable price", extra={"product_id": product_id})
            return None
        return Product(
            product_id, str(row.get("name", "")), row.get("active") is True, minimum, maximum
        )
