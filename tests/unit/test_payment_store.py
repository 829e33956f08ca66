"""A record is put once and then changed only by who has read its last version."""

from dataclasses import replace
from typing import Any, cast

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from shared.aws.table import Table
from shared.base.context import within
from shared.base.errors import ServiceUnavailable
from shared.payments.prices import NotForSale
from shared.payments.record import Attention, PaymentState, attended, cancelled, completed
from shared.payments.store import KEY, PaymentStore
from tests.unit.conftest import LogLines
from tests.unit.dynamodb_in_process import PAYMENTS, Tables, refusal
from tests.unit.samples import NOW, PAYMENT_ID, PRICE, TXID, UID, record


def store(tables: Tables, client: Any = None) -> PaymentStore:
    return PaymentStore(Table(client or tables.client, PAYMENTS, KEY))


RECORDS = [
    record(),
    record(price=None, refusal="unknown_product"),
    record(price=None, refusal="unexpected_amount", expected=PRICE),
    record(
        price=None,
        refusal="unknown_product",
        not_for_sale=NotForSale("no_product_id", metadata_keys=("order", "")),
    ),
    record(
        price=None,
        refusal="unknown_product",
        not_for_sale=NotForSale("an_apps_own", "order-7", came="2.5"),
    ),
    record(state=PaymentState.CANCELLED, due_at=None, cancelled_at=NOW),
    completed(record(), TXID, NOW + 1),
    completed(record(price=None), None, NOW + 1),
    cancelled(record(), NOW + 1),
    attended(record(), Attention.GONE, NOW + 1),
    record(created_at=0, due_at=0),
    record(price=replace(PRICE, once=True, until=NOW + 60)),
]


@pytest.mark.parametrize("kept", RECORDS, ids=range(len(RECORDS)))
def test_a_record_is_read_as_it_was_written(tables: Tables, kept: Any) -> None:
    assert store(tables).get(PAYMENT_ID) is None
    assert store(tables).put_if_absent(kept) is kept
    assert store(tables).get(PAYMENT_ID) == kept


def test_a_second_put_finds_the_first(tables: Tables) -> None:
    first, second = record(), record(uid="somebody-else", price=None)
    store(tables).put_if_absent(first)
    assert store(tables).put_if_absent(second) == first
    assert store(tables).get(PAYMENT_ID) == first


def test_amounts_are_kept_in_whole_stroops(tables: Tables) -> None:
    store(tables).put_if_absent(record())
    item = tables.items(PAYMENTS)[PAYMENT_ID]
    assert item["amount"] == {"N": "31400000"}
    assert item["price_minimum"] == item["price_maximum"] == {"N": "31400000"}


def test_a_price_says_no_more_than_it_must(tables: Tables) -> None:
    """What an older version writes and reads: nothing of `once` where that is not so."""
    store(tables).put_if_absent(record())
    item = tables.items(PAYMENTS)[PAYMENT_ID]
    assert not {"price_once", "price_until"} & set(item)


def test_only_unfinished_work_is_in_the_due_index(tables: Tables) -> None:
    store(tables).put_if_absent(record())
    item = tables.items(PAYMENTS)[PAYMENT_ID]
    assert item["due_at"] == {"N": str(NOW + 60)}
    assert 0 <= int(item["due_shard"]["S"]) < 8
    store(tables).replace(record(), record(due_at=None))
    item = tables.items(PAYMENTS)[PAYMENT_ID]
    assert not {"due_at", "due_shard"} & set(item)


def test_work_is_spread_over_the_shards(tables: Tables) -> None:
    for number in range(60):
        store(tables).put_if_absent(record(payment_id=f"payment-{number}"))
    shards = {item["due_shard"]["S"] for item in tables.items(PAYMENTS).values()}
    assert shards == set("01234567")


def test_a_transition_is_written_once_with_the_next_version(tables: Tables) -> None:
    old = record()
    store(tables).put_if_absent(old)
    done, is_ours = store(tables).replace(old, completed(old, TXID, NOW + 1))
    assert is_ours
    assert done == store(tables).get(PAYMENT_ID)
    assert (done.version, done.state) == (2, PaymentState.COMPLETED)


def test_promise_4_who_read_an_older_version_gets_what_stands(tables: Tables) -> None:
    old = record()
    store(tables).put_if_absent(old)
    done, _ = store(tables).replace(old, completed(old, TXID, NOW + 1))
    standing, is_ours = store(tables).replace(old, cancelled(old, NOW + 2))
    assert not is_ours
    assert standing == done == store(tables).get(PAYMENT_ID)


def test_promise_4_a_restored_tables_version_is_another_one(tables: Tables) -> None:
    """Its sender goes on in the middle of what another one has ended since."""
    read = store(tables).put_if_absent(record())
    tables.client.delete_item(TableName=PAYMENTS, Key={"payment_id": {"S": PAYMENT_ID}})
    ended = store(tables).put_if_absent(completed(record(), TXID, NOW + 1))

    standing, is_written = store(tables).replace(read, cancelled(read, NOW + 2))

    assert (standing, is_written) == (ended, False)
    assert store(tables).get(PAYMENT_ID) == ended


def test_a_transition_leaves_alone_what_it_does_not_know(tables: Tables) -> None:
    # A newer deployment, or the operator, added an attribute.
    old = record()
    store(tables).put_if_absent(old)
    tables.client.update_item(
        TableName=PAYMENTS,
        Key={"payment_id": {"S": PAYMENT_ID}},
        UpdateExpression="SET refunded = :refunded",
        ExpressionAttributeValues={":refunded": {"N": "5"}},
    )
    store(tables).replace(old, completed(old, TXID, NOW + 1))
    item = tables.items(PAYMENTS)[PAYMENT_ID]
    assert item["refunded"] == {"N": "5"}
    assert item["state"] == {"S": "completed"}


def test_an_attribute_that_ends_is_removed(tables: Tables) -> None:
    watched = attended(record(), Attention.GONE, NOW)
    store(tables).put_if_absent(watched)
    store(tables).replace(watched, completed(watched, None, NOW))
    item = tables.items(PAYMENTS)[PAYMENT_ID]
    assert "attention" not in item
    assert "txid" not in item
    assert item["product_id"] == {"S": PRICE.product_id}


def test_a_record_deleted_by_hand_is_not_brought_back(tables: Tables) -> None:
    with pytest.raises(ServiceUnavailable):
        store(tables).replace(record(), completed(record(), TXID, NOW))
    assert tables.items(PAYMENTS) == {}


# --- History -------------------------------------------------------------------------------------


def test_history_is_the_users_own_newest_first_in_pages(tables: Tables) -> None:
    for number in range(5):
        kept = record(payment_id=f"payment-{number}", created_at=NOW + number)
        store(tables).put_if_absent(kept)
    store(tables).put_if_absent(record(payment_id="theirs", uid="somebody-else"))
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page, cursor = store(tables).history(UID, 2, cursor)
        seen += [item["payment_id"] for item in page]
    assert seen == [f"payment-{number}" for number in (4, 3, 2, 1, 0)]
    assert cursor is None


def test_a_user_without_payments_has_an_empty_history(tables: Tables) -> None:
    assert store(tables).history(UID, 20, None) == ([], None)


# --- Bad weather ---------------------------------------------------------------------------------

CALLS: dict[str, Any] = {
    "get": lambda store: store.get(PAYMENT_ID),
    "put_if_absent": lambda store: store.put_if_absent(record()),
    "replace": lambda store: store.replace(record(), completed(record(), TXID, NOW)),
    "history": lambda store: store.history(UID, 20, None),
}
WEATHER = [
    refusal("ProvisionedThroughputExceededException"),
    refusal("ThrottlingException"),
    refusal("InternalServerError"),
    refusal("AccessDeniedException"),
    ReadTimeoutError(endpoint_url="https://dynamodb.example"),
    ConnectTimeoutError(endpoint_url="https://dynamodb.example"),
]


@pytest.mark.parametrize("failure", WEATHER, ids=lambda failure: str(failure)[:60])
@pytest.mark.parametrize("call", CALLS)
def test_promise_7_a_database_out_of_order_is_unavailable(
    tables: Tables, logs: LogLines, call: str, failure: Exception
) -> None:
    client = tables.failing(failure)
    with pytest.raises(ServiceUnavailable) as unavailable:
        CALLS[call](store(tables, client))
    assert (unavailable.value.status, unavailable.value.retryable) == (503, True)
    assert unavailable.value.__cause__ is None
    [line] = logs()
    assert "canary" not in logs.text
    assert line.get("aws_code") or line.get("aws_error")


@pytest.mark.parametrize("call", CALLS)
def test_promise_8_without_time_nothing_is_sent(tables: Tables, call: str) -> None:
    client = tables.failing()
    with pytest.raises(ServiceUnavailable), within(1.9):
        CALLS[call](store(tables, client))
    assert cast("Any", client).calls == 0
