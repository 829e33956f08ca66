"""What an operator sees of requests: which one each line of the log belongs to, and outages, as
warnings and counted."""

import io
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.cloud import template
from shared.base.observability import OUTAGES, logger
from shared.base.threads import Threads
from tests.world import User, World, new_world
from tests.world.effects import AwsFault
from tests.world.payments import PIE
from tests.world.tables import Storage

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def new_lines() -> Iterator[Lines]:
    """The lines logged since it was last called."""
    log, bundle = io.StringIO(), logging.getLogger(logger.name)
    handler = logging.StreamHandler(log)
    handler.setFormatter(logger.registered_formatter)

    def take() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        log.seek(log.truncate(0))
        return lines

    bundle.addHandler(handler)
    yield take
    bundle.removeHandler(handler)


@pytest.mark.parametrize("is_up", [True, False])
@pytest.mark.parametrize(("route", "function"), template.folders_by_route().items())
def test_each_line_names_its_request_and_what_it_is_about(
    world: World, alice: User, new_lines: Lines, route: str, function: str, is_up: bool
) -> None:
    """An ad is never named: whoever reads its id could claim it."""
    payment_id, txid = world.paid(alice)
    ad_id = world.pi.show_ad("granted").identifier
    ids = {"payment_id": payment_id, "payout_id": "payout-1", "ad_id": ad_id}
    order = {"paymentId": payment_id, "txid": txid}
    if "payout" in route:
        order = {"payout_id": "payout-1", "uid": alice.uid, "amount": "1", "memo": "Thank you"}
    world.switch.value = "off"
    if not is_up:
        world.fault(drop="before")
    new_lines()

    reply = world.call(route, body=order, path=ids, token=alice.token)

    lines = new_lines()
    about = {"function": function, "request_id": "4bf4f7a1-request", "route": route}
    if "payout" in route:
        about["subject"] = "payout-1"
    elif "pi_payment" in route or "{payment_id}" in route:
        about["subject"] = payment_id
    assert lines
    for line in lines:
        assert {key: line[key] for key in (*about, "subject") if key in line} == about
    assert ad_id not in str(lines)
    assert reply.body.get("request_id", about["request_id"]) == about["request_id"]


def test_ten_side_by_side_keep_their_subjects(world: World, new_lines: Lines) -> None:
    """Each with a task of its own beside it, in the bundle's own threads."""
    users = [world.user() for _ in range(10)]
    payments = {world.start(user): user for user in users}

    with Threads(4) as world.executor, ThreadPoolExecutor(10) as callers:
        list(callers.map(world.approve, payments, payments.values()))

    lines = new_lines()
    named = [line for line in lines if "payments/" in line["pi_call"]]
    assert all(line["subject"] in line["pi_call"] for line in named)
    assert Counter(line["subject"] for line in lines) == dict.fromkeys(payments, 3)


def _no_table(world: World) -> None:
    world.tables.eyes.delete_table(TableName=world.tables.names["PaymentsTable"])


def _no_capacity(world: World) -> None:
    world.effects.faults.append(AwsFault("PutItem", "ThrottlingException", times=10))


def _no_pi(world: World) -> None:
    world.fault(drop="before")


@pytest.mark.parametrize(
    ("outage", "code", "metric"),
    [
        (_no_table, "service_unavailable", "ServiceUnavailable"),
        (_no_capacity, "service_unavailable", "ServiceUnavailable"),
        (_no_pi, "pi_unavailable", "PiUnavailable"),
    ],
)
def test_an_outage_is_a_warning_and_is_counted(
    storage: Storage, new_lines: Lines, outage: Callable[[World], None], code: str, metric: str
) -> None:
    with new_world(storage) as world:
        alice = world.user("alice")
        payment_id = world.start(alice)
        outage(world)

        reply = world.approve(payment_id, alice)

    assert (reply.status, reply.error) == (503, code)
    [refused] = [line for line in new_lines() if line["message"] == "Refused"]
    assert (refused["level"], refused["code"], refused["status"]) == ("WARNING", code, 503)
    assert world.metrics.counted == {metric: 1}


def test_a_refusal_is_neither(world: World, alice: User, new_lines: Lines) -> None:
    assert world.approve(world.start(alice, "1"), alice).status == 409

    [refused] = [line for line in new_lines() if line["message"] == "Refused"]
    assert (refused["level"], refused["code"]) == ("INFO", "unexpected_amount")
    assert not world.metrics.counted.keys() & OUTAGES.values()


def test_the_log_has_no_metadata(world: World, alice: User, new_lines: Lines) -> None:
    world.approve(world.start(alice, "1", {"productId": PIE, "private": "private"}), alice)
    [line] = [line for line in new_lines() if line["message"] == "Payment refused"]
    expected = {"code": "unexpected_amount", "amount": "1", "product_id": PIE, "quantity": 1}
    assert line.items() >= {**expected, "minimum": "3.14", "maximum": "3.14"}.items()

    world.approve(world.start(alice, "3.14", network="Pi Network"), alice)
    [line] = [line for line in new_lines() if line["message"] == "Payment refused"]
    assert line.items() >= {"code": "unexpected_network", "product_id": PIE}.items()

    world.approve(world.start(alice, "1", {"private": "private"}), alice)
    lines = new_lines()
    [line] = [line for line in lines if line["message"] == "Payment refused"]
    assert line.items() >= {"code": "unknown_product", "why": "no_product_id"}.items()
    assert "private" not in json.dumps(lines)
