"""The deployed stack: its routes answer, its CORS is the parameter's, its roles are enforced.

Promise 6 end to end: without one of its permissions exactly one function fails, and with a clear
answer, so every function really runs under its own role.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests

from local.pi import PiEmulator
from local.play import Play
from local.stack import Stack
from local.template import routes

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

TIMEOUT = 30


def test_every_route_of_the_template_reaches_its_function(stack: Stack) -> None:
    """A function says which request it was; the gateway's own 404 has only a message."""
    for route in routes(stack.translated):
        method, path = route.key.split()
        answer = requests.request(
            method,
            stack.api_url + path.replace("{payment_id}", "p").replace("{ad_id}", "a"),
            data="{}" if method == "POST" else None,
            timeout=TIMEOUT,
        )
        assert answer.status_code in (400, 401), route
        assert {"error", "error_message", "request_id"} <= set(answer.json()), route


def test_a_path_that_is_no_route_is_the_gateways_404(stack: Stack) -> None:
    answer = requests.get(f"{stack.api_url}/payouts", timeout=TIMEOUT)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize("origin", ["https://shop.example", "https://sandbox.minepi.com"])
def test_a_configured_origin_may_call(stack: Stack, origin: str) -> None:
    preflight = requests.options(
        f"{stack.api_url}/pi_payment/approve",
        headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        timeout=TIMEOUT,
    )
    assert preflight.headers["Access-Control-Allow-Origin"] == origin
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET,POST"
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization,content-type"


def test_another_origin_may_not(stack: Stack) -> None:
    preflight = requests.options(
        f"{stack.api_url}/pi_payment/approve",
        headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"},
        timeout=TIMEOUT,
    )
    assert "Access-Control-Allow-Origin" not in preflight.headers


def test_the_play_of_make_run_holds(stack: Stack, emulator: PiEmulator) -> None:
    Play(stack.api_url, emulator.url).whole()


class Customers:
    """One user for each function, each just before the call that the function answers."""

    def __init__(self, stack: Stack, emulator: PiEmulator) -> None:
        self.stack, self.emulator = stack, emulator
        token = self.user()
        unapproved = self.payment(token)
        paid, cancelled = self.approved(self.user()), self.approved(self.user())
        txid = emulator.control("POST", f"/payments/{paid}/pay", {})["txid"]
        emulator.control("POST", f"/payments/{cancelled}/user_cancel", {})
        ad_id = emulator.control("POST", "/ads", {"status": "granted"})["adId"]
        self.calls: dict[str, Callable[[], int]] = {
            "VerifyUser": lambda: self.call("GET", "/me", token=token),
            "ApprovePayment": lambda: self.approve(unapproved, token),
            "CompletePayment": lambda: self.call(
                "POST", "/pi_payment/complete", {"paymentId": paid, "txid": txid}
            ),
            "ResolvePayment": lambda: self.call(
                "POST", "/pi_payment/cancel", {"paymentId": cancelled}
            ),
            "GetPayment": lambda: self.call("GET", "/payments", token=token),
            "ClaimAdReward": lambda: self.call(
                "POST", f"/rewarded_ads/{ad_id}/claim", {}, token=token
            ),
        }

    def statuses(self) -> dict[str, int]:
        return {function: call() for function, call in self.calls.items()}

    def user(self) -> str:
        token: str = self.emulator.control("POST", "/users", {})["accessToken"]
        return token

    def payment(self, token: str) -> str:
        order = {
            "accessToken": token,
            "amount": 1,
            "memo": "Thank you",
            "metadata": {"productId": "donation"},
        }
        identifier: str = self.emulator.control("POST", "/payments", order)["identifier"]
        return identifier

    def approved(self, token: str) -> str:
        payment_id = self.payment(token)
        assert self.approve(payment_id, token) == 200
        return payment_id

    def approve(self, payment_id: str, token: str) -> int:
        body = {"paymentId": payment_id, "accessToken": token}
        return self.call("POST", "/pi_payment/approve", body)

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, token: str = ""
    ) -> int:
        return requests.request(
            method,
            self.stack.api_url + path,
            json=body,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=TIMEOUT,
        ).status_code


@pytest.fixture(scope="module")
def iam(stack: Stack) -> "IAMClient":
    return stack.cloud.session.client("iam", endpoint_url=stack.cloud.endpoint)


@contextmanager
def without(iam: "IAMClient", role: str, verb: str) -> Iterator[None]:
    """The role, for a while, with everything but one verb."""
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    whole: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    whole = json.loads(whole) if isinstance(whole, str) else whole
    kept = []
    for statement in whole["Statement"]:
        verbs = statement["Action"]
        verbs = [one for one in ([verbs] if isinstance(verbs, str) else verbs) if one != verb]
        if verbs:
            kept.append({**statement, "Action": verbs})
    assert kept != whole["Statement"], f"{role} has no {verb}"

    def put(statements: list[dict[str, Any]]) -> None:
        document = json.dumps({**whole, "Statement": statements})
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)

    put(kept)
    try:
        yield
    finally:
        put(whole["Statement"])


def test_every_function_does_its_work_under_its_role(stack: Stack, emulator: PiEmulator) -> None:
    assert set(Customers(stack, emulator).statuses().values()) == {200}


@pytest.mark.parametrize(
    ("function", "verb"),
    [
        ("ApprovePayment", "dynamodb:PutItem"),
        ("CompletePayment", "dynamodb:UpdateItem"),
        ("ResolvePayment", "dynamodb:UpdateItem"),
        ("GetPayment", "dynamodb:Query"),
        ("ClaimAdReward", "dynamodb:PutItem"),
    ],
)
def test_promise_6_without_one_permission_exactly_that_function_fails(
    stack: Stack, emulator: PiEmulator, iam: "IAMClient", function: str, verb: str
) -> None:
    customers = Customers(stack, emulator)
    with without(iam, stack.resources[f"{function}Role"], verb):
        statuses = customers.statuses()
    assert statuses.pop(function) in (502, 503)
    assert set(statuses.values()) == {200}
