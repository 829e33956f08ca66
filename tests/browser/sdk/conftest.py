"""A Pi app as small as it can be: a page with the SDK, and a server that approves and completes.

Timers are tenths of a second, so that what waits does so in a test as well.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Locator, Page
from werkzeug.wrappers import Request, Response

from local.emulator.http import create_app
from local.emulator.pi import Pi
from local.emulator.server import serving
from tests.emulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SCOPES = ["username", "payments", "wallet_address"]
QUICK = {
    "sdk_repeat_s": 0.3,
    "sdk_approval_s": 10,
    "sdk_completion_s": 10,
    "sdk_done_s": 0.1,
    "sdk_ad_s": 0.3,
}
PAGE = """<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Pie shop</title>
  <style>:root { color-scheme: light dark } body { font: 16px system-ui, sans-serif }</style>
  <script src="SDK"></script>
  <main>
    <h1>Pie shop</h1>
    <button id="buy">Buy a pie</button>
  </main>
  <script>
    const told = [];
    const tell = (...what) => told.push(what);
    addEventListener("pi-emulator", ({ detail }) => tell(`event ${detail.what}`, detail));
    const server = (step, body) =>
      fetch(step, { method: "POST", body: JSON.stringify(body) }).then((answer) => answer.text());
    const ready = Pi.init({ version: "2.0" });
    const onIncompletePaymentFound = (payment) => tell("onIncompletePaymentFound", payment);
    const signIn = (scopes) =>
      Pi.authenticate(scopes, onIncompletePaymentFound).then(
        (auth) => tell("signed in", auth),
        (error) => tell("not signed in", error.message),
      );
    const callbacks = {
      onReadyForServerApproval(paymentId) {
        tell("onReadyForServerApproval", paymentId);
        server("approve", { paymentId });
      },
      onReadyForServerCompletion(paymentId, txid) {
        tell("onReadyForServerCompletion", paymentId, txid);
        server("complete", { paymentId, txid });
      },
      onCancel: (...values) => tell("onCancel", ...values),
      onError: (error, payment) => tell("onError", error.message, payment ?? null),
    };
    const pie = { amount: 3.14, memo: "One apple pie", metadata: { productId: "apple_pie_1" } };
    const buy = (data = pie) => tell("returned", Pi.createPayment(data, callbacks) ?? null);
    document.getElementById("buy").onclick = () => buy();
  </script>
</html>
"""


class Shop:
    """The app's page and its server, which does what it is asked as long as it is allowed to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.approves = True
        self.completes = True
        self.sdk = f"{world.url}/pi-sdk.js"

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        body = request.get_json(force=True) if request.method == "POST" else {}
        if request.path == "/approve" and self.approves:
            self.world.server("POST", f"/payments/{body['paymentId']}/approve")
        if request.path == "/complete" and self.completes:
            self.world.complete(body["paymentId"], body["txid"])
        return Response(PAGE.replace("SDK", self.sdk), mimetype="text/html")


class Visit:
    """One tab with the shop, and its user's hands."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        page.goto(url)
        page.evaluate("ready")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def js(self, code: str) -> Any:
        return self.page.evaluate(code)

    def start_signing_in(self, scopes: list[str] | None = None) -> None:
        self.page.evaluate("scopes => void signIn(scopes)", SCOPES if scopes is None else scopes)

    def sign_in(self, scopes: list[str] | None = None) -> Any:
        """Signs in with all that is asked for; gives the AuthResult."""
        self.start_signing_in(scopes)
        self.press("Sign in")
        return self.wait("signed in")[0]

    def buy(self) -> None:
        self.page.evaluate("buy()")

    def told(self, *names: str) -> list[list[Any]]:
        """What the page was told so far, events apart; or only this."""
        lines: list[list[Any]] = self.page.evaluate("told")
        return [
            line
            for line in lines
            if (line[0] in names if names else not line[0].startswith("event "))
        ]

    def wait(self, name: str, times: int = 1) -> list[Any]:
        """What came with it the last time."""
        enough = "([name, times]) => told.filter((line) => line[0] === name).length >= times"
        self.page.wait_for_function(enough, arg=[name, times], polling=30)
        found: list[Any] = self.told(name)[-1][1:]
        return found

    def wait_closed(self) -> None:
        self.dialog.wait_for(state="detached")

    def names(self) -> list[str]:
        return [line[0] for line in self.told()]


@pytest.fixture
def pi() -> Pi:
    return Pi(seed=1)


@pytest.fixture
def world(pi: Pi) -> Iterator[World]:
    with serving(create_app(pi)) as url, requests.Session() as session:
        world = World(url, session)
        world.set(**QUICK)
        yield world


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world)


@pytest.fixture
def shop_url(shop: Shop) -> Iterator[str]:
    with serving(shop) as url:
        yield url


@pytest.fixture
def open_shop(context: BrowserContext, shop_url: str) -> Callable[[], Visit]:
    """Opens another tab of the same browser."""
    return lambda: Visit(context.new_page(), shop_url)


@pytest.fixture
def visit(open_shop: Callable[[], Visit]) -> Visit:
    return open_shop()
