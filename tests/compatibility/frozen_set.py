"""What is frozen, as the tests go through it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.compatibility import readers_2026_11 as readers

FROZEN = Path(__file__).parent / "frozen"
TABLES = {
    "payments": "PaymentsTable",
    "payouts": "PayoutsTable",
    "rewards": "RewardsTable",
    "products": "ProductsTable",
}


@dataclass(frozen=True, slots=True)
class FrozenItem:
    """`kind` of a record, or the beginning of the key of what lies beside them."""

    name: str
    table: str
    kind: str
    wire: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.table}: {self.name}"

    @property
    def key(self) -> str:
        return str(self.wire[readers.KEYS[self.table]]["S"])


@cache
def frozen(name: str) -> dict[str, Any]:
    """All of this name: of the first set, and of each that was added since, in a folder of its
    own."""
    found: dict[str, Any] = {}
    for file in sorted(FROZEN.rglob(f"{name}.json")):
        added = json.loads(file.read_text())
        folder = file.parent.relative_to(FROZEN)
        found |= {key if file.parent == FROZEN else f"{folder}, {key}": added[key] for key in added}
    return found


def items() -> list[FrozenItem]:
    found = []
    for file, table in TABLES.items():
        for name, wire in frozen(file).items():
            prefix = readers.kind_of(table, wire)
            kind = readers.KINDS.get(table, {}).get(prefix, prefix)
            found.append(FrozenItem(name, table, kind, wire))
    return found
