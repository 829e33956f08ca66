"""`python -m tests.throughput` prints what docs/throughput.md shows; PAYMENTS= bounds the largest
outage that is played; each payment takes some 3 ms of this machine.
"""

import os
from collections.abc import Iterator

from local.progress import say
from shared.base.observability import logger
from tests.throughput.scenes import outage_is_over, payouts_in_a_row, pi_hangs, users_leave

OUTAGES = (("small", 10_000), ("medium", 100_000))


def main(most: int) -> None:
    logger._logger.disabled = True
    for line in rows(most):
        say(line)


def rows(most: int) -> Iterator[str]:
    for capacity, payments in OUTAGES:
        yield f"\n{min(payments, most)} stuck payments, Capacity={capacity}"
        drained = outage_is_over(capacity, min(payments, most))
        sweeps = len(drained.sweep_seconds)
        yield _row("sweeps until all are delivered", f"{sweeps}")
        yield _row("minutes until all are delivered", f"{drained.seconds / 60:.1f}")
        rate = drained.woken[0] / drained.sweep_seconds[0]
        yield _row("rows woken per second by the first sweep", f"{rate:.0f}")
        yield _row("payments settled per second by a worker", f"{drained.per_second:.1f}")
        yield _row("messages about finished work", f"{100 * drained.idle / drained.messages:.1f} %")
    left = users_leave("medium", min(2000, most))
    yield "\nPayments that are opened and dropped, Capacity=medium"
    yield _row("wake-ups per payment", f"{left.messages / left.payments:.1f}")
    yield _row("payments per second that it keeps up with", f"{left.per_second * left.workers:.0f}")
    down = pi_hangs("small", min(1000, most))
    yield "\nPi hangs, Capacity=small"
    yield _row("worker seconds per payment", f"{down.worker_seconds / down.messages:.2f}")
    seconds, calls = payouts_in_a_row(min(30, most))
    yield "\nPayouts, 250 ms per call, a ledger every 5 s"
    yield _row("seconds per payout", f"{seconds:.2f}")
    yield _row("calls to Pi and the chain per payout", f"{calls}")
    yield _row("payouts per day", f"{24 * 3600 / seconds:.0f}")


def _row(what: str, value: str) -> str:
    return f"  {what:44}{value:>10}"


if __name__ == "__main__":
    main(int(os.environ.get("PAYMENTS") or 100_000))
