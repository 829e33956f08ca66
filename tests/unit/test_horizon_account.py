"""An account as the chain shows it: what it can pay, and whether it is there at all."""

from typing import Any

import pytest

from local.emulator.chain import MINIMUM_STROOPS
from shared.base.errors import ChainUnavailable
from tests.unit.pi_in_process import PiInProcess

SOUND: dict[str, Any] = {
    "sequence": "7",
    "balances": [
        {"asset_type": "credit_alphanum4", "balance": "500.0000000"},
        {"asset_type": "native", "balance": "12.5000000", "selling_liabilities": "2.0000000"},
    ],
    "subentry_count": 3,
    "num_sponsoring": 2,
    "num_sponsored": 1,
}


def shows(pi: PiInProcess, body: object, status: int = 200) -> None:
    pi.fault(status=status, body=body, times=None)


def test_what_is_free_is_native_and_unclaimed(pi: PiInProcess) -> None:
    shows(pi, SOUND)
    account = pi.horizon().account("GWALLET")
    assert account is not None
    assert (account.sequence, account.free, account.reserves) == (7, 105_000_000, 2 + 3 + 2 - 1)


def test_a_reserve_is_what_the_latest_ledger_says(pi: PiInProcess) -> None:
    assert pi.horizon().base_reserve() == MINIMUM_STROOPS // 2


def test_an_account_that_is_not_there(pi: PiInProcess) -> None:
    kind = "https://stellar.org/horizon-errors/not_found"
    shows(pi, {"type": kind, "title": "Resource Missing", "status": 404}, status=404)
    assert pi.horizon().account("GWALLET") is None


@pytest.mark.parametrize("body", [{}, "<html>Not Found</html>", {"error": "no such page"}], ids=str)
def test_a_404_of_somebody_else_is_no_answer(pi: PiInProcess, body: object) -> None:
    """A proxy's, say: nobody's payment is cancelled for that."""
    shows(pi, body, status=404)
    with pytest.raises(ChainUnavailable):
        pi.horizon().account("GWALLET")


@pytest.mark.parametrize(
    "odd",
    [
        {"balances": None},
        {"balances": "12.5"},
        {"balances": [{"asset_type": "native", "balance": "much"}]},
        {"balances": [{"asset_type": "native", "balance": 12}]},
        {"sequence": None},
        {"sequence": "-1"},
    ],
    ids=str,
)
def test_what_is_not_plainly_said_is_not_believed(pi: PiInProcess, odd: dict[str, Any]) -> None:
    shows(pi, SOUND | odd)
    with pytest.raises(ChainUnavailable):
        pi.horizon().account("GWALLET")
