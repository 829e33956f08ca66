"""Another back end of the same app, which keeps its payments in a table of its own: what it has
done at Pi, and the file that its owner exports."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.payments.past import COLUMNS
from tests.world import User, World

HOUR = 3600


@dataclass
class OldBackEnd:
    """`rows` by payment id, in the columns that `pi-bundle import` reads."""

    world: World
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def started(self, user: User | None = None, **order: Any) -> str:
        """It was opened, and the old back end has not approved it yet."""
        user = user or self.world.user()
        payment_id = self.world.start(user, **order)
        self._row(payment_id, "open", closed_at="")
        self.rows[payment_id]["uid"] = user.uid
        return payment_id

    def approved(self, user: User | None = None, **order: Any) -> str:
        payment_id = self.started(user, **order)
        self.world.at_pi(payment_id).approve()
        return payment_id

    def paid(self, user: User | None = None, **order: Any) -> str:
        """Approved and paid, and not completed."""
        payment_id = self.approved(user, **order)
        self.rows[payment_id]["txid"] = self.world.pay(payment_id)
        return payment_id

    def delivered(self, user: User | None = None, **order: Any) -> str:
        """Paid and handed out; the completion at Pi has failed, as with Pi's demo."""
        payment_id = self.paid(user, **order)
        self._row(payment_id, "completed")
        return payment_id

    def completed(self, user: User | None = None, **order: Any) -> str:
        payment_id = self.delivered(user, **order)
        self.world.at_pi(payment_id).complete(self.rows[payment_id]["txid"], None)
        return payment_id

    def refunded(self, user: User | None = None) -> str:
        payment_id = self.completed(user)
        self._row(payment_id, "refunded")
        return payment_id

    def cancelled(self, user: User | None = None) -> str:
        payment_id = self.approved(user)
        self.world.pi.user_cancel(payment_id)
        self._row(payment_id, "cancelled")
        return payment_id

    def _row(self, payment_id: str, state: str, **given: Any) -> None:
        payment = self.world.at_pi(payment_id)
        standing = self.rows.setdefault(payment_id, {"payment_id": payment_id})
        standing |= {"state": state, "closed_at": f"{self.world.now:%Y-%m-%dT%H:%M:%SZ}"}
        standing |= {"product_id": "apple_pie_1", "amount": str(payment.amount), **given}

    def file(self, folder: Path, *more: dict[str, Any]) -> Path:
        """What it exports; `more` are rows that were edited by hand."""
        path = folder / "payments.csv"
        with path.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, COLUMNS)
            writer.writeheader()
            writer.writerows([*self.rows.values(), *more])
        return path
