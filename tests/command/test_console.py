"""The console shows a stack to whoever has opened its link, and to nobody else."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from local.command.cli import main
from local.console.door import Door
from local.console.server import POLICY, Console, create_app
from shared.payments.record import Attention
from tests.command.operator import Operator, Watched
from tests.world import User, World

URL = "http://127.0.0.1:8320"


@dataclass
class Desk:
    """A browser at the console's address."""

    client: FlaskClient
    door: Door
    ended: threading.Event

    def enter(self) -> "Desk":
        assert self.open(self.door.link().removeprefix(URL)).status_code == 302
        return self

    def open(self, path: str, **how: object) -> TestResponse:
        return self.client.get(path, **{"base_url": URL, **how})

    def reads(self, path: str) -> str:
        response = self.open(path, follow_redirects=True)
        assert response.status_code == 200, response.text
        return response.text


@pytest.fixture
def desk(operator: Operator) -> Iterator[Desk]:
    operator.aws["cloudwatch"] = Watched()
    door, ended = Door(URL), threading.Event()
    app = create_app(operator.stack(), door, ended)
    app.testing = True
    yield Desk(app.test_client(), door, ended)
    ended.set()


# --- Who may look ---------------------------------------------------------------------------------

PATHS = ("/", "/find?q=alice", "/record?id=x", "/live", "/console.css", "/nothing")


@pytest.mark.parametrize("path", PATHS)
def test_without_the_link_nothing_is_shown(desk: Desk, path: str) -> None:
    assert desk.open(path).status_code == 403


def test_a_link_works_once(desk: Desk) -> None:
    link = desk.door.link().removeprefix(URL)
    assert desk.open(link).status_code == 302
    other = Desk(desk.client.application.test_client(), desk.door, desk.ended)
    assert other.open(link).status_code == 403
    assert other.open("/").status_code == 403
    assert desk.open("/").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "../", "ü"])
def test_a_link_that_nobody_made(desk: Desk, token: str) -> None:
    desk.door.link()
    assert desk.open(f"/open/{token}").status_code in (403, 404)
    assert desk.open("/").status_code == 403


def test_its_cookie_goes_to_no_script_and_to_no_other_site(desk: Desk) -> None:
    cookie = desk.open(desk.door.link().removeprefix(URL)).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "how",
    [
        {"base_url": "http://evil.example:8320"},
        {"base_url": "http://localhost:8320"},
        {"headers": {"origin": "http://evil.example"}},
        {"headers": {"origin": "http://127.0.0.1:8321"}},
        {"headers": {"origin": "null"}},
    ],
    ids=str,
)
def test_another_name_or_another_page_gets_nothing(
    desk: Desk, path: str, how: dict[str, object]
) -> None:
    desk.enter()
    session = desk.client.get_cookie("console", domain="127.0.0.1")
    assert session is not None
    desk.client.set_cookie("console", session.value, domain="evil.example")
    desk.client.set_cookie("console", session.value, domain="localhost")
    assert desk.open(path, **how).status_code == 403


@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
def test_it_takes_no_orders(desk: Desk, verb: str) -> None:
    desk.enter()
    for path in ("/", "/find", "/record", "/live"):
        response = getattr(desk.client, verb)(path, base_url=URL)
        assert response.status_code == 405


@pytest.mark.parametrize("path", [*PATHS, "/open/x"])
def test_each_answer_is_guarded(desk: Desk, path: str) -> None:
    desk.enter()
    with desk.open(path) as response:
        headers = response.headers
    assert headers["content-security-policy"] == POLICY
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


def test_it_listens_on_this_machine_alone_and_ends(operator: Operator) -> None:
    operator.aws["cloudwatch"] = Watched()
    with Console(operator.stack(), 0) as console:
        assert console.door.link().startswith("http://127.0.0.1:")


# --- What it shows --------------------------------------------------------------------------------


def test_todays_money(desk: Desk, world: World, alice: User) -> None:
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid)
    world.post(payout_id="refund-1", refund_of=payment_id, amount="1")
    world.requested("prize")
    world.send()
    page = desk.enter().reads("/")
    assert "<b>3.14</b> Pi completed (1)" in page
    assert "<b>4.14</b> Pi paid out (2)" in page
    assert "<b>1</b> Pi of that refunded" in page


def test_what_waits_and_its_command(desk: Desk, world: World) -> None:
    payment_id = world.sold(needs_review=Attention.UNMATCHED, due_at=world.clock() + 86_400)
    page = desk.enter().reads("/")
    assert f"pi-bundle refund {payment_id}" in page
    assert Attention.UNMATCHED.meaning in page


def test_a_user_is_found_and_his_payment_told(desk: Desk, world: World, alice: User) -> None:
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid)
    page = desk.enter().reads("/find?q=@alice")
    assert "open → completed" in page
    assert txid in page
    assert alice.uid in page


def test_several_are_listed(desk: Desk, world: World, alice: User) -> None:
    ids = [world.sold(uid=alice.uid) for _ in range(2)]
    page = desk.enter().reads(f"/find?q={alice.uid}")
    assert all(f'href="/record?id={one}"' in page for one in ids)


def test_a_payout_and_a_reward(desk: Desk, world: World) -> None:
    payout_id = world.requested()
    world.send()
    desk.enter()
    assert "signed → completed" in desk.reads(f"/record?id={payout_id}")
    assert "granted" in desk.reads(f"/record?id={world.granted_ad()}")


@pytest.mark.parametrize("path", ["/find?q=", "/find", "/record", "/record?id=nothing"])
def test_nothing(desk: Desk, path: str) -> None:
    desk.enter()
    assert "othing" in desk.reads(path)


def test_a_strangers_text_is_text(desk: Desk, world: World) -> None:
    payment_id, _ = world.paid(world.user("<img src=x onerror=alert(1)>"))
    page = desk.enter().reads(f"/record?id={payment_id}")
    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert "<script>" not in desk.reads("/find?q=<script>alert(1)</script>")


def test_what_cannot_be_asked_is_said_and_ends_nothing(desk: Desk, world: World) -> None:
    world.switch.down = True
    page = desk.enter().reads("/")
    assert "A service of this app is not available." in page
    assert "Unfinished" in page


def test_looking_changes_nothing(desk: Desk, world: World, alice: User) -> None:
    payment_id, _ = world.paid(alice)
    before = {name: world.tables.raw(name) for name in world.tables.names}
    desk.enter()
    for path in ("/", f"/record?id={payment_id}", f"/find?q={payment_id}"):
        desk.reads(path)
    assert {name: world.tables.raw(name) for name in world.tables.names} == before
    assert world.bus.events == []


def test_the_page_is_told_when_it_has_changed(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.console.server.AGAIN_SECONDS", 0.0)
    payout_id = world.requested()
    response = desk.enter().open(f"/live?of=/record&id={payout_id}")
    told = iter(response.response)
    assert "requested" in _html(next(told))
    assert next(told) == b": as before\n\n"
    world.send()
    assert "signed → completed" in _html(next(told))
    response.close()


def _html(event: object) -> str:
    text = event.decode() if isinstance(event, bytes) else str(event)
    return str(json.loads(text.removeprefix("data: ")))


def test_the_command_prints_its_link(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("local.command.read.looks.wait_for_ctrl_c", interrupted)
    result = operator.run("console")
    assert result.exit_code == 0
    assert "Open this link, once: http://127.0.0.1:" in result.output
    assert main.commands["console"].help
