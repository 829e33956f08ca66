"""What Pi may say to a payout, and what of ours or a stranger's may be open there already."""

from decimal import Decimal
from typing import Any

import pytest

from shared.payouts.record import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT, loses_wallet, paid_before
from tests.world import World
from tests.world.devices import Loses
from tests.world.effects import Moment

HOUR = 3600


def stranger_opens(world: World, **metadata: Any) -> str:
    """Another back end of the same app creates an A2U payment."""
    app, uid = world.pi.registry.app(), world.uid("bob")
    metadata = metadata or {"order": "7"}
    arguments = {"amount": Decimal(2), "memo": "x", "metadata": metadata, "uid": uid}
    return str(world.pi.create_payment(app, arguments)["identifier"])


def test_the_recipient_grants_his_address_days_later(world: World) -> None:
    """A 401, and yet no sign of a bad key: the app hears of it once, and Pi is asked daily."""
    uid = world.uid("alice", scopes=["username"])
    world.requested(PAYOUT, uid, refund_of=world.sold(uid=uid))
    for day in range(1, 4):
        world.rounds(3)
        assert (world.payout().state, world.payout().reason) == (
            PayoutState.REQUESTED,
            "missing_scope",
        )
        assert world.effects.log.count("POST /v2/payments") == day
        assert world.events(PAYOUT) == ["PayoutWaiting"]
        world.tick(24 * HOUR)
    assert world.metrics.counted["ServerKeyRefused"] == 0
    assert world.metrics.last["OldestPayoutSeconds"] == 0
    world.uid("alice", scopes=["username", "wallet_address"])
    world.rounds(2)
    check_at_rest(world, PayoutState.COMPLETED)
    assert world.events(PAYOUT) == ["PayoutWaiting", "PayoutCompleted"]


def test_the_recipient_never_grants_his_address(world: World) -> None:
    world.ledgers_close_seldom()
    uid = world.uid("alice", scopes=["username"])
    world.requested(PAYOUT, uid, refund_of=world.sold(uid=uid))
    for _ in range(30):
        world.rounds(1)
        assert world.payout().state is PayoutState.REQUESTED
        world.tick(24 * HOUR)
    world.rounds(2)
    check_at_rest(world, PayoutState.FAILED)
    assert world.payout().reason == "missing_scope"
    assert world.events(PAYOUT) == ["PayoutWaiting", "PayoutFailed"]
    assert world.counters() == {}


def test_an_operator_gives_it_up_before_the_app_has_heard_that_it_waits(world: World) -> None:
    """It fails at once, and not a day later."""
    uid = world.uid("alice", scopes=["username"])
    world.requested(PAYOUT, uid, refund_of=world.sold(uid=uid))
    world.bus.down = True
    world.send()
    assert world.payout().pending_event == "PayoutWaiting"
    world.bus.down = False
    world.decide(PAYOUT, "fail")
    world.rounds(1)
    check_at_rest(world, PayoutState.FAILED)
    assert world.events(PAYOUT) == ["PayoutFailed"]


@pytest.mark.parametrize("code", ["missing_wallet", "invalid_address", "invalid_arguments"])
def test_pi_refuses_for_good(world: World, code: str) -> None:
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments", code=code)
    world.send()
    check_at_rest(world, PayoutState.FAILED)
    assert world.payout().reason == code
    assert world.counters() == {}


def test_the_app_may_not_pay_yet(world: World) -> None:
    """Pi allows an app's payouts when it likes: all wait, Pi is asked once for all of them, and
    they go on by themselves."""
    world.pi.registry.app().a2u = False
    names = world.several(4)
    world.send()
    assert world.effects.log.count("POST /v2/payments") == 1
    world.rounds(2)
    assert {record.reason for record in world.all_payouts()} == {"feature_not_available"}
    assert world.metrics.counted["PayoutsHeldUp"] >= 4
    world.pi.registry.app().a2u = True
    world.rounds(3)
    check_at_rest(world, PayoutState.COMPLETED, *names)


# --- Is the key ours? -----------------------------------------------------------------------------


def test_pi_knows_no_such_user(world: World) -> None:
    """The key is ours: he is asked for daily, and he comes back."""
    paid_before(world)
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments", code="user_not_found")
    for day in range(1, 5):
        world.rounds(10)
        assert world.standing() == (PayoutState.REQUESTED, "user_not_found")
        assert world.effects.log.count("POST /v2/payments") == 1 + day
        world.tick(24 * HOUR - 2950)
    assert world.counters() != {}
    assert world.metrics.last["OldestPayoutSeconds"] == 0
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def test_pi_has_not_known_him_for_a_month(world: World) -> None:
    world.ledgers_close_seldom()
    paid_before(world)
    world.requested(PAYOUT, "nobody")
    for _ in range(30):
        world.rounds(1)
        assert world.payout().state is PayoutState.REQUESTED
        world.tick(24 * HOUR)
    check_at_rest(world, PayoutState.FAILED, after=2)
    assert world.payout().reason == "user_not_found"


def test_an_unknown_user_of_a_stack_that_has_never_paid(world: World) -> None:
    """It may be the key: an alarm rings, and after a day a person has to look."""
    world.requested(PAYOUT, "nobody")
    world.rounds(6)
    assert world.payout().reason == "user_not_found"
    assert world.metrics.counted["PayoutsHeldUp"] > 0
    world.tick(24 * HOUR)
    world.rounds(1)
    assert world.standing() == (PayoutState.BLOCKED, "user_not_found")


@pytest.mark.parametrize("has_paid", [True, False])
@pytest.mark.parametrize("is_cold", [True, False])
def test_another_apps_key_blocks_none(world: World, has_paid: bool, is_cold: bool) -> None:
    """What waits for it goes on as soon as the right one is there, in a warm sender as well."""
    if has_paid:
        paid_before(world)
    names = world.several(5)
    right = world.take_another_apps_key()
    world.send()
    world.rounds(3)
    reason = "server_key_of_another_app" if has_paid else "user_not_found"
    assert {world.payout(name).reason for name in names} == {reason}
    assert world.metrics.counted["PayoutsHeldUp"] >= len(names)
    world.server_key = right
    if is_cold:
        world.cold_start()

    world.rounds(6)

    check_at_rest(world, PayoutState.COMPLETED, *names)


@pytest.mark.parametrize("decision", ["fail", None])
def test_nothing_is_given_up_with_another_apps_key(world: World, decision: str | None) -> None:
    paid_before(world)
    world.half_sent("GET /horizon/accounts/*/payments", "before")
    right = world.take_another_apps_key()
    if decision:
        world.decide(PAYOUT, decision)
    world.rounds(2)
    world.tick(3 * 24 * HOUR)
    world.rounds(2)
    assert world.standing() == (PayoutState.CREATED, "server_key_of_another_app")
    assert all(payment.is_open for payment in world.payments_of(PAYOUT))
    world.server_key = right
    world.rounds(5)  # of the book, which nobody has read for so long
    check_at_rest(world, PayoutState.FAILED if decision else PayoutState.COMPLETED)


def test_a_request_is_not_given_up_while_the_key_is_another_apps(world: World) -> None:
    """Pi has it open, and the list that another app's key gets does not show that."""
    paid_before(world)
    world.requested(PAYOUT)
    world.fault_once("POST", "/v2/payments", drop="after")
    world.send()
    right = world.take_another_apps_key()
    world.decide(PAYOUT, "fail")
    world.rounds(2)
    assert world.standing() == (PayoutState.REQUESTED, "server_key_of_another_app")

    world.server_key = right
    check_at_rest(world, PayoutState.FAILED, after=4)
    assert all(payment.is_cancelled for payment in world.payments_of(PAYOUT))


def test_what_pi_does_not_know_is_not_failed_while_the_key_is_another_apps(world: World) -> None:
    """Nothing on the chain looks like it: so only what this stack has seen completed can tell."""
    paid_before(world)
    world.requested(PAYOUT, amount="1")
    with world.effects.watched_by(Loses("GET /horizon/accounts/*/payments", "before")):
        world.send()
    world.take_another_apps_key()
    world.decide(PAYOUT, "fail")

    world.rounds(4)

    assert world.standing() == (PayoutState.CREATED, "server_key_of_another_app")


def test_the_key_is_refused_for_all(world: World) -> None:
    """One of them asks in a minute."""
    names = world.several(4)
    right, world.server_key = world.server_key, "yesterday's"
    world.cold_start()
    world.send()
    assert len(world.effects.pi) == 1
    assert {record.reason for record in world.all_payouts()} == {"server_key_refused"}
    assert world.metrics.counted["ServerKeyRefused"] > 0
    world.server_key = right
    world.rounds(1)
    check_at_rest(world, PayoutState.COMPLETED, *names)


@pytest.mark.parametrize(
    "answer",
    [{"status": 403, "body": "<html>"}, {"status": 200, "body": {"incomplete_server_payments": 7}}],
    ids=str,
)
def test_the_list_of_open_payouts_is_none(world: World, answer: dict[str, Any]) -> None:
    """A cause of all, and no wrong key: they wait with an alarm, and go on by themselves."""
    for name in ("p1", "p2"):
        world.requested(name, world.uid(name), amount="1")
    world.fault("GET", "/v2/payments/incomplete_server_payments", **answer)

    world.send()
    world.tick(2 * 24 * HOUR)
    world.rounds(2)

    assert {record.reason for record in world.all_payouts()} == {"pi_answer_invalid"}
    assert {record.state for record in world.all_payouts()} == {PayoutState.REQUESTED}
    assert world.metrics.counted["PayoutsHeldUp"] > 0
    assert world.metrics.counted["ServerKeyRefused"] == 0
    world.heal()
    world.rounds(2)
    check_at_rest(world, PayoutState.COMPLETED, "p1", "p2")


# --- Refused without a reason that we know --------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "body": {}},
        {"status": 401, "body": {}},
        {"status": 403, "body": {"error": "no"}},
        {"code": "unknown_error", "status": 400},
        {"code": "a_new_one", "status": 422},
    ],
    ids=str,
)
def test_a_creation_that_is_refused_without_a_reason(world: World, answer: dict[str, Any]) -> None:
    """Nothing was created: it is tried five times, and then a person has to look. The others go
    on."""
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments", **answer)
    world.send()
    assert world.payout().state is PayoutState.REQUESTED
    world.rounds(4)
    record = world.payout()
    code = answer.get("code") or answer["body"].get("error") or "creation_refused"
    assert (record.state, record.reason) == (PayoutState.BLOCKED, code)
    assert record.refused_with is not None
    assert record.refused_with.startswith(f"{answer['status']} ")
    assert world.effects.log.count("POST /v2/payments") == 5
    assert world.metrics.counted["ServerKeyRefused"] == 0
    world.heal()
    world.requested("next", world.uid("bob"))
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "next")
    world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def test_a_creation_that_is_refused_once_heals(world: World) -> None:
    world.requested(PAYOUT)
    world.fault_once("POST", "/v2/payments", status=404, body={})
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, after=1)
    assert world.payout().refusals == 0


@pytest.mark.parametrize("status", [408, 500, 200])
def test_a_creation_whose_outcome_is_unclear(world: World, status: int) -> None:
    """It is never asked for again before it had time to show."""
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments", status=status, body={})
    world.send()
    world.wake_sender(PAYOUT)
    assert world.payout().reason == "creation_unclear"
    assert world.effects.log.count("POST /v2/payments") == 1


def test_what_pi_has_open_for_it_is_not_created_again(world: World) -> None:
    """Its answer was lost; Pi lists it."""
    world.requested(PAYOUT)
    world.fault_once("POST", "/v2/payments", drop="after")
    world.send()

    check_at_rest(world, PayoutState.COMPLETED, after=1)
    assert world.effects.log.count("POST /v2/payments") == 1


@pytest.mark.parametrize("code", ["too_many_payments", "too_many_cancelled_payments"])
def test_pi_refuses_for_now(world: World, code: str) -> None:
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments", code=code)
    world.rounds(3)
    assert world.standing() == (PayoutState.REQUESTED, code)
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=2)


def test_another_payout_of_ours_is_in_the_way(world: World) -> None:
    """It is woken and brought to its end first; nobody is called a stranger."""
    world.requested("first")
    with world.effects.watched_by(Loses("UpdateItem", "before")):
        world.send()  # nothing of it can be written down
    with world.effects.watched_by(Loses("POST /horizon/transactions", "before")):
        world.tick(1)
        world.wake_sender("first")
    assert world.payout("first").state is PayoutState.SIGNED
    world.requested("second", world.uid("bob"))
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "first")
    assert world.payout("second").reason == "ongoing_payment_found"
    check_at_rest(world, PayoutState.COMPLETED, "second", after=1)
    assert world.metrics.counted["ForeignPayout"] == 0


@pytest.mark.parametrize(
    "metadata", [{"order": "7"}, {"payout_id": "unheard-of"}, {"payout_id": ""}, {"payout_id": 7}]
)
def test_a_strangers_payment_is_in_the_way(world: World, metadata: dict[str, Any]) -> None:
    """Reported, never paid, never cancelled."""
    foreign = stranger_opens(world, **metadata)
    world.requested(PAYOUT)
    world.rounds(3)
    assert world.metrics.counted["ForeignPayout"] >= 3
    assert world.payout().state is PayoutState.REQUESTED
    assert world.pi.payment(foreign).is_open
    assert world.pi.chain.transactions == []

    world.pi.cancel(world.pi.registry.app(), foreign)
    check_at_rest(world, PayoutState.COMPLETED, after=2)


def test_a_payment_that_its_failed_payout_does_not_know(world: World) -> None:
    """Pi creates it long after we were told otherwise: a stranger now, though it has our id."""
    world.requested(PAYOUT)
    world.fault_once("POST", "/v2/payments", code="invalid_address")
    world.send()
    check_at_rest(world, PayoutState.FAILED)
    late = stranger_opens(world, payout_id=PAYOUT)
    world.rounds(2)
    assert world.metrics.counted["ForeignPayout"] == 2
    assert world.pi.payment(late).is_open
    assert world.pi.chain.transactions == []


def test_a_late_payment_of_one_that_waits_for_its_recipient(world: World) -> None:
    """It asks the chain alone; the one that it is in the way of tells it to look at Pi."""
    wallet = loses_wallet(world, "alice")
    world.requested(PAYOUT, world.uid("alice"))
    world.send()
    world.pi.chain.open_account(wallet)
    late = world.pi.create_payment(
        world.pi.registry.app(),
        {
            "amount": Decimal("3.14"),
            "memo": "x",
            "metadata": {"payout_id": PAYOUT},
            "uid": world.uid("alice"),
        },
    )
    world.requested("next", world.uid("bob"))
    check_at_rest(world, PayoutState.COMPLETED, "next", after=3)
    check_at_rest(world, PayoutState.COMPLETED)
    assert world.payout().payment_id == late["identifier"]


def test_a_late_payment_of_one_that_is_blocked_is_reported(world: World) -> None:
    """It adopts nothing before a person has looked."""
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments", status=404, body={})
    world.send()
    world.rounds(4)
    assert world.payout().state is PayoutState.BLOCKED
    stranger_opens(world, payout_id=PAYOUT)
    world.sweep()
    assert world.metrics.counted["ForeignPayout"] == 1


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ({"network": "Pi Network"}, "unexpected_network"),
        ({"amount": Decimal(4)}, "unexpected_amount"),
        ({"user_uid": "mallory"}, "unexpected_user"),
        ({"direction": "user_to_app"}, "unexpected_direction"),
        ({"token_canonical": "CAT:G"}, "unexpected_token"),
        ({"from_address": None}, "missing_address"),
    ],
)
@pytest.mark.parametrize("when", ["at its creation", "later"])
def test_pi_shows_another_payment_than_was_asked_for(
    world: World, shown: dict[str, Any], reason: str, when: str
) -> None:
    world.requested(PAYOUT)
    effect = "POST /v2/payments" if when == "at its creation" else "GET /horizon/ledgers"
    with world.effects.watched_by(Loses(effect, "after")):
        world.send()
    [payment] = world.payments_of(PAYOUT)
    world.pi.force(payment.identifier, shown)
    world.rounds(1)
    if when == "later" and reason == "missing_address":
        reason = "unexpected_address"
    assert world.payout().withdrawing == reason
    world.rounds(3)
    record = world.payout()
    assert (record.state, record.blocked_from) == (PayoutState.BLOCKED, PayoutState.REQUESTED)
    assert (record.reason, record.former_payments) == (reason, payment.identifier)
    assert payment.is_cancelled
    assert world.pi.chain.transactions == []
    assert world.events(PAYOUT) == ["PayoutBlocked"]
    check(world)

    world.requested("next", world.uid("bob"))
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "next")
    world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def test_the_app_is_on_another_network(world: World) -> None:
    """Nothing is signed for it; it is cancelled at Pi and out of the way. Given up, it fails."""
    world.pi.registry.app().network = "Pi Network"
    world.requested(PAYOUT)
    world.send()
    assert world.payout().withdrawing == "unexpected_network"
    world.tick(1)
    world.decide(PAYOUT, "fail")
    world.send()
    assert world.payout().reason == "may_still_apply"
    check_at_rest(world, PayoutState.FAILED, after=3)
    assert world.pi.chain.transactions == []


def test_pi_never_verifies_it(world: World) -> None:
    """A day of patience, then a person."""
    world.requested(PAYOUT)
    world.fault(path="/v2/payments/*/complete", code="not_verified")
    world.rounds(200)
    assert world.standing() == (PayoutState.SIGNED, "not_verified")
    world.rounds(100)
    assert world.standing() == (PayoutState.BLOCKED, "not_verified")
    check(world)
    world.heal()
    world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def test_a_paid_payment_was_cancelled_at_pi(world: World) -> None:
    """Only a person can settle that with Pi; whatever he decides, it is not called failed."""
    world.requested(PAYOUT)
    world.fault(path="/v2/payments/*/complete", drop="before")
    world.send()
    [payment] = world.payments_of(PAYOUT)
    payment.cancelled = True
    world.heal()
    world.rounds(1)
    assert world.standing() == (PayoutState.BLOCKED, "cancelled_payment")
    for decision in ("fail", "resume"):
        world.decide(PAYOUT, decision)
        world.rounds(3)
        assert world.payout().state is PayoutState.BLOCKED
        assert len(world.transfers_of(PAYOUT)) == 1


def test_an_unpaid_payment_was_cancelled_at_pi(world: World) -> None:
    world.half_sent("GET /horizon/ledgers", "before")
    [payment] = world.payments_of(PAYOUT)
    payment.cancelled = True
    check_at_rest(world, PayoutState.FAILED, after=3)
    assert world.pi.chain.transactions == []


# --- Questions that Pi refuses --------------------------------------------------------------------


def forgotten(world: World, *, paid: bool = False) -> None:
    """Pi does not know its payment any more, whether it was paid or not."""
    lost = "POST /horizon/transactions" if paid else "GET /horizon/ledgers"
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses(lost, "after" if paid else "before")):
        world.send()
    [payment] = world.payments_of(PAYOUT)
    if paid:
        assert len(world.transfers_of(PAYOUT)) == 1
    world.pi.delete_payment(payment.identifier)


def test_pi_forgets_the_payment(world: World) -> None:
    """A 404 closes nothing: it is asked again for a day. Then a person has to look."""
    forgotten(world)
    world.rounds(12)
    assert world.standing() == (PayoutState.CREATED, "payment_not_found")
    world.tick(24 * HOUR)
    world.rounds(1)
    assert world.standing() == (PayoutState.BLOCKED, "payment_not_found")
    assert world.pi.chain.transactions == []


@pytest.mark.parametrize("has_paid", [True, False])
@pytest.mark.parametrize("is_blocked", [True, False])
def test_what_pi_has_forgotten_is_given_up(world: World, has_paid: bool, is_blocked: bool) -> None:
    """The chain alone tells that it was not paid; there is nothing to cancel."""
    if has_paid:
        paid_before(world)
    forgotten(world)
    if is_blocked:
        world.rounds(1)
        world.tick(24 * HOUR)
        world.rounds(1)
        assert world.payout().state is PayoutState.BLOCKED
    world.decide(PAYOUT, "fail")
    check_at_rest(world, PayoutState.FAILED, after=4)


def test_what_pi_has_forgotten_is_given_up_but_was_paid(world: World) -> None:
    """Never called failed: after a day a person closes it as paid."""
    paid_before(world)
    forgotten(world, paid=True)
    world.decide(PAYOUT, "fail")
    world.rounds(6)
    world.cold_start()
    world.rounds(2)
    assert world.payout().state is PayoutState.SIGNED
    world.tick(24 * HOUR)
    world.rounds(1)
    assert world.standing() == (PayoutState.BLOCKED, "payment_not_found")
    assert world.counters() != {}


OPEN_PAYMENTS = "/v2/payments/incomplete_server_payments"
ONE = "/v2/payments/" + "?" * 28


@pytest.mark.parametrize("path", [OPEN_PAYMENTS, ONE])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        *[(400, "unknown_error"), (404, "unknown_error"), (422, "unknown_error")],
        *[(404, "payment_not_found"), (404, "invalid_arguments")],
    ],
)
def test_one_odd_answer_stops_no_payout(world: World, path: str, status: int, code: str) -> None:
    """Nor another one: a replica lags, say, behind the payment that was created a moment ago."""
    world.requested(PAYOUT)
    world.fault_once("GET", path, code=code, status=status)
    world.send()
    world.requested("next", world.uid("bob"))
    world.send()

    world.rounds(3)

    for payout_id in (PAYOUT, "next"):
        assert world.payout(payout_id).state is PayoutState.COMPLETED


@pytest.mark.parametrize("path", [OPEN_PAYMENTS, ONE])
def test_a_question_that_is_refused_for_a_day_needs_a_person(world: World, path: str) -> None:
    world.requested(PAYOUT)
    if path == ONE:
        with world.effects.watched_by(Loses("GET /horizon/ledgers", "before")):
            world.send()  # it is created in a run of its own: then Pi is asked what it knows
    world.fault("GET", path, code="unknown_error", status=400)
    world.send()
    world.rounds(2)
    assert world.payout().state is not PayoutState.BLOCKED
    world.tick(24 * HOUR)
    world.rounds(1)
    assert world.standing() == (PayoutState.BLOCKED, "unknown_error")
    world.heal()
    world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=1)


@pytest.mark.parametrize("created_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_pi_dates_it_strangely(world: World, created_at: str) -> None:
    world.half_sent("POST /v2/payments", "after")
    [payment] = world.payments_of(PAYOUT)
    payment.overrides = {"created_at": created_at}
    check_at_rest(world, PayoutState.COMPLETED, after=2)


def test_a_creation_that_answers_with_another_payment_pays_nobody_else(world: World) -> None:
    uid = world.uid("alice")
    world.requested(PAYOUT, uid)
    world.send()
    [first] = world.payments_of(PAYOUT)
    world.requested("payout-2", uid)
    world.fault_once("POST", "/v2/payments", status=200, body=first.dto())
    world.send()

    world.rounds(3)

    record = world.payout("payout-2")
    assert record.payment_id != first.identifier
    if record.state is PayoutState.COMPLETED:
        assert world.transfers_of("payout-2") == [record.txid]


@pytest.mark.parametrize("body", [{"error": "too_many_payments"}, {}])
def test_a_refused_creation_is_not_an_unclear_one(world: World, body: dict[str, object]) -> None:
    world.requested(PAYOUT)
    world.fault_once("POST", "/v2/payments", status=400, body=body)
    world.send()
    world.tick(61)
    world.sweep()

    world.send()

    assert world.payout(PAYOUT).reason != "creation_unclear"


@pytest.mark.parametrize("effect", ["GET /horizon/", "GET /horizon/ledgers", "GetParameter"])
def test_cancelled_at_pi_before_it_is_handed_in_it_is_not_paid(world: World, effect: str) -> None:
    """Found by attack: what Pi had answered to the creation was believed until the submission."""
    world.requested(PAYOUT)

    def cancel() -> None:
        for payment in world.payments_of(PAYOUT):
            world.pi.force(payment.identifier, {"status": {"cancelled": True}})

    def once_it_is_created(moment: Moment, now: str) -> None:
        if moment == "before" and now == effect and world.payments_of(PAYOUT):
            with world.effects.watched_by(None):
                cancel()

    with world.effects.watched_by(once_it_is_created):
        world.send()

    assert len(world.payments_of(PAYOUT)) == 1
    assert world.transfers_of(PAYOUT) == []
