"""A back end that was down hears afterwards what it missed: from a list, or once more by itself."""

from typing import Any

import pytest

from tests.world import World
from tests.world.functions import Reply

DAY = 24 * 3600
HOUR = 3600


def listed(world: World, since: int, limit: int = 50) -> list[dict[str, Any]]:
    """All pages, followed to their end."""
    events, query = list[dict[str, Any]](), {"since": str(since), "limit": str(limit)}
    while True:
        reply = world.call("GET /events", query=query)
        assert reply.status == 200, reply.body
        assert len(reply.body["events"]) <= limit
        events += reply.body["events"]
        if reply.body["next"] is None:
            return events
        query["next"] = reply.body["next"]


def ids(events: list[dict[str, Any]]) -> list[str]:
    return [event["detail"]["event_id"] for event in events]


def send_again(world: World, event_id: object) -> Reply:
    return world.call("POST /events/send_again", body={"event_id": event_id})


def told(world: World) -> dict[str, dict[str, Any]]:
    """What the bus took, as a consumer gets it, by its identity."""
    return {
        event.event_id: {"detail-type": event.type, "detail": dict(event.detail)}
        for event in world.bus.events
    }


def something_of_each_kind(world: World) -> None:
    """Closed and told: completed and cancelled, paid out and given up, a reward, one taken back."""
    world.paid_payment()
    world.cancelled_by_user()
    world.requested("payout-1")
    world.requested("payout-2")
    world.fault_once("POST", "/v2/payments", code="missing_wallet")
    ad_id = world.granted_ad()
    world.granted_ad()
    world.work()
    world.pi.judge_ad(ad_id, "revoked")
    world.rounds(8)


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_the_list_has_what_was_told_each_once_in_pages(world: World, limit: int) -> None:
    check_list(world, limit)


def test_so_it_has_on_ministack(world_on_ministack: World) -> None:
    check_list(world_on_ministack, limit=2)


def check_list(world: World, limit: int) -> None:
    since = world.clock()
    something_of_each_kind(world)
    world.tick(2 * DAY)
    world.rounds(2)

    events = listed(world, since, limit)

    last = told(world)
    [granted] = [  # it was taken back since, and its later event stands for it
        name
        for name in last
        if name.replace(":RewardGranted", ":RewardRevoked") in set(last) - {name}
    ]
    del last[granted]
    types = {event["detail-type"] for event in events}
    assert types == {
        "PaymentCompleted",
        "PaymentCancelled",
        "PayoutCompleted",
        "PayoutFailed",
        "RewardGranted",
        "RewardRevoked",
    }
    assert sorted(ids(events)) == sorted(last)
    assert all(event == last[event["detail"]["event_id"]] for event in events)


def test_the_list_begins_at_its_moment(world: World) -> None:
    before = world.paid_payment()
    world.rounds(2)
    world.tick(HOUR)
    since = world.clock()
    after = world.paid_payment()
    world.rounds(2)

    assert ids(listed(world, since)) == [f"{after}:PaymentCompleted"]
    assert set(ids(listed(world, since - 2 * HOUR))) == {
        f"{before}:PaymentCompleted",
        f"{after}:PaymentCompleted",
    }


def test_a_month_without_sales_is_read_in_a_few_pages(world: World) -> None:
    payment_id = world.paid_payment()
    world.rounds(2)
    world.tick(30 * DAY)

    assert ids(listed(world, world.clock() - 31 * DAY)) == [f"{payment_id}:PaymentCompleted"]


def test_an_event_that_is_still_owed_is_listed_too(world: World) -> None:
    """So a back end can go on while the bus is down."""
    since, payment_id = world.clock(), world.paid_payment()
    with world.bus.is_down():
        world.rounds(2)

        assert ids(listed(world, since)) == [f"{payment_id}:PaymentCompleted"]


def test_what_was_never_told_is_neither_listed_nor_sent(world: World) -> None:
    """Promise 4: refused at once, or completed by another back end, which has delivered it."""
    since, alice = world.clock(), world.user("alice")
    refused = world.start(alice, amount="1")
    assert world.approve(refused, alice).status == 409
    elsewhere, app = world.start(world.user("bob")), world.pi.registry.app()
    world.pi.approve(app, elsewhere)
    world.pi.complete(app, elsewhere, {"txid": world.pay(elsewhere)})
    world.incomplete(elsewhere)
    world.rounds(3)

    assert listed(world, since) == []
    assert told(world) == {}
    for payment_id in (refused, elsewhere):
        for kind in ("PaymentCompleted", "PaymentCancelled"):
            assert send_again(world, f"{payment_id}:{kind}").error == "event_not_found"
    assert world.bus.events == []


def test_an_event_sent_again_is_the_same(world: World) -> None:
    """Promise 4: one identity, one content, whatever has happened to its record since."""
    something_of_each_kind(world)
    [payment_id] = [e.business_id for e in world.bus.events if e.type == "PaymentCompleted"]
    world.requested("refund-1", refund_of=payment_id)
    world.rounds(2)
    once = told(world)
    before = world.backup()

    for event_id, event in once.items():
        reply = send_again(world, event_id)
        if event["detail-type"] == "RewardGranted" and reply.status == 404:
            continue  # taken back since
        assert reply.status == 200
        assert reply.body == event
        sent = world.bus.events[-1]
        assert {"detail-type": sent.type, "detail": dict(sent.detail)} == event

    assert world.backup() == before, "nothing is written"


def test_the_number_grows_with_each_event_of_a_record(world: World) -> None:
    """So a late one is known to be late; a payout is blocked, resumed and paid."""
    world.requested("payout-1")
    world.pi.settings.show_txid_before_complete = False
    world.fault("POST", "/v2/payments/*/complete", code="verification_failed")
    world.rounds(2)
    world.heal()
    world.decide("payout-1", "resume")
    world.rounds(2)

    events = [event for event in world.bus.events if event.business_id == "payout-1"]

    assert [event.type for event in events] == ["PayoutBlocked", "PayoutCompleted"]
    first, second = (event.detail["sequence"] for event in events)
    assert first < second


def test_a_cancellation_that_was_overtaken_is_not_sent_again(world: World) -> None:
    """The goods are handed out: its reservation must not be released by a late event."""
    payment_id = world.cancelled_by_user()
    world.rounds(8)
    assert world.events(payment_id) == ["PaymentCancelled"]
    world.pi.force(payment_id, {"status": {"cancelled": False, "user_cancelled": False}})
    world.pay(payment_id)
    world.rounds(3)
    assert world.events(payment_id) == ["PaymentCancelled", "PaymentCompleted"]

    late = send_again(world, f"{payment_id}:PaymentCancelled")

    assert (late.status, late.error) == (404, "event_not_found")
    first, second = (event.detail["sequence"] for event in world.bus.events)
    assert first < second
    assert ids(listed(world, world.clock() - DAY)) == [f"{payment_id}:PaymentCompleted"]


def test_what_an_open_payout_waits_for_is_not_sent_again(world: World) -> None:
    """It changes, and one identity must have one content."""
    world.requested("payout-1")
    world.fault_once("POST", "/v2/payments", code="missing_scope")
    world.rounds(1)
    [event] = world.bus.events
    assert (event.type, event.detail["sequence"] > 1) == ("PayoutWaiting", True)

    assert send_again(world, event.event_id).error == "event_not_found"
    assert listed(world, world.clock() - DAY) == []


def test_a_bus_that_is_down_is_told_to_the_caller(world: World) -> None:
    payment_id = world.paid_payment()
    world.rounds(2)

    with world.bus.is_down():
        reply = send_again(world, f"{payment_id}:PaymentCompleted")

    assert (reply.status, reply.error) == (503, "service_unavailable")


def test_a_record_that_cannot_be_read_holds_up_no_other(world: World) -> None:
    """Promise 9."""
    since, odd, good = world.clock(), world.paid_payment(), world.paid_payment()
    world.rounds(2)
    world.tables.edit("PaymentsTable", odd, amount="much")
    world.tables.put(
        "PaymentsTable",
        {"payment_id": {"S": "typed by hand!"}, "settled_on": {"S": world.now.date().isoformat()}},
    )

    assert ids(listed(world, since, limit=1)) == [f"{good}:PaymentCompleted"]
    assert send_again(world, f"{odd}:PaymentCompleted").status == 503


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "invalid_since"),
        ({"since": "yesterday"}, "invalid_since"),
        ({"since": "1"}, "invalid_since"),  # more than a month ago
        ({"since": "999999999999"}, "invalid_since"),
        ({"limit": "0"}, "invalid_limit"),
        ({"limit": "101"}, "invalid_limit"),
        ({"next": "2026-13-01.0."}, "invalid_cursor"),
        ({"next": "2026-11-26.9."}, "invalid_cursor"),
        ({"next": "2026-11-26"}, "invalid_cursor"),
    ],
)
def test_a_malformed_page_is_refused(world: World, query: dict[str, str], code: str) -> None:
    """Promise 7."""
    given = {"since": str(world.clock())} if query.keys() - {"since"} else {}
    reply = world.call("GET /events", query=given | query)

    assert (reply.status, reply.error) == (400, code)


@pytest.mark.parametrize(
    ("event_id", "error"),
    [
        (None, "event_not_found"),
        ("", "invalid_event_id"),
        ("canary#:PaymentCompleted", "invalid_event_id"),
        ("payment-1", "invalid_event_id"),
        ("payment-1:NoSuchType", "event_not_found"),
        ("payment-1:PaymentCompleted", "event_not_found"),
        ("payout-1:PayoutBlocked:1795442400", "event_not_found"),
    ],
)
def test_an_event_that_is_none(world: World, event_id: str | None, error: str) -> None:
    assert send_again(world, event_id).error == ("invalid_event_id" if event_id is None else error)


def test_nothing_is_obeyed_by_half(world: World) -> None:
    reply = world.call("POST /events/send_again", body={"event_id": "a:b", "all": True})

    assert (reply.status, reply.error) == (400, "unexpected_key")
