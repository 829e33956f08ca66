"""The search that decides whether a payment was ever made: found, surely absent, or unknown.

Promise 3: only a sure absence lets anybody cancel, so everything doubtful must be unknown.
"""

from datetime import timedelta
from typing import Any

import pytest

from local.emulator.address import address_of
from shared.adapters import horizon
from shared.adapters.context import within
from shared.domain.chain import Search, Wanted
from shared.domain.pi import PaymentDto
from tests.unit.pi_in_process import PiInProcess

IN_TIME = timedelta(0)
STRANGER = address_of("stranger")
ABSENT = Search(txid=None, conclusive=True)
UNKNOWN = Search(txid=None, conclusive=False)


def search(pi: PiInProcess, identifier: str, our_clock: timedelta = IN_TIME) -> Search:
    """Search for a payment as we would; `our_clock` is how much ours is ahead."""
    seen = PaymentDto.read(pi.state.payment(identifier).dto())
    wanted = Wanted.by(seen)
    assert wanted is not None
    return pi.horizon().search(wanted, seen.created_at, pi.state.now() + our_clock)


def strangers(pi: PiInProcess, identifier: str, count: int, memo: str | None = None) -> None:
    destination = pi.state.payment(identifier).to_address
    for _ in range(count):
        pi.state.transfer(source=STRANGER, destination=destination, amount=1, memo=memo)


def hide(pi: PiInProcess, identifier: str) -> str:
    """The payment's transaction, of which Pi itself has not heard."""
    return pi.state.pay(identifier, link=False).txid


def test_a_payment_that_was_made_is_found(pi: PiInProcess) -> None:
    identifier = pi.payment()
    txid = hide(pi, identifier)
    strangers(pi, identifier, 3)
    pi.state.advance(3600)
    assert search(pi, identifier).txid == txid


def test_a_payment_that_was_never_made_is_surely_absent(pi: PiInProcess) -> None:
    identifier = pi.payment()
    strangers(pi, identifier, 3)
    pi.state.advance(3600)
    assert search(pi, identifier) == ABSENT


@pytest.mark.parametrize(
    "altered",
    [
        {"amount": 2},
        {"source": STRANGER},
        {"asset": "PI:GISSUER"},
        {"successful": False},
        {"memo": "another-payment"},
    ],
    ids=str,
)
def test_what_differs_is_not_the_payment(pi: PiInProcess, altered: dict[str, Any]) -> None:
    identifier = pi.payment()
    pi.state.pay(identifier, link=False, **altered)
    pi.state.advance(3600)
    assert search(pi, identifier) == ABSENT


def test_what_went_to_another_wallet_is_not_the_payment(pi: PiInProcess) -> None:
    identifier = pi.payment()
    pi.state.pay(identifier, link=False, destination=STRANGER)
    pi.state.advance(3600)
    assert search(pi, identifier) == ABSENT


def test_a_forged_memo_does_not_hide_the_payment(pi: PiInProcess) -> None:
    identifier = pi.payment()
    strangers(pi, identifier, 5, memo=identifier)
    txid = hide(pi, identifier)
    strangers(pi, identifier, 5, memo=identifier)
    pi.state.advance(3600)
    assert search(pi, identifier).txid == txid


def test_forged_memos_are_not_even_looked_at(pi: PiInProcess) -> None:
    """However many strangers send: what differs in wallets or amount needs no memo."""
    identifier = pi.payment()
    strangers(pi, identifier, 100, memo=identifier)
    pi.state.advance(3600)
    assert search(pi, identifier) == ABSENT
    assert len(pi.calls) == 3  # the ledger, one page, and the end


@pytest.mark.parametrize(
    ("lag", "expected"), [(0, ABSENT), (20, ABSENT), (60, UNKNOWN), (600, UNKNOWN), (3600, UNKNOWN)]
)
def test_a_chain_that_lags_proves_no_absence(pi: PiInProcess, lag: float, expected: Search) -> None:
    identifier = pi.payment()
    pi.state.advance(7200)
    pi.state.settings.ledger_lag_s = lag
    assert search(pi, identifier) == expected


def test_a_payment_behind_the_lag_is_not_taken_for_absent(pi: PiInProcess) -> None:
    identifier = pi.payment()
    pi.state.advance(3590)
    txid = hide(pi, identifier)
    pi.state.advance(10)
    pi.state.settings.ledger_lag_s = 60
    assert search(pi, identifier) == UNKNOWN
    pi.state.advance(60)
    assert search(pi, identifier) == Search(txid, conclusive=True)


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-6, UNKNOWN), (-5, ABSENT), (5, ABSENT), (6, UNKNOWN), (60, UNKNOWN)]
)
def test_our_own_clock_may_be_off_but_an_old_answer_is_not_current(
    pi: PiInProcess, minutes: int, expected: Search
) -> None:
    identifier = pi.payment()
    pi.state.advance(7200)
    assert search(pi, identifier, our_clock=timedelta(minutes=minutes)) == expected


@pytest.mark.parametrize("date", ["-", "yesterday", "2026-11-23T14:00:00Z"])
def test_a_chain_that_does_not_say_what_time_it_is_is_unknown(pi: PiInProcess, date: str) -> None:
    pi.line.date = date
    assert search(pi, pi.payment()) == UNKNOWN


def test_history_is_paged_back_to_before_the_payment(
    pi: PiInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(horizon, "PAGE", 2)
    old = pi.payment()
    strangers(pi, old, 9)  # before
    pi.state.advance(3600)
    identifier = pi.payment()
    txid = hide(pi, identifier)
    strangers(pi, identifier, 9)  # after
    pi.state.advance(60)
    assert search(pi, identifier).txid == txid
    assert search(pi, old) == ABSENT


def test_paging_stops_where_history_is_older_than_the_payment(
    pi: PiInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(horizon, "PAGE", 2)
    strangers(pi, pi.payment(), 60)
    pi.state.advance(3600)
    identifier = pi.payment()
    pi.state.advance(60)
    assert search(pi, identifier) == ABSENT
    assert len(pi.calls) == 2  # the ledger, and one page


def test_clocks_may_differ_by_five_minutes(
    pi: PiInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pi dates the payment 4 minutes after the chain dates its transaction.
    monkeypatch.setattr(horizon, "PAGE", 1)
    identifier = pi.payment()
    txid = hide(pi, identifier)
    pi.state.advance(240)
    strangers(pi, identifier, 1)
    pi.state.payment(identifier).created_at = pi.state.now()
    pi.state.advance(60)
    assert search(pi, identifier).txid == txid


@pytest.mark.parametrize(("pages", "found"), [(39, True), (41, False)])
def test_40_pages_are_searched_and_what_is_behind_them_is_unknown(
    pi: PiInProcess, monkeypatch: pytest.MonkeyPatch, pages: int, found: bool
) -> None:
    monkeypatch.setattr(horizon, "PAGE", 2)
    identifier = pi.payment()
    txid = hide(pi, identifier)
    strangers(pi, identifier, 2 * pages)
    pi.state.advance(3600)
    result = search(pi, identifier)
    assert result == (Search(txid, conclusive=True) if found else UNKNOWN)
    assert horizon.MOST_PAGES == 40


FAULTS: list[dict[str, Any]] = [
    {"status": 500, "times": None},
    {"status": 404, "body": {"title": "Resource Missing"}},
    {"status": 400, "body": {"title": "Bad Request"}},
    {"status": 429, "headers": {"Retry-After": "7200"}},
    {"status": 200, "body": "<html>", "times": None},
    {"status": 200, "body": {}},
    {"status": 200, "body": {"_embedded": {}}},
    {"status": 200, "body": {"_embedded": {"records": {}}}},
    {"status": 200, "body": {"_embedded": {"records": ["x"]}}},
    {"status": 200, "body": {"_embedded": {"records": [{}]}}},
    {"drop": "before", "times": None},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("path", ["*/ledgers", "*/accounts/*"])
def test_a_chain_that_cannot_be_read_is_unknown(
    pi: PiInProcess, path: str, fault: dict[str, Any]
) -> None:
    identifier = pi.payment()
    strangers(pi, identifier, 1)
    pi.state.advance(3600)
    pi.fault(path, **fault)
    assert search(pi, identifier) == UNKNOWN


@pytest.mark.parametrize("closed_at", [None, 7, "yesterday", "2027-01-01T00:00:00", ""])
def test_a_ledger_without_a_moment_is_unknown(pi: PiInProcess, closed_at: Any) -> None:
    identifier = pi.payment()
    records = [{"closed_at": closed_at}]
    pi.fault("*/ledgers", status=200, body={"_embedded": {"records": records}})
    assert search(pi, identifier) == UNKNOWN


def test_a_chain_without_ledgers_is_unknown(pi: PiInProcess) -> None:
    pi.fault("*/ledgers", status=200, body={"_embedded": {"records": []}})
    assert search(pi, pi.payment()) == UNKNOWN


def test_a_suspect_whose_memo_cannot_be_read_leaves_it_unknown(pi: PiInProcess) -> None:
    identifier = pi.payment()
    hide(pi, identifier)
    pi.state.advance(3600)
    pi.fault("*/transactions/*", status=500, times=None)
    assert search(pi, identifier) == UNKNOWN


def test_a_wallet_that_the_chain_does_not_know_is_unknown(pi: PiInProcess) -> None:
    # The wrong Horizon, or the wrong network: it knows nothing of us.
    identifier = pi.payment()
    pi.state.payment(identifier).to_address = address_of("nobody")
    pi.state.advance(3600)
    assert search(pi, identifier) == UNKNOWN


def test_promise_8_a_search_that_runs_out_of_time_is_unknown(pi: PiInProcess) -> None:
    identifier = pi.payment()
    pi.state.advance(3600)
    with within(4.6):
        assert search(pi, identifier) == UNKNOWN
    assert pi.calls == []
