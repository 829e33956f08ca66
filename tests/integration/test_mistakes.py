"""The mistakes found in existing Pi back ends, one by one: none is made here."""

import ast
from decimal import Decimal

import pytest

from local.processes import ROOT
from tests.world import User, World
from tests.world.emulator import KEY
from tests.world.payments import PIE

CODE = [*(ROOT / "shared").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]


@pytest.mark.parametrize("token", [None, "made-up"])
def test_nobody_approves_without_being_known(world: World, alice: User, token: str | None) -> None:
    """No caller authentication on approve."""
    payment_id = world.start(alice)

    reply = world.approve(payment_id, token and User(alice.uid, token))  # type: ignore[arg-type]

    assert (reply.status, reply.error) == (401, "invalid_token")
    assert not world.at_pi(payment_id).developer_approved


def test_the_amount_is_not_the_browsers_choice(world: World, alice: User) -> None:
    """No price check: the price stands in our table, whatever the metadata says."""
    payment_id = world.start(alice, "0.01", {"productId": PIE, "price": "0.01", "amount": 0.01})

    assert world.approve(payment_id, alice).error == "unexpected_amount"


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "verification_failed"},
        {"code": "not_verified"},
        {"status": 500},
        {"status": 200, "body": {}},
        {"status": 200, "body": "<html>"},
        {"drop": "before"},
    ],
    ids=str,
)
def test_no_goods_before_completion(world: World, alice: User, fault: dict[str, object]) -> None:
    """Goods delivered before `/complete` is 200, or whatever it answered."""
    payment_id, txid = world.paid(alice)
    world.fault("POST", "*/complete", **fault)

    assert world.complete(payment_id, txid, alice).state != "completed"

    assert world.record(payment_id).pending_event is None


def test_the_uid_is_never_taken_from_the_body(world: World, alice: User, bob: User) -> None:
    """Uid taken from the body after checking *some* token."""
    payment_id = world.start(alice)
    body = {"paymentId": payment_id, "uid": alice.uid, "user": {"uid": alice.uid}}

    reply = world.call("POST /pi_payment/approve", body=body, token=bob.token)

    assert reply.status == 403


def test_two_different_tokens_are_not_chosen_between(world: World, alice: User, bob: User) -> None:
    payment_id = world.start(alice)
    body = {"paymentId": payment_id, "accessToken": alice.token}

    reply = world.call("POST /pi_payment/approve", body=body, token=bob.token)

    assert (reply.status, reply.error) == (400, "conflicting_tokens")
    assert world.call("POST /pi_payment/approve", body=body).status == 200


@pytest.mark.parametrize(
    "payment_id",
    ["", ".", "..", "../me", "a/b", "a%2Fb", "a?b", "a#b", "a b", "é", "a" * 65, 7, None, ["a"]],
)
def test_an_id_is_never_a_path(world: World, alice: User, payment_id: object) -> None:
    """Unvalidated ids in URL paths."""
    body = {"paymentId": payment_id, "txid": "ab" * 32}

    replies = [
        world.call(f"POST /pi_payment/{step}", body=body, token=alice.token)
        for step in ("approve", "complete", "incomplete", "cancel", "error")
    ]

    assert {(reply.status, reply.error) for reply in replies} == {(400, "invalid_payment_id")}
    assert world.effects.log == []


def test_a_link_of_the_client_is_never_followed(world: World, alice: User) -> None:
    """Client-supplied `_link` fetched: nothing but Pi and its chain is ever called."""
    world.pi.settings.show_txid_before_complete = False
    payment_id, txid = world.paid(alice)
    link = {"txid": txid, "_link": "http://169.254.169.254/latest/meta-data"}
    body = {"payment": {"identifier": payment_id, "transaction": link}}

    assert world.call("POST /pi_payment/incomplete", body=body).status == 200

    assert all("/v2/" in effect or "/horizon/" in effect for effect, _ in world.adapter.sent)


def test_no_blind_cancel(world: World, alice: User) -> None:
    """Blind cancel of payments with `transaction: null`: this one is paid, Pi only hides it."""
    world.pi.settings.show_txid_before_complete = False
    payment_id, txid = world.paid(alice)
    world.tick(1200)

    assert world.cancel(payment_id, alice).state == "open"
    world.work()

    assert not world.at_pi(payment_id).is_cancelled
    assert world.record(payment_id).paid_by == txid


def test_the_repeats_of_ten_seconds_deliver_once(world: World, alice: User) -> None:
    """Non-idempotent delivery under the 10 s repeats."""
    payment_id, txid = world.paid(alice)

    for _ in range(6):
        world.complete(payment_id, txid, alice)
        world.tick(10)

    assert world.record(payment_id).version == 2


def test_every_error_has_its_own_status(world: World, alice: User, bob: User) -> None:
    """Every error collapsed to 400 or 500."""
    payment_id = world.start(alice)
    wrong = world.start(bob, "1")

    statuses = [
        world.approve("not/an/id", alice).status,
        world.approve(payment_id, None).status,
        world.approve(payment_id, bob).status,
        world.approve("A" * 28, alice).status,
        world.approve(wrong, bob).status,
    ]

    assert statuses == [400, 401, 403, 404, 409]


def test_no_row_is_stuck_in_completing(world: World, alice: User) -> None:
    """A row stuck in "completing" for ever after one timeout: no such state is ever written."""
    payment_id, txid = world.paid(alice)
    world.fault("POST", "*/complete", drop="after", times=4)

    assert world.complete(payment_id, txid, alice).status == 503
    assert world.record(payment_id).state == "open"

    assert world.complete(payment_id, txid, alice).status == 200


def test_money_is_never_a_float(world: World, alice: User) -> None:
    """Promise 5: 0.1 + 0.2 in stroops; and no float stands in our code."""
    world.sell("three_dimes", price="0.3")
    payment_id = world.start(
        alice, str(Decimal("0.1") + Decimal("0.2")), {"productId": "three_dimes"}
    )

    assert world.approve(payment_id, alice).body["amount"] == "0.3"

    calls = [
        f"{path.name}:{node.lineno}"
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "float"
    ]
    assert calls == []


def test_tls_is_never_switched_off() -> None:
    """TLS verification off."""
    switched = [
        path.name
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.keyword) and node.arg == "verify"
    ]
    assert switched == []


def test_each_call_has_a_timeout(
    world: World, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 8: each attempt has both timeouts, far shorter than the function's own."""
    timeouts: list[tuple[float, float]] = []
    send = world.adapter.send

    def note(*args: object, **kwargs: object) -> object:
        timeouts.append(kwargs["timeout"])  # type: ignore[arg-type]
        return send(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(world.adapter, "send", note)
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid, alice)

    assert len(timeouts) == len(world.adapter.sent)
    assert all(0 < connect <= 5 and 0 < read <= 10 for connect, read in timeouts)


def test_the_key_stands_in_no_source() -> None:
    """API key in source: Pi's keys are 64 lower-case letters and digits; none looks like one."""
    assert all(KEY not in path.read_text() for path in CODE)


@pytest.mark.parametrize("token", ["made up", "of another app"])
def test_refused_tokens_spend_no_calls_of_the_key(world: World, alice: User, token: str) -> None:
    """After the first one, Pi is asked with the key only for a user of this app."""
    world.deploy(PiAppId=world.pi.registry.app().app_id)
    world.pi.registry.add_app("other-app", "its key")
    mallory = world.user("mallory", app_id="other-app")
    payment_id, ad_id = world.start(alice), world.pi.show_ad("granted").identifier
    thief = mallory if token == "of another app" else User("nobody", "made-up")
    world.approve(payment_id, thief)
    world.claim(ad_id, thief)

    with world.counting() as spent:
        for _ in range(5):
            assert world.approve(payment_id, thief).status == 401
            assert world.claim(ad_id, thief).status == 401

    assert spent.pi == ["GET /v2/me"] * 10
    assert world.approve(payment_id, alice).status == 200
