"""What is true of a visitor's money and goods, whatever a page shows."""

from dataclasses import dataclass
from typing import Any

import requests

from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from local.play.consumer import ExampleConsumer
from shared.aws.dynamodb import decoded, encoded
from tests.laptop.deployed import hasten
from tests.laptop.waiting import eventually

TIMEOUT = 30
HEALED_SECONDS = 60


@dataclass(frozen=True)
class Truth:
    stack: Stack
    emulator: PiEmulator
    consumer: ExampleConsumer

    # --- Pi, and the chain -----------------------------------------------------------------------

    def pi(self, what: str) -> Any:
        """`payments`, `users`, `ads` or `transactions`, as Pi knows them."""
        return self.emulator.control("GET", "/state")[what]

    def user(self, name: str) -> dict[str, Any]:
        (user,) = [user for user in self.pi("users") if user["username"] == name]
        return dict(user)

    def payments(self, name: str) -> list[dict[str, Any]]:
        """Pi's payments with this user, in the order of their creation."""
        uid = self.user(name)["uid"]
        return [payment for payment in self.pi("payments") if payment["user_uid"] == uid]

    def paid(self, name: str) -> list[float]:
        """What has left the user's wallet on the chain, fees apart."""
        wallet = self.user(name)["wallet"]
        rows = [row for row in self.pi("transactions") if row["source"] == wallet]
        return [float(row["amount"]) for row in rows if row["successful"]]

    def received(self, name: str) -> list[float]:
        """What the app's wallet has paid to the user on the chain."""
        wallet = self.user(name)["wallet"]
        rows = [row for row in self.pi("transactions") if row["destination"] == wallet]
        return [float(row["amount"]) for row in rows if row["successful"]]

    def payouts(self) -> list[dict[str, Any]]:
        return [one for one in self.pi("payments") if one["direction"] == "app_to_user"]

    def weather(self, name: str, *, on: bool) -> None:
        self.emulator.control("PUT" if on else "DELETE", f"/weather/{name}")

    def expire(self, name: str) -> None:
        """The tokens that this user's pages have are over."""
        self.emulator.control("POST", f"/users/{self.user(name)['uid']}/expire")

    # --- The bundle ------------------------------------------------------------------------------

    def recorded(self, name: str) -> list[dict[str, Any]]:
        """The bundle's payments of this user, newest first."""
        token = self.token(name)
        url, headers = f"{self.stack.api_url}/payments", {"Authorization": f"Bearer {token}"}
        payments = requests.get(url, headers=headers, timeout=TIMEOUT).json()["payments"]
        return list(payments)

    def states(self, name: str) -> list[str]:
        return [payment["state"] for payment in self.recorded(name)]

    def token(self, name: str) -> str:
        """Another one of this user's; those that the pages have stay good."""
        user = {"username": name, "scopes": self.user(name)["scopes"]}
        return str(self.emulator.control("POST", "/users", user)["accessToken"])

    def approve(self, payment_id: str, token: str) -> None:
        """As a page does."""
        body = {"paymentId": payment_id, "accessToken": token}
        url = f"{self.stack.api_url}/pi_payment/approve"
        requests.post(url, json=body, timeout=TIMEOUT).raise_for_status()

    def signed(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the operator's own back end asks for."""
        url, auth = self.stack.api_url + path, self.stack.cloud.signed
        return requests.request(method, url, json=body, auth=auth, timeout=TIMEOUT).json()

    def reward(self, ad_id: str) -> dict[str, Any]:
        """What is recorded for this ad; empty if nothing is."""
        answer = self.stack.cloud.dynamodb.get_item(
            TableName=self.stack.outputs["RewardsTableName"],
            Key=encoded({"id": ad_id}),
            ConsistentRead=True,
        )
        return decoded(answer.get("Item", {}))

    def heal(self, name: str) -> None:
        """Time goes by, and sweeps run, until what this user has bought is handed out."""

        def swept() -> bool:
            for payment in self.payments(name):
                hasten(self.stack, payment["identifier"])
            self.stack.sweep()
            return self.owned(name) > 0

        eventually(swept, seconds=HEALED_SECONDS)

    # --- The goods -------------------------------------------------------------------------------

    def owned(self, name: str, product_id: str = "apple_pie_1") -> int:
        return self.consumer.owned(self.user(name)["uid"], product_id)

    def is_delivered_once(self, name: str, product_id: str = "apple_pie_1") -> None:
        """Completed at Pi and by the bundle, paid once on the chain, handed out once."""
        eventually(lambda: self.owned(name, product_id) > 0, seconds=TIMEOUT)
        (payment,) = [p for p in self.recorded(name) if p["state"] == "completed"]
        (at_pi,) = [p for p in self.payments(name) if p["identifier"] == payment["payment_id"]]
        assert at_pi["status"]["developer_completed"]
        assert at_pi["transaction"]["txid"] == payment["txid"]
        assert self.paid(name) == [float(payment["amount"])]
        assert self.owned(name, product_id) == 1
