"""How the tests speak to the emulator: over HTTP calls, in process or through a socket."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import requests

from local.emulator.pi import SERVER_KEY
from local.emulator.wire import dumps, loads

NOON = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
TIMEOUT = (2.0, 5.0)


class World:
    """Pi as its callers see it, and the control API as tests use it."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self.session = session

    def call(
        self, method: str, path: str, body: object = None, authorization: str | None = None
    ) -> requests.Response:
        headers = {"authorization": authorization} if authorization else {}
        data = None if body is None else dumps(body)
        return self.session.request(
            method, self.url + path, data=data, headers=headers, timeout=TIMEOUT
        )

    def server(
        self, method: str, path: str, body: object = None, key: str = SERVER_KEY
    ) -> requests.Response:
        """A call of the Platform API by an app's server."""
        return self.call(method, f"/v2{path}", body, f"Key {key}")

    def browser(self, path: str, token: str) -> requests.Response:
        """A call of the Platform API with a user's token."""
        return self.call("GET", f"/v2{path}", None, f"Bearer {token}")

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        response = self.call(method, f"/_emulator{path}", body)
        assert response.ok, response.text
        return loads(response.content)

    def horizon(self, path: str) -> Any:
        response = self.call("GET", f"/horizon{path}")
        assert response.ok, response.text
        return loads(response.content)

    def sign_in(self, **who: Any) -> dict[str, str]:
        user: dict[str, str] = self.control("POST", "/users", **who)
        return user

    def start(self, token: str | None = None, **arguments: Any) -> dict[str, Any]:
        """A user's browser starts a payment of 3.14; gives the PaymentDTO."""
        token = token or self.sign_in()["accessToken"]
        payment = {
            "accessToken": token,
            "amount": Decimal("3.14"),
            "memo": "One pie",
            "metadata": {"productId": "apple_pie_1"},
        }
        started: dict[str, Any] = self.control("POST", "/payments", **payment | arguments)
        return started

    def approved(self, **arguments: Any) -> str:
        """The identifier of a new, approved payment."""
        identifier: str = self.start(**arguments)["identifier"]
        assert self.server("POST", f"/payments/{identifier}/approve").ok
        return identifier

    def pay(self, identifier: str, **how: Any) -> str:
        txid: str = self.control("POST", f"/payments/{identifier}/pay", **how)["txid"]
        return txid

    def complete(self, identifier: str, txid: str | None) -> requests.Response:
        return self.server("POST", f"/payments/{identifier}/complete", {"txid": txid})

    def cancel(self, identifier: str) -> requests.Response:
        return self.server("POST", f"/payments/{identifier}/cancel")

    def get(self, identifier: str) -> dict[str, Any]:
        response = self.server("GET", f"/payments/{identifier}")
        assert response.ok, response.text
        payment: dict[str, Any] = loads(response.content)
        return payment

    def create_payout(self, uid: str, **arguments: Any) -> requests.Response:
        """The app's server creates an A2U payment."""
        payment = {"amount": 1, "memo": "Refund", "metadata": {"id": "r1"}, "uid": uid}
        return self.server("POST", "/payments", {"payment": payment | arguments})

    def transfer(self, **how: Any) -> Any:
        """Somebody pays somebody, past Pi."""
        return self.control("POST", "/chain/transactions", **how)

    def set(self, **settings: Any) -> Any:
        return self.control("PATCH", "/settings", **settings)

    def fault(self, **how: Any) -> Any:
        return self.control("POST", "/faults", **how)

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock", advance_s=seconds)

    def state(self) -> Any:
        return self.control("GET", "/state")


def code_of(response: requests.Response) -> str:
    """The stable code of a refusal; the test fails if it is none."""
    assert not response.ok, response.text
    code: str = response.json()["error"]
    return code
