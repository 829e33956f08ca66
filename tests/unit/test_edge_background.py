"""Whatever starts a function: it has a deadline, and what it counted leaves it, however it ends."""

import json
from collections.abc import Callable
from contextlib import suppress
from threading import Barrier
from typing import Any

import pytest

from shared.base.context import concerning, remaining
from shared.base.errors import Conflict
from shared.base.observability import count, logger
from shared.base.threads import Threads
from shared.edge.background import on_command, on_messages, on_schedule
from shared.edge.invocation import LambdaContext
from shared.edges import MOST_TASKS
from tests.unit.clock import Clock
from tests.unit.conftest import LogLines
from tests.world.functions import LambdaContext as Context

MINUTE = 60_000  # milliseconds


class Gone(BaseException):
    """The process is about to end."""


def scheduled(act: Callable[[], Any], context: LambdaContext) -> Any:
    return on_schedule(None, lambda _parts: act())({}, context)


def commanded(act: Callable[[], Any], context: LambdaContext) -> Any:
    return on_command(None, lambda _parts, _event: act())({}, context)


def woken(act: Callable[[], Any], context: LambdaContext) -> Any:
    handler = on_messages(None, lambda _parts, _message: act(), str, seconds=MINUTE)
    return handler({"Records": [{"messageId": "1", "body": "x"}]}, context)


ENTRANCES = [scheduled, commanded, woken]
Capture = pytest.CaptureFixture[str]


def sent(capture: Capture) -> list[str]:
    """The names of the metrics that have left the function."""
    lines = [json.loads(line) for line in capture.readouterr().out.splitlines()]
    return [
        metric["Name"]
        for line in lines
        if "_aws" in line
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    ]


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_each_entrance_gives_the_functions_own_deadline(entrance: Any, clock: Clock) -> None:
    """Half a second for the answer, four for the database."""
    left: list[float] = []

    def act() -> dict[str, int]:
        left.append(remaining())
        return {}

    clock.outside(lambda: entrance(act, Context("tested", MINUTE)))

    assert left == pytest.approx([60 - 4.5], abs=0.1)


@pytest.mark.parametrize("error", [None, ValueError("x"), Conflict("x", "x"), Gone()], ids=repr)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_what_was_counted_leaves_however_it_ends(
    entrance: Any, error: BaseException | None, clock: Clock, capsys: Capture
) -> None:
    def act() -> dict[str, int]:
        count("Counted")
        if error is not None:
            raise error
        return {}

    with suppress(ValueError, Conflict, Gone):
        clock.outside(lambda: entrance(act, Context("tested", MINUTE)))
    assert "Counted" in sent(capsys)


# --- A batch of messages -------------------------------------------------------------------------


def batch(*bodies: str | None) -> dict[str, Any]:
    records = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]
    return {
        "Records": [
            {name: value for name, value in record.items() if value is not None}
            for record in records
        ]
    }


def kept(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_bad_message_is_kept_and_repeats_no_other(clock: Clock, logs: LogLines) -> None:
    """One has no body, one cannot be read, one cannot be done."""
    done: list[int] = []

    def operation(_parts: None, number: int) -> None:
        if number == 3:
            raise ValueError(number)
        done.append(number)

    handler = on_messages(None, operation, int, seconds=10)
    context = Context("tested", MINUTE)

    answer = clock.outside(lambda: handler(batch("1", None, "two", "3", "4"), context))

    assert kept(answer) == ["m1", "m2", "m3"]
    assert done == [1, 4]
    assert [line.get("body") for line in logs() if "operator" in line["message"]] == [
        None,
        "two",
        "3",
    ]


@pytest.mark.parametrize(("of_each", "of_all", "left"), [(10, 60, 5.5), (60, 10, 5.5)])
def test_each_message_has_its_own_deadline_within_the_functions(
    clock: Clock, of_each: float, of_all: int, left: float
) -> None:
    seen: list[float] = []
    handler = on_messages(
        None, lambda _parts, _number: seen.append(remaining()), int, seconds=of_each
    )
    context = Context("tested", of_all * 1000)

    assert kept(clock.outside(lambda: handler(batch("1", "2"), context))) == []

    assert seen == pytest.approx([left, left], abs=0.1)


def test_an_empty_batch_is_done(clock: Clock) -> None:
    handler = on_messages(None, lambda _parts, _number: None, int, seconds=10)
    assert clock.outside(lambda: handler(batch(), Context("tested", MINUTE))) == {
        "batchItemFailures": []
    }


def test_messages_side_by_side_each_have_their_own_time_and_log(
    clock: Clock, logs: LogLines
) -> None:
    """All ten are under way at once; one fails, and the others know nothing of it."""
    together, left = Barrier(MOST_TASKS, timeout=10), list[float]()

    def act(_parts: None, message: str) -> None:
        concerning(f"payment-{message}")
        together.wait()
        left.append(remaining())
        logger.info("acting")
        if message == "7":
            raise ValueError(message)

    handler = on_messages(None, act, str, seconds=11, side_by_side=Threads(MOST_TASKS))
    records = [{"messageId": f"m{n}", "body": str(n)} for n in range(MOST_TASKS)]
    answer = clock.outside(lambda: handler({"Records": records}, Context("tested", MINUTE)))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m7"}]}
    assert left == pytest.approx([11 - 4.5 - 0.5] * MOST_TASKS, abs=1)
    said = [line["subject"] for line in logs() if line["message"] == "acting"]
    assert sorted(said) == sorted(f"payment-{n}" for n in range(MOST_TASKS))


def test_a_dead_process_answers_for_no_message() -> None:
    def act(_parts: None, _message: str) -> None:
        raise Gone

    handler = on_messages(None, act, str, seconds=11, side_by_side=Threads(2))
    with pytest.raises(Gone):
        handler({"Records": [{"messageId": "1", "body": "x"}]}, Context("tested", MINUTE))
