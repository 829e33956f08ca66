"""What breaks -> which alarm: each row of docs/what-breaks.md, played by the bundle's own code.

Each test breaks one thing in a sound stack, and asks CloudWatch's rules which alarms ring on the
numbers that the functions have sent: exactly those that the row names.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from local.cloud import template
from shared.base.errors import BundleError
from tests.alarms.cloudwatch import STACK, CloudWatch
from tests.docs.pages import DOCS, named, table
from tests.world import World, new_world
from tests.world.devices import Died
from tests.world.effects import AwsFault, Moment
from tests.world.payments import PIE

HOUR = 3600
PAGE = DOCS / "what-breaks.md"
ROWS = {
    test.partition("`")[2].partition("`")[0]: (breaks, set(named(alarms)))
    for breaks, alarms, test in table("| What breaks | Rings | Test |", PAGE)
}
FUNCTIONS = sorted(template.of_type(template.bundle(), "AWS::Serverless::Function"))


class Shop:
    """A sound stack with every alarm that there is, until a test breaks something."""

    def __init__(self, world: World, row: set[str]) -> None:
        self.world, self.row = world, row
        self.cloudwatch = CloudWatch(world)
        world.rounds()
        world.function("prove_wallet")({})
        self.began = world.seconds()
        assert self.cloudwatch.rung() == set(), "it is not sound"

    def rings(self) -> None:
        """Those of the row, and no other."""
        assert self.cloudwatch.rung(since=self.began) == self.row

    def sweeps(self, number: int) -> None:
        """As `rounds`, though a function may fail."""
        for _ in range(number):
            self.world.tick(self.world.sweep_seconds)
            with suppress(BundleError):
                self.world.sweep()
            self.world.work()
            self.world.send()

    def until(self, hour: int, minute: int = 0) -> None:
        """The next such time of the day, by UTC, with a sweep at each of its turns."""
        now = self.world.now
        then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        then += timedelta(days=then <= now)
        self.sweeps(int((then - now).total_seconds()) // self.world.sweep_seconds)


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    _, row = ROWS[request.node.originalname]
    url = "https://shop.example/pi"
    with new_world(WalletLeastBalance="50", WebhookUrl=url) as world:
        world.ledgers_close_seldom()
        yield Shop(world, row)


@pytest.fixture
def world(shop: Shop) -> World:
    return shop.world


# --- The API and its functions --------------------------------------------------------------------


def test_the_table_of_payments_is_gone(shop: Shop, world: World) -> None:
    """Customers come, and their pages ask again."""
    user = world.user()
    payment_id = world.start(user)
    for operation in ("GetItem", "PutItem"):
        fault = AwsFault(operation, "ResourceNotFoundException", times=None)
        world.effects.faults.append(fault)
    for _ in range(2):
        for _ in range(5):
            world.approve(payment_id, user)
        shop.sweeps(1)

    shop.rings()


def test_pi_is_down(shop: Shop, world: World) -> None:
    """For an hour in which customers come."""
    user = world.user()
    payment_id = world.start(user)
    world.fault(path="/v2/*", drop="before")
    for _ in range(12):
        for _ in range(5):
            world.approve(payment_id, user)
        shop.sweeps(1)

    shop.rings()


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("how", ["Errors", "Throttles"])
def test_a_function_crashes_or_is_throttled(
    shop: Shop, world: World, function: str, how: str
) -> None:
    """Three times in a row. A sweep that never ends is silent too."""
    folder = "".join(f"_{c.lower()}" if c.isupper() else c for c in function).lstrip("_")

    def dies(*_: Any) -> None:
        raise Died

    world.function(folder)  # its environment is in use
    world._environments[folder]._handler = dies
    for _ in range(3):
        world.tick(world.sweep_seconds)
        if how == "Throttles":
            shop.cloudwatch.put("AWS/Lambda", "Throttles", 1, FunctionName=function)
        else:
            with suppress(Died):
                world.function(folder)({})
        if function != "Sweep":
            world.sweep()

    also = {"SweepSilentAlarm"} if function == "Sweep" else set()
    assert shop.cloudwatch.rung(since=shop.began) - also == {f"{function}ErrorsAlarm"}
    assert f"{function}ErrorsAlarm" in shop.row


def test_a_function_crashes_where_one_alarm_is_for_all() -> None:
    """Lambda writes into its log; the rest is a filter's. Once rings nothing."""
    _, row = ROWS["test_a_function_crashes_where_one_alarm_is_for_all"]
    with new_world(FailureAlarms="one") as world:
        shop = Shop(world, row)
        shop.cloudwatch.put(f"PiBundle/{STACK}", "FunctionFailed", 1)
        assert shop.cloudwatch.rung(since=shop.began) == set()

        shop.cloudwatch.put(f"PiBundle/{STACK}", "FunctionFailed", 1)

        shop.rings()


def test_aws_is_slow(shop: Shop, world: World) -> None:
    """Each call to DynamoDB takes seconds, and comes to its end all the same."""
    user = world.user()

    def slow(moment: Moment, effect: str) -> None:
        if moment == "before" and effect in ("GetItem", "PutItem", "Query"):
            world.tick(5)

    for _ in range(3):
        payment_id = world.start(user)
        with world.effects.watched_by(slow):
            world.approve(payment_id, user)
        shop.sweeps(1)

    shop.rings()


def test_an_item_was_edited_by_hand(shop: Shop, world: World) -> None:
    payment_id = world.approved()
    world.tables.edit("PaymentsTable", payment_id, amount="three")
    shop.sweeps(1)

    shop.rings()


# --- Prices ---------------------------------------------------------------------------------------


def test_a_product_has_no_usable_price(shop: Shop, world: World) -> None:
    world.sell(PIE, price="three")
    user = world.user()
    world.approve(world.start(user), user)

    shop.rings()


def test_the_price_function_fails(shop: Shop, world: World) -> None:
    world.price_by(lambda _request: None)
    world.price_function.failed = True
    user = world.user()
    world.approve(world.start(user), user)

    shop.rings()


# --- The sweep and the queues ---------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [1, 5, 30])
def test_the_scheduler_starts_no_sweep(minutes: int) -> None:
    """Silent for three of its turns, however far apart they are; one that is late rings nothing."""
    _, row = ROWS["test_the_scheduler_starts_no_sweep"]
    with new_world(SweepMinutes=str(minutes)) as world:
        shop = Shop(world, row)
        world.tick(1.9 * world.sweep_seconds)
        world.sweep()
        assert shop.cloudwatch.rung(since=shop.began) == set()

        world.tick(3 * world.sweep_seconds)

        shop.rings()


def test_there_is_too_much_for_a_sweep(shop: Shop, world: World) -> None:
    """It has no time left when it has read a part."""
    for _ in range(2):
        world.tick(world.sweep_seconds)
        world.function("sweep")({}, seconds=4)

    shop.rings()


def test_the_index_of_due_work_is_gone(shop: Shop, world: World) -> None:
    world.effects.faults.append(AwsFault("Query", "ResourceNotFoundException", times=None))
    shop.sweeps(12)

    shop.rings()


def test_the_worker_fails_on_a_message(shop: Shop, world: World) -> None:
    world.wake_ups.put("by hand")
    for _ in range(1 + world.wake_ups.most_receives):
        shop.sweeps(3)

    shop.rings()


def test_the_sender_fails_on_a_message(shop: Shop, world: World) -> None:
    world.payout_queue.put("by hand")
    for _ in range(1 + world.payout_queue.most_receives):
        shop.sweeps(2)

    shop.rings()


# --- The server key -------------------------------------------------------------------------------


def test_pi_refuses_the_key(shop: Shop, world: World) -> None:
    """Without any traffic: the sweep asks."""
    world.server_key = "revoked"
    world.cold_start()
    shop.sweeps(1)

    shop.rings()


# --- Payments and the wallet's book ---------------------------------------------------------------


def test_pi_does_not_take_a_completion(shop: Shop, world: World) -> None:
    world.paid_payment()
    world.fault("POST", "*/complete", drop="before")
    shop.sweeps(20)

    shop.rings()


def test_a_payment_was_cancelled_though_it_was_paid(shop: Shop, world: World) -> None:
    payment_id = world.paid_payment()
    world.pi.force(payment_id, {"status": {"cancelled": True}})
    shop.sweeps(2)

    shop.rings()


def test_the_chain_cannot_be_read(shop: Shop, world: World) -> None:
    """For more than an hour, and there is a payment that nobody has paid."""
    world.settled_payment()
    world.approved()
    world.fault(path="/horizon/*", drop="before")
    shop.sweeps(15)

    shop.rings()


def test_a_transfer_cannot_be_matched(shop: Shop, world: World) -> None:
    world.settled_payment()
    unseen = world.forgotten_payment()
    world.fault("GET", f"/v2/payments/{unseen}", status=409, body={"error": "maintenance"})
    shop.sweeps(6)

    shop.rings()


def test_the_wallet_pays_what_nobody_requested(shop: Shop, world: World) -> None:
    """By another program, or a thief of the seed."""
    world.requested()
    world.send()
    world.stranger_pays("1")
    shop.sweeps(2)

    shop.rings()


def test_a_record_and_the_chain_differ(shop: Shop, world: World) -> None:
    world.settled_payment()
    shop.until(4)
    payment_id = world.settled_payment()
    world.tables.edit("PaymentsTable", payment_id, amount=1)
    shop.until(2, 30)
    world.function("prove_wallet")({})

    shop.rings()


def test_no_proof_succeeds_for_a_day(shop: Shop, world: World) -> None:
    """The chain shows no day to its end; a payment that waits for it is none of this."""
    world.settled_payment()
    shop.until(2, 30)
    world.fault(path="/horizon/accounts/*", drop="before")
    for hour in (2, 8, 14, 20):
        shop.until(hour, 30)
        with suppress(BundleError):
            world.function("prove_wallet")({})
    shop.until(0)

    shop.rings()


# --- Payouts --------------------------------------------------------------------------------------


def test_a_payout_cannot_be_finished(shop: Shop, world: World) -> None:
    """Pi creates it, and then does not answer for it."""
    world.requested()
    world.fault("GET", "/v2/payments/*", drop="before")
    shop.sweeps(22)

    shop.rings()


def test_a_payout_has_to_be_decided_on(shop: Shop, world: World) -> None:
    world.requested()
    world.fault("POST", "/v2/payments", status=400, body={"error": "never heard of"})
    shop.sweeps(40)

    shop.rings()


def test_the_seed_is_another_wallets(shop: Shop, world: World) -> None:
    world.requested("before")
    world.send()
    world.deploy(PiWalletAddress=world.wallet)
    world.wallet_seed = None
    world.cold_start()
    world.requested("p1")
    shop.sweeps(2)

    shop.rings()


def test_the_wallet_runs_low(shop: Shop, world: World) -> None:
    world.pi.chain.fund(world.wallet, 501_000_000)
    world.requested()
    shop.sweeps(1)

    shop.rings()


def test_another_program_opens_a_payout(shop: Shop, world: World) -> None:
    order = {"amount": Decimal(2), "memo": "x", "metadata": {"order": "7"}, "uid": world.uid("bob")}
    world.pi.create_payment(world.pi.registry.app(), order)
    shop.sweeps(1)

    shop.rings()


# --- The webhook: EventBridge's part, which no code of the bundle sees ----------------------------


def test_the_back_end_refuses_an_event(shop: Shop) -> None:
    """EventBridge puts it among the dead letters."""
    visible = "ApproximateNumberOfMessagesVisible"
    shop.cloudwatch.put("AWS/SQS", visible, 1, QueueName="WebhookDeadLetters")

    shop.rings()


def test_the_back_end_answers_401(shop: Shop) -> None:
    """EventBridge tells of its connection, and the rule that hears of it is counted."""
    shop.cloudwatch.put("AWS/Events", "TriggeredRules", 1, RuleName="WebhookDeauthorized")

    shop.rings()


# --- The table ------------------------------------------------------------------------------------


def test_every_alarm_has_a_row_and_every_row_a_test() -> None:
    alarms = set(template.of_type(template.bundle(), "AWS::CloudWatch::Alarm"))
    assert set().union(*(row for _, row in ROWS.values())) == alarms
    played = {name for name in globals() if name.startswith("test_")}
    assert set(ROWS) | {"test_every_alarm_has_a_row_and_every_row_a_test"} == played
