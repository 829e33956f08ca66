"""What no user can do: the weather at Pi and on the chain, the clock, the operator's hand.

The clock is one: Pi's, the chain's and the functions' move together, and never back.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import requests

from local.emulator.pi import APP_ID
from local.stage.feed import Feed
from local.stage.lines import STAGE, Line
from local.stage.snapshot import Sources

HOUR_SECONDS = 3600
STEP_SECONDS = 900
LOOK_EVERY_SECONDS = 0.1
MOST_SWEEPS = 10
TIMEOUT_SECONDS = 30.0

# These functions remember what the chain told them, and would not believe one that begins anew.
COLD_STARTED_AT_RESET = ("SendPayout", "Settle")
# Of the bundle, by its output, and the table's key. The products stay.
EMPTIED = {
    "PaymentsTableName": "payment_id",
    "PayoutsTableName": "payout_id",
    "RewardsTableName": "id",
}


@dataclass(frozen=True, slots=True)
class Switch:
    """In words: on the button, and what it does."""

    title: str
    means: str


# By their name in the emulator's weather.
SWITCHES = {
    "pi_down": Switch("Pi is down", "Pi answers every call with 503."),
    "answers_lost": Switch(
        "Answers get lost", "Each POST takes effect, and its answer never arrives."
    ),
    "links_forgotten": Switch(
        "Pi forgets the transaction", "Pi does not link the payment to the user's transaction."
    ),
    "chain_lags": Switch(
        "The chain lags", "By a minute. It matters only if Pi forgets the transaction."
    ),
}


class NothingToRefundError(RuntimeError):
    """No purchase is completed, or each went back already."""


@dataclass
class Director:
    """`settings` are the emulator's, put anew after each reset."""

    sources: Sources
    feed: Feed
    settings: Mapping[str, Any] = field(default_factory=dict)
    ahead: float = 0

    def switch(self, name: str, *, on: bool) -> None:
        """`name` is one of SWITCHES."""
        title = SWITCHES[name].title
        self.sources.emulator.control("PUT" if on else "DELETE", f"/weather/{name}")
        self._note(f"{title}." if on else f"{title}: no longer.")

    def an_hour_later(self) -> int:
        """A quarter at a time, each with its sweeps: how much unfinished work they found."""
        self._note("An hour passes, and the sweep looks for what is unfinished.")
        found, left = 0, HOUR_SECONDS
        while left:
            step = STEP_SECONDS if self._is_anything_due_within(left) else left
            self._move_clock(step)
            found += self.sweep()
            left -= step
        return found

    def _move_clock(self, seconds: int) -> None:
        self.ahead += seconds
        self.sources.stack.cloud.set_clock(ahead=self.ahead)
        self.sources.emulator.control("POST", "/clock", {"advance_s": seconds})
        self.feed.tell("ahead", self.ahead, lasts=False)

    def _is_anything_due_within(self, seconds: int) -> bool:
        until = time.time() + self.ahead + seconds
        return any(record.get("due_at", until) < until for record in self.sources.records())

    def sweep(self) -> int:
        """Until nothing is due: what was found is done, or waits for another time."""
        found = 0
        for _ in range(MOST_SWEEPS):
            woken = self.sources.stack.sweep()
            if not woken:
                break
            found += woken
            self._wait_for_workers()
        return found

    def _wait_for_workers(self) -> None:
        """Until each wake-up was handled, and each event; not for ever."""
        stack, consumer = self.sources.stack, self.sources.consumer
        queues = ((stack, "WakeUps"), (stack, "Payouts"), (consumer, "Queue"))
        give_up = time.monotonic() + TIMEOUT_SECONDS
        while any(of.has_waiting(queue) for of, queue in queues) and time.monotonic() < give_up:
            time.sleep(LOOK_EVERY_SECONDS)

    def refund(self) -> str:
        """The operator gives the price of the last purchase back, and asks for it twice, as after a
        lost answer; the payout's id. Raises NothingToRefundError."""
        payments = self.sources.payments().values()
        refundable = [record for record in payments if _is_refundable(record)]
        if not refundable:
            raise NothingToRefundError
        last = max(refundable, key=lambda record: int(record["created_at"]))
        payment_id = str(last["payment_id"])
        refund = {"payout_id": f"refund-{payment_id}", "refund_of": payment_id}
        self._note("The operator gives the price of the last purchase back.")
        self._ask_for_payout(refund)
        self._note("The operator asks once more, with the same payout_id.")
        self._ask_for_payout(refund)
        return refund["payout_id"]

    def _ask_for_payout(self, body: Mapping[str, str]) -> None:
        answer = requests.post(
            f"{self.sources.stack.api_url}/payouts",
            json=body,
            auth=self.sources.stack.cloud.signed,
            timeout=TIMEOUT_SECONDS,
        )
        self._note(f"POST /payouts → {answer.status_code}, {answer.json().get('state', 'refused')}")
        answer.raise_for_status()

    def cancel_at_pi(self) -> None:
        """Pi calls the last payment cancelled, though it is paid, as has been seen in the field."""
        last = self.sources.emulator.control("GET", "/state")["payments"][-1]
        self._note("Pi calls the payment cancelled. It is paid.")
        self.sources.emulator.control(
            "PATCH", f"/payments/{last['identifier']}", {"status": {"cancelled": True}}
        )

    def reset(self) -> None:
        """Pi, the chain and all tables but the products' are empty; the clock goes on."""
        emulator, stack = self.sources.emulator, self.sources.stack
        emulator.control("DELETE", "/faults")
        # A function that is ended in the middle of its work holds up its queue for a minute.
        self._wait_for_workers()
        emulator.control("POST", "/reset")
        # The stack's key may be another by now: docs/laptop.md shows how.
        emulator.control("PATCH", f"/apps/{APP_ID}", {"key": stack.server_key()})
        emulator.control("POST", "/clock", {"advance_s": self.ahead})
        emulator.control("PATCH", "/settings", dict(self.settings))
        for function in COLD_STARTED_AT_RESET:
            stack.cold_start(function)
        for output, key in EMPTIED.items():
            self._empty(stack.outputs[output], key)
        self._empty(self.sources.consumer.outputs["GoodsTableName"], "id")

    def _empty(self, table: str, key: str) -> None:
        for name in self.sources.items(table, key):
            self.sources.stack.cloud.dynamodb.delete_item(TableName=table, Key={key: {"S": name}})

    def _note(self, text: str) -> None:
        """A line across all lanes."""
        self.feed.tell("line", asdict(Line(STAGE, text, (time.time() + self.ahead) * 1000)))


def _is_refundable(record: Mapping[str, Any]) -> bool:
    is_paid = record["state"] == "completed" or record.get("attention") == "cancelled_but_paid"
    return is_paid and not record.get("refunded")
