"""The shop's server: what it serves, and to whom."""

import pytest
import requests

from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from local.shop.server import API, FILES, PI, STAGE

MOST_BYTES = 50 * 1024


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=10)


def test_the_page_and_its_server_together_are_small() -> None:
    files = [path for path in FILES.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html"),
        ("shop.css", "text/css"),
        ("shop.js", "text/javascript"),
        ("goods.svg", "image/svg+xml"),
        ("products.json", "application/json"),
    ],
)
def test_each_file_has_its_type_and_is_never_an_old_one(
    shop_url: str, name: str, kind: str
) -> None:
    answer = get(f"{shop_url}/{name}")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == kind
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["server.py", "nothing.js", "%2e%2e/run.py", "..%2frun.py"])
def test_nothing_else_is_served(shop_url: str, name: str) -> None:
    assert get(f"{shop_url}/{name}").status_code == 404


def test_the_addresses_of_this_run_stand_in_place_of_the_usual_ones(
    shop_url: str, stack: Stack, emulator_server: PiEmulator
) -> None:
    assert f'<script src="{PI}/pi-sdk.js"></script>' in (FILES / "index.html").read_text()
    assert API in (FILES / "config.js").read_text()

    assert f'<script src="{emulator_server.url}/pi-sdk.js"></script>' in get(shop_url).text
    assert stack.api_url in get(f"{shop_url}/config.js").text


def test_only_the_stage_may_look_into_the_page(shop_url: str) -> None:
    observer = f'<head>\n<script src="{STAGE}/observer.js"></script>\n'
    assert observer in get(f"{shop_url}/?stage={STAGE}").text
    assert "observer" not in get(shop_url).text
    assert "observer" not in get(f"{shop_url}/?stage=http://127.0.0.1:1").text


def test_the_page_runs_scripts_and_calls_servers_that_are_named(
    shop_url: str, stack: Stack, emulator_server: PiEmulator
) -> None:
    policy = get(shop_url).headers["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert f"script-src 'self' {emulator_server.url} {STAGE};" in policy
    assert f"connect-src 'self' {stack.cloud.endpoint} {emulator_server.url};" in policy
    assert f"frame-ancestors 'self' {STAGE}" in policy
