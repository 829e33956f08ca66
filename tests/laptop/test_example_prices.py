"""docs/example_prices as deployed, in JavaScript, beside a bundle that asks it for prices."""

import json
from typing import Any
from uuid import uuid4

import pytest
import requests
from jsonschema import Draft202012Validator

from local.cloud.ministack import LocalCloud
from local.cloud.stack import Deployment, FunctionFailedError, Stack
from local.emulator.process import PiEmulator
from local.processes import ROOT
from shared.aws.dynamodb import encoded
from tests.conftest import SERVER_KEY
from tests.laptop.deployed import without

TEMPLATE = ROOT / "docs" / "example_prices" / "template.yaml"
PIES = [("apple_pie_1", 31_400_000, 2), ("badge", 12_200_000, 1)]
TOTAL = "7.5"


class ExamplePrices(Deployment):
    def __init__(self, cloud: LocalCloud) -> None:
        super().__init__(cloud, TEMPLATE, "example-prices-local", {})

    def put_cart(
        self,
        cart_id: str,
        uid: str,
        lines: list[tuple[str, int, int]],
        *,
        frozen: bool = True,
    ) -> None:
        """What an app's own back end does, when its user checks out."""
        told = [{"product": p, "stroops": s, "quantity": q} for p, s, q in lines]
        cart = {"cart_id": cart_id, "uid": uid, "frozen": frozen, "lines": told}
        self.cloud.dynamodb.put_item(TableName=self.outputs["CartsTableName"], Item=encoded(cart))

    def price(self, uid: str, metadata: dict[str, Any]) -> Any:
        payment = {"identifier": "b7Pq", "user_uid": uid, "metadata": metadata}
        return self.invoke("PriceCart", {"user_uid": uid, "approved": False, "payment": payment})


class Shop:
    """A front end of the bundle that is deployed with the example's function, and Pi behind it."""

    def __init__(self, stack: Stack, emulator: PiEmulator) -> None:
        self.stack, self._emulator = stack, emulator
        self.user = emulator.control("POST", "/users", {})

    @property
    def uid(self) -> str:
        return str(self.user["uid"])

    def started(self, cart_id: str, amount: str = TOTAL) -> str:
        order = {"amount": float(amount), "memo": "A cart", "metadata": {"cart": cart_id}}
        payment = {"accessToken": self.user["accessToken"], **order}
        return str(self._emulator.control("POST", "/payments", payment)["identifier"])

    def pay(self, payment_id: str) -> str:
        return str(self._emulator.control("POST", f"/payments/{payment_id}/pay", {})["txid"])

    def call(self, step: str, payment_id: str, **more: str) -> requests.Response:
        return requests.post(
            f"{self.stack.api_url}/pi_payment/{step}",
            json={"paymentId": payment_id, "accessToken": self.user["accessToken"], **more},
            timeout=30,
        )


@pytest.fixture(scope="session")
def prices(stack: Stack) -> ExamplePrices:
    """docs/example_prices, deployed; beside the session's cloud, and warm."""
    prices = ExamplePrices(stack.cloud).finish()
    prices.price("nobody", {})
    return prices


@pytest.fixture(scope="session")
def priced(stack: Stack, prices: ExamplePrices) -> Stack:
    """One more bundle, as a stack of its own, which asks the example for its prices."""
    given = {name: stack.parameters[name] for name in ("PiApiUrl", "HorizonUrl")}
    given["PriceFunctionArn"] = prices.outputs["PriceFunctionArn"]
    priced = Stack(stack.cloud, given, name="pi-bundle-priced").finish()
    priced.put_server_key(SERVER_KEY)
    return priced


@pytest.fixture
def shop(priced: Stack, emulator: PiEmulator) -> Shop:
    return Shop(priced, emulator)


@pytest.fixture
def cart_id() -> str:
    return f"cart-{uuid4().hex}"


# --- The function alone -------------------------------------------------------------------------


def test_it_adds_the_cart_up_exactly(prices: ExamplePrices, cart_id: str) -> None:
    prices.put_cart(cart_id, "alice", PIES)
    assert prices.price("alice", {"cart": cart_id}) == {
        "product_id": cart_id,
        "price": "7.5000000",
        "once": True,
    }


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({}, "no_cart"),
        ({"cart": 7}, "no_cart"),
        ({"cart": "a#b"}, "no_cart"),
        ({"cart": "nowhere"}, "no_such_cart"),
        ({"cart": "of-bob"}, "no_such_cart"),
        ({"cart": "open"}, "cart_is_open"),
        ({"cart": "empty"}, "cart_is_empty"),
    ],
)
def test_it_sells_nobody_anything_else(
    prices: ExamplePrices, metadata: dict[str, Any], why: str
) -> None:
    prices.put_cart("of-bob", "bob", PIES)
    prices.put_cart("open", "alice", PIES, frozen=False)
    prices.put_cart("empty", "alice", [])
    answer = prices.price("alice", metadata)
    assert (answer["price"], answer["why"]) == (None, why)
    schema = json.loads((ROOT / "docs" / "prices" / "answer.schema.json").read_text())
    Draft202012Validator(schema).validate(answer)


def test_a_table_that_cannot_be_read_is_an_error_and_no_price(
    prices: ExamplePrices, cart_id: str
) -> None:
    with without(prices, "PriceCart", "dynamodb:GetItem"), pytest.raises(FunctionFailedError):
        prices.price("alice", {"cart": cart_id})


# --- With the bundle ----------------------------------------------------------------------------


def test_a_cart_is_bought_once(prices: ExamplePrices, shop: Shop, cart_id: str) -> None:
    prices.put_cart(cart_id, shop.uid, PIES)
    payment_id = shop.started(cart_id)

    approved = shop.call("approve", payment_id)
    assert (approved.status_code, approved.json()["product_id"]) == (200, cart_id)
    completed = shop.call("complete", payment_id, txid=shop.pay(payment_id))
    assert (completed.status_code, completed.json()["state"]) == (200, "completed")

    again = shop.call("approve", shop.started(cart_id))
    assert (again.status_code, again.json()["error"]) == (409, "already_bought")


def test_what_the_cart_does_not_cost_is_not_sold(
    prices: ExamplePrices, shop: Shop, cart_id: str
) -> None:
    prices.put_cart(cart_id, "somebody-else", PIES)
    answer = shop.call("approve", shop.started(cart_id)).json()
    assert (answer["error"], answer["details"]["why"]) == ("unknown_product", "no_such_cart")

    prices.put_cart(cart_id, shop.uid, PIES)
    answer = shop.call("approve", shop.started(cart_id, "7.4")).json()
    assert answer["error"] == "unexpected_amount"
    assert answer["details"]["minimum"] == TOTAL


def test_while_the_function_fails_nothing_is_approved(
    prices: ExamplePrices, shop: Shop, cart_id: str
) -> None:
    prices.put_cart(cart_id, shop.uid, PIES)
    payment_id = shop.started(cart_id)
    with without(prices, "PriceCart", "dynamodb:GetItem"):
        answer = shop.call("approve", payment_id)
    assert (answer.status_code, answer.json()["error"]) == (503, "price_unavailable")
    assert shop.call("approve", payment_id).status_code == 200


def test_promise_6_a_bundle_may_invoke_it_and_need_not_read_the_table(
    priced: Stack, prices: ExamplePrices, shop: Shop, cart_id: str
) -> None:
    prices.put_cart(cart_id, shop.uid, PIES)
    payment_id = shop.started(cart_id)
    with without(priced, "ApprovePayment", "lambda:InvokeFunction"):
        answer = shop.call("approve", payment_id)
    assert (answer.status_code, answer.json()["error"]) == (503, "price_unavailable")
    iam = priced.cloud.session.client("iam", endpoint_url=priced.cloud.endpoint)
    role = priced.resources["ApprovePaymentRole"]
    policy = str(iam.get_role_policy(RoleName=role, PolicyName="approve-payment"))
    assert prices.outputs["PriceFunctionArn"] in policy
    assert priced.outputs["ProductsTableName"] not in policy
