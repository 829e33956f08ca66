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
    """Those that say how things stand."""
    return steady_levels() | _of_kinds(", ")


def steady_levels() -> set[str]:
    """Those that are sent anew also when there is nothing: silence says that nobody looked."""
    return _named("gauge") | _of_kinds(r": \(")


def _of_kinds(before_its_value: str) -> set[str]:
    names = re.findall(rf'\bf"(\w*)\{{kind\.name\}}(\w*)"{before_its_value}of_kind', _source())
    return {f"{before}{kind}{after}" for before, after in names for kind in KINDS}


def _named(call: str) -> set[str]:
    return set(re.findall(rf'\b{call}\(\s*"(\w+)"', _source()))


def _source() -> str:
    return "".join(file.read_text() for file in (ROOT / "shared").rglob("*.py"))
