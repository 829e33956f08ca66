"""A row of the Products table, written by hand: what cannot be read is sold to nobody."""

from typing import Any

import pytest

from shared.base.amount import Amount
from shared.base.context import within
from shared.base.errors import ServiceUnavailable
from shared.payments.prices import Product
from shared.payments.products import ProductStore
from tests.unit.conftest import LogLines
from tests.unit.dynamodb_in_process import PRODUCTS, Tables, refusal

ACTIVE = {"active": {"BOOL": True}, "name": {"S": "Apple pie"}}


def get(tables: Tables, client: Any = None) -> Product | None:
    return ProductStore(client or tables.client, PRODUCTS).get("pie")


def put(tables: Tables, **row: Any) -> None:
    tables.put(PRODUCTS, product_id={"S": "pie"}, **row)


@pytest.mark.parametrize(
    ("price", "minimum", "maximum"),
    [
        ({"price": {"S": "3.14"}}, "3.14", "3.14"),
        ({"price": {"N": "3.14"}}, "3.14", "3.14"),
        ({"price": {"N": "0.0000001"}}, "1e-7", "1e-7"),
        ({"minimum": {"S": "0.1"}, "maximum": {"N": "100"}}, "0.1", "100"),
    ],
)
def test_a_price_is_exact_as_number_or_text(
    tables: Tables, price: dict[str, Any], minimum: str, maximum: str
) -> None:
    put(tables, **ACTIVE, **price)
    expected = Product("pie", "Apple pie", True, Amount.of(minimum), Amount.of(maximum))
    assert get(tables) == expected


@pytest.mark.parametrize(
    "active", [{}, {"active": {"BOOL": False}}, {"active": {"S": "true"}}, {"active": {"N": "1"}}]
)
def test_only_true_is_active(tables: Tables, active: dict[str, Any]) -> None:
    put(tables, price={"S": "3.14"}, **active)
    product = get(tables)
    assert product is not None
    assert not product.active


@pytest.mark.parametrize(
    "price",
    [
        {},
        {"price": {"S": "three"}},
        {"price": {"S": "3,14"}},
        {"price": {"S": "0.00000001"}},
        {"price": {"S": "-1"}},
        {"price": {"BOOL": True}},
        {"price": {"NULL": True}},
        {"price": {"L": [{"N": "1"}]}},
        {"minimum": {"S": "0.1"}},
        {"maximum": {"S": "100"}},
    ],
    ids=str,
)
def test_a_row_without_a_usable_price_is_no_product(
    tables: Tables, logs: LogLines, price: dict[str, Any]
) -> None:
    put(tables, **ACTIVE, **price)
    assert get(tables) is None
    [line] = logs()
    assert (line["level"], line["product_id"]) == ("ERROR", "pie")


def test_what_is_not_in_the_table_is_no_product(tables: Tables) -> None:
    assert get(tables) is None


def test_an_unread_price_is_not_a_missing_one(tables: Tables) -> None:
    put(tables, **ACTIVE, price={"S": "3.14"})
    with pytest.raises(ServiceUnavailable):
        get(tables, tables.failing(refusal("ThrottlingException")))
    with pytest.raises(ServiceUnavailable), within(1.9):
        get(tables)
