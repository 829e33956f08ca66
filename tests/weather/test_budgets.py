"""What a sweep and a settlement cost: the work that is due, whatever the ledger holds beside it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any

import pytest
import requests

from local.cloud.ministack import REGION, ROOT_KEY
from shared.aws.dynamodb import DUE_SHARDS, due_keys, encoded
from shared.payments.record import PROOF_SECONDS
from shared.work.wake_ups import Work
from tests.weather.ends import PROVEN_AFTER, RECHECK_SECONDS, SWEEP_CANCELS_AFTER, closed_untold
from tests.world import World

BATCH = 25  # BatchWriteItem's most
BATCH_WRITE = {
    "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    "Content-Type": "application/x-amz-json-1.0",
    # The local cloud looks up whose request it is, and at nothing else.
    "Authorization": (
        f"AWS4-HMAC-SHA256 Credential={ROOT_KEY}/20261123/{REGION}/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=none"
    ),
}


@dataclass(slots=True)
class Reads:
    """What the queries of a sweep read, as DynamoDB itself counts and bills it."""

    queries: int = 0
    items: int = 0
    capacity: float = 0.0


@contextmanager
def metered(world: World) -> Iterator[Reads]:
    reads, events = Reads(), world.tables.bundle.meta.events

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def note(parsed: dict[str, Any], **_: Any) -> None:
        reads.queries += 1
        reads.items += parsed["ScannedCount"]
        reads.capacity += parsed["ConsumedCapacity"]["CapacityUnits"]

    events.register("provide-client-params.dynamodb.Query", ask, unique_id="ask")
    events.register("after-call.dynamodb.Query", note, unique_id="note")
    try:
        yield reads
    finally:
        events.unregister("provide-client-params.dynamodb.Query", unique_id="ask")
        events.unregister("after-call.dynamodb.Query", unique_id="note")


def put_closed(world: World, numbers: range) -> None:
    """Payments that were completed and delivered long ago, as the ledger keeps them.

    Past boto3, which takes longer over a hundred thousand of them than the database does.
    """
    table, endpoint = world.tables.names["PaymentsTable"], world.tables.eyes.meta.endpoint_url
    row = json.dumps({"PutRequest": {"Item": _row(world, "closed-%", None)}})
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update(BATCH_WRITE)
        for start in range(numbers.start, numbers.stop, BATCH):
            rows = (row.replace("%", str(number)) for number in range(start, start + BATCH))
            body = f'{{"RequestItems": {{"{table}": [{", ".join(rows)}]}}}}'
            answer = session.post(endpoint, body, timeout=20)
            assert answer.json() == {"UnprocessedItems": {}}


def put_due(world: World, number: int) -> None:
    for n in range(number):
        world.tables.put("PaymentsTable", _row(world, f"due-{world.clock()}-{n}", world.clock()))


def _row(world: World, payment_id: str, due_at: int | None) -> dict[str, Any]:
    return encoded(
        {
            "payment_id": payment_id,
            "uid": f"user-of-{payment_id}",
            "amount": 31_400_000,
            "state": "open" if due_at else "completed",
            "created_at": world.clock(),
            "product_id": "apple_pie_1",
            "txid": "ab" * 32,
            **due_keys(payment_id, due_at),
            "version": 3,
        }
    )


def test_a_sweep_costs_the_same_beside_20_000_closed_payments(world_on_ministack: World) -> None:
    world = world_on_ministack
    costs = []
    for closed in (range(1_000), range(1_000, 20_000)):
        put_closed(world, closed)
        put_due(world, 100)
        with metered(world) as reads:
            assert world.sweep() == 100
        costs.append(reads)
        _forget_what_is_due(world)

    few, many = costs
    assert few.items == 100
    for a, b in zip(astuple(few), astuple(many), strict=True):
        assert b == pytest.approx(a, rel=0.05)
    assert few.capacity <= 2 * DUE_SHARDS  # half a unit for each query, of pages of 4 KB


def _forget_what_is_due(world: World) -> None:
    for item in world.tables.raw("PaymentsTable", index="due"):
        world.tables.delete("PaymentsTable", item["payment_id"]["S"])


def test_a_sweep_does_not_read_what_is_due_later_of_rewards(world_on_ministack: World) -> None:
    """Each waits a day for its re-check: a thousand of them must not cost every sweep."""
    world = world_on_ministack
    for _ in range(20):
        world.granted_ad()
    world.work()
    world.tick(300)

    with metered(world) as reads:
        assert world.sweep() == 0

    assert reads.items == 0


def test_a_sweep_makes_few_calls_for_many_due_payments(world: World) -> None:
    """One write for 25 of a shard, and one to the queue for ten."""
    put_due(world, 400)

    with world.counting() as spent:
        world.sweep()

    effects = spent.log
    assert effects.count("Query") == 4 * DUE_SHARDS
    assert 400 / 25 <= effects.count("BatchExecuteStatement") <= 400 / 25 + DUE_SHARDS
    assert 400 / 10 <= effects.count("SendMessageBatch") <= 400 / 10 + 3 * DUE_SHARDS
    assert effects.count("GetQueueAttributes") == 2
    assert effects.count("GET /v2/payments/incomplete_server_payments") == 1
    assert len(effects) < 4 * DUE_SHARDS + 100
    assert len(world.wake_ups.messages) == 400


READ, ASK = "GetItem", "GET /v2/payments/*"
COMPLETE, CANCEL = "POST /v2/payments/*/complete", "POST /v2/payments/*/cancel"
WRITE, TELL = "UpdateItem", "PutEvents"
BOOK = [READ, "GET /horizon/", "GET /horizon/ledgers", "GET /horizon/accounts/*/payments", WRITE]

Make = Callable[[World], str]


def dead(world: World) -> str:
    """Its user has cancelled it, and a sweep has seen that."""
    payment_id = world.cancelled_by_user()
    world.rounds(1)
    return payment_id


def long_unpaid(world: World) -> str:
    payment_id = world.approved()
    world.live(SWEEP_CANCELS_AFTER)
    return payment_id


SETTLEMENTS: dict[str, tuple[Make, int, list[str]]] = {
    "nothing to do": (World.approved, 60, [READ, ASK]),
    "completes": (World.paid_payment, 60, [READ, ASK, COMPLETE, WRITE, TELL, WRITE]),
    "cancelled at Pi": (World.cancelled_by_user, 60, [READ, ASK, WRITE]),
    "is proven unpaid": (dead, PROOF_SECONDS, [READ, ASK, *BOOK, READ, READ, WRITE, TELL, WRITE]),
    "cancels": (long_unpaid, PROVEN_AFTER, [READ, ASK, *BOOK, READ, READ, CANCEL, WRITE, READ]),
    "delivers": (closed_untold, 60, [READ, TELL, WRITE]),
}


@pytest.mark.parametrize(
    ("make", "age", "effects"), [pytest.param(*case, id=name) for name, case in SETTLEMENTS.items()]
)
def test_one_settlement(world: World, make: Make, age: int, effects: list[str]) -> None:
    world.paid_payment()
    world.rounds(1)  # from here on the wallet has a book
    payment_id = make(world)
    world.tick(age)
    world.wake(Work.PAYMENT, payment_id)

    with world.counting() as spent:
        world.work()

    assert spent.log == effects


def test_one_re_check(world: World) -> None:
    ad_id = world.granted_ad()
    world.work()
    world.tick(RECHECK_SECONDS)
    world.wake(Work.REWARD, ad_id)

    with world.counting() as spent:
        world.work()

    assert spent.log == [READ, "GET /v2/ads_network/status/*", WRITE]
