"""`pi-bundle deploy` on the local cloud: the real template, over what it deployed before and back,
and over the tables of a stack that is gone."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local.cloud.ministack import CREDENTIALS, LocalCloud
from local.cloud.stack import NOT_HERE
from local.command import deploy
from local.command.deployed import Deployed, StackError, opened
from local.emulator.process import PiEmulator
from local.processes import environment
from shared.base.amount import Amount
from shared.payouts.record import Caps
from shared.payouts.request import PayoutRequest, requested
from tests.conftest import SERVER_KEY
from tests.laptop.waiting import eventually
from tests.world.functions import event

STACK = "pi-bundle-of-the-operator"
MUCH = Amount.of(1000)

Aws = Callable[[str], Any]


@pytest.fixture(scope="module")
def aws(cloud: LocalCloud) -> Aws:
    return cache(cloud.client)


@pytest.fixture(scope="module")
def versions(built: Path, cloud: LocalCloud, aws: Aws, home: Path) -> tuple[str, str]:
    """The addresses of this version's template, and of one whose layer has other code."""
    later = home / "later"
    shutil.copytree(built, later)
    [code] = later.glob("SharedLayer/python/shared/__init__.py")
    code.write_text('"""Another version."""\n')
    return _uploaded(cloud, aws, built, "now"), _uploaded(cloud, aws, later, "later")


def _uploaded(cloud: LocalCloud, aws: Aws, folder: Path, name: str) -> str:
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
        self.emulator.control("POST", f"/payments/{payment_id}/pay", {})
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


@pytest.fixture
def operated(aws: Aws, emulator: PiEmulator) -> Iterator[Operated]:
    parameters = {
        **NOT_HERE,
        "PiApiUrl": f"{emulator.url}/v2",
        "HorizonUrl": f"{emulator.url}/horizon",
        "FirstLookSeconds": "1",
    }
    yield Operated(aws, emulator, parameters)
    aws("cloudformation").delete_stack(StackName=STACK)


@pytest.mark.usefixtures("built")
def test_upgraded_and_rolled_back_all_that_was_begun_is_finished(
    operated: Operated, versions: tuple[str, str]
) -> None:
    """Begun by one version, finished by another: after an upgrade, and after the way back."""
    now, later = versions
    first = operated.deploys(now)
    assert first is not None
    assert first.kind == "CREATE"
    operated.fill()
    layers = [operated.layer()]
    for url in (later, now):
        begun = operated.paid(), operated.requested(), operated.granted()

        change = operated.deploys(url)

        assert change is not None
        assert not [row for row in change.changes if row["type"].startswith("AWS::DynamoDB")]
        layers.append(operated.layer())
        _is_finished(operated, *begun)
    assert len({str(one) for one in layers[:2]}) == 2, "the code is in the layer"
    assert operated.deploys(now) is None, "nothing has changed"


def _is_finished(operated: Operated, payment_id: str, payout_id: str, ad_id: str) -> None:
    app = operated.stack.app

    def states() -> tuple[str, str, str]:
        payment, payout = app.payments.get(payment_id), app.payouts.get(payout_id)
        reward = app.rewards.get(ad_id)
        assert payment is not None
        assert payout is not None
        assert reward is not None
        if payment.pending_event or payout.pending_event or reward.pending_event:
            return ("untold",) * 3
        return payment.state, payout.state, reward.state

    def are_finished() -> bool:
        operated.stack.invoke("Sweep", {})
        return states() == ("completed", "completed", "granted")

    eventually(are_finished, seconds=60)


@pytest.mark.usefixtures("built")
def test_a_new_stack_takes_the_tables_of_one_that_is_gone(aws: Aws, operated: Operated) -> None:
    """As a stack leaves them: they are retained."""
    client, name = aws("dynamodb"), f"old-{uuid4().hex}"
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    row = {"product_id": {"S": "pie"}, "price": {"S": "3.14"}}
    client.put_item(TableName=name, Item=row)
    given = {"Environment": "dev"}
    tables = {"ProductsTable": name}

    change = deploy.take_over(aws, STACK, tables, given, number=1)
    assert change is not None
    assert [row["does"] for row in change.changes] == ["Import"]
    deploy.carry_out(aws, change)

    [resource] = aws("cloudformation").list_stack_resources(StackName=STACK)[
        "StackResourceSummaries"
    ]
    assert (resource["LogicalResourceId"], resource["PhysicalResourceId"]) == (
        "ProductsTable",
        name,
    )
    assert client.scan(TableName=name)["Items"] == [row]
    with pytest.raises(StackError, match="only a new stack"):
        deploy.take_over(aws, STACK, tables, given, number=2)


def test_a_table_that_the_template_has_not(aws: Aws) -> None:
    with pytest.raises(StackError, match="No table is called Payments:"):
        deploy.take_over(aws, "none", {"Payments": "x"}, {"Environment": "dev"}, number=1)


def test_a_table_of_another_kind(aws: Aws) -> None:
    """CloudFormation would take it over, and the functions would write payments into it."""
    client, name = aws("dynamodb"), f"old-{uuid4().hex}"
    keys = ("product_id", "payment_id")
    for suffix, key in zip("ab", keys, strict=True):
        client.create_table(
            TableName=f"{name}{suffix}",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    for physical, told in (
        (f"{name}a", "its key is product_id"),
        (f"{name}b", "it has no index by_day"),
        ("nothing", "There is no table nothing"),
    ):
        with pytest.raises(StackError, match=told):
            deploy.take_over(
                aws, "none", {"PaymentsTable": physical}, {"Environment": "dev"}, number=1
            )
    with pytest.raises(StackError, match="give it as PaymentsTable=its-name"):
        deploy.named_tables(["PaymentsTable"])


def test_what_was_only_looked_at_leaves_nothing(aws: Aws) -> None:
    client, name, stack = aws("dynamodb"), f"old-{uuid4().hex}", "only-looked-at"
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    change = deploy.take_over(aws, stack, {"ProductsTable": name}, {"Environment": "dev"}, number=1)
    assert change is not None
    deploy.discard(aws, change)
    assert deploy.status_of(aws, stack) in (None, "DELETE_COMPLETE")
    assert client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
