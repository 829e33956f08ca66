"""`make run` as a person meets it: one command, every step shown, nothing left behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.emulator.pi import APP_ID
from local.emulator.registry import wallet_seed_of
from local.processes import HOST, ROOT, PortTakenError, environment, free_port
from local.run import (
    AWS_PORT,
    PI_PORT,
    SettingError,
    Settings,
    parameters,
    require_free_ports,
)
from tests.docs.pages import DOCS, all_text
from tests.laptop.page import CorsError, Page
from tests.laptop.waiting import eventually

UP_SECONDS = 120
# The local cloud leaves 12 000 small files; on a busy disk their removal alone takes 30 s.
DOWN_SECONDS = 90


class Run:
    """`python -m local.run` on ports and in a folder of its own."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        names = ("PI_PORT", "AWS_PORT", "SHOP_PORT", "STAGE_PORT")
        self.ports = {name: free_port() for name in names}
        self.pi_port, self.aws_port = self.ports["PI_PORT"], self.ports["AWS_PORT"]
        self.output = home / "output"
        ports = {name: str(port) for name, port in self.ports.items()}
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local.run"],
                cwd=ROOT,
                env=environment({"LOCAL_HOME": str(home), **ports, **settings}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self, text: str) -> bool:
        assert self.process.poll() is None, self.output.read_text()
        return text in self.output.read_text()

    def served(self) -> dict[str, str]:
        served: dict[str, str] = json.loads((self.home / "endpoints.json").read_text())
        return served

    def browser(self, path: str, body: dict[str, Any]) -> dict[str, str]:
        """Let the Pi Browser, or its user, do something."""
        url = f"{self.served()['pi']}/_emulator{path}"
        answer = requests.post(url, json=body, timeout=10)
        answer.raise_for_status()
        done: dict[str, str] = answer.json()
        return done

    def left(self) -> list[str]:
        """What is still there of this run: listening ports, and processes that name its folder."""
        ports = [f"port {port}" for port in self.ports.values() if listens(port)]
        return ports + [
            entry.name
            for entry in Path("/proc").glob("[0-9]*")
            if entry.name != str(os.getpid()) and str(self.home) in place_and_command(entry)
        ]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def place_and_command(process: Path) -> str:
    try:
        return f"{(process / 'cwd').readlink()} {(process / 'cmdline').read_text()}"
    except OSError:
        return ""  # it has just ended


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run that is up, started by somebody who works with real accounts too."""
    shell = {"AWS_PROFILE": "prod", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    run = Run(tmp_path_factory.mktemp("run"), **shell)
    try:
        eventually(lambda: run.said("Everything is up"), seconds=UP_SECONDS)
        yield run
    finally:
        run.process.kill()
        run.process.wait()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run with ONCE=1 that has played, and ended by itself."""
    played = Run(tmp_path_factory.mktemp("played"), ONCE="1")
    try:
        assert played.process.wait(UP_SECONDS + DOWN_SECONDS) == 0, played.output.read_text()
        yield played
    finally:
        played.process.kill()
        played.process.wait()


def test_it_serves_what_it_says(run: Run) -> None:
    served = run.served()
    # Nothing but the ports is in them: each restart has the same addresses.
    assert served == {
        "api": f"http://{HOST}:{run.aws_port}/_aws/execute-api/pi-bundle-local",
        "pi": f"http://{HOST}:{run.pi_port}",
        "aws": f"http://{HOST}:{run.aws_port}",
        "shop": f"http://{HOST}:{run.ports['SHOP_PORT']}",
        "stage": f"http://{HOST}:{run.ports['STAGE_PORT']}",
    }
    # A front end without a token: the function itself answers.
    assert requests.get(f"{served['api']}/me", timeout=10).status_code == 401
    shop = requests.get(f"{served['shop']}/?stage={served['stage']}", timeout=10).text
    assert f'src="{served["stage"]}/observer.js"' in shop
    assert f'data-shop="{served["shop"]}"' in requests.get(served["stage"], timeout=10).text
    said = run.output.read_text()
    assert all(url in said for url in served.values())
    assert said.rstrip().splitlines()[-1] == f"  Open {served['stage']} and buy an apple pie."
    assert "One payment and one rewarded ad" not in said


def test_the_stage_leads_to_the_console(run: Run) -> None:
    """By a new link each time, since a link works once."""
    stage = run.served()["stage"]
    assert 'href="/console"' in requests.get(stage, timeout=10).text
    links = [_link(stage), _link(stage)]
    assert len(set(links)) == 2
    page = requests.Session()
    assert "pi-bundle-local" in page.get(links[0], timeout=30).text
    assert requests.get(links[0], timeout=10).status_code == 403
    assert requests.get(links[1].partition("/open")[0], timeout=10).status_code == 403


def _link(stage: str) -> str:
    answer = requests.get(f"{stage}/console", timeout=10, allow_redirects=False)
    return answer.headers["location"]


def test_the_operators_command_works_on_it(run: Run) -> None:
    products = told(run, "products", "list")
    assert [row["product_id"] for row in products] == ["apple_pie_1", "donation", "recipe_1"]
    [api] = (row["told"] for row in told(run, "doctor") if row["check"] == "api")
    assert api == run.served()["api"]


def told(run: Run, *words: str) -> list[dict[str, Any]]:
    """By the command as it stands in .venv/bin."""
    done = subprocess.run(
        [ROOT / "local" / "command" / "pi-bundle", *words, "--local", "--json"],
        env=environment({"LOCAL_HOME": str(run.home)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_once_plays_every_step_in_text_and_leaves_nothing(played: Run) -> None:
    said = played.output.read_text()
    assert played.left() == []
    assert "Everything is up" not in said
    for step in ("GET /me", "/pi_payment/approve", "/pay", "/pi_payment/complete", "/claim"):
        assert step in said
    assert said.partition("The operator's own back end")[0].count("-> 200") == 14


def test_it_tells_the_story_of_the_closed_page_with_times(played: Run) -> None:
    """Promise 3: paid, and nobody calls complete; it is completed and delivered all the same."""
    story = (
        played.output.read_text().partition("Another user pays")[2].partition("The operator's")[0]
    )
    told = re.findall(r"^ +(\d+\.\d\d) s  (.*)$", story, re.MULTILINE)
    # The scheduled sweep may have been quicker than the one by hand, once in a while.
    steps = ["never called", "the worker has completed", "has 1 apple_pie_1"]
    lines = [line for _, line in told]
    places = [next(at for at, line in enumerate(lines) if step in line) for step in steps]
    assert places == sorted(places)
    assert [float(at) for at, _ in told] == sorted(float(at) for at, _ in told)
    assert "/pi_payment/complete ->" not in story


def test_it_pays_one_payout_and_one_refund_and_shows_them_on_the_chain(played: Run) -> None:
    payouts = played.output.read_text().partition("The operator's own back end")[2]
    payout, _, refund = payouts.partition("And gives")
    for story, amount in ((payout, "0.5000000 Pi"), (refund, "3.1400000 Pi")):
        assert story.count("POST /payouts -> 20") == 2
        assert re.search(r"\d\.\d\d s  the sender has paid it", story)
        assert f"on the chain: {amount}" in story


def test_promise_6_neither_key_nor_seed_nor_token_is_shown(run: Run, played: Run) -> None:
    assert requests.get(f"http://{HOST}:{run.pi_port}/_emulator/health", timeout=10).ok
    said = run.output.read_text() + played.output.read_text()
    for line in said.splitlines():
        assert "accessToken" not in line or '"..."' in line
    assert wallet_seed_of(APP_ID) not in said


@pytest.mark.parametrize("origin", ["http://localhost:3000", f"http://{HOST}:5173"])
def test_a_page_of_this_machine_pays_with_nothing_set(run: Run, origin: str) -> None:
    page = Page(origin, run.served()["api"])
    token = run.browser("/users", {})["accessToken"]
    assert page.fetch("GET", "/me", token=token).status == 200
    order = {"amount": 3.14, "memo": "One apple pie", "metadata": {"productId": "apple_pie_1"}}
    payment_id = run.browser("/payments", {"accessToken": token, **order})["identifier"]

    asked = {"paymentId": payment_id, "accessToken": token}
    approved = page.fetch("POST", "/pi_payment/approve", asked)
    assert (approved.status, approved.body["state"]) == (200, "open")
    assert "retry-after" in approved.readable

    txid = run.browser(f"/payments/{payment_id}/pay", {})["txid"]
    told = {"paymentId": payment_id, "transactionId": txid}
    completed = page.fetch("POST", "/pi_payment/complete", told)
    assert (completed.status, completed.body["state"]) == (200, "completed")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost.evil.example:3000", "null"]
)
def test_a_page_of_elsewhere_is_refused(run: Run, origin: str) -> None:
    page = Page(origin, run.served()["api"])
    with pytest.raises(CorsError, match="not for"):
        page.fetch("POST", "/pi_payment/approve", {"paymentId": "x"})
    # A call that needs no preflight is answered, and nothing of it is shown to the page.
    simple = requests.get(f"{page.api}/me", headers={"Origin": origin}, timeout=10)
    assert simple.status_code == 401
    assert not [name for name in simple.headers if name.lower().startswith("access-control-")]


def test_the_documents_calls_by_hand_pay_complete_refund_and_pay_out(run: Run) -> None:
    """Word for word, but for this run's ports: with curl, as a person types them."""
    names = ("front-end", "payouts", "notifications")
    pages = all_text([DOCS / f"{name}.md" for name in names])
    found = re.findall(r"^```sh\n(.*?)^```", pages, re.MULTILINE | re.DOTALL)
    script = "\n".join(block for block in found if "$API/" in block)
    for default, port in ((PI_PORT, run.pi_port), (AWS_PORT, run.aws_port)):
        script = script.replace(f":{default}/", f":{port}/")

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=UP_SECONDS,
    )

    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line]
    me, approved, completed, payment, history, payout, refund, read, asked, notification = answers
    assert approved["state"] == "open"
    assert completed == {"payment_id": approved["payment_id"], "state": "completed"}
    assert history["payments"] == [payment]
    assert (payout["uid"], refund["refund_of"]) == (me["uid"], payment["payment_id"])
    assert {payout["state"], refund["state"]} <= {"requested", "created", "signed", "completed"}
    assert read["payout_id"] == payout["payout_id"]
    assert asked["notification_id"] == notification["notification_id"] == "order-17-ready"
    assert [me["uid"]] in notification["users"].values()


def test_a_second_run_says_which_port_is_taken(run: Run, tmp_path: Path) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "local.run"],
        cwd=ROOT,
        env=environment({"LOCAL_HOME": str(tmp_path), "AWS_PORT": str(run.aws_port)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"Port {run.aws_port} for the local cloud is taken" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("setting", ["SHOP_PORT", "STAGE_PORT"])
def test_each_port_that_is_taken_is_named_before_anything_is_built(run: Run, setting: str) -> None:
    ports = {name: str(free_port()) for name in run.ports}
    settings = Settings.read({**ports, setting: str(run.ports[setting])})
    with pytest.raises(PortTakenError, match=f"make run {setting}="):
        require_free_ports(settings)


def test_ctrl_c_ends_it_well_and_leaves_nothing(run: Run) -> None:
    """The last test of this run."""
    assert len(run.left()) > 2
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(DOWN_SECONDS) == 0, run.output.read_text()
    assert run.left() == []
    assert "Everything has been stopped." in run.output.read_text()


def test_a_run_that_is_killed_outright_leaves_no_process(tmp_path: Path) -> None:
    run = Run(tmp_path)
    eventually(lambda: listens(run.aws_port) and listens(run.pi_port), seconds=UP_SECONDS)
    run.process.kill()
    run.process.wait()
    eventually(lambda: run.left() == [], seconds=DOWN_SECONDS)


def test_pi_itself_needs_the_apps_key() -> None:
    with pytest.raises(SettingError, match="PI_SERVER_API_KEY"):
        Settings.read({"PI_API_URL": "https://api.minepi.com/v2"})


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(SettingError, match="PI_PORT"):
        Settings.read({"PI_PORT": port})


def test_other_origins_are_named_in_allow_origins() -> None:
    origins = "https://shop.example, https://shop1234.pinet.com"
    deployed = parameters(Settings.read({"ALLOW_ORIGINS": origins}), None)
    assert deployed["AllowOrigins"] == "https://shop.example,https://shop1234.pinet.com"


@pytest.mark.parametrize("origin", ["*", "https://shop.example/", "shop.example"])
def test_what_is_no_origin_is_refused_before_anything_is_built(origin: str) -> None:
    with pytest.raises(SettingError, match=r"ALLOW_ORIGINS.*no slash at the end"):
        Settings.read({"ALLOW_ORIGINS": f"https://shop.example,{origin}"})


def test_unset_make_variables_mean_the_defaults() -> None:
    ports = ("PI_PORT", "AWS_PORT", "SHOP_PORT", "STAGE_PORT")
    names = ("ONCE", *ports, "ALLOW_ORIGINS", "WEBHOOK_URL", "PI_API_URL", "PI_SERVER_API_KEY")
    settings = Settings.read(dict.fromkeys(names, ""))
    assert (settings.pi_port, settings.aws_port, settings.once) == (8314, 8315, False)
    assert (settings.shop_port, settings.stage_port) == (8316, 8317)
    assert "AllowOrigins" not in parameters(settings, None)
    assert settings.webhook_url == ""


def test_a_webhook_url_that_is_none_is_refused_before_anything_is_built() -> None:
    with pytest.raises(SettingError, match="WEBHOOK_URL=localhost:3000 is no address"):
        Settings.read({"WEBHOOK_URL": "localhost:3000"})


def test_the_webhook_goes_to_a_server_of_this_machine() -> None:
    url = "http://127.0.0.1:3000/pi-events"
    assert Settings.read({"WEBHOOK_URL": url}).webhook_url == url
