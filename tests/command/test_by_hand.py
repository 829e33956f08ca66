"""What an operator decides about a payment: shown first, done once, and told in its story."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from shared.base.amount import Amount
from shared.payments.by_hand import Ending
from shared.payments.record import Attention, PaymentEvent, PaymentState
from tests.command.operator import Operator
from tests.payouts.stories import payout_world
from tests.world import User, World
from tests.world.devices import ActsAt, Died, DiesAt, LosesAt, deaths, losses, starts
from tests.world.effects import Device

TXID = "cd" * 32


def cancelled_but_paid_(world: World) -> str:
    payment_id, _ = world.paid()
    world.pi.force(payment_id, {"status": {"cancelled": True}})
    world.incomplete(payment_id)
    assert world.record(payment_id).needs_review is Attention.CANCELLED_BUT_PAID
    return payment_id


def gone_(world: World) -> str:
    """Pi does not know it any more, and its user has paid it."""
    payment_id, _ = world.paid()
    del world.pi.payments[payment_id]
    world.incomplete(payment_id)
    assert world.record(payment_id).needs_review is Attention.GONE
    return payment_id


def unmatched_(world: World) -> str:
    """Another back end has approved what the app does not sell, and its user has paid it."""
    user = world.user()
    payment_id = world.start(user, "2.5")
    world.at_pi(payment_id).approve()
    txid = world.pay(payment_id)
    world.complete(payment_id, txid, user)
    world.rounds()
    assert world.record(payment_id).needs_review is Attention.UNMATCHED
    return payment_id


def elsewhere_(world: World) -> str:
    """Another program has completed it, and the wallet's book has found it."""
    world.settled_payment()
    payment_id = world.start(world.user())
    world.at_pi(payment_id).approve()
    world.at_pi(payment_id).complete(world.pay(payment_id), None)
    world.rounds(2)
    record = world.record(payment_id)
    assert (record.state, record.last_event) == (PaymentState.COMPLETED, None)
    return payment_id


elsewhere = pytest.fixture(elsewhere_)
cancelled_but_paid = pytest.fixture(cancelled_but_paid_)
gone = pytest.fixture(gone_)
unmatched = pytest.fixture(unmatched_)


# --- Close ----------------------------------------------------------------------------------------


def test_sold_it_is_delivered(operator: Operator, world: World, cancelled_but_paid: str) -> None:
    operator.does("close", cancelled_but_paid, "--as", "sold", "--yes")
    world.work()
    record = world.record(cancelled_but_paid)
    assert (record.state, record.needs_review) == (PaymentState.COMPLETED, None)
    assert world.events(cancelled_but_paid) == [PaymentEvent.COMPLETED]
    assert record.story[-2].why == "closed as sold"
    assert record.story[-2].by == "operate"


def test_not_sold_it_is_cancelled_and_told(
    operator: Operator, world: World, cancelled_but_paid: str
) -> None:
    txid = world.record(cancelled_but_paid).txid
    operator.does("close", cancelled_but_paid, "--as", "not_sold", "--yes")
    world.rounds(2)
    record = world.record(cancelled_but_paid)
    assert (record.state, record.settled_by_hand) == (PaymentState.CANCELLED, txid)
    assert world.events(cancelled_but_paid)[-1] == PaymentEvent.CANCELLED


def test_looked_after_it_stays_and_nobody_is_told(
    operator: Operator, world: World, unmatched: str
) -> None:
    before = world.events(unmatched)
    operator.does("close", unmatched, "--as", "looked_after", "--yes")
    world.rounds(2)
    record = world.record(unmatched)
    assert (record.state, record.needs_review) == (PaymentState.COMPLETED, None)
    assert record.due_at is None
    assert world.events(unmatched) == before
    assert record.story[-1].why == "closed as looked_after"


def test_a_payment_that_names_no_transaction_needs_one(
    operator: Operator, world: World, gone: str
) -> None:
    world.tables.edit("PaymentsTable", gone, txid=None, receipts=None)
    assert "txid_missing" in operator.is_refused("close", gone, "--as", "sold", "--yes")
    words = ("close", gone, "--as", "sold", "--txid", TXID, "--yes")
    assert "does not show" in operator.is_refused(*words)
    operator.does(*words, "--unseen")
    assert world.record(gone).txid == TXID


def test_no_other_payments_transaction_has_paid_it(operator: Operator, world: World) -> None:
    (gone, txid), (_, theirs) = world.paid(), world.paid(world.user("bob"))
    del world.pi.payments[gone]
    world.incomplete(gone)
    words = ("close", gone, "--as", "sold", "--yes", "--txid")
    assert "did not pay it" in operator.is_refused(*words, theirs)
    assert world.record(gone).state != PaymentState.COMPLETED
    operator.does(*words, txid)
    assert world.record(gone).txid == txid


@pytest.mark.parametrize("amount", ["0.0000001", "3.14"])
def test_a_memo_alone_has_paid_nothing(
    operator: Operator, world: World, alice: User, amount: str
) -> None:
    """Its user sends something to himself, with the payment's id as its memo, and writes to the
    support."""
    payment_id = world.approved(alice)
    wallet = str(world.record(payment_id).from_address)
    sent = {"source": wallet, "destination": wallet, "memo": payment_id}
    txids = [world.stranger_pays(amount, **sent), world.stranger_pays("0.0000001", memo=payment_id)]
    del world.pi.payments[payment_id]
    world.incomplete(payment_id)
    for txid in txids:
        words = ("close", payment_id, "--as", "sold", "--txid", txid, "--yes")
        assert f"expected 3.14 Pi from {wallet}" in operator.is_refused(*words)
    world.rounds(2)
    assert world.events(payment_id) == []


@pytest.mark.parametrize(
    ("payment", "how", "code"),
    [
        ("unmatched", Ending.SOLD, "already_completed"),
        ("unmatched", Ending.NOT_SOLD, "already_completed"),
        ("gone", Ending.LOOKED_AFTER, "not_completed"),
    ],
)
def test_what_is_no_way_to_close_it(
    operator: Operator,
    world: World,
    request: pytest.FixtureRequest,
    payment: str,
    how: Ending,
    code: str,
) -> None:
    payment_id: str = request.getfixturevalue(payment)
    before = world.record(payment_id)
    assert f"({code})" in operator.is_refused("close", payment_id, "--as", how, "--yes")
    assert world.record(payment_id) == before


def test_what_was_never_priced_or_went_back_is_not_sold(
    operator: Operator, world: World, cancelled_but_paid: str
) -> None:
    whole = world.tables.items("PaymentsTable")
    world.tables.edit("PaymentsTable", cancelled_but_paid, refunded=1)
    assert "given_back" in operator.is_refused("close", cancelled_but_paid, "--as", "sold", "--yes")
    no_price = {"price_minimum": None, "price_maximum": None, "product_id": None, "quantity": None}
    world.tables.edit("PaymentsTable", cancelled_but_paid, refunded=None, **no_price)
    assert "not_priced" in operator.is_refused("close", cancelled_but_paid, "--as", "sold", "--yes")
    assert len(world.tables.items("PaymentsTable")) == len(whole)


def test_the_reason_that_was_looked_into_is_the_one_that_stands(
    operator: Operator, world: World, cancelled_but_paid: str
) -> None:
    before = world.record(cancelled_but_paid)
    words = ("close", cancelled_but_paid, "--as", "sold", "--reason", "gone", "--yes")
    assert "other_reason" in operator.is_refused(*words)
    assert world.record(cancelled_but_paid) == before


def test_a_writer_in_between_is_not_written_over(subtests: pytest.Subtests) -> None:
    """Before each effect Pi mends the payment, and its page has it completed."""

    def mended(world: World, payment_id: str) -> None:
        world.pi.force(payment_id, {"status": {"cancelled": False}})
        world.incomplete(payment_id)

    order = ("close", "{}", "--as", "not_sold", "--yes")
    for number, effect in starts(effects_of(cancelled_but_paid_, order)):
        with subtests.test(number=number, effect=effect), payout_world() as world:
            payment_id = cancelled_but_paid_(world)
            act = ActsAt(world.effects, number, partial(mended, world, payment_id))
            with world.effects.watched_by(act):
                Operator(world).run(*(word.format(payment_id) for word in order), "--json")
            world.rounds(2)
            record = world.record(payment_id)
            # Once it is closed by hand, the transaction that it names is settled.
            is_closed = effect == "SendMessage"
            state = PaymentState.CANCELLED if is_closed else PaymentState.COMPLETED
            assert (record.state, record.needs_review) == (state, None)


@pytest.mark.parametrize("how", Ending)
def test_nothing_happens_but_by_a_yes(
    operator: Operator, world: World, cancelled_but_paid: str, unmatched: str, how: Ending
) -> None:
    payment_id = unmatched if how is Ending.LOOKED_AFTER else cancelled_but_paid
    before = world.record(payment_id)
    would = operator.does("close", payment_id, "--as", how, "--dry-run")
    assert would["attention"] is None
    refused = operator.run("close", payment_id, "--as", how, typed="n\n")
    assert f"Close it as {how}?" in refused.stderr
    assert world.record(payment_id) == before
    operator.run("close", payment_id, "--as", how, typed="y\n")
    assert world.record(payment_id).needs_review is None


def test_unknown(operator: Operator) -> None:
    for words in (
        ("close", "nothing", "--as", "sold"),
        ("deliver", "nothing"),
        ("refund", "nothing"),
        ("settle", "x"),
    ):
        assert "no" in operator.is_refused(*words, "--yes")


# --- Deliver --------------------------------------------------------------------------------------


def test_what_another_program_completed_is_delivered_once(
    operator: Operator, world: World, elsewhere: str
) -> None:
    assert "pi-bundle deliver" in operator.does("why", elsewhere)["means"]
    would = operator.does("deliver", elsewhere, "--dry-run")
    assert would["owes"] == PaymentEvent.COMPLETED
    assert world.record(elsewhere).pending_event is None

    operator.does("deliver", elsewhere, "--yes")
    world.rounds(2)

    record = world.record(elsewhere)
    assert world.events(elsewhere) == [PaymentEvent.COMPLETED]
    assert (record.due_at, record.state) == (None, PaymentState.COMPLETED)
    assert "pi-bundle deliver" not in operator.does("why", elsewhere)["means"]
    assert (record.story[-2].why, record.story[-2].by) == ("to be delivered", "operate")
    assert "already_told" in operator.is_refused("deliver", elsewhere, "--yes")
    world.rounds(2)
    assert world.events(elsewhere) == [PaymentEvent.COMPLETED]


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ({"state": "open"}, "not_completed"),
        ({"delivered_before": True}, "delivered_before"),
        ({"refunded": 1}, "given_back"),
        ({"created_at": 1}, "already_told"),  # as by version 0.1, which stored no `last_event`
        (dict.fromkeys(("price_minimum", "price_maximum", "product_id", "quantity")), "not_priced"),
    ],
)
def test_promise_4_what_is_not_delivered(
    operator: Operator, world: World, elsewhere: str, edits: dict[str, Any], code: str
) -> None:
    world.tables.edit("PaymentsTable", elsewhere, **edits)
    before = world.record(elsewhere)
    assert f"({code})" in operator.is_refused("deliver", elsewhere, "--yes")
    assert world.record(elsewhere) == before


def test_goods_are_owed_though_a_second_transfer_was_refunded(
    operator: Operator, world: World, elsewhere: str
) -> None:
    record = world.record(elsewhere)
    wallets = {"source": record.from_address, "destination": record.to_address}
    world.stranger_pays("3.14", memo=elsewhere, **wallets)
    world.rounds(2)
    operator.does("refund", elsewhere, "--amount", "3.14", "--yes")
    assert not world.record(elsewhere).is_given_back

    operator.does("deliver", elsewhere, "--yes")

    world.rounds(2)
    assert world.events(elsewhere) == [PaymentEvent.COMPLETED]


def test_promise_4_a_refund_in_between_goes_before_the_delivery(
    subtests: pytest.Subtests,
) -> None:
    """At each effect of a delivery another operator refunds it: never goods for money that went
    back before they were owed."""
    for number, effect in starts(effects_of(elsewhere_, ("deliver", "{}", "--yes"))):
        with subtests.test(number=number, effect=effect), payout_world() as world:
            payment_id = elsewhere_(world)
            refunds = partial(Operator(world).does, "refund", payment_id, "--yes")
            with world.effects.watched_by(ActsAt(world.effects, number, refunds)):
                Operator(world).run("deliver", payment_id, "--yes")
            world.rounds(3)
            assert world.record(payment_id).refunded == Amount.of("3.14")
            is_owed_first = effect == "SendMessage"
            assert world.events(payment_id) == [PaymentEvent.COMPLETED] * is_owed_first


# --- What if we die here? -------------------------------------------------------------------------

ORDERS = {
    "sold": (cancelled_but_paid_, ("close", "{}", "--as", "sold", "--yes")),
    "not sold": (cancelled_but_paid_, ("close", "{}", "--as", "not_sold", "--yes")),
    "looked after": (unmatched_, ("close", "{}", "--as", "looked_after", "--yes")),
    "paid back": (gone_, ("pay-back", "{}", "--yes")),
    "refunded": (unmatched_, ("refund", "{}", "--yes")),
    "delivered": (elsewhere_, ("deliver", "{}", "--yes")),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_whatever_is_lost_a_repeat_ends_as_if_it_was_not(
    subtests: pytest.Subtests, order: tuple[Callable[[World], str], tuple[str, ...]]
) -> None:
    """At each effect the process dies, or an answer is lost; then the operator repeats it."""
    prepare, words = order
    log = effects_of(prepare, words)
    wanted = outcome(prepare, words)
    weather: list[tuple[str, Device]] = [
        *(
            (f"dies {moment} {what}", DiesAt(number, moment))
            for number, moment, what in deaths(log)
        ),
        *((f"loses {what}", LosesAt(number, moment)) for number, moment, what in losses(log)),
    ]
    for name, device in weather:
        with subtests.test(name):
            assert outcome(prepare, words, device) == wanted


def outcome(
    prepare: Callable[[World], str], words: tuple[str, ...], device: Device | None = None
) -> tuple[Any, ...]:
    """The record's end, what was told, and how often it was paid back."""
    with payout_world() as world:
        payment_id = prepare(world)
        operator, order = Operator(world), [word.format(payment_id) for word in words]
        with world.effects.watched_by(device), suppress(Died):
            operator.run(*order, "--json")
        if device is not None:
            world.cold_start()
            operator.run(*order, "--json")
        world.rounds(3)
        record = world.record(payment_id)
        paid = world.transfers_of(f"refund-{payment_id}")
        told = sorted(set(world.events(payment_id)))
        return record.state, record.needs_review, record.refunded, told, len(paid)


def effects_of(prepare: Callable[[World], str], words: tuple[str, ...]) -> list[str]:
    with payout_world() as world:
        payment_id = prepare(world)
        with world.counting() as counted:
            Operator(world).run(*(word.format(payment_id) for word in words), "--json")
        return list(counted.log)


# --- Refund, pay back, sell again -----------------------------------------------------------------


@pytest.fixture
def bought(world: World, alice: User) -> str:
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid, alice)
    world.rounds()
    return payment_id


def test_a_refund_is_paid_once_however_often_it_is_asked_for(
    operator: Operator, world: World, alice: User, bought: str
) -> None:
    would = operator.does("refund", bought, "--dry-run")
    assert would == {"payout_id": f"refund-{bought}", "uid": alice.uid, "amount": "3.14"}
    assert world.all_payouts() == []
    for _ in range(3):
        operator.does("refund", bought, "--yes")
        world.send()
    assert len(world.transfers_of(f"refund-{bought}")) == 1
    assert world.record(bought).refunded == Amount.of("3.14")


def test_a_part_is_refunded(operator: Operator, world: World, bought: str) -> None:
    operator.does("refund", bought, "--amount", "0.14", "--payout-id", "part", "--yes")
    world.send()
    assert world.payout("part").amount == Amount.of("0.14")
    too_much = ("refund", bought, "--amount", "3.01", "--payout-id", "rest", "--yes")
    assert "above_paid_amount" in operator.is_refused(*too_much)
    wrong = ("refund", bought, "--amount", "3,1", "--yes")
    assert "invalid_amount" in operator.is_refused(*wrong)


@pytest.mark.parametrize(
    "shown", [{"token_canonical": {"code": "GOLD"}}, {"split_recipients": [{"address": "G"}]}]
)
def test_of_a_token_or_a_share_no_whole_amount_of_pi_is_refunded(
    operator: Operator, world: World, alice: User, shown: dict[str, Any]
) -> None:
    """Another back end has approved it. The wallet got no Pi for it, or less."""
    payment_id = world.start(alice, **shown)
    world.at_pi(payment_id).approve()
    world.complete(payment_id, world.pay(payment_id), alice)
    world.rounds()
    assert world.record(payment_id).needs_review is Attention.UNMATCHED
    assert "not_refundable" in operator.is_refused("refund", payment_id, "--yes")


def test_what_an_operator_has_closed_tells_nothing_about_the_key(
    operator: Operator, world: World, alice: User, gone: str
) -> None:
    """Pi does not know it: were it held for what Pi must know, the key would look like another
    app's, and the wallet's book would stop at a stranger's memo."""
    operator.does("close", gone, "--as", "sold", "--txid", TXID, "--unseen", "--yes")
    world.rounds()
    world.cold_start()
    stranger = world.pi.registry.sign_in("stranger")[0].wallet
    world.stranger_pays(source=stranger, destination=world.wallet, memo="made-up")
    unpaid = world.approved(alice)
    world.until_proven()
    world.rounds(8)
    assert world.record(unpaid).state == PaymentState.CANCELLED


def test_what_pi_has_forgotten_is_paid_back_once(
    operator: Operator, world: World, gone: str
) -> None:
    assert "not_refundable" in operator.is_refused("refund", gone, "--yes")
    before = world.record(gone)
    would = operator.does("pay-back", gone, "--dry-run")
    assert would == {"payout_id": f"refund-{gone}", "uid": before.uid, "amount": "3.14"}
    assert world.record(gone) == before
    for _ in range(3):
        operator.does("pay-back", gone, "--yes")
        world.send()
    assert len(world.transfers_of(f"refund-{gone}")) == 1
    assert world.record(gone).refunded == Amount.of("3.14")
    whys = [entry.why for entry in world.record(gone).story]
    assert whys[-2:] == ["seen paid by an operator", f"refund refund-{gone}"]


def test_paid_back_under_two_ids_it_is_paid_once(
    operator: Operator, world: World, gone: str
) -> None:
    operator.does("pay-back", gone, "--yes")
    world.send()
    again = ("pay-back", gone, "--payout-id", "refund-2", "--yes")
    assert "above_paid_amount" in operator.is_refused(*again)
    world.rounds(2)
    assert len(world.transfers_of(f"refund-{gone}") + world.transfers_of("refund-2")) == 1


def test_a_refused_pay_back_strands_nobody(operator: Operator, world: World, gone: str) -> None:
    """Payouts are off; then Pi knows it again, and completes it: it is refunded as any other."""
    world.switch.value = "off"
    assert "payouts_off" in operator.is_refused("pay-back", gone, "--yes")
    assert world.record(gone).refunded == Amount(0)
    world.switch.value = "on"
    operator.does("refund", gone, "--yes")
    world.rounds(2)
    assert len(world.transfers_of(f"refund-{gone}")) == 1


def test_what_pi_knows_is_not_paid_back(operator: Operator, bought: str) -> None:
    assert "not_gone" in operator.is_refused("pay-back", bought, "--yes")


def test_sold_once_it_is_bought_again_after_its_refund(
    operator: Operator, world: World, alice: User
) -> None:
    world.sell("badge", price="1", once=True)
    order: dict[str, Any] = {"amount": "1", "metadata": {"productId": "badge"}}
    payment_id = world.approved(alice, **order)
    world.complete(payment_id, world.pay(payment_id), alice)
    assert "not_refunded" in operator.is_refused("sell-again", payment_id, "--yes")
    operator.does("refund", payment_id, "--yes")
    again = world.start(alice, **order)
    assert world.approve(again, alice).error == "already_bought"
    operator.does("sell-again", payment_id, "--dry-run")
    third = world.start(alice, **order)
    assert world.approve(third, alice).error == "already_bought"

    operator.does("sell-again", payment_id, "--yes")

    assert world.approve(world.start(alice, **order), alice).status == 200
    assert "not_the_holder" in operator.is_refused("sell-again", payment_id, "--yes")
    assert world.approve(world.start(alice, **order), alice).error == "already_bought"


def test_what_is_sold_often_needs_no_release(operator: Operator, bought: str) -> None:
    assert "not_sold_once" in operator.is_refused("sell-again", bought, "--yes")


# --- Try again ------------------------------------------------------------------------------------


def test_settle_wakes_the_worker(
    operator: Operator, world: World, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id, _ = world.paid(alice)
    monkeypatch.setattr("time.sleep", lambda _seconds: world.work())
    told = operator.does("settle", payment_id, "--yes")
    assert told["state"] == "completed"
    world.rounds()
    assert "Nothing is left to do" in operator.run("settle", payment_id).stderr


def test_settle_wakes_the_sender(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payout_id = world.requested()
    monkeypatch.setattr("time.sleep", lambda _seconds: world.send())
    told = operator.does("settle", payout_id, "--yes")
    assert told["state"] == "completed"
