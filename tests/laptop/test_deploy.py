"""`pi-bundle deploy` on the local cloud: the real template, over what it deployed before and back,
and over the tables of a stack that is gone."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest

from local.cloud import template
from local.cloud.ministack import LocalCloud
from local.cloud.stack import NOT_HERE
from local.command.deployed import StackError
from local.command.stack import deploy
from local.emulator.process import PiEmulator
from tests.laptop.operated import STACK, Aws, Operated, uploaded
from tests.laptop.waiting import eventually


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
    return uploaded(cloud, aws, built, "now"), uploaded(cloud, aws, later, "later")


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


def test_promise_4_payouts_are_not_forgotten_beside_payments_that_are_kept(aws: Aws) -> None:
    """An empty table of payouts would pay a payout's id again."""
    client, name = aws("dynamodb"), f"old-{uuid4().hex}"
    declared = template.of_type(template.bundle(), "AWS::DynamoDB::Table")["PaymentsTable"]
    kept = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    client.create_table(TableName=name, **{part: declared["Properties"][part] for part in kept})
    with pytest.raises(StackError, match="Take PayoutsTable and RewardsTable over as well"):
        deploy.take_over(aws, "none", {"PaymentsTable": name}, {"Environment": "dev"}, number=1)


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
