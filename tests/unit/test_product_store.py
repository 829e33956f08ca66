"""A row of the Products table, written by hand: what cannot be read is not for sale."""

from typing import Any

import pytest

from shared.aws.table import Table
from shared.base.amount import Amount
from shared.base.context import within
from shared.base.errors import ServiceUnavailable
from shared.base.observability import flush_metrics
from shared.payments.prices import NotForSale, Product
from shared.payments.products import KEY, ProductStore
from tests.unit.conftest import LogLines
from tests.unit.dynamodb_in_process import PRODUCTS, Tables, refusal

ACTIVE = {"active": {"BOOL": True}, "name": {"S": "Apple pie"}}


def get(tables: Tables, client: Any = None) -> Product | NotForSale:
    return ProductStore(Table(client or tables.client, PRODUCTS, KEY)).get("pie")


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
    expected = Product("pie", "Apple pie", Amount.of(minimum), Amount.of(maximum))
    assert get(tables) == expected


@pytest.mark.parametrize(
    ("once", "expected"),
    [({}, False), ({"once": {"BOOL": False}}, False), ({"once": {"BOOL": True}}, True)],
)
def test_a_product_may_be_sold_once(tables: Tables, once: Any, expected: bool) -> None:
    put(tables, **ACTIVE, price={"S": "1"}, **once)
    product = get(tables)
    assert isinstance(product, Product)
    assert (product.once, product.price(1).once) == (expected, expected)


@pytest.mark.parametrize(
    "active", [{}, {"active": {"BOOL": False}}, {"active": {"S": "true"}}, {"active": {"N": "1"}}]
)
def test_only_true_is_active(tables: Tables, logs: LogLines, active: dict[str, Any]) -> None:
    """And what is switched off may have no price yet: that calls nobody."""
    for price in ({"price": {"S": "3.14"}}, {}):
        put(tables, **price, **active)
        assert get(tables) == NotForSale("switched_off", "pie")
    assert not logs()


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
        {"minimum": {"S": "100"}, "maximum": {"S": "0.1"}},
        *(
            {"price": {"S": "1"}, "once": once}
            for once in ({"S": "true"}, {"N": "1"}, {"NULL": True})
        ),
    ],
    ids=str,
)
def test_a_row_without_a_usable_price_is_no_product(
    tables: Tables, logs: LogLines, capsys: pytest.CaptureFixture[str], price: dict[str, Any]
) -> None:
    put(tables, **ACTIVE, **price)
    assert get(tables) == NotForSale("unusable_row", "pie")
    [line] = logs()
    assert (line["level"], line["product_id"]) == ("ERROR", "pie")
    flush_metrics()
    assert '"UnusableProduct":[1.0]' in capsys.readouterr().out


def test_what_is_not_in_the_table_is_no_product(tables: Tables) -> None:
    assert get(tables) == NotForSale("no_such_product", "pie")


def test_an_unread_price_is_not_a_missing_one(tables: Tables) -> None:
    put(tables, **ACTIVE, price={"S": "3.14"})
    with pytest.raises(ServiceUnavailable):
        get(tables, tables.failing(refusal("ThrottlingException")))
    with pytest.raises(ServiceUnavailable), within(1.9):
        get(tables)
