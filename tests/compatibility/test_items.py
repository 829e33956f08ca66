"""What stands in a table stays readable, is written back as it stands, and comes to its end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.emulator.address import address_of
from local.emulator.model import User
from tests.compatibility import readers_2026_11 as readers
from tests.compatibility import today
from tests.compatibility.frozen_set import FrozenItem, frozen, items
from tests.world import World

DAY = 24 * 3600
NEWER = {"attribute_of_a_newer_version": {"S": "unknown here"}}
RECORDS = [item for item in items() if item.kind in today.KINDS]
BESIDE = [item for item in items() if item.kind not in today.KINDS]
# A month of ledgers would be read for it, 20 seconds long; tests/payouts/test_pi.py plays its end.
TOO_LONG = "requested, user_not_found"
PLAYED = [item for item in RECORDS if item.name != TOO_LONG]
AT_PI = [i for i in RECORDS if i.kind == "payment" and i.wire["state"]["S"] == "open"]


def put(world: World, item: FrozenItem) -> None:
    """With an attribute of a newer version, ten minutes after the last moment that it names."""
    # Days pass, and each ledger of them is read.
    world.pi.settings.ledger_close_s = 25
    world.pi.chain.pace.change(world.now, timedelta(seconds=25))
    times = [int(one["N"]) for name, one in item.wire.items() if name.endswith(("_at", "max_time"))]
    last = datetime.fromtimestamp(max(times, default=0), UTC) + timedelta(minutes=10)
    world.emulator.now = max(world.emulator.now, last)
    world.tables.put(item.table, item.wire | NEWER)


def standing(world: World, item: FrozenItem) -> dict[str, Any]:
    """As it stands now, with the attribute still in it."""
    key = readers.KEYS[item.table]
    [wire] = [one for one in world.tables.raw(item.table) if one[key]["S"] == item.key]
    for name, value in NEWER.items():
        assert wire.pop(name) == value, "an attribute of a newer version was lost"
    return wire


def invite_recipient(world: World, item: FrozenItem) -> None:
    """The user of a payout or reward is known at Pi, with a wallet."""
    uid = item.wire["uid"]["S"]
    wallet = address_of(f"user:{uid}")
    world.pi.chain.open_account(wallet)
    scopes = ["username", "payments", "wallet_address"]
    world.pi.registry.users[uid] = User(uid, f"name-of-{uid}", "demo-app", scopes, wallet)


def live_on(world: World, item: FrozenItem) -> Any:
    """A few rounds and a day, as often as it takes; the record as it stands then."""
    kind = today.KINDS[item.kind]
    for _ in range(4):
        world.rounds(2)
        record = kind.decode(standing(world, item))
        if today.is_at_rest(item.kind, record):
            break  # nothing comes back to it
        world.tick(DAY if item.kind != "reward" else 8 * DAY)
        world.rounds(1)
        record = kind.decode(standing(world, item))
        if today.needs_person(item.kind, record):
            break
    return record


@pytest.mark.parametrize("item", RECORDS, ids=str)
def test_a_record_is_read_and_written_back_the_same(item: FrozenItem) -> None:
    kind = today.KINDS[item.kind]
    assert kind.encode(kind.decode(item.wire)) == item.wire


@pytest.mark.parametrize("item", items(), ids=str)
def test_the_readers_of_then_read_it(item: FrozenItem) -> None:
    told = readers.read(item.table, item.wire)
    assert set(told) <= {*item.wire, "active", "name"}


@pytest.mark.parametrize("item", RECORDS, ids=str)
def test_a_rewrite_keeps_what_it_does_not_know(world: World, item: FrozenItem) -> None:
    put(world, item)
    kind = today.KINDS[item.kind]
    assert kind.touch(world, item.wire)
    after = standing(world, item)
    changed = {"due_at", "due_shard", "version", "story"}
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in item.wire.items() if k not in changed
    }
    assert int(after["version"]["N"]) == int(item.wire["version"]["N"]) + 1


@pytest.mark.parametrize("item", PLAYED, ids=str)
def test_a_record_comes_to_its_end_or_to_a_person(world: World, item: FrozenItem) -> None:
    """Pi and the chain have forgotten it, but for its user: the worst that they can know."""
    if item.kind in ("payout", "reward"):
        invite_recipient(world, item)
    put(world, item)

    record = live_on(world, item)

    is_seen = today.needs_person(item.kind, record)
    assert is_seen or today.is_at_rest(item.kind, record), record
    owed = item.wire.get("owed", {}).get("S")
    if owed is not None:
        assert owed in world.events(item.key), "what was owed was not told"
    check_money(world, item)
    readers.read(item.table, standing(world, item))


def check_money(world: World, item: FrozenItem) -> None:
    """Nothing was paid but what was asked for, at most once."""
    paid = [tx for tx in world.pi.chain.transactions if tx.source == world.wallet]
    if item.kind != "payout":
        assert not paid
        return
    state = item.wire["state"]["S"]
    is_over = state in ("completed", "failed", "blocked") or "giving_up" in item.wire
    assert len(paid) <= (0 if is_over else 1)
    for tx in paid:
        assert world.payout(item.key).state == "completed"
        assert tx.amount_stroops == int(item.wire["amount"]["N"])
        assert tx.destination == world.pi.registry.users[item.wire["uid"]["S"]].wallet


@pytest.mark.parametrize("item", AT_PI, ids=str)
def test_a_payment_that_pi_still_knows_comes_to_its_end(world: World, item: FrozenItem) -> None:
    """Pi has it as it was begun, with the table's app; nobody has paid it on this chain."""
    payer = world.user("payer")
    payment_id = world.start(payer)
    known = world.at_pi(payment_id)
    known.approve()
    known.identifier, known.user_uid = item.key, item.wire["uid"]["S"]
    world.pi.payments[item.key] = world.pi.payments.pop(payment_id)
    put(world, item)

    record = live_on(world, item)

    is_seen = today.needs_person(item.kind, record)
    assert is_seen or today.is_at_rest(item.kind, record), record
    check_money(world, item)


# --- What lies beside the records ----------------------------------------------------------------


@pytest.mark.parametrize("item", BESIDE, ids=str)
def test_what_lies_beside_the_records_is_found(world: World, item: FrozenItem) -> None:
    put(world, item)
    world.rounds(3)
    assert standing(world, item) == item.wire
    told, subject = readers.read(item.table, item.wire), item.key.removeprefix(item.kind)
    match item.kind:
        case "canary#":
            assert today.canary(world) == told["seen"]
        case "foreign#":
            assert today.is_foreign(world, item.table, subject)
        case "payment#":
            assert today.payout_of(world, subject) == told["paid_for"]


COUNTERS = [item for item in BESIDE if item.kind in ("day#", "number#", "withdrawn#")]


@pytest.mark.parametrize("item", COUNTERS, ids=str)
def test_a_counter_is_counted_on(world: World, item: FrozenItem) -> None:
    """The same user, on the same day."""
    told = readers.read(item.table, item.wire)
    parts = item.key.split("#")[1:]
    [day] = [part for part in parts if part.count("-") == 2]
    uid = next((part for part in parts if part != day), world.uid("alice"))
    put(world, item)
    world.emulator.now = datetime.fromisoformat(f"{day}T12:00:00+00:00").astimezone(UTC)
    user, token = world.pi.registry.sign_in("this-user", uid=uid)
    more = 1
    if item.table == "RewardsTable":
        ad = world.pi.show_ad("granted").identifier
        body = world.call("POST /rewarded_ads/{ad_id}/claim", path={"ad_id": ad}, token=token)
        assert body.status == 200
    elif item.kind == "withdrawn#":
        assert today.counts_withdrawal(world, day)
    else:
        world.deploy(PayoutUserDailyCap="1000000", PayoutWalletDailyCap="1000000")
        world.requested("payout-x", user.uid, amount="2")
        more = 20_000_000 if item.kind == "day#" else 1
    now = readers.read(item.table, standing(world, item))
    [name] = {"paid", "number", "withdrawals", "granted"} & set(told)
    assert now[name] == told[name] + more


@pytest.mark.parametrize("name", frozen("products"))
def test_a_product_is_sold(world: World, name: str) -> None:
    product = frozen("products")[name]
    told = readers.product(product)
    world.tables.put("ProductsTable", product)
    user = world.user()
    amount = str(told.get("price", told.get("minimum")))
    payment_id = world.start(user, amount, {"productId": product["product_id"]["S"]})
    assert world.approve(payment_id, user).status == (200 if told["active"] else 409)
