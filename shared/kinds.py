"""The kinds of unfinished work: in which table each lies, who is woken for it, and for how much of
it at a time. See docs/throughput.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from shared.aws.dynamodb import DUE_SHARDS
from shared.aws.table import Table
from shared.base.frozen import frozen
from shared.book.store import wallet_of
from shared.work.due_index import DueIndex
from shared.work.ordered import OrderedWakeUp, OrderedWakeUps
from shared.work.sweep import DueWork
from shared.work.wake_ups import WakeUp, WakeUps, Work

# What a worker surely does before it would be woken for the same once more, four minutes later by
# default: it takes ten at once, and 2 s at Pi for each.
WAKE_UPS_OF_A_WORKER = 1000
PAYOUTS_IN_A_SHARE = 125  # many only wait for something, and cost one read
PAYOUTS_OF_A_SWEEP = 60  # are sent until the next one, at one for each ledger of 5 s


@frozen
class Workers:
    """So many of them, and their queue."""

    number: int
    wake_ups: WakeUps[WakeUp]

    def payments(self, table: Table) -> DueWork:
        """The wallets' books lie among them."""
        return self._kind("Payment", table, _about_payment, is_payment=True)

    def rewards(self, table: Table) -> DueWork:
        return self._kind("Reward", table, partial(WakeUp, Work.REWARD))

    def notifications(self, table: Table) -> DueWork:
        return self._kind("Notification", table, partial(WakeUp, Work.NOTIFICATION))

    def _kind(
        self, name: str, table: Table, about: Callable[[str], WakeUp], *, is_payment: bool = False
    ) -> DueWork:
        def wake(due: Sequence[tuple[str, int]]) -> int:
            return self.wake_ups.send_each([about(key) for key, _ in due])

        soon = WAKE_UPS_OF_A_WORKER * self.number
        return DueWork(
            name=name,
            index=DueIndex(table),
            wake=wake,
            waiting=self.wake_ups.waiting,
            crowd=soon // 2,
            share=soon // DUE_SHARDS,
            counted=is_payment,
            go_on=lambda rest: self.wake_ups.send(WakeUp(Work.SWEEP, rest)),
            may_rest=is_payment,
        )


def _about_payment(key: str) -> WakeUp:
    wallet = wallet_of(key)
    return WakeUp(Work.PAYMENT, key) if wallet is None else WakeUp(Work.BOOK, wallet)


def payouts(table: Table, queue: OrderedWakeUps) -> DueWork:
    def wake(due: Sequence[tuple[str, int]]) -> int:
        return queue.send_each([OrderedWakeUp(*each) for each in due])

    return DueWork(
        name="Payout",
        index=DueIndex(table),
        wake=wake,
        waiting=queue.waiting,
        crowd=PAYOUTS_OF_A_SWEEP,
        share=PAYOUTS_IN_A_SHARE,
        counted=True,
    )
