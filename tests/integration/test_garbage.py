"""Whatever is sent: a JSON answer with a status below 500, and nothing touched. Promise 7."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.world import User, World
from tests.world.functions import Reply, event

POSTS = [
    f"POST /pi_payment/{step}" for step in ("approve", "complete", "incomplete", "cancel", "error")
]
ALL = [
    *POSTS,
    "POST /rewarded_ads/{ad_id}/claim",
    "GET /payments/{payment_id}",
    "GET /payments",
    "GET /me",
]

garbage = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Any text an HTTP API can pass on, lone surrogates included (a JSON escape can hold one).
text = st.text(st.characters(), max_size=80)
scalar = st.none() | st.booleans() | st.integers() | st.floats() | text
value = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
ids = text | st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True) | value
txids = text | st.from_regex(r"[0-9a-fA-F]{64}", fullmatch=True) | value
bodies = st.fixed_dictionaries(
    {},
    optional={
        "paymentId": ids,
        "txid": txids,
        "transactionId": txids,
        "accessToken": value,
        "error": value,
        "payment": st.fixed_dictionaries({}, optional={"identifier": ids, "transaction": value})
        | value,
    },
)


def check(reply: Reply) -> None:
    assert reply.status in {200, 202, 400, 401, 403, 404, 409}
    assert reply.headers["Content-Type"] == "application/json"
    if reply.status >= 400:
        texts = {name: part for name, part in reply.body.items() if name != "details"}
        assert set(texts) == {"error", "error_message", "request_id"}
        assert all(isinstance(part, str) and part for part in texts.values())


@garbage
@given(route=st.sampled_from(POSTS), body=bodies | value, encoded=st.booleans())
def test_any_json(world: World, alice: User, route: str, body: Any, encoded: bool) -> None:
    check(world.call(route, body=json.dumps(body), token=alice.token, base64_encoded=encoded))


@garbage
@given(route=st.sampled_from(POSTS), body=st.binary(max_size=200), encoded=st.booleans())
def test_any_bytes(world: World, route: str, body: bytes, encoded: bool) -> None:
    raw = event(route)
    raw["isBase64Encoded"] = encoded
    raw["body"] = base64.b64encode(body).decode() if encoded else body.decode("latin-1")

    check(world.handle(raw))


@garbage
@given(
    route=st.sampled_from(ALL),
    ad_id=text,
    payment_id=text,
    query=st.dictionaries(st.sampled_from(["limit", "next", "x"]), text),
)
def test_any_path_and_query(
    world: World, alice: User, route: str, ad_id: str, payment_id: str, query: dict[str, str]
) -> None:
    raw = event(route, token=alice.token, body={}, query=query)
    raw["pathParameters"] = {"ad_id": ad_id, "payment_id": payment_id}

    check(world.handle(raw))


@garbage
@given(
    route=st.sampled_from(ALL),
    token=text,
    scheme=st.sampled_from(["Bearer", "bearer", "Key", "", "Basic"]),
)
def test_any_token(world: World, route: str, token: str, scheme: str) -> None:
    raw = event(route, body={"paymentId": "A" * 28, "txid": "ab" * 32})
    raw["headers"] = {"AuthoriZation": f"{scheme} {token}"}
    raw["pathParameters"] = {"ad_id": "an-ad", "payment_id": "A" * 28}

    check(world.handle(raw))


@garbage
@given(metadata=st.dictionaries(text, value, min_size=1, max_size=4), product=value, quantity=value)
def test_any_metadata(
    world: World, alice: User, metadata: dict[str, Any], product: Any, quantity: Any
) -> None:
    """Chosen in the browser, kept by Pi, read by our price look-up."""
    payment_id = world.start(
        alice, "3.14", {**metadata, "productId": product, "quantity": quantity}
    )

    reply = world.approve(payment_id, alice)

    check(reply)
    assert reply.error == "unknown_product"


@garbage
@given(stroops=st.integers(1, 10**18))
def test_any_amount(world: World, alice: User, stroops: int) -> None:
    """Promise 1: exactly the price is approved, whatever else is not."""
    payment_id = world.start(alice, f"{stroops}e-7")

    reply = world.approve(payment_id, alice)

    assert reply.status == (200 if stroops == 31_400_000 else 409)
    assert world.at_pi(payment_id).developer_approved is (stroops == 31_400_000)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("[]", id="a list"),
        pytest.param('{"paymentId": "a", "paymentId": "b"}', id="duplicate key"),
        pytest.param('{"paymentId": "\\ud800"}', id="lone surrogate escaped"),
        pytest.param('{"a":' * 20_000 + "1" + "}" * 20_000, id="deep nesting"),
        pytest.param('{"paymentId": 1e400}', id="a large exponent"),
        pytest.param('{"paymentId": "' + "a" * 2**20 + '"}', id="1 MB"),
    ],
)
@pytest.mark.parametrize("route", POSTS)
def test_bodies_that_hurt(world: World, alice: User, route: str, body: str) -> None:
    """`tests/unit/test_edge_requests.py` has more of them."""
    reply = world.call(route, body=body, token=alice.token)

    assert reply.status == 400
    assert world.effects.log == []


def test_an_event_with_nothing_in_it(world: World) -> None:
    """What the local cloud or a test console may leave out."""
    for route in ALL:
        check(world.handle({"routeKey": route}))
