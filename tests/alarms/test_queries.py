"""What the dashboard's tables and the saved queries find in the logs of a world in which much went
wrong; and each line about a payment, a payout or a reward names it as its `subject`."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from local.cloud.template import load, of_type
from local.processes import ROOT
from shared.base.errors import BundleError
from tests.template.dashboard import Query, body, saved_queries, widget_queries
from tests.weather.log import logged
from tests.world import World, new_world
from tests.world.effects import AwsFault
from tests.world.stage import User

Line = dict[str, Any]

WRITTEN = load(ROOT / "template.yaml")
TABLES = list(widget_queries(body(WRITTEN)["widgets"]))
SAVED = list(saved_queries(WRITTEN))
GROUPS = {name for name in of_type(WRITTEN, "AWS::Logs::LogGroup") if name != "ApiLogs"}
FUNCTIONS = {"".join(f"-{c.lower()}" if c.isupper() else c for c in g[:-4])[1:] for g in GROUPS}
each_query = pytest.mark.parametrize(
    "query", [*TABLES, *SAVED], ids=[query.name for query in (*TABLES, *SAVED)]
)


class Play:
    """Its lines, and the ids of all that it was about."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        with new_world() as world, logged() as self.lines:
            self.world = world
            world.deploy(PiWalletAddress=world.wallet)
            for part in PARTS:
                part(self)
        for table, key in (("PaymentsTable", "payment_id"), ("PayoutsTable", "payout_id")):
            keys = {item[key]["S"] for item in world.tables.raw(table)}
            self.ids |= {one for one in keys if "#" not in one}

    def everything(self) -> None:
        self.world.rounds(2)


def sells(play: Play) -> None:
    world, user = play.world, play.world.user()
    world.call("GET /me", token=user.token)
    payment_id, txid = world.paid(user)
    world.complete(payment_id, txid, user)
    world.incomplete(world.paid_payment())
    world.cancel(world.approved(user), user)
    world.call("GET /payments/{payment_id}", path={"payment_id": payment_id}, token=user.token)
    world.call("GET /payments", token=user.token)
    play.everything()


def refuses(play: Play) -> None:
    world = play.world
    world.approve(world.start(world.user(), "1"), world.user())
    user = world.user()
    world.approve(world.start(user, "1"), user)
    world.approve(world.start(user, metadata={"order": "7"}), user)


def rewards(play: Play) -> None:
    world, user = play.world, play.world.user()
    ad_id = world.pi.show_ad("granted").identifier
    world.claim(ad_id, user)
    play.everything()
    world.fault(path="/v2/ads_network/*", drop="before")
    world.tick(25 * 3600)
    play.everything()
    world.heal()
    play.ids.add(ad_id)


def pays_out(play: Play) -> None:
    world = play.world
    world.requested("payout-1")
    world.call("GET /payouts/{payout_id}", path={"payout_id": "payout-1"})
    play.everything()
    world.requested("payout-2", world.uid("bob"))
    world.fault("POST", "/v2/payments", status=400, body={"error": "never heard of"})
    world.rounds(40)
    world.heal()
    world.decide("payout-2", "give_up")
    play.everything()


def notifies(play: Play) -> None:
    world = play.world
    asked = {"notification_id": "n1", "title": "a", "body": "b", "subroute": "/", "uids": ["x"]}
    world.call("POST /notifications", body=asked)
    world.call("GET /notifications/{notification_id}", path={"notification_id": "n1"})
    play.everything()


def operates(play: Play) -> None:
    world = play.world
    world.function("operate")({"command": "forget", "uid": world.uid("alice")})
    world.call("GET /events", query={"day": world.now.date().isoformat()})
    event_id = world.bus.events[0].event_id
    world.call("POST /events/send_again", body={"event_ids": [event_id]})
    world.function("prove_wallet")({})


def meets_outages(play: Play) -> None:
    """Of Pi, of AWS, and a record that was edited by hand."""
    world, user = play.world, play.world.user()
    stuck, payment_id = world.paid_payment(), world.start(user)
    world.payout_queue.down = True  # the sweep brings it there
    world.requested("payout-3", world.uid("bob"))
    world.payout_queue.down = False
    world.fault(path="/v2/*", drop="before")
    world.approve(payment_id, user)
    play.everything()
    world.heal()
    world.fault("POST", f"*/{stuck}/complete", code="verification_failed")
    play.everything()
    world.heal()
    fails_at_aws(world, user)
    world.tables.edit("PaymentsTable", world.approved(user), amount="three")
    play.everything()
    world.payout_queue.put("by hand")
    world.send()


def fails_at_aws(world: World, user: User) -> None:
    world.effects.faults.append(AwsFault("PutItem", "ThrottlingException", times=4))
    world.approve(world.start(user), user)
    world.effects.faults.append(AwsFault("Query", "ResourceNotFoundException", times=None))
    with suppress(BundleError):
        world.sweep()
    world.effects.faults.clear()


PARTS: list[Callable[[Play], None]] = [
    *(sells, refuses, rewards, pays_out, notifies, operates, meets_outages)
]


@pytest.fixture(scope="module")
def play() -> Play:
    return Play()


def _holds(condition: str, line: Line) -> bool:
    """Of a filter, as far as the queries use it."""
    if " or " in condition:
        return any(_holds(part, line) for part in condition.split(" or "))
    if found := re.fullmatch(r"ispresent\((\w+)\)", condition):
        return found[1] in line
    if found := re.fullmatch(r'(\w+) = "(.*)"', condition):
        return bool(line.get(found[1]) == found[2])
    if found := re.fullmatch(r"(\w+) >= (\d+)", condition):
        return int(line.get(found[1], -1)) >= int(found[2])
    if found := re.fullmatch(r"@message like /(.*)/", condition):
        return re.search(found[1], json.dumps(line)) is not None
    raise ValueError(f"no filter has been like this yet: {condition}")


@each_query
def test_a_query_finds_what_it_asks_for(play: Play, query: Query) -> None:
    """Each field that it names is one of the lines that it finds."""
    assert query.filter is not None
    if query.filter == '@type = "REPORT"':  # a line of Lambda's own
        return
    story = query.filter == 'subject = "THE-ID"'
    wanted = 'subject = "payout-2"' if story else query.filter
    found = [line for line in play.lines if _holds(wanted, line)]
    assert found
    lines = play.lines if story else found
    keys = {key for line in lines for key in line}
    assert query.fields <= keys, query.fields - keys


@each_query
def test_a_query_asks_the_logs_that_have_it(play: Play, query: Query) -> None:
    """All functions, or those whose lines it finds."""
    assert set(query.groups) <= GROUPS
    if set(query.groups) == GROUPS or query.filter is None:
        return
    writers = {line["function"] for line in play.lines if _holds(query.filter, line)}
    folders = {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in g[:-4])[1:] for g in query.groups
    }
    assert writers == folders


def test_the_play_has_every_function_at_work(play: Play) -> None:
    """But for those that log only what went wrong with them."""
    at_work = {line["function"].replace("_", "-") for line in play.lines if "function" in line}
    assert at_work >= FUNCTIONS - QUIET


QUIET = {"notify-users", "replay-events", "decide-payout", "operate", "prove-wallet"}


def test_each_line_about_an_id_names_it_as_its_subject(play: Play) -> None:
    """Whatever function writes it: so one question finds the whole story."""
    about = dict.fromkeys(play.ids, 0)
    for line in play.lines:
        named = {one for one in play.ids if one in json.dumps(line)}
        if named and line["message"] not in ABOUT_SEVERAL:
            assert line.get("subject") in named, line
            about[line["subject"]] += 1
    assert len(about) > 10
    assert min(about.values()) > 0


# A list of ids, which no one subject could name.
ABOUT_SEVERAL = {"The chain does not reach back to these"}


# As Lambda writes them for a function in Python.
KILLED = [
    "2026-11-27T03:00:00.000Z 4bf4f7a1 Task timed out after 15.00 seconds",
    "RequestId: 4bf4f7a1 Error: Runtime exited with error: signal: killed",
    "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'shared'",
    "[ERROR] ServiceUnavailable: service_unavailable Traceback (most recent call last):",
]


@pytest.mark.parametrize("line", KILLED)
def test_the_filter_of_the_logs_counts_what_lambda_writes_when_it_fails(line: str) -> None:
    assert _is_counted(line)


def test_it_counts_no_line_of_the_bundles_own(play: Play) -> None:
    """An error that was answered is none: it has its own alarms."""
    assert [line for line in play.lines if line["level"] == "ERROR"]
    assert not any(_is_counted(json.dumps(line)) for line in play.lines)


def _is_counted(line: str) -> bool:
    [pattern] = {
        one["Properties"]["FilterPattern"]
        for one in of_type(WRITTEN, "AWS::Logs::MetricFilter").values()
    }
    assert re.fullmatch(r'(\?"[^"]+" ?)+', pattern), "one of these is enough"
    return any(text in line for text in re.findall(r'"([^"]+)"', pattern))


def test_the_story_of_a_payout_is_told_by_all_who_worked_on_it(play: Play) -> None:
    about = [line for line in play.lines if line.get("subject") == "payout-2"]
    assert {line["function"] for line in about} >= {"send_payout"}
    assert [line["message"] for line in about if line["level"] == "ERROR"]


def test_the_story_is_asked_for_everywhere(play: Play) -> None:
    stories = [query for query in (*TABLES, *SAVED) if query.filter == 'subject = "THE-ID"']
    assert [set(query.groups) for query in stories] == [GROUPS, GROUPS]
