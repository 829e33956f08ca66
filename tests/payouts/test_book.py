"""The payouts' own book of the wallet: what was sent is noted in their records, whoever remembers
it; and what no payout asked for rings an alarm.
"""

from local.emulator.control import STRANGER
from shared.payouts.record import PayoutState
from tests.payouts.promises import check_at_rest
from tests.payouts.stories import PAYOUT, paid_before
from tests.world import World

HOUR = 3600


def by_hand(world: World, memo: str | None = None) -> None:
    world.pi.transfer(source=world.wallet, destination=STRANGER, amount=1, memo=memo)


def test_what_was_sent_by_hand_is_reported_once(world: World) -> None:
    """Or by whoever has stolen the seed."""
    paid_before(world)
    assert world.metrics.counted["UnknownSpending"] == 0
    by_hand(world)
    by_hand(world, memo="thank you")
    by_hand(world, memo="A" * 28)

    world.live(HOUR)

    assert world.metrics.counted["UnknownSpending"] == 3
    world.requested(PAYOUT)
    world.send()
    check_at_rest(world, PayoutState.COMPLETED)


def test_what_was_just_sent_by_hand_is_reported_once(world: World) -> None:
    """It is read again until its ledger is a minute old."""
    paid_before(world)
    by_hand(world)

    for number in range(3):
        world.tick(10)
        world.requested(f"p{number}", world.uid(f"user {number}"))
        world.send()

    assert world.metrics.counted["UnknownSpending"] == 1


def test_a_payout_that_was_paid_twice_is_reported(world: World) -> None:
    world.requested(PAYOUT)
    world.send()
    check_at_rest(world, PayoutState.COMPLETED)
    [payment] = world.payments_of(PAYOUT)
    by_hand(world, memo=payment.identifier)

    world.live(HOUR)

    assert world.metrics.counted["UnknownSpending"] == 1
    record = world.payout()
    assert (record.state, record.due_at) == (PayoutState.COMPLETED, None)
    assert [sent.payment_id for sent in record.sent] == [payment.identifier]


def test_what_comes_in_is_not_this_books(world: World) -> None:
    paid_before(world)
    world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=None)

    world.live(HOUR)

    assert world.metrics.counted["UnknownSpending"] == 0


def test_a_record_that_cannot_be_read_is_a_doubt_about_itself_alone(world: World) -> None:
    """It may have been paid: that is noted once it is mended. Until then Pi has its payment open,
    and opens no other."""
    paid_before(world)
    world.half_sent("POST /horizon/transactions", "after")
    whole = world.payout()
    world.tables.edit("PayoutsTable", PAYOUT, state="almost")

    world.requested("next", world.uid("carol"))
    world.send()
    world.live(HOUR)

    book = world.look(world.eyes.payout_books.get, world.wallet)
    assert book is not None
    assert [doubt.subject for doubt in book.doubts] == [PAYOUT]
    world.tables.edit("PayoutsTable", PAYOUT, state=whole.state)
    check_at_rest(world, PayoutState.COMPLETED, after=3)
    check_at_rest(world, PayoutState.COMPLETED, "next")
    assert len(world.transfers_of(PAYOUT)) == 1


def test_the_sweep_reads_it_on_while_nothing_is_paid(world: World) -> None:
    """So the next payout has little to read, and what was sent by hand is seen the same hour."""
    paid_before(world)

    world.live(30 * HOUR)

    assert world.metrics.last["BookSecondsBehind"] < HOUR
    with world.counting() as spent:
        world.requested(PAYOUT)
        world.send()
    check_at_rest(world, PayoutState.COMPLETED)
    assert spent.chain.count("GET /horizon/ledgers") == 1
