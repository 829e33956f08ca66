"""Promise 6: a secret is seen by whoever asks for it by name, and by nobody else."""

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from shared.base.observability import logger
from shared.base.secret import Secret
from tests.unit.conftest import LogLines

CANARY = "canary-5f2a"
SECRET = Secret(CANARY)


@dataclass(frozen=True)
class Holder:
    secret: Secret


def fail(key: Secret) -> None:
    raise ValueError(key, Holder(key))


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>40}",
        lambda secret: f"{secret!s}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - as logging formats
        "{}".format,
        lambda secret: str([secret, {"key": secret}, Holder(secret)]),
        lambda secret: str(ValueError(secret)),
        lambda secret: json.dumps({"key": secret}, default=str),
    ],
)
def test_however_it_is_printed_it_prints_as_stars(show: Callable[[Secret], str]) -> None:
    text = show(SECRET)
    assert CANARY not in text
    assert "***" in text


def test_it_cannot_be_json() -> None:
    with pytest.raises(TypeError):
        json.dumps(SECRET)


def test_a_log_line_does_not_show_it(logs: LogLines) -> None:
    logger.info("a message with %s", SECRET)
    logger.warning("extra", extra={"key": SECRET, "nested": {"keys": [SECRET]}})
    try:
        fail(SECRET)
    except ValueError:
        logger.exception("an error")
    assert len(logs()) == 3
    assert CANARY not in logs.text


def test_a_traceback_does_not_show_it() -> None:
    with pytest.raises(ValueError, match=r"\*") as failed:
        fail(SECRET)
    shown = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert CANARY not in "".join(shown.format())


def test_two_secrets_are_equal_if_their_texts_are() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_whoever_asks_gets_it() -> None:
    assert SECRET.reveal() == CANARY
