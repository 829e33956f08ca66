"""The story: what became of a record is read from itself, by a person, a console, an accountant."""

from shared.payouts.record import PayoutState
from tests.payouts.promises import check_at_rest
from tests.payouts.stories import PAYOUT
from tests.world import World
from tests.world.devices import Loses

HOUR = 3600
SUBMIT = "POST /horizon/transactions"


def told(world: World) -> list[tuple[str, str, str | None]]:
    return [(entry.was, entry.state, entry.why) for entry in world.payout().story]


def test_a_payout_tells_its_story(world: World) -> None:
    world.requested(PAYOUT)
    world.send()
    assert told(world) == [
        ("requested", "created", None),
        ("created", "signed", None),
        ("signed", "completed", None),
        ("completed", "completed", "told PayoutCompleted"),
    ]
    record = world.payout()
    assert record.handed_in == (record.txid,)
    assert {entry.by for entry in record.story} == {"send_payout"}
    assert [entry.version for entry in record.story] == sorted(e.version for e in record.story)


def test_every_transaction_that_was_handed_to_the_chain_stays(world: World) -> None:
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses(SUBMIT, "before")):
        world.send()
        dead = world.payout().txid
        world.tick(HOUR)
        world.rounds(1)

    check_at_rest(world, PayoutState.COMPLETED, after=2)
    record = world.payout()
    assert record.handed_in[0] == dead
    assert record.handed_in[-1] == record.txid
    assert len(set(record.handed_in)) == len(record.handed_in) > 1


def test_waits_are_counted_and_a_decision_is_told(world: World) -> None:
    world.requested(PAYOUT)
    world.switch.value = "off"
    world.rounds(5)
    [wait] = world.payout().story
    assert (wait.state, wait.why) == ("requested", "payouts_off")
    assert wait.times > 2
    assert wait.until is not None

    world.decide(PAYOUT, "fail")
    world.rounds(2)

    assert told(world)[-2:] == [
        ("requested", "failed", "given_up"),
        ("failed", "failed", "told PayoutFailed"),
    ]
    assert "decide_payout" in {entry.by for entry in world.payout().story}


def test_its_own_back_end_reads_it(world: World) -> None:
    world.requested(PAYOUT)
    world.send()
    body = world.call("GET /payouts/{payout_id}", path={"payout_id": PAYOUT}).body
    assert body["handed_in"] == list(world.payout().handed_in)
    assert [entry["state"] for entry in body["story"]][-1] == "completed"
    assert body["story"][0]["at"] <= body["story"][-1]["at"]


def test_a_payment_tells_its_story(world: World) -> None:
    payment_id = world.paid_payment()
    world.rounds(1)
    story = [(entry.was, entry.state, entry.why) for entry in world.record(payment_id).story]
    assert story == [
        ("open", "completed", None),
        ("completed", "completed", "told PaymentCompleted"),
    ]


def test_a_happy_payment_stays_one_write_unit(world: World) -> None:
    payment_id = world.paid_payment()
    world.rounds(2)
    items = world.tables.raw("PaymentsTable")
    [item] = [item for item in items if item["payment_id"]["S"] == payment_id]
    assert size(item) < 1024


def size(value: object) -> int:
    """In bytes, roughly as DynamoDB counts an item."""
    match value:
        case {"S": str(text)} | {"N": str(text)}:
            return len(text.encode())
        case {"L": list(values)}:
            return 3 + sum(1 + size(one) for one in values)
        case {"M": dict(fields)}:
            return 3 + sum(len(name) + 1 + size(one) for name, one in fields.items())
        case dict():
            return sum(len(name) + size(one) for name, one in value.items())
    return 1
