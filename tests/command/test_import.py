"""Past payments of another back end become closed records, and what it left open is adopted:
nothing is stuck, and nothing is delivered twice."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.command.deployed import Deployed
from shared.base.amount import Amount
from shared.payments.migrate import MOST_ROWS
from shared.payments.record import PaymentRecord, PaymentState
from tests.command.old_back_end import HOUR, OldBackEnd
from tests.command.operator import Operator
from tests.payouts.stories import payout_world
from tests.world import User, World
from tests.world.devices import Died, DiesAt, LosesAt, deaths, losses
from tests.world.effects import Device

GARBAGE = [
    ({"payment_id": "no id!", "state": "completed"}, "invalid_payment_id"),
    ({"payment_id": "a", "state": "shipped"}, "invalid_row"),
    ({"payment_id": "b", "state": "completed", "amount": "3,14"}, "invalid_amount"),
    ({"payment_id": "c", "state": "completed", "amount": "3.1400000000000001"}, "invalid_amount"),
    ({"payment_id": "d", "state": "completed", "closed_at": "2026-11-26 12:00"}, "invalid_row"),
    ({"payment_id": "e", "state": "completed", "closed_at": "yesterday"}, "invalid_row"),
    ({"payment_id": "f", "state": "completed", "txid": "0x12"}, "invalid_txid"),
    ({"payment_id": "g", "state": "completed", "uid": "\N{BUG}"}, "invalid_uid"),
    ({"payment_id": "h", "state": "completed", "quantity": "0"}, "invalid_row"),
    ({"payment_id": "i", "state": "completed", "once": "maybe"}, "invalid_row"),
    ({"payment_id": "j", "state": "completed", "product_id": "a pie"}, "invalid_row"),
    ({"payment_id": "k", "state": "completed"}, "not_at_pi"),
    ({"payment_id": "l", "state": "open"}, "not_finished"),
]


@pytest.fixture
def old(world: World) -> OldBackEnd:
    return OldBackEnd(world)


def outcomes(told: dict[str, Any]) -> dict[str, str]:
    """By payment id: its outcome, or the code of its refusal."""
    return {row["payment_id"]: row["error"] or row["outcome"] for row in told["rows"]}


def imported(operator: Operator, file: Path, status: int = 0) -> dict[str, str]:
    return outcomes(operator.does("import", file, "--yes", status=status))


# --- What if we die here? -------------------------------------------------------------------------


def all_kinds(world: World) -> OldBackEnd:
    """More than one batch, and a row of each kind."""
    old = OldBackEnd(world)
    for kind in (old.completed, old.refunded, old.cancelled, old.delivered, old.paid):
        kind()
    return old


def ends(world: World, old: OldBackEnd) -> dict[str, Any]:
    records = {key: world.find_record(key) for key in old.rows}
    return {
        key: record and (record.state, record.refunded, record.delivered_before, record.due_at)
        for key, record in records.items()
    }


def outcome(folder: Path, device: Device | None = None) -> list[Any]:
    """How all records stand after a run that `device` has disturbed, one more, and two sweeps; and
    what the app was told."""
    with payout_world() as world:
        old, operator = all_kinds(world), Operator(world)
        file = old.file(folder)
        commands = (("import", file), ("adopt", "--csv", file))
        with world.effects.watched_by(device), suppress(Died):
            for words in commands:
                operator.run(*words, "--yes", "--json")
        if device is not None:
            world.cold_start()
            for words in commands:
                operator.run(*words, "--yes", "--json")
        world.rounds(2)
        told = [sorted(set(world.events(key))) for key in old.rows]
        return [*zip(ends(world, old).values(), told, strict=True)]


def test_whatever_is_lost_a_repeat_ends_as_if_it_was_not(
    subtests: pytest.Subtests, tmp_path: Path
) -> None:
    """Promise 4: at each effect the process dies, or an answer is lost; then it is repeated."""
    with payout_world() as world:
        operator, file = Operator(world), all_kinds(world).file(tmp_path)
        with world.counting() as counted:
            operator.run("import", file, "--yes", "--json")
            operator.run("adopt", "--csv", file, "--yes", "--json")
        log = list(counted.log)
    wanted = outcome(tmp_path)
    assert [told for _, told in wanted] == [[], [], [], [], ["PaymentCompleted"]]
    weather: list[tuple[str, Device]] = [
        *(
            (f"dies {moment} {what} {number}", DiesAt(number, moment))
            for number, moment, what in deaths(log)
        ),
        *(
            (f"loses {what} {number}", LosesAt(number, moment))
            for number, moment, what in losses(log)
        ),
    ]
    assert len(weather) > 20
    for name, device in weather:
        with subtests.test(name):
            assert outcome(tmp_path, device) == wanted


def broken_off(operator: Operator, batches: int) -> Operator:
    """One whose machine is switched off after so many batches."""
    left, stack = iter(range(batches)), operator.stack

    def opened() -> Deployed:
        deployed = stack()

        def invoke(function: str, event: Mapping[str, Any]) -> dict[str, Any]:
            if next(left, None) is None:
                raise Died
            return deployed.invoke(function, event)

        return replace(deployed, invoke=invoke)

    return replace(operator, opens=opened)


def test_a_run_that_is_broken_off_at_a_batch_goes_on(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    for _ in range(2 * MOST_ROWS + 1):
        old.completed()
    file, stands = old.file(tmp_path), list[int]()
    for batches in range(3):
        with suppress(Died):
            broken_off(operator, batches + 1).run("import", file, "--yes", "--json")
        stands.append(len(world.all_payments()))
    assert stands == [MOST_ROWS, 2 * MOST_ROWS, 2 * MOST_ROWS + 1]
    assert set(imported(operator, file).values()) == {"known"}


# --- What is taken, known and refused -------------------------------------------------------------


def test_a_dry_run_says_of_each_row_what_would_become_of_it(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    kinds = {old.completed(): "taken", old.refunded(): "taken", old.cancelled(): "taken"}
    kinds |= {old.delivered(): "taken", old.paid(): "not_finished", world.sold(): "known"}
    known = list(kinds)[-1]
    row = {"payment_id": known, "state": "completed", "closed_at": "1"}
    file, before = old.file(tmp_path, row), world.tables.items("PaymentsTable")
    told = operator.does("import", file, "--dry-run", status=3)
    assert outcomes(told) == kinds
    assert (told["taken"], told["known"], told["refused"]) == (4, 1, 1)
    assert [row["line"] for row in told["rows"]] == [2, 3, 4, 5, 6, 7]
    assert "pi-bundle adopt" in told["rows"][4]["why"]
    refused = operator.run("import", file, typed="n\n")
    assert (refused.exit_code, "Take these in?" in refused.stderr) == (3, True)
    assert world.tables.items("PaymentsTable") == before


def test_garbage_is_refused_row_by_row_and_the_rest_is_taken(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    good = old.completed()
    rows = [{"closed_at": "1795000000", **row} for row, _ in GARBAGE]
    twice = {**old.rows[good], "amount": "3"}
    told = operator.does("import", old.file(tmp_path, *rows, twice), "--yes", status=3)
    codes = [row["error"] for row in told["rows"]]
    assert codes == [None, *(code for _, code in GARBAGE), "invalid_row"]
    assert "line 2" in told["rows"][-1]["why"]
    assert [record.payment_id for record in world.all_payments()] == [good]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("payment_id,state,closed_at,price\n", "'price'"),
        ("payment_id;state;closed_at\n", "no column"),
        ("payment_id,state\n", "closed_at"),
        ("payment_id,state,closed_at,state\n", "twice"),
        ("", "missing"),
        ("payment_id,state,closed_at\na,open,1,2\n", "line 2"),
    ],
)
def test_what_is_no_such_file(operator: Operator, tmp_path: Path, header: str, told: str) -> None:
    file = tmp_path / "payments.csv"
    file.write_text(header)
    assert told in operator.is_refused("import", file, "--yes")
    file.write_bytes(b"payment_id\xff,state")
    assert "UTF-8" in operator.is_refused("import", file, "--yes")


def differing(world: World, old: OldBackEnd) -> dict[str, tuple[str, dict[str, str]]]:
    """Payments of which the file says another thing than Pi."""
    app = {"closed_at": "1000000000"}
    return {
        "amount": (old.completed(), {"amount": "314"}),
        "uid": (old.completed(), {"uid": world.user().uid}),
        "txid": (old.completed(), {"txid": "ab" * 32}),
        "paid": (old.completed(), {"state": "cancelled"}),
        "unpaid": (old.cancelled(), {"state": "completed"}),
        "never approved": (old.started(), {"state": "completed"}),
        "not cancelled": (old.approved(), {"state": "cancelled"}),
        "before it began": (old.completed(), app),
        "yet to come": (old.completed(), {"closed_at": "2999-01-01T00:00:00Z"}),
        "more paid back": (old.completed(), {"refunded": "3.15"}),
        "another network": (old.completed(network="Pi Network"), {}),
        "no direction": (old.completed(direction=None), {}),
        "another token": (old.completed(token_canonical={"code": "GOLD"}), {}),
        "a share": (old.completed(split_recipients=[{"address": "G"}]), {}),
    }


def test_promise_1_nothing_is_taken_that_pi_shows_otherwise(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    cases = differing(world, old)
    for payment_id, row in cases.values():
        old.rows[payment_id] |= {"closed_at": f"{world.clock()}", **row}
    found = imported(operator, old.file(tmp_path), status=3)
    told = {name: found[payment_id] for name, (payment_id, _) in cases.items()}
    not_rows = {"before it began", "yet to come", "more paid back"}
    expected = dict.fromkeys(cases, "differs_at_pi") | dict.fromkeys(not_rows, "invalid_row")
    assert told == expected | {"not cancelled": "not_finished"}
    assert world.all_payments() == []


def test_the_same_file_twice_changes_nothing_and_asks_pi_nothing(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    ids = {old.completed(): "known", old.refunded(): "known", old.cancelled(): "known"}
    file = old.file(tmp_path)
    assert set(imported(operator, file).values()) == {"taken"}
    before = world.tables.items("PaymentsTable")
    for row in old.rows.values():
        row |= {"amount": "9", "state": "completed"}
    with world.counting() as counted:
        assert imported(operator, old.file(tmp_path)) == ids
    assert world.tables.items("PaymentsTable") == before
    assert "GET /v2/payments/*" not in counted.log


def test_a_record_that_stands_is_never_written_over(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path, alice: User
) -> None:
    """One that this stack has sold, and one that it is about to complete."""
    payment_id, _ = world.paid(alice)
    before = world.record(payment_id)
    row = {"payment_id": payment_id, "state": "completed", "closed_at": str(world.clock())}
    assert imported(operator, old.file(tmp_path, row)) == {payment_id: "known"}
    assert world.record(payment_id) == before
    world.rounds(2)
    assert world.events(payment_id) == ["PaymentCompleted"]


def test_what_was_paid_back_and_has_a_record_that_does_not_know_it_is_told(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """The wallet's book has come by it first: it could be refunded a second time."""
    given_back, partly = old.refunded(), old.completed()
    world.settled_payment()
    old.rows[partly]["refunded"] = "0.14"
    before = [world.record(one) for one in (given_back, partly)]
    refused = dict.fromkeys((given_back, partly), "refunded_before")
    assert imported(operator, old.file(tmp_path), status=3) == refused
    assert [world.record(one) for one in (given_back, partly)] == before
    operator.does("refund", partly, "--amount", "0.14", "--yes")
    assert imported(operator, old.file(tmp_path), status=3)[partly] == "known"


def test_while_pi_is_away_nothing_is_taken_and_the_next_run_goes_on(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    payment_id = old.completed()
    file = old.file(tmp_path)
    world.fault("GET", "/v2/payments/*", status=503)
    assert imported(operator, file, status=3) == {payment_id: "pi_unavailable"}
    world.heal()
    assert imported(operator, file) == {payment_id: "taken"}


def test_without_the_key_of_the_app_nothing_is_taken(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    payment_id = old.completed()
    file, key = old.file(tmp_path), world.server_key
    world.server_key = None
    world.cold_start()
    assert "server_key_missing" in operator.is_refused("import", file, "--yes")
    world.server_key = key
    right = world.take_another_apps_key()
    assert imported(operator, file, status=3) == {payment_id: "not_at_pi"}
    world.server_key = right
    world.cold_start()
    assert imported(operator, file) == {payment_id: "taken"}


@pytest.mark.parametrize(
    "rows", ["a,b", None, [["a"]], [{"payment_id": 1}], [{"id": "a"}], [{}] * (MOST_ROWS + 1)]
)
def test_the_function_takes_a_few_rows_of_known_columns_alone(world: World, rows: object) -> None:
    order = {"command": "import", "rows": rows, "dry_run": True}
    assert world.function("operate")(order)["error"] == "invalid_rows"


# --- What a record is that was taken in -----------------------------------------------------------


def test_it_is_as_pi_shows_it_and_says_where_it_comes_from(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path, alice: User
) -> None:
    payment_id = old.completed(alice, amount="6.28")
    old.rows[payment_id] |= {"quantity": "2", "amount": "", "uid": "", "txid": ""}
    closed_at = world.clock()
    world.tick(HOUR)
    imported(operator, old.file(tmp_path))
    record, payment = world.record(payment_id), world.at_pi(payment_id)
    assert (record.state, record.due_at, record.pending_event) == ("completed", None, None)
    assert (record.uid, record.amount, record.txid) == (
        alice.uid,
        Amount.of("6.28"),
        payment.txid,
    )
    assert record.price is not None
    assert (record.price.product_id, record.price.quantity) == ("apple_pie_1", 2)
    assert (record.completed_at, record.created_at) == (closed_at, record.started_at)
    [entry] = record.story
    assert (entry.was, entry.state, entry.why, entry.by) == (
        "elsewhere",
        "completed",
        "imported",
        "operate",
    )
    shown = world.call(
        "GET /payments/{payment_id}", path={"payment_id": payment_id}, token=alice.token
    )
    assert (shown.status, shown.body["product_id"]) == (200, "apple_pie_1")


def test_promise_4_it_is_never_swept_and_never_told(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path, alice: User
) -> None:
    ids = [old.completed(alice), old.refunded(), old.cancelled()]
    world.tick(HOUR)
    since = world.clock() - 24 * HOUR
    imported(operator, old.file(tmp_path))
    before = world.tables.items("PaymentsTable")
    with world.counting() as counted:
        world.rounds(3)
    assert "GET /v2/payments/*" not in counted.log
    for payment_id in ids:
        world.incomplete(payment_id)
    world.complete(ids[0], "ab" * 32, alice)
    assert world.tables.items("PaymentsTable") == before
    assert [world.events(payment_id) for payment_id in ids] == [[], [], []]
    listed = world.call("GET /events", query={"since": str(since)})
    assert (listed.status, listed.body["events"]) == (200, [])


def test_promise_4_what_was_delivered_before_is_completed_at_pi_and_not_told(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path, alice: User
) -> None:
    """As Pi's demo does: it marks an order as paid, and then its completion fails."""
    payment_id = old.delivered(alice)
    told = operator.does("import", old.file(tmp_path), "--yes")
    assert "not completed at Pi" in told["rows"][0]["why"]
    world.work()
    record = world.record(payment_id)
    assert (record.state, record.due_at, record.needs_review) == ("completed", None, None)
    assert record.story[0].why == "imported, delivered before"
    assert world.at_pi(payment_id).developer_completed
    assert world.events(payment_id) == []
    world.approved(alice)  # she can pay again


def test_what_is_years_old_does_not_take_the_book_back(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """It would read all that the wallet has had since, before anything is closed as unpaid."""
    payment_id = old.delivered()
    world.tick(3 * 24 * HOUR)
    world.settled_payment()
    since = world.book().since
    imported(operator, old.file(tmp_path))
    world.rounds(2)
    assert world.record(payment_id).due_at is None
    assert world.book().since == since


def test_promise_4_nor_if_pi_does_not_know_its_transaction(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path, alice: User
) -> None:
    """The chain shows it, to the wallet's book."""
    world.pi.settings.show_txid_before_complete = False
    payment_id = old.delivered(alice)
    world.at_pi(payment_id).txid = None
    assert set(imported(operator, old.file(tmp_path)).values()) == {"taken"}
    world.rounds(3)
    record = world.record(payment_id)
    assert (record.state, record.txid) == ("completed", old.rows[payment_id]["txid"])
    assert (record.due_at, world.events(payment_id)) == (None, [])


def test_delivered_and_never_paid_it_is_closed_and_told(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """The old back end believed a page that made its transaction up."""
    payment_id = old.approved()
    row = {"state": "completed", "txid": "ab" * 32, "closed_at": f"{world.clock()}"}
    old.rows[payment_id] |= row
    assert imported(operator, old.file(tmp_path)) == {payment_id: "taken"}
    assert world.record(payment_id).claimed_txid == "ab" * 32
    world.until_proven()
    world.rounds(12)
    assert world.record(payment_id).state == "cancelled"
    assert world.events(payment_id) == ["PaymentCancelled"]


def test_delivered_before_and_settled_by_hand_it_is_not_told(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    payment_id = old.delivered()
    world.fault("POST", "/v2/payments/*/complete", status=400, body={"error": "txid_mismatch"})
    imported(operator, old.file(tmp_path))
    world.work()
    assert world.record(payment_id).needs_review == "never_verifies"
    operator.does("close", payment_id, "--as", "sold", "--yes")
    world.rounds()
    assert world.record(payment_id).state == "completed"
    assert world.events(payment_id) == []


def test_it_is_refunded_once_and_within_its_amount(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path, alice: User
) -> None:
    bought, given_back, partly = old.completed(alice), old.refunded(), old.completed()
    old.rows[partly]["refunded"] = "3"
    imported(operator, old.file(tmp_path))
    for _ in range(2):
        operator.does("refund", bought, "--yes")
        world.send()
    assert len(world.transfers_of(f"refund-{bought}")) == 1
    assert world.record(bought).refunded == Amount.of("3.14")
    again = ("refund", bought, "--payout-id", "again", "--yes")
    assert "above_paid_amount" in operator.is_refused(*again)
    assert "above_paid_amount" in operator.is_refused("refund", given_back, "--yes")
    assert "above_paid_amount" in operator.is_refused("refund", partly, "--yes")
    operator.does("refund", partly, "--amount", "0.14", "--yes")


def test_it_is_found(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path, alice: User
) -> None:
    payment_id = old.completed(alice)
    imported(operator, old.file(tmp_path))
    for text in (payment_id, old.rows[payment_id]["txid"], alice.uid):
        [found] = operator.does("find", text)
        assert (found["id"], found["state"], found["amount"]) == (payment_id, "completed", "3.14")
    why = operator.does("why", payment_id)
    assert why["settling it now"] == "Nothing is left to do."


def test_it_is_counted_on_its_day_and_agrees_with_the_chain(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """One of the day before the wallet's book begins, and one beside a payment of this stack."""
    world.ledgers_close_seldom()
    old.completed()
    before = f"{world.now:%Y-%m-%d}"
    imported(operator, old.file(tmp_path))
    world.tick(24 * HOUR)
    world.settled_payment()
    old.completed()
    day = f"{world.now:%Y-%m-%d}"
    imported(operator, old.file(tmp_path))
    world.tick(24 * HOUR)
    world.rounds(3)
    # What the wallet got before its book began is proven by its own transaction alone.
    for name, received, rows in ((before, "0", 1), (day, "6.28", 2)):
        told = operator.does("reconcile", name)
        assert (told["differing"], told["not_proven"]) == ([], [])
        assert told["in_by_chain"] == told["in_by_records"] == received
        written = operator.does("export", name, "--csv", tmp_path / "day.csv")
        assert written["rows"] == rows


def test_one_that_the_chain_shows_otherwise_differs(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    world.ledgers_close_seldom()
    payment_id, day = old.completed(), f"{world.now:%Y-%m-%d}"
    imported(operator, old.file(tmp_path))
    world.tables.edit("PaymentsTable", payment_id, amount=1)
    world.tick(24 * HOUR)
    [row] = operator.does("reconcile", day, status=3)["differing"]
    assert (row["id"], row["why"]) == (payment_id, "other_amount")


def test_what_is_sold_once_is_not_sold_again(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path, alice: User
) -> None:
    world.sell("badge", price="1", once=True)
    bob = world.user("bob")
    badge: dict[str, Any] = {"amount": "1", "metadata": {"productId": "badge"}}
    ids = [
        old.completed(alice, **badge),
        old.completed(alice, **badge),
        old.completed(bob, **badge),
    ]
    for payment_id in ids:
        old.rows[payment_id] |= {"product_id": "badge", "once": "yes"}
    old.rows[ids[2]]["state"] = "refunded"
    assert set(imported(operator, old.file(tmp_path)).values()) == {"taken"}
    assert world.approve(world.start(alice, **badge), alice).error == "already_bought"
    assert world.approve(world.start(bob, **badge), bob).status == 200


# --- What is open is adopted ----------------------------------------------------------------------


def test_open_ones_heal_and_are_delivered_once(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """Their pages are closed, or are those of Pi's kits, which send no token."""
    paid, unpaid = old.paid(), old.approved()
    assert world.incomplete(paid).status == 404
    would = operator.does("adopt", "--csv", old.file(tmp_path), "--dry-run")
    assert [(row["payment_id"], row["state"]) for row in would] == [
        (paid, "open"),
        (unpaid, "open"),
    ]
    assert world.all_payments() == []
    for _ in range(2):
        operator.does("adopt", "--csv", old.file(tmp_path), "--yes")
        world.work()
    world.until_proven()
    world.rounds(8)
    assert [world.record(one).state for one in (paid, unpaid)] == ["completed", "cancelled"]
    assert world.events(paid) == ["PaymentCompleted"]
    assert world.record(paid).story[0].why == "adopted"


def test_open_is_read_as_import_reads_it(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """Tables in SQL often have capitals. What `import` calls open would stay open for ever."""
    payment_id = old.paid()
    old.rows[payment_id]["state"] = "OPEN"
    assert imported(operator, old.file(tmp_path), status=3) == {payment_id: "not_finished"}
    operator.does("adopt", "--csv", old.file(tmp_path), "--yes")
    world.rounds(2)
    assert world.events(payment_id) == ["PaymentCompleted"]


def test_promise_4_what_the_file_calls_open_and_delivered_is_not_adopted(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """A table of what became of payments has a row for each change."""
    payment_id = old.delivered()
    delivered = dict(old.rows[payment_id])
    old.rows[payment_id]["state"] = "open"
    file = old.file(tmp_path, delivered)
    imported(operator, file, status=3)
    assert "stands in it twice" in operator.is_refused("adopt", "--csv", file, "--yes")
    world.rounds(2)
    assert world.all_payments() == []
    assert world.events(payment_id) == []


def test_what_cannot_be_adopted(operator: Operator, world: World, old: OldBackEnd) -> None:
    ids = [old.completed(), old.cancelled(), old.started(), "nothing"]
    foreign = old.approved(direction="app_to_user")
    told = operator.does("adopt", *ids, foreign, "--yes", status=3)
    codes = [row["why"].rpartition("(")[2].rstrip(")") for row in told]
    assert codes == [
        *("already_completed", "payment_cancelled", "not_approved", "not_at_pi"),
        "differs_at_pi",
    ]
    assert world.all_payments() == []


def test_one_that_is_known_is_adopted_by_nobody(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    payment_id = old.delivered()
    imported(operator, old.file(tmp_path))
    before = world.record(payment_id)
    [told] = operator.does("adopt", payment_id, "--yes")
    assert (told["outcome"], world.record(payment_id)) == ("adopted", before)


def test_what_the_book_comes_by_first_is_known(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """It reads a day back, and asks Pi: so import before the first payment comes here."""
    payment_id = old.completed()
    world.settled_payment()
    assert imported(operator, old.file(tmp_path)) == {payment_id: "known"}
    world.rounds()
    assert (world.record(payment_id).state, world.events(payment_id)) == ("completed", [])


# --- The whole move -------------------------------------------------------------------------------


def test_an_app_moves_here(
    operator: Operator, world: World, old: OldBackEnd, tmp_path: Path
) -> None:
    """Promises 3 and 4: import, then the page's new address, then what was finished or left open in
    between. Nothing is stuck, and nothing is delivered twice."""
    kinds: list[Callable[[], str]] = [
        *(old.completed, old.refunded, old.cancelled, old.delivered, old.paid, old.approved)
    ]
    ids = {kind.__name__: kind() for kind in kinds}
    imported(operator, old.file(tmp_path, {"payment_id": "?", "state": "?"}), status=3)
    late, ids["between"] = old.completed(), old.paid()
    world.rounds()

    imported(operator, old.file(tmp_path), status=3)
    operator.does("adopt", "--csv", old.file(tmp_path), "--yes")
    world.rounds(16)

    records: dict[str, PaymentRecord] = {name: world.record(one) for name, one in ids.items()}
    assert {name: record.state for name, record in records.items()} == {
        **dict.fromkeys(("completed", "refunded", "delivered", "paid", "between"), "completed"),
        **dict.fromkeys(("cancelled", "approved"), PaymentState.CANCELLED),
    }
    assert all(record.due_at is None for record in records.values())
    told = {name: world.events(one) for name, one in ids.items()}
    assert told == {
        **{name: [] for name in ("completed", "refunded", "cancelled", "delivered")},
        **{name: ["PaymentCompleted"] for name in ("paid", "between")},
        "approved": ["PaymentCancelled"],
    }
    assert world.events(late) == []
    assert all(world.at_pi(one).developer_completed for one in (ids["delivered"], ids["paid"]))
