"""The deployed stack: its routes answer, its CORS is the parameter's, its roles are enforced.

Promise 6 end to end: without one of its permissions exactly one function fails, and with a clear
answer, so every function really runs under its own role.
"""

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from local.cloud.ministack import REGION
from local.cloud.stack import FunctionFailedError, Stack
from local.cloud.template import Route, routes
from local.command.change import smoke
from local.command.deployed import opened
from local.emulator.process import PiEmulator
from local.play.calls import Calls
from local.play.consumer import ExampleConsumer
from local.play.scenes import Play
from shared.base.context import About, within
from tests.conftest import OPERATOR
from tests.laptop.deployed import forget, hasten, record, send, taken_on, unfinished, without
from tests.laptop.page import CorsError, Page
from tests.laptop.waiting import eventually
from tests.template.ringing import CENTS, price

TIMEOUT = 30


def test_every_route_of_the_template_reaches_its_function(stack: Stack) -> None:
    """A function says which request it was; the gateway's own 404 has only a message."""
    for route in routes(stack.translated):
        answer = asked(stack, route)
        assert answer.status_code in (400, 401, 404), route
        assert {"error", "error_message", "request_id"} <= set(answer.json()), route


def test_an_unsigned_request_for_a_signed_route_never_reaches_its_function(stack: Stack) -> None:
    signed = [route for route in routes(stack.translated) if route.authorization == "AWS_IAM"]
    assert len(signed) == 6
    for route in signed:
        answer = asked(stack, replace(route, authorization="NONE"))
        assert answer.status_code == 403
        assert "error" not in answer.json()


def asked(stack: Stack, route: Route) -> requests.Response:
    """A request without sense, signed if the route wants it."""
    method, path = route.key.split()
    return requests.request(
        method,
        stack.api_url + re.sub(r"\{\w+\}", "x", path),
        data="{}" if method == "POST" else None,
        auth=stack.cloud.signed if route.authorization == "AWS_IAM" else None,
        timeout=TIMEOUT,
    )


def test_a_path_that_is_no_route_is_the_gateways_404(stack: Stack) -> None:
    answer = requests.get(f"{stack.api_url}/nowhere", timeout=TIMEOUT)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize("origin", ["https://shop.example", "https://shop1234.pinet.com"])
def test_a_configured_origin_may_call(stack: Stack, origin: str) -> None:
    seen = Page(origin, stack.api_url).fetch("GET", "/me", token="nobody's")
    assert (seen.status, seen.body["error"]) == (401, "invalid_token")
    assert "retry-after" in seen.readable


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "http://shop.example", "https://shop.pinet.com"]
)
def test_another_origin_may_not(stack: Stack, origin: str) -> None:
    with pytest.raises(CorsError, match="not for"):
        Page(origin, stack.api_url).fetch("GET", "/me", token="nobody's")


def test_every_alarm_reaches_the_operators_mailbox(stack: Stack) -> None:
    """Of those that the local cloud knows: it has no metric math."""
    topic = stack.resources["AlarmTopic"]
    cloudwatch, sns = (
        stack.cloud.session.client(service, endpoint_url=stack.cloud.endpoint)
        for service in ("cloudwatch", "sns")
    )
    pages = cloudwatch.get_paginator("describe_alarms").paginate()
    own = set(stack.resources.values())
    alarms = [one for page in pages for one in page["MetricAlarms"] if one["AlarmName"] in own]
    assert len(alarms) == price("") // CENTS
    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [topic]
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", OPERATOR)


def test_a_call_ends_though_its_environment_is_ended(stack: Stack) -> None:
    stack.cold_start("Sweep")
    with ThreadPoolExecutor() as pool:
        call = pool.submit(stack.sweep)
        while not call.done():
            stack.cold_start("Sweep")
        call.result()


def test_the_play_of_run_holds(
    stack: Stack, emulator: PiEmulator, consumer: ExampleConsumer
) -> None:
    before = set(unfinished(stack))

    def sweep() -> int:
        for payment_id in set(unfinished(stack)) - before:
            hasten(stack, payment_id)
        return stack.sweep()

    Play(Calls(stack.api_url, emulator.url, stack.cloud.signed), sweep, consumer.owned).whole()


def notify(stack: Stack, notification_id: str, *uids: str) -> requests.Response:
    """As the operator's back end asks for it."""
    text = {"title": "Ready", "body": "Your pie is ready.", "subroute": "/orders"}
    return requests.post(
        f"{stack.api_url}/notifications",
        json={"notification_id": notification_id, **text, "uids": uids},
        auth=stack.cloud.signed,
        timeout=TIMEOUT,
    )


def test_a_notification_reaches_its_user_once_through_the_whole_stack(
    stack: Stack, emulator: PiEmulator
) -> None:
    scopes = ["username", "in_app_notifications"]
    alice = emulator.control("POST", "/users", {"scopes": scopes})["uid"]
    bob = emulator.control("POST", "/users", {"scopes": ["username"]})["uid"]
    notification_id = uuid4().hex

    first, again = (notify(stack, notification_id, alice, bob) for _ in range(2))
    assert first.status_code == 202
    assert again.status_code in (200, 202)

    def read() -> Any:
        url = f"{stack.api_url}/notifications/{notification_id}"
        return requests.get(url, auth=stack.cloud.signed, timeout=TIMEOUT).json()

    eventually(lambda: read()["state"] == "closed", seconds=TIMEOUT)
    users = {outcome: uids for outcome, uids in read()["users"].items() if uids}
    assert users == {"delivered": [alice], "not_consented": [bob]}
    assert [n["user_uid"] for n in emulator.control("GET", "/state")["notifications"]] == [alice]


class Customers:
    """One user for each function, each just before the call that the function answers."""

    def __init__(self, stack: Stack, emulator: PiEmulator) -> None:
        self.stack, self.emulator = stack, emulator
        token = self.user()
        unapproved = self.payment(token)
        paid, met_again = self.approved(self.user()), self.approved(self.user())
        txid = self.pay(paid)
        self.pay(met_again)
        due, left = self.approved(self.user()), self.approved(self.user())
        self.pay(left)
        ad_id = emulator.control("POST", "/ads", {"status": "granted"})["adId"]
        self.calls: dict[str, Callable[[], int]] = {
            "VerifyUser": lambda: self.call("GET", "/me", token=token),
            "ApprovePayment": lambda: self.approve(unapproved, token),
            "CompletePayment": lambda: self.call(
                "POST", "/pi_payment/complete", {"paymentId": paid, "txid": txid}
            ),
            "ResolvePayment": lambda: self.call(
                "POST", "/pi_payment/incomplete", {"paymentId": met_again}
            ),
            "GetPayment": lambda: self.call("GET", "/payments", token=token),
            "ClaimAdReward": lambda: self.call(
                "POST", f"/rewarded_ads/{ad_id}/claim", {}, token=token
            ),
            "Settle": lambda: self.settle(left),
            "Sweep": lambda: self.sweep(due),
            "ProveWallet": lambda: self.prove(left),
            "RequestPayout": self.request_payout,
            "SendPayout": self.send_payout,
            "DecidePayout": self.decide_payout,
            "NotifyUsers": self.notify_users,
            "Operate": self.operate,
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

    def pay(self, payment_id: str) -> str:
        txid: str = self.emulator.control("POST", f"/payments/{payment_id}/pay", {})["txid"]
        return txid

    def settle(self, payment_id: str) -> int:
        """As a status: whether the worker finishes the payment, delivery included."""
        message = {"messageId": "1", "body": json.dumps({"work": "payment", "key": payment_id})}
        answer = self.stack.invoke("Settle", {"Records": [message]})
        assert answer == {"batchItemFailures": []}, "what is held up is acknowledged"
        return 503 if "due_at" in record(self.stack, payment_id) else 200

    def sweep(self, payment_id: str) -> int:
        """As a status: whether the sweep gets through, and takes the payment on."""
        hasten(self.stack, payment_id)
        try:
            self.stack.sweep()
        except FunctionFailedError:
            return 503
        return 200 if record(self.stack, payment_id)["due_at"] > time.time() else 503

    def prove(self, payment_id: str) -> int:
        """As a status: whether yesterday is proven. The wallet has a book once the worker has
        finished a payment; it was begun today."""
        assert self.settle(payment_id) == 200
        try:
            answer = self.stack.invoke("ProveWallet", {})
        except FunctionFailedError:
            return 503
        return 200 if answer == {"differing": 0} else 503

    def request_payout(self) -> int:
        """For nobody whom Pi knows: the sender, awake at once, blocks it and pays nothing."""
        body = {"payout_id": uuid4().hex, "uid": "nobody", "amount": "0.01", "memo": "Thank you"}
        answer = requests.post(
            f"{self.stack.api_url}/payouts",
            json=body,
            auth=self.stack.cloud.signed,
            timeout=TIMEOUT,
        )
        return 200 if answer.status_code == 202 else answer.status_code

    def send_payout(self) -> int:
        """As a status: whether the sender finishes a payout, delivery included. It may have to wait
        for the chain, as when the machine stood still for a moment, or for another sender."""
        uid = self.emulator.control("POST", "/users", {})["uid"]
        payout_id = taken_on(self.stack, uid).payout_id
        for _ in range(4):
            finished = send(self.stack, payout_id)
            if finished.due_at is None:
                break
        forget(self.stack, payout_id)
        return 503 if finished.due_at is not None else 200

    def notify_users(self) -> int:
        """Nobody whom Pi knows."""
        answer = notify(self.stack, uuid4().hex, "nobody")
        return 200 if answer.status_code == 202 else answer.status_code

    def decide_payout(self) -> int:
        """As a status: whether a blocked payout goes where the operator wants it."""
        blocked = taken_on(self.stack, "nobody", blocked_for="wrong_seed")
        command = {"payout_id": blocked.payout_id, "decision": "fail"}
        answer = self.stack.invoke("DecidePayout", command)
        return 200 if answer.get("state") == "requested" else 503

    def operate(self) -> int:
        """As a status: whether a user is linked, and forgotten."""
        uid: str = self.emulator.control("POST", "/users", {})["uid"]
        link = {"command": "link", "old_uid": f"{uid}-before", "new_uid": uid}
        answers = [
            self.stack.invoke("Operate", command)
            for command in (link, {**link, "command": "unlink"}, {"command": "forget", "uid": uid})
        ]
        return 503 if any("error" in answer for answer in answers) else 200

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


def test_every_function_does_its_work_under_its_role(stack: Stack, emulator: PiEmulator) -> None:
    assert set(Customers(stack, emulator).statuses().values()) == {200}


def test_the_smoke_test_of_a_deployment_pays(
    stack: Stack, emulator: PiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output names AWS's address of the API, which is not that of the local cloud."""

    def status_of(url: str) -> int:
        here = url.replace(stack.outputs["ApiUrl"], stack.api_url)
        return requests.get(here, timeout=TIMEOUT).status_code

    monkeypatch.setattr(smoke, "status_of", status_of)
    deployed = opened(stack.name, cache(stack.cloud.client))
    uid = emulator.control("POST", "/users", {})["uid"]
    with within(TIMEOUT, About(function="pi-bundle")):
        told = smoke.smoke(deployed, uid, "0.01", f"smoke-{uuid4().hex}", TIMEOUT)
    assert told["state"] == "completed"


def test_promise_6_who_may_do_all_with_secrets_puts_a_seed_and_reads_none(stack: Stack) -> None:
    """But for the account's root, which the local cloud asks nothing."""
    iam = stack.cloud.client("iam")
    iam.create_user(UserName="administrator")
    allowed = {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="administrator", PolicyName="all", PolicyDocument=document)
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=stack.cloud.endpoint,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    seed = stack.outputs["WalletSeedSecretArn"]
    assert secrets.get_secret_value(SecretId=stack.outputs["ServerKeySecretArn"])["SecretString"]
    with pytest.raises(ClientError, match="AccessDenied"):
        secrets.get_secret_value(SecretId=seed)
    before = stack.cloud.secrets.get_secret_value(SecretId=seed)["SecretString"]
    secrets.put_secret_value(SecretId=seed, SecretString=before)
    assert "OnlyTheSenderReads" in secrets.get_resource_policy(SecretId=seed)["ResourcePolicy"]


@pytest.mark.parametrize(
    ("function", "verb"),
    [
        ("ApprovePayment", "dynamodb:PutItem"),
        ("CompletePayment", "dynamodb:UpdateItem"),
        ("ResolvePayment", "dynamodb:UpdateItem"),
        ("GetPayment", "dynamodb:Query"),
        ("ClaimAdReward", "dynamodb:PutItem"),
        ("Settle", "dynamodb:GetItem"),
        ("Settle", "dynamodb:UpdateItem"),
        ("Settle", "events:PutEvents"),
        ("Sweep", "dynamodb:Query"),
        ("Sweep", "dynamodb:PartiQLUpdate"),
        ("Sweep", "sqs:SendMessage"),
        ("ProveWallet", "dynamodb:Query"),
        ("ProveWallet", "dynamodb:GetItem"),
        ("RequestPayout", "dynamodb:GetItem"),
        ("RequestPayout", "dynamodb:PutItem"),
        ("RequestPayout", "dynamodb:UpdateItem"),
        ("RequestPayout", "ssm:GetParameter"),
        ("SendPayout", "dynamodb:GetItem"),
        ("SendPayout", "dynamodb:UpdateItem"),
        ("SendPayout", "events:PutEvents"),
        ("SendPayout", "ssm:GetParameter"),
        ("DecidePayout", "dynamodb:GetItem"),
        ("DecidePayout", "dynamodb:UpdateItem"),
        ("NotifyUsers", "dynamodb:GetItem"),
        ("NotifyUsers", "dynamodb:PutItem"),
        ("Operate", "dynamodb:GetItem"),
        ("Operate", "dynamodb:UpdateItem"),
        ("Operate", "dynamodb:Query"),
    ],
)
def test_promise_6_without_one_permission_the_function_fails(
    stack: Stack, emulator: PiEmulator, function: str, verb: str
) -> None:
    customers = Customers(stack, emulator)
    with without(stack, function, verb):
        assert customers.calls[function]() in (502, 503)


def test_promise_6_what_one_function_lacks_is_none_of_the_others_business(
    stack: Stack, emulator: PiEmulator
) -> None:
    customers = Customers(stack, emulator)
    with without(stack, "CompletePayment", "dynamodb:UpdateItem"):
        statuses = customers.statuses()
    assert statuses.pop("CompletePayment") in (502, 503)
    assert statuses == dict.fromkeys(statuses, 200)


@pytest.mark.parametrize(
    "function",
    [
        *("CompletePayment", "ResolvePayment", "ClaimAdReward", "RequestPayout", "DecidePayout"),
        "NotifyUsers",
    ],
)
def test_a_lost_wake_up_costs_only_time(stack: Stack, emulator: PiEmulator, function: str) -> None:
    with without(stack, function, "sqs:SendMessage"):
        assert set(Customers(stack, emulator).statuses().values()) == {200}
