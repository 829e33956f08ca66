"""The numbers of money: each thing that happened is counted once, however often it is asked for."""

from collections.abc import Iterator

import pytest

from shared.base.amount import Amount
from shared.payouts.record import PayoutState
from tests.docs.pages import DOCS
from tests.template.ringing import CENTS, price
from tests.world import User, World, new_world

PRICE = Amount.of("3.14").stroops


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as world:
        yield world


@pytest.fixture
def alice(world: World) -> User:
    return world.user("alice")


def balance(world: World) -> int:
    account = world.pi.chain.find_account(world.wallet)
    assert account is not None
    return account.balance


def counted(world: World, *names: str) -> list[int]:
    return [world.metrics.counted[name] for name in names]


def test_a_payment_is_counted_as_it_is_approved_and_with_its_amount_as_it_is_completed(
    world: World, alice: User
) -> None:
    payment_id = world.approved(alice)
    world.approve(payment_id, alice)
    assert counted(world, "PaymentApproved", "PaymentVolume") == [1, 0]

    txid = world.pay(payment_id)
    for _ in range(2):
        assert world.complete(payment_id, txid, alice).status == 200
    world.rounds(2)

    assert counted(world, "PaymentApproved", "PaymentCompleted") == [1, 1]
    assert counted(world, "PaymentVolume") == [PRICE]


def test_what_is_refused_or_cancelled_has_no_volume(world: World, alice: User) -> None:
    world.approve(world.start(alice, "1"), alice)
    world.cancelled_by_user()
    world.until_proven()

    assert counted(world, "PaymentRefused", "PaymentCancelled") == [1, 1]
    assert counted(world, "PaymentApproved", "PaymentVolume") == [1, 0]


def test_a_reward_is_counted_as_it_is_granted(world: World, alice: User) -> None:
    ad_id = world.pi.show_ad("granted").identifier
    for user in (alice, alice, world.user()):
        world.claim(ad_id, user)
    world.claim(world.pi.show_ad("revoked").identifier, alice)

    assert counted(world, "RewardGranted") == [1]


def test_a_payout_is_counted_with_its_amount_as_it_is_completed(world: World) -> None:
    world.requested()
    assert counted(world, "PayoutCompleted", "PayoutVolume") == [0, 0]
    world.send()
    world.wake_sender("payout-1")
    world.rounds(2)

    assert world.payout().state is PayoutState.COMPLETED
    assert counted(world, "PayoutCompleted", "PayoutVolume") == [1, PRICE]


def test_what_the_wallet_holds_is_known_before_a_payout_and_after_it(world: World) -> None:
    """As the chain shows it, fee included: nobody asks again until the next payout."""
    before = balance(world)
    world.requested()
    world.send()

    said = [stroops for _, name, stroops in world.metrics.sent if name == "WalletBalance"]
    assert said == [before, balance(world)]
    assert said[0] - said[1] > PRICE


def test_a_wallet_that_cannot_pay_says_what_it_holds(world: World) -> None:
    world.pi.chain.fund(world.wallet, 20_000_000)
    world.requested()
    world.send()

    assert world.payout().reason == "balance_too_low"
    assert world.metrics.last["WalletBalance"] == 20_000_000


# A month: a metric of one's own, two secrets; and what is free in an account.
METRIC_CENTS, SECRETS_CENTS = 30, 80
FREE_METRICS, FREE_ALARMS = 10, 10
HOURS_OF_A_PROOF = 4  # a day: a metric is paid by the hours in which it is sent


def test_what_an_idle_stack_sends_and_costs_is_told(world: World) -> None:
    """Less than 3 USD a month, with alarms and dashboard, unless each function has alarms of its
    own."""
    world.sweep()
    of_a_sweep = {name for _, name, _ in world.metrics.sent}
    world.function("prove_wallet")({})
    of_a_proof = {name for _, name, _ in world.metrics.sent} - of_a_sweep
    numbers = len(of_a_sweep) + len(of_a_proof) * HOURS_OF_A_PROOF // 24

    always = (numbers - FREE_METRICS) * METRIC_CENTS + SECRETS_CENTS - FREE_ALARMS * CENTS
    off = always + price("")
    one = off + price("HasFailureAlarms") + price("HasAlarmOfAll")
    each = off + price("HasFailureAlarms") + price("HasAlarmOfEach")
    page = " ".join((DOCS / "what-breaks.md").read_text().split())
    assert f"sends {numbers} numbers of its own all the time" in page
    assert f"about {each / 100:.2f} USD a month with `on`, {one / 100:.2f} with `one`, " in page
    assert f"{off / 100:.2f} with `off`" in page
    assert one < 300
