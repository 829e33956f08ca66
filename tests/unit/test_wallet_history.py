"""What a wallet has paid, read once: all of it, without a gap, or nothing is concluded.

Promise 4: what is taken for absent is paid.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from local.emulator.address import address_of
from shared.adapters import horizon, wallet_history
from shared.adapters.horizon import Horizon
from shared.adapters.wallet_history import WalletHistory
from shared.domain.chain import ChainPayment
from shared.domain.errors import ChainUnavailable
from tests.unit.pi_in_process import PiInProcess

US, STRANGER = address_of("user:us"), address_of("user:stranger")


@pytest.fixture(autouse=True)
def _two_at_a_time(monkeypatch: pytest.MonkeyPatch, pi: PiInProcess) -> None:
    monkeypatch.setattr(horizon, "PAGE", 2)
    monkeypatch.setattr(wallet_history, "MOST_PAGES", 5)
    for name in ("us", "stranger"):
        pi.state.registry.sign_in(name)


def pay(pi: PiInProcess, number: int = 1, source: str = US) -> list[str]:
    """Newest first."""
    destination = STRANGER if source == US else US
    orders = [
        pi.state.transfer(source=source, destination=destination, amount=1, memo=None).txid
        for _ in range(number)
    ]
    return orders[::-1]


def since(
    pi: PiInProcess, history: WalletHistory, moment: datetime, dead_since: datetime | None = None
) -> list[str]:
    payments = history.since(pi.horizon(), moment, pi.state.now(), dead_since)
    return [payment.txid for payment in payments]


def in_the_end(pi: PiInProcess, history: WalletHistory, moment: datetime) -> list[str]:
    for _ in range(5):
        with suppress(ChainUnavailable):
            return since(pi, history, moment)
    raise AssertionError("it never came to the end")


def pages(pi: PiInProcess) -> int:
    return sum("/payments" in call for call in pi.calls)


def test_it_is_what_the_wallet_sent_newest_first(pi: PiInProcess) -> None:
    start, history = pi.state.now(), WalletHistory(US)
    first = pay(pi, 2)
    pay(pi, 2, source=STRANGER)
    last = pay(pi)
    assert since(pi, history, start) == last + first


def test_only_what_is_new_is_read_again(pi: PiInProcess) -> None:
    pay(pi, 1)
    pi.state.advance(3600)
    start, history = pi.state.now(), WalletHistory(US)
    old = pay(pi, 7)
    assert since(pi, history, start) == old
    before = pages(pi)
    new = pay(pi, 1)
    assert since(pi, history, start) == new + old
    assert pages(pi) == before + 1
    assert since(pi, history, start) == new + old
    assert pages(pi) == before + 2


def test_what_is_older_is_read_when_it_is_asked_for(pi: PiInProcess) -> None:
    start, history = pi.state.now(), WalletHistory(US)
    old = pay(pi, 4)
    pi.state.advance(3600)
    new = pay(pi, 2)
    pi.state.advance(60)
    assert since(pi, history, pi.state.now() - timedelta(seconds=600)) == new
    assert since(pi, history, start) == new + old


@pytest.mark.parametrize("more", [0, 3])
def test_more_than_one_call_reads_is_not_certain_and_goes_on(pi: PiInProcess, more: int) -> None:
    start, history = pi.state.now(), WalletHistory(US)
    sent = pay(pi, 24)
    for _ in range(2):
        with pytest.raises(ChainUnavailable):
            since(pi, history, start)
        sent = pay(pi, more) + sent
    assert in_the_end(pi, history, start) == sent


def test_more_news_than_one_call_reads_leave_no_gap(pi: PiInProcess) -> None:
    start, history = pi.state.now(), WalletHistory(US)
    old = pay(pi, 3)
    assert since(pi, history, start) == old
    new = pay(pi, 15)
    with pytest.raises(ChainUnavailable):
        since(pi, history, start)
    assert in_the_end(pi, history, start) == new + old


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_a_page_that_cannot_be_read_leaves_no_gap(
    pi: PiInProcess, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    start, history = pi.state.now(), WalletHistory(US)
    old = pay(pi, 3)
    assert since(pi, history, start) == old
    new = pay(pi, 6)
    read, number = Horizon.payments, count(1)

    def fails_once(chain: Horizon, wallet: str, before: int | None) -> list[ChainPayment]:
        if next(number) == failing:
            raise ChainUnavailable
        return read(chain, wallet, before)

    monkeypatch.setattr(Horizon, "payments", fails_once)
    with pytest.raises(ChainUnavailable):
        since(pi, history, start)
    assert in_the_end(pi, history, start) == new + old


def test_another_chain_is_not_joined_to_what_is_known(pi: PiInProcess) -> None:
    """A testnet that began anew; or a node that is behind, so it is not believed at once."""
    start, history = pi.state.now(), WalletHistory(US)
    pay(pi, 3)
    assert len(since(pi, history, start)) == 3
    pi.state.reset()
    for name in ("us", "stranger"):
        pi.state.registry.sign_in(name)
    with pytest.raises(ChainUnavailable):
        since(pi, history, start)
    assert since(pi, history, start) == []
    new = pay(pi, 2)
    assert since(pi, history, start) == new


def test_a_history_that_horizon_has_dropped_is_no_beginning(pi: PiInProcess) -> None:
    history = WalletHistory(US)
    sent = pay(pi, 1)
    assert since(pi, history, pi.state.now()) == sent
    before_all = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(ChainUnavailable):
        since(pi, history, before_all)


def test_a_chain_that_is_behind_proves_nothing(pi: PiInProcess) -> None:
    start, history = pi.state.now(), WalletHistory(US)
    pi.state.advance(600)
    sent = pay(pi, 3)
    pi.state.settings.ledger_lag_s = 300
    with pytest.raises(ChainUnavailable):
        since(pi, history, start)
    pi.state.settings.ledger_lag_s = 0
    assert since(pi, history, start) == sent
    pi.state.settings.ledger_lag_s = 300
    with pytest.raises(ChainUnavailable):
        since(pi, history, start)
    pi.state.settings.ledger_lag_s = 0
    assert since(pi, history, start) == sent


@pytest.mark.parametrize(("lag", "certain"), [(0, True), (60, True), (200, False)])
def test_nothing_can_come_after_a_moment_that_the_chain_has_passed(
    pi: PiInProcess, lag: int, certain: bool
) -> None:
    start, history = pi.state.now(), WalletHistory(US)
    sent = pay(pi, 1)
    pi.state.advance(300)
    pi.state.settings.ledger_lag_s = lag
    dead_since = start + timedelta(seconds=150)
    if certain:
        assert since(pi, history, start, dead_since) == sent
    else:
        with pytest.raises(ChainUnavailable):
            since(pi, history, start, dead_since)


def test_a_wallet_that_the_chain_does_not_know_proves_nothing(pi: PiInProcess) -> None:
    history = WalletHistory(address_of("nobody"))
    with pytest.raises(ChainUnavailable):
        since(pi, history, pi.state.now())
