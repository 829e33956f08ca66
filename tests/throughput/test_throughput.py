"""The bounds of docs/throughput.md, in simulated time: they do not depend on this machine."""

import pytest

from tests.throughput.__main__ import rows
from tests.throughput.scenes import outage_is_over, payouts_in_a_row, pi_hangs, users_leave


def test_ten_thousand_stuck_payments_would_drain_within_two_sweeps() -> None:
    """A fifth of them, on the default stack, in less than a fifth of that."""
    drained = outage_is_over("small", 2_500)

    assert len(drained.sweep_seconds) == 1
    assert drained.seconds < 600 / 4
    assert drained.per_second >= 25
    assert drained.woken[0] / drained.sweep_seconds[0] >= 1000
    assert drained.idle / drained.messages < 0.05


def test_workers_add_up() -> None:
    few, many = outage_is_over("small", 1000), outage_is_over("medium", 1000)

    assert many.seconds < few.seconds / 3
    assert many.idle / many.messages < 0.05


def test_users_who_leave_are_kept_up_with() -> None:
    """A hundred per second, with the workers of `prod`."""
    left = users_leave("medium", 500)

    assert left.messages / left.payments < 3.2
    assert left.per_second * left.workers >= 100


def test_a_pi_that_hangs_costs_each_payment_little() -> None:
    hung = pi_hangs("small", 300)

    assert hung.messages >= 300
    assert hung.worker_seconds / hung.messages < 0.5


def test_one_payout_for_each_ledger() -> None:
    """With 250 ms for each call: 17 000 a day."""
    seconds, calls = payouts_in_a_row(12)

    assert seconds == pytest.approx(5, rel=0.02)
    assert calls == 12


def test_the_table_is_printed() -> None:
    printed = "\n".join(rows(most=20))

    assert "Capacity=medium" in printed
    assert printed.count("\n  ") == 16
