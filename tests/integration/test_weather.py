"""Pi, the chain, DynamoDB or Secrets Manager fail: a clear answer, nothing lost, the repeat right.

Promises 7 and 8.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.world import User, World
from tests.world.effects import AwsFault
from tests.world.functions import Reply

HTML = {"body": "<html><h1>We're sorry, but something went wrong.</h1></html>"}

LOST = [
    pytest.param({"status": 500, **HTML}, 503, id="500 in HTML"),
    pytest.param({"status": 503, **HTML, "effect": True}, 503, id="503 after the effect"),
    pytest.param({"drop": "before"}, 503, id="lost before"),
    pytest.param({"drop": "after"}, 503, id="lost after"),
    pytest.param({"delay_s": 30}, 503, id="too slow"),
    pytest.param({"status": 429, "body": {}, "headers": {"Retry-After": "1"}}, 503, id="429"),
    pytest.param({"status": 429, "headers": {"Retry-After": "36000"}}, 503, id="429 for hours"),
    pytest.param({"status": 302, "headers": {"Location": "http://x.test/"}}, 503, id="redirect"),
    pytest.param({"status": 200, "body": '{"identifier": "'}, 502, id="truncated"),
    pytest.param({"status": 200, "body": '{"amount": 1e9999999999999999999}'}, 502, id="huge"),
    pytest.param({"status": 200, "body": ""}, 502, id="empty"),
    pytest.param({"status": 200, "body": []}, 502, id="not an object"),
    pytest.param({"status": 200, "body": {"identifier": "x"}}, 502, id="half a payment"),
    pytest.param({"status": 404, **HTML}, 502, id="404 in HTML"),
    pytest.param({"status": 400, "body": {"error": 7}}, 502, id="a code that is none"),
]

PI_CALLS = ["GET /v2/payments/*", "POST */approve", "POST */complete"]


def story(world: World, alice: User, payment_id: str) -> Reply:
    """Approve, pay and complete, as far as it comes."""
    reply = world.approve(payment_id, alice)
    if reply.status != 200:
        return reply
    if not world.at_pi(payment_id).on_chain:
        world.pay(payment_id)
    return world.complete(payment_id, world.at_pi(payment_id).on_chain[0], alice)


@pytest.mark.parametrize("call", PI_CALLS)
@pytest.mark.parametrize(("fault", "status"), LOST)
def test_pi_fails_for_a_while(
    world: World, alice: User, call: str, fault: dict[str, Any], status: int
) -> None:
    """Promise 7: a clear 502 or 503 meanwhile; and once Pi is back, one completion."""
    payment_id = world.start(alice)
    method, _, path = call.partition(" ")
    world.fault(method, path, **fault)

    reply = story(world, alice, payment_id)

    # Where Pi did act and only the answer was lost, a later look may have found that out.
    assert reply.status == status or reply.state == "completed"
    if reply.status == 503:
        assert 1 <= int(reply.headers["Retry-After"]) <= 60
    world.heal()
    assert story(world, alice, payment_id).state == "completed"
    assert world.record(payment_id).version == 2


@pytest.mark.parametrize("call", ["GET /v2/me", *PI_CALLS])
@pytest.mark.parametrize(
    "fault",
    [{"status": 500, **HTML}, {"drop": "before"}, {"drop": "after"}, {"delay_s": 30}],
    ids=str,
)
def test_a_failure_is_unnoticed(
    world: World, alice: User, call: str, fault: dict[str, Any]
) -> None:
    """Each of these calls may be repeated inside the deadline."""
    payment_id = world.start(alice)
    method, _, path = call.partition(" ")
    world.fault_once(method, path, **fault)

    assert story(world, alice, payment_id).state == "completed"

    assert world.record(payment_id).version == 2


def test_too_little_time_is_said_so(world: World, alice: User) -> None:
    """Promise 8: with no time left for the write, Pi is not asked to act."""
    payment_id, txid = world.paid(alice)
    body = {"paymentId": payment_id, "txid": txid}

    reply = world.call("POST /pi_payment/complete", body=body, seconds=3)

    assert reply.status == 503
    assert not world.at_pi(payment_id).developer_completed


# --- The server key ---------------------------------------------------------------------------


def rotate(world: World, key: str) -> None:
    world.pi.registry.app().key = key


def test_a_key_rotated_in_mid_flight(world: World, alice: User) -> None:
    """Refused once, read again, and on."""
    payment_id = world.approved(alice)
    txid = world.pay(payment_id)
    rotate(world, "the-new-key")
    world.server_key = "the-new-key\n"

    assert world.complete(payment_id, txid, alice).status == 200


def test_a_key_that_stays_wrong(world: World, alice: User) -> None:
    """502, found out by a call that no caller can cause; nothing is closed, and the right key mends
    it."""
    payment_id, txid = world.paid(alice)
    rotate(world, "the-new-key")

    with world.counting() as spent:
        reply = world.complete(payment_id, txid, alice)

    assert (reply.status, reply.error) == (502, "server_key_refused")
    found_out = "GET /v2/payments/incomplete_server_payments"
    assert spent.pi == ["GET /v2/me", "GET /v2/payments/*", found_out]
    assert world.standing_of(payment_id) == ("open", None)
    world.server_key = "the-new-key"
    assert world.complete(payment_id, txid, alice).status == 200


def test_a_403_on_a_repeated_approval_is_not_a_wrong_key(world: World, alice: User) -> None:
    """It has been approved, and Pi says so in its own way."""
    payment_id = world.start(alice)
    refusal = {"code": "already_approved", "status": 403, "effect": True}
    world.fault("POST", "/v2/payments/*/approve", times=2, **refusal)

    assert world.approve(payment_id, alice).status == 200

    assert world.metrics.counted["ServerKeyRefused"] == 0


@pytest.mark.parametrize("value", [None, "", " \n", "two\nlines", "kéy"])
def test_a_key_that_was_never_put(world: World, alice: User, value: str | None) -> None:
    world.server_key = value
    payment_id = world.start(alice)

    reply = world.approve(payment_id, alice)

    assert (reply.status, reply.error) == (503, "server_key_missing")


# --- DynamoDB -----------------------------------------------------------------------------------

REFUSALS = [
    ("ThrottlingException", 400),
    ("ProvisionedThroughputExceededException", 400),
    ("RequestLimitExceeded", 400),
    ("TransactionConflictException", 400),
    ("InternalServerError", 500),
    ("AccessDeniedException", 400),
]


@pytest.mark.parametrize(("code", "status"), REFUSALS)
@pytest.mark.parametrize("operation", ["GetItem", "PutItem", "UpdateItem"])
def test_a_table_refuses(world: World, alice: User, operation: str, code: str, status: int) -> None:
    """Promise 7: 503 and Retry-After; the repeat is right."""
    payment_id = world.start(alice)
    world.effects.faults.append(AwsFault(operation, code, status))

    reply = story(world, alice, payment_id)

    assert (reply.status, reply.error) == (503, "service_unavailable")
    assert "Retry-After" in reply.headers
    assert story(world, alice, payment_id).state == "completed"
    record = world.record(payment_id)
    assert (record.pending_event, record.version) == ("PaymentCompleted", 2)


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_the_answer_to_a_write_is_lost(world: World, alice: User, operation: str) -> None:
    """Promise 4: it was written; the repeat finds it and writes nothing more."""
    payment_id = world.start(alice)
    world.effects.faults.append(AwsFault(operation))

    assert story(world, alice, payment_id).status == 503
    assert story(world, alice, payment_id).state == "completed"

    assert world.record(payment_id).version == 2


def test_without_a_record_nothing_is_approved(world: World, alice: User) -> None:
    """Promise 2: the put failed, so Pi is not asked to approve."""
    payment_id = world.start(alice)
    world.effects.faults.append(AwsFault("PutItem", "ThrottlingException"))

    world.approve(payment_id, alice)

    assert not world.at_pi(payment_id).developer_approved


def test_without_the_price_nothing_is_refused(world: World, alice: User) -> None:
    """A look-up that failed is not an unknown product."""
    payment_id = world.start(alice)
    world.effects.faults.append(AwsFault("GetItem", "ThrottlingException"))

    assert world.approve(payment_id, alice).status == 503

    assert world.at_pi(payment_id).is_open
    assert world.find_record(payment_id) is None


def test_the_history_cannot_be_read(world: World, alice: User) -> None:
    world.effects.faults.append(AwsFault("Query", "ThrottlingException"))

    assert world.call("GET /payments", token=alice.token).error == "service_unavailable"
    assert world.call("GET /payments", token=alice.token).status == 200


# --- The transaction of a reward -----------------------------------------------------------------


def cancelled(*codes: str) -> AwsFault:
    """A transaction refused for the ad's reason and the counter's reason."""
    reasons = [{"Code": code} for code in codes]
    return AwsFault("TransactWriteItems", "TransactionCanceledException", reasons=reasons)


@pytest.mark.parametrize(
    "codes",
    [
        ("TransactionConflict", "None"),
        ("None", "TransactionConflict"),
        ("TransactionConflict", "TransactionConflict"),
        ("ThrottlingError", "None"),
        ("None", "ProvisionedThroughputExceeded"),
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_a_conflict_is_repeated(
    world: World, alice: User, codes: tuple[str, str], times: int
) -> None:
    ad_id = world.pi.show_ad("granted").identifier
    fault = cancelled(*codes)
    fault.times = times
    world.effects.faults.append(fault)

    assert world.claim(ad_id, alice).status == 200

    assert world.rewards_of(alice) == ([ad_id], 1)


def test_a_conflict_that_stays_ends_in_time(world: World, alice: User) -> None:
    """Promise 8: inside the deadline; the repeat is right."""
    ad_id = world.pi.show_ad("granted").identifier
    fault = cancelled("TransactionConflict", "None")
    fault.times = 1000
    world.effects.faults.append(fault)

    assert world.claim(ad_id, alice).error == "service_unavailable"

    world.effects.faults.clear()
    assert world.claim(ad_id, alice).status == 200
    assert world.rewards_of(alice) == ([ad_id], 1)


Wrong = Callable[[], AwsFault]


@pytest.mark.parametrize(
    "fault",
    [
        lambda: AwsFault("TransactWriteItems", "ThrottlingException"),
        lambda: AwsFault("TransactWriteItems", "InternalServerError", 500),
        lambda: AwsFault("TransactWriteItems", "TransactionInProgressException"),
        lambda: AwsFault("TransactWriteItems"),
    ],
    ids=["throttled", "internal", "in progress", "answer lost"],
)
def test_a_failed_claim_is_granted_by_its_repeat(world: World, alice: User, fault: Wrong) -> None:
    ad_id = world.pi.show_ad("granted").identifier
    world.effects.faults.append(fault())

    assert world.claim(ad_id, alice).status == 503
    assert world.claim(ad_id, alice).status == 200

    assert world.rewards_of(alice) == ([ad_id], 1)
