"""Promise 6: a key and a token, planted and watched for, appear in no log, metric or answer."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.metrics import Metrics

from shared.base import observability
from shared.base.observability import logger
from tests.world import User, World
from tests.world.effects import AwsFault
from tests.world.emulator import KEY
from tests.world.functions import Reply, event


class Everything:
    """All that was logged, printed and answered."""

    def __init__(self, capture: pytest.CaptureFixture[str], log: io.StringIO) -> None:
        self._capture, self._log = capture, log
        self._kept = ""

    def keep(self, reply: Reply) -> None:
        self._kept += json.dumps([reply.body, dict(reply.headers)])

    def text(self) -> str:
        out, err = self._capture.readouterr()
        self._kept += out + err
        return self._kept + self._log.getvalue()


@pytest.fixture
def everything(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Everything]:
    """The bundle's log at DEBUG, with every other library's, in one place; and its real metrics, in
    place of the world's."""
    metrics = Metrics(namespace="PiBundle", service="pi-bundle-tests")
    monkeypatch.setattr(observability, "metrics", metrics)
    log = io.StringIO()
    plain = logging.StreamHandler(log)
    formatted = logging.StreamHandler(log)
    formatted.setFormatter(logger.registered_formatter)
    root, bundle = logging.getLogger(), logging.getLogger(logger.name)
    levels = root.level, bundle.level
    for one, handler in ((root, plain), (bundle, formatted)):
        one.addHandler(handler)
        one.setLevel(logging.DEBUG)
    yield Everything(capsys, log)
    root.removeHandler(plain)
    bundle.removeHandler(formatted)
    root.setLevel(levels[0])
    bundle.setLevel(levels[1])


def echoes(world: World, token: str) -> list[dict[str, Any]]:
    """A Pi that repeats in its errors what was sent to it."""
    said = f"Invalid authorization: Key {KEY}, Bearer {token}"
    return [
        {"status": 400, "body": {"error": "invalid_arguments", "error_message": said}},
        {"status": 400, "body": {"error": said, "error_message": said}},
        {"status": 401, "body": {"error": "unauthorized", "error_message": said}},
        {"status": 404, "body": {"error": "payment_not_found", "error_message": said}},
        {"status": 500, "body": f"<html>{said}</html>"},
        {"status": 200, "body": {"identifier": said, "amount": said, "status": said}},
        {"status": 200, "body": f"{{{said}"},
        {"drop": "after"},
    ]


def test_no_key_and_no_token_is_seen(
    world: World, alice: User, bob: User, everything: Everything
) -> None:
    """Promise 6, through good weather and all kinds of bad."""
    refusal = AwsFault("PutItem", "ThrottlingException")
    for echo in [None, *echoes(world, alice.token)]:
        for path in ("*", "/v2/me", "*/approve", "*/complete", "*/cancel", "/v2/ads_network/*"):
            if echo:
                world.fault(path=path, **echo)
            payment_id = world.start(alice)
            everything.keep(world.approve(payment_id, alice))
            everything.keep(world.approve(payment_id, bob))
            body = {"paymentId": payment_id, "accessToken": alice.token}
            everything.keep(world.call("POST /pi_payment/approve", body=body, token=bob.token))
            everything.keep(world.cancel(payment_id, alice))
            everything.keep(world.complete(payment_id, "ab" * 32, alice))
            everything.keep(world.claim(world.pi.show_ad("granted").identifier, alice))
            everything.keep(world.call("GET /payments", token=alice.token))
            everything.keep(world.call("GET /me", token=alice.token))
            world.heal()
            world.cold_start()
    world.effects.faults.append(refusal)
    everything.keep(world.approve(world.start(alice), alice))

    text = everything.text()

    assert "Pi refused" in text
    assert "Pi gave no answer" in text
    assert '"Namespace":"PiBundle"' in text
    for secret in (KEY, alice.token, bob.token):
        assert secret not in text


def test_an_unexpected_error_shows_no_secret(
    world: World, alice: User, everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours: the traceback is logged, and neither it nor the answer holds a secret."""
    payment_id = world.start(alice)

    def mistake(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("shared.payments.approve.opened", mistake)
    reply = world.approve(payment_id, alice)
    everything.keep(reply)

    assert (reply.status, reply.error) == (503, "unexpected_error")
    text = everything.text()
    assert "a mistake of ours" in text
    assert "a mistake of ours" not in json.dumps(reply.body)
    assert KEY not in text
    assert alice.token not in text


def test_a_misplaced_token_is_not_echoed(world: World, alice: User, everything: Everything) -> None:
    """In the path, the query, the id or a header of another scheme."""
    token = alice.token
    everything.keep(world.approve(token + "/", alice))
    everything.keep(world.complete(token, token))
    everything.keep(world.call("GET /payments", token=token, query={"next": token, "limit": token}))
    everything.keep(world.claim(f"{token}/", alice))
    basic = event("GET /me")
    basic["headers"] = {"Authorization": f"Basic {token}"}
    everything.keep(world.handle(basic))

    assert token not in everything.text()
