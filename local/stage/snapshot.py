"""Everything at one moment: the bundle's tables, Pi with its chain, and what the example consumer
has handed out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from local.cloud.stack import Deployment, Stack
from local.emulator.process import PiEmulator
from shared.aws.dynamodb import decoded
from shared.base.amount import Amount

Items = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`pi` is the emulator's state, with the calls since the snapshot before; the rest are items by
    their key. A key with a `#` is no record's, but in `goods` each has one."""

    pi: Mapping[str, Any] = field(default_factory=dict)
    payments: Items = field(default_factory=dict)
    rewards: Items = field(default_factory=dict)
    payouts: Items = field(default_factory=dict)
    goods: Items = field(default_factory=dict)

    @property
    def pi_payments(self) -> Items:
        return {payment["identifier"]: payment for payment in self.pi.get("payments", ())}

    @property
    def transactions(self) -> Items:
        return {each["txid"]: each for each in self.pi.get("transactions", ())}

    @property
    def wallet(self) -> str:
        """The app's."""
        return str(self.pi["apps"][0]["wallet"]) if self.pi else ""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything is read."""

    stack: Stack
    consumer: Deployment
    emulator: PiEmulator

    def snapshot(self, before: Snapshot) -> Snapshot:
        """An effect is read before its cause, so no effect is ever seen without it: the goods, the
        records, and Pi with its chain last."""
        goods = self.items(self.consumer.outputs["GoodsTableName"], "id")
        tables = self._tables()
        return Snapshot(pi=self._pi(before), goods=goods, **tables)

    def payments(self) -> dict[str, dict[str, Any]]:
        return self._records(self.stack.outputs["PaymentsTableName"], "payment_id")

    def records(self) -> list[dict[str, Any]]:
        """Of each kind."""
        return [record for records in self._tables().values() for record in records.values()]

    def items(self, table: str, key: str) -> dict[str, dict[str, Any]]:
        pages = self.stack.cloud.dynamodb.get_paginator("scan").paginate(
            TableName=table, ConsistentRead=True
        )
        found = [decoded(item) for page in pages for item in page["Items"]]
        return {str(item[key]): item for item in found}

    def _pi(self, before: Snapshot) -> Any:
        seen = before.pi.get("calls_received", 0)
        pi = self.emulator.control("GET", f"/state?calls_from={seen}")
        if pi["calls_received"] < seen:  # the log was cleared
            pi = self.emulator.control("GET", "/state")
        return pi

    def _tables(self) -> dict[str, dict[str, dict[str, Any]]]:
        outputs = self.stack.outputs
        return {
            "payments": self.payments(),
            "rewards": self._records(outputs["RewardsTableName"], "id"),
            "payouts": self._records(outputs["PayoutsTableName"], "payout_id"),
        }

    def _records(self, table: str, key: str) -> dict[str, dict[str, Any]]:
        items = self.items(table, key)
        return {name: item for name, item in items.items() if "#" not in name and "state" in item}


def in_pi(stroops: Any) -> str:
    """`3.14`, as a person writes it."""
    return str(Amount(int(stroops)))


def plain(amount: Any) -> str:
    """As Pi and the chain write it, without the zeros at its end."""
    return in_pi(Decimal(str(amount)) * 10_000_000)
