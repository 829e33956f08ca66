"""The names of the metrics that the code sends, read from its source."""

import re

from local.processes import ROOT
from shared.base.observability import OUTAGES

# What an f-string stands for: f"{kind.name}sStuck", count(f"Payment{...}").
KINDS = ("Payment", "Payout")
CLOSING = {"PaymentCompleted", "PaymentCancelled"}


def sent() -> set[str]:
    return _named("count") | levels() | CLOSING | set(OUTAGES.values())


def levels() -> set[str]:
    """Those that each sweep sends anew."""
    of_each = re.findall(r'\bf"(\w*)\{kind\.name\}(\w*)": \(of_kind', _source())
    return _named("gauge") | {
        f"{before}{kind}{after}" for before, after in of_each for kind in KINDS
    }


def _named(call: str) -> set[str]:
    return set(re.findall(rf'\b{call}\(\s*"(\w+)"', _source()))


def _source() -> str:
    return "".join(file.read_text() for file in (ROOT / "shared").rglob("*.py"))
