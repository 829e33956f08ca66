"""How the stage watches, and how it answers its page: whatever happens meanwhile, and whatever
fails."""

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests
from botocore.exceptions import ClientError
from flask.testing import FlaskClient

from local.emulator.process import PiEmulator
from local.stage.director import SWITCHES, Director, NothingToRefundError
from local.stage.feed import KEPT, Feed
from local.stage.server import create_app
from local.stage.snapshot import Snapshot, Sources
from local.stage.verdict import verdict
from local.stage.watch import Watch

URL = "http://127.0.0.1:8317"
OUR_PAGE = {"X-Stage": "1"}
WALLET = "GAPP"


class World:
    """Pi and the tables. At the read `moment` a payout is signed, sent, and recorded as done; reads
    are counted from 0."""

    def __init__(self, moment: float = float("inf")) -> None:
        self.moment = moment
        self.reads = 0
        self.readable = True
        self.payout_is_sent = self.payout_is_recorded = False
        self.outputs = {
            "PaymentsTableName": "payments",
            "RewardsTableName": "rewards",
            "PayoutsTableName": "payouts",
            "GoodsTableName": "goods",
        }
        self.cloud = SimpleNamespace(dynamodb=self)

    @property
    def sources(self) -> Sources:
        return Sources(cast("Any", self), cast("Any", self), cast("PiEmulator", self))

    def control(self, _method: str, _path: str) -> dict[str, Any]:
        self._read()
        sent = {
            "txid": "sent",
            "memo": "a2u",
            "source": WALLET,
            "destination": "GUSER",
            "amount": "1",
            "successful": True,
            "applied_at": "2026-11-26T12:00:00.000Z",
        }
        return {
            "now": "2026-11-26T12:00:01.000Z",
            "apps": [{"wallet": WALLET}],
            "payments": [],
            "transactions": [sent] if self.payout_is_sent else [],
            "ads": [],
            "calls": [],
            "calls_received": 0,
            "weather": [],
        }

    def get_paginator(self, _operation: str) -> "World":
        return self

    def paginate(self, *, TableName: str, **_: object) -> Iterator[dict[str, Any]]:  # noqa: N803
        self._read()
        payout = {
            "payout_id": {"S": "back"},
            "payment_id": {"S": "a2u"},
            "amount": {"N": "10000000"},
            "state": {"S": "completed"},
            "version": {"N": "1"},
        }
        is_there = self.payout_is_recorded and TableName == "payouts"
        yield {"Items": [payout] if is_there else []}

    def _read(self) -> None:
        if not self.readable:
            raise ClientError({"Error": {"Code": "InternalError", "Message": "busy"}}, "Scan")
        if self.reads >= self.moment:
            self.payout_is_sent = self.payout_is_recorded = True
        self.reads += 1


def told(feed: Feed) -> str:
    """All that a page that comes now is told."""
    listener = feed.listen()
    next(listener)
    return next(listener)


# --- Watching -----------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", range(6))
def test_an_effect_is_never_seen_without_its_cause(moment: int) -> None:
    """Whenever between two reads the payout is sent: none is completed that was not sent."""
    seen = World(moment).sources.snapshot(Snapshot())

    assert seen.transactions or not seen.payouts


@pytest.mark.parametrize("moment", range(6))
def test_what_moves_during_a_snapshot_is_not_called_wrong(moment: int) -> None:
    feed = Feed()

    judged = Watch(World(moment).sources, feed).look()

    assert judged.tone == ("nothing" if moment == 5 else "good")
    assert "Something is wrong" not in told(feed)


def test_what_stays_wrong_is_called_wrong() -> None:
    world, feed = World(), Feed()
    world.payout_is_sent = True

    judged = Watch(world.sources, feed).look()

    assert judged.text == "Something is wrong: 1 Pi left the wallet for no payout."
    assert judged.text in told(feed)


def test_at_a_busy_moment_the_verdict_is_the_last_one() -> None:
    world = World(moment=0)
    watch = Watch(world.sources, Feed())
    before = watch.look()
    world.readable = False

    assert watch.look() == before != verdict(Snapshot())


def test_a_page_that_comes_late_is_told_which_emptying_was_the_last() -> None:
    """Or it could not know which of its own lines are still true."""
    feed = Feed()
    emptied = told(feed)
    for number in range(KEPT + 1):
        feed.tell("line", number)

    assert told(feed).startswith(emptied)


# --- Directing ----------------------------------------------------------------------------------


class Directed:
    """A director whose orders do what a test says."""

    def __init__(self) -> None:
        self.hour: Callable[[], object] = lambda: 1
        self.given: list[str] = []

    def an_hour_later(self) -> object:
        return self.hour()

    def refund(self) -> str:
        raise NothingToRefundError

    def cancel_at_pi(self) -> None:
        self.given.append("cancel at Pi")

    def reset(self) -> None:
        self.given.append("reset")

    def switch(self, name: str, *, on: bool) -> None:
        self.given.append(f"{name} {on}")


@pytest.fixture
def director() -> Directed:
    return Directed()


@pytest.fixture
def browser(director: Directed) -> FlaskClient:
    feed = Feed()
    watch = Watch(World().sources, feed)
    app = create_app(cast("Director", director), watch, feed, URL, "http://127.0.0.1:8316")
    return app.test_client()


def test_the_page_gets_the_switches_words_in_their_order(browser: FlaskClient) -> None:
    switches = browser.get("/director").get_json()["switches"]

    assert list(switches) == list(SWITCHES)
    assert switches["pi_down"] == {
        "title": "Pi is down",
        "means": "Pi answers every call with 503.",
    }


def test_a_switch_is_switched(browser: FlaskClient, director: Directed) -> None:
    browser.put("/director/weather/pi_down", base_url=URL, headers=OUR_PAGE)
    browser.delete("/director/weather/pi_down", base_url=URL, headers=OUR_PAGE)

    assert director.given == ["pi_down True", "pi_down False"]


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("POST", "/director/refund", 409, "There is no purchase to give back."),
        ("POST", "/director/unknown", 404, "There is no unknown."),
        ("PUT", "/director/weather/unknown", 404, "There is no unknown."),
    ],
)
def test_a_refusal_is_told_in_words(
    browser: FlaskClient, method: str, path: str, status: int, error: str
) -> None:
    answer = browser.open(path, method=method, base_url=URL, headers=OUR_PAGE)

    assert (answer.status_code, answer.get_json()) == (status, {"error": error})


@pytest.mark.parametrize(
    ("failure", "status", "says"),
    [
        (requests.ConnectionError("Pi does not answer"), 502, "Pi does not answer"),
        (ClientError({"Error": {"Message": "busy"}}, "Scan"), 502, "busy"),
        (KeyError("payments"), 500, "Its terminal says why"),
    ],
)
def test_a_failure_is_told_in_words(
    browser: FlaskClient, director: Directed, failure: Exception, status: int, says: str
) -> None:
    def fail() -> None:
        raise failure

    director.hour = fail

    answer = browser.post("/director/an-hour-later", base_url=URL, headers=OUR_PAGE)

    assert answer.status_code == status
    assert says in answer.get_json()["error"]


@pytest.mark.parametrize(
    ("base_url", "headers"), [(URL, {}), ("http://pies.example:8317", OUR_PAGE)]
)
def test_only_the_stages_own_page_directs(
    browser: FlaskClient, director: Directed, base_url: str, headers: dict[str, str]
) -> None:
    """Nor does a page whose host name was made to lead here."""
    answer = browser.post("/director/reset", base_url=base_url, headers=headers)

    assert (answer.status_code, director.given) == (403, [])


def test_one_order_is_carried_out_after_the_other(browser: FlaskClient, director: Directed) -> None:
    """Given an hour that passes, an order of another window waits until it has."""

    def cancel() -> None:
        other = browser.application.test_client()
        other.post("/director/cancel-at-pi", base_url=URL, headers=OUR_PAGE)

    window = threading.Thread(target=cancel)

    def hour() -> None:
        window.start()
        window.join(0.05)
        director.given.append("an hour")

    director.hour = hour

    browser.post("/director/an-hour-later", base_url=URL, headers=OUR_PAGE)

    window.join()
    assert director.given == ["an hour", "cancel at Pi"]


def test_a_refund_is_asked_for_twice_under_one_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both answers are told, so that a person sees it."""
    payouts: dict[str, Any] = {}

    def post(_url: str, *, json: dict[str, Any], **_: object) -> requests.Response:
        answer = requests.Response()
        answer.status_code = 200 if json["payout_id"] in payouts else 202
        payouts[json["payout_id"]] = json
        answer._content = b'{"state": "requested"}'
        return answer

    monkeypatch.setattr(requests, "post", post)
    bought = {"payment_id": "pie", "state": "completed", "created_at": 1}
    cloud = SimpleNamespace(signed=None)
    stack = SimpleNamespace(api_url="https://api.example", cloud=cloud)
    sources = SimpleNamespace(stack=stack, payments=lambda: {"pie": bought})
    feed = Feed()

    assert Director(cast("Sources", sources), feed).refund() == "refund-pie"

    assert payouts == {"refund-pie": {"payout_id": "refund-pie", "refund_of": "pie"}}
    lines = told(feed)
    assert lines.index("202, requested") < lines.index("asks once more")
    assert lines.index("asks once more") < lines.index("200, requested")
