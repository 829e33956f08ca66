"""What the console's first page shows: today's money, and what is open, stuck, or waits for you."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from local.command.deployed import Deployed
from local.command.read.attention import attention, unfinished
from local.command.read.dead_letters import DEAD_LETTERS, waiting
from local.command.read.months import today
from local.command.tell import Row
from shared.base.amount import ZERO, Amount
from shared.base.errors import BundleError
from shared.payouts.record import PayoutRecord
from shared.proof.prove import Side
from shared.proof.record import Settled

MONEY_SECONDS = 30.0  # today's rows are read again after so long
MOST_PAYOUTS = 500  # of today are looked at one by one, to tell refunds from prizes
STUCK_SECONDS = 3600

Found = TypeVar("Found")


@dataclass(slots=True)
class Overview:
    """The stack's state, as `look` finds it. What cannot be asked is told as a sentence."""

    stack: Deployed
    _money: Row = field(default_factory=dict)
    _money_until: float = 0.0

    def look(self) -> Row:
        parts: dict[str, Callable[[], Any]] = {
            "money": self._money_of_today,
            "open": self._open,
            "attention": lambda: attention(self.stack),
            "switches": self._switches,
            "queues": self._queues,
            "alarms": self.stack.ringing,
            "books": lambda: list(_books(self.stack)),
        }
        return {name: _told(part) for name, part in parts.items()}

    def _money_of_today(self) -> Row:
        if monotonic() >= self._money_until:
            self._money, self._money_until = _money(self.stack), monotonic() + MONEY_SECONDS
        return self._money

    def _open(self) -> list[Row]:
        now = self.stack.app.clock()
        return [_counted(self.stack, what, now) for what in self.stack.app.unfinished]

    def _switches(self) -> Row:
        app = self.stack.app
        return {"paused_since": app.sales.paused_since(), "payouts_on": app.switch.is_on()}

    def _queues(self) -> list[Row]:
        app = self.stack.app
        alive = (("the worker's", app.wake_ups), ("the sender's", app.payout_queue))
        return [
            *({"queue": name, "waiting": queue.waiting()} for name, queue in alive),
            *(
                {"queue": f"dead letters: {name}", "waiting": waiting(self.stack, name)}
                for name in DEAD_LETTERS
                if name != "webhook" or self.stack.parameters.get("WebhookUrl")
            ),
        ]


def _told(part: Callable[[], Found]) -> Found | str:
    try:
        return part()
    except BundleError as error:
        return error.message
    except ClientError as error:
        return f"AWS: {error.response['Error']['Code']}"
    except BotoCoreError as error:
        return f"AWS: {type(error).__name__}"


def _money(stack: Deployed) -> Row:
    """Of today, by UTC; amounts in Pi. `refunded` is None where there are too many to look at."""
    app, day = stack.app, today(stack.app).isoformat()
    completed = _settled(app.prove_wallet.payments, day)
    paid_out = _settled(app.prove_wallet.payouts, day)
    refunded: str | None = None
    if len(paid_out) <= MOST_PAYOUTS:
        records = [app.payouts.get(row.subject) for row in paid_out]
        refunded = _sum(one for one in records if one is not None and one.refund_of)
    return {
        "day": day,
        "payments": len(completed),
        "completed": _sum(completed),
        "payouts": len(paid_out),
        "paid_out": _sum(paid_out),
        "refunded": refunded,
    }


def _settled(side: Side, day: str) -> list[Settled]:
    return [row for row in side.days.settled(day) if isinstance(row, Settled)]


def _sum(records: Any) -> str:
    amounts: Iterator[Settled | PayoutRecord] = iter(records)
    return str(Amount(sum((record.amount.stroops for record in amounts), ZERO.stroops)))


def _counted(stack: Deployed, what: str, now: int) -> Row:
    rows = list(unfinished(stack.app, what))
    ages = [now - row.created_at for row in rows if row.created_at and not row.needs_review]
    return {
        "what": f"{what}s",
        "open": len(rows),
        "stuck": sum(age >= STUCK_SECONDS for age in ages),
        "need you": sum(row.needs_review is not None for row in rows),
        "oldest_since": now - max(ages) if ages else None,
    }


def _books(stack: Deployed) -> Iterator[Row]:
    proof = stack.app.prove_wallet
    for name, side in (("payments", proof.payments), ("payouts", proof.payouts)):
        for wallet in side.days.wallets():
            if (book := side.books.get(wallet)) is not None:
                read = {"read_until_at": book.until, "in doubt": len(book.doubts)}
                yield {"wallet": wallet, "notes": name, **read}
