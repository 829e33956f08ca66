"""A stack as its operator has it: deployed by `pi-bundle deploy`, and what is played on it."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.cloud.ministack import CREDENTIALS, LocalCloud
from local.command.deployed import Deployed, opened
from local.command.stack import deploy
from local.emulator.process import PiEmulator
from local.processes import environment
from shared.base.amount import Amount
from shared.payouts.record import Caps
from shared.payouts.request import PayoutRequest, requested
from tests.conftest import SERVER_KEY
from tests.world.functions import event

STACK = "pi-bundle-of-the-operator"
MUCH = Amount.of(1000)

Aws = Callable[[str], Any]


def uploaded(cloud: LocalCloud, aws: Aws, folder: Path, name: str) -> str:
    packaged = cloud.home / f"packaged-{name}.yaml"
    sam = [sys.executable, "-m", "samcli", "package", "--resolve-s3"]
    source = str(folder / "template.yaml")
    words = ["--template-file", source, "--output-template-file", str(packaged)]
    env = environment({**CREDENTIALS, "AWS_ENDPOINT_URL": cloud.endpoint, "SAM_CLI_TELEMETRY": "0"})
    subprocess.run([*sam, *words], env=env, check=True, capture_output=True)
    return deploy.uploaded(aws, packaged)


@dataclass
class Operated:
    """The stack as its operator has it, and what is played on it."""

    aws: Aws
    emulator: PiEmulator
    parameters: dict[str, str]
    number: int = 0

    def deploys(self, url: str) -> deploy.Change | None:
        self.number += 1
        change = deploy.change_set(self.aws, STACK, url, self.parameters, number=self.number)
        if change is not None:
            deploy.carry_out(self.aws, change)
        return change

    @property
    def stack(self) -> Deployed:
        return opened(STACK, self.aws)

    def fill(self) -> None:
        secrets, stack = self.aws("secretsmanager"), self.stack
        for output, text in (
            ("ServerKeySecretArn", SERVER_KEY),
            ("WalletSeedSecretArn", self.emulator.wallet_seed),
        ):
            secrets.put_secret_value(SecretId=stack.outputs[output], SecretString=text)
        self.aws("ssm").put_parameter(
            Name=stack.outputs["PayoutsSwitchName"], Value="on", Overwrite=True
        )
        row = {"product_id": {"S": "pie"}, "active": {"BOOL": True}, "price": {"S": "3.14"}}
        self.aws("dynamodb").put_item(TableName=stack.outputs["ProductsTableName"], Item=row)

    def paid(self) -> str:
        """A payment that was approved and paid, and of which nobody has told the stack."""
        payment_id = self.approved()
        self.emulator.control("POST", f"/payments/{payment_id}/pay", {})
        return payment_id

    def approved(self) -> str:
        user = self.emulator.control("POST", "/users", {})
        order = {"accessToken": user["accessToken"], "amount": 3.14, "memo": "One pie"}
        opened_ = self.emulator.control(
            "POST", "/payments", {**order, "metadata": {"productId": "pie"}}
        )
        payment_id = str(opened_["identifier"])
        told = event(
            "POST /pi_payment/approve", body={"paymentId": payment_id}, token=user["accessToken"]
        )
        assert self.stack.invoke("ApprovePayment", told)["statusCode"] == 200
        return payment_id

    def requested(self) -> str:
        """A payout that was taken on, and of which nobody has told the sender."""
        uid = str(self.emulator.control("POST", "/users", {})["uid"])
        wanted = PayoutRequest(uuid4().hex, uid, Amount.of("0.5"), "Thank you", {})
        caps = Caps(MUCH, MUCH, MUCH, user_day_number=1000, least=Amount.of("0.01"))
        record = requested(wanted, int(time.time()))
        return self.stack.app.payouts.reserve(record, caps, None).payout_id

    def granted(self) -> str:
        user = self.emulator.control("POST", "/users", {})
        ad_id = str(self.emulator.control("POST", "/ads", {"status": "granted"})["adId"])
        route = "POST /rewarded_ads/{ad_id}/claim"
        told = event(route, body={}, token=user["accessToken"], path={"ad_id": ad_id})
        assert self.stack.invoke("ClaimAdReward", told)["statusCode"] == 200
        return ad_id

    def layer(self) -> list[str]:
        """The layers of the worker."""
        [name] = [
            one["PhysicalResourceId"]
            for one in self.aws("cloudformation").list_stack_resources(StackName=STACK)[
                "StackResourceSummaries"
            ]
            if one["LogicalResourceId"] == "Settle"
        ]
        found = self.aws("lambda").get_function_configuration(FunctionName=name)
        return [layer["Arn"] for layer in found["Layers"]]
