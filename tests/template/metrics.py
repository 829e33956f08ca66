"""The names of the metrics that the code sends, read from its source."""

import re

from local.processes import ROOT
from shared.adapters.observability import OUTAGES

# What an f-string stands for: f"{name}sStuck", count(f"Payment{...}").
KINDS = ("Payment", "Payout")
CLOSING = {"PaymentCompleted", "PaymentCancelled"}


def sent() -> set[str]:
    source = "".join(file.read_text() for file in (ROOT / "shared").rglob("*.py"))
    plain = set(re.findall(r'\b(?:count|gauge)\(\s*"(\w+)"', source))
    of_each = re.findall(r'\bf"(\w*)\{name\}(\w*)": \(tally', source)
    levels = {f"{before}{kind}{after}" for before, after in of_each for kind in KINDS}
    return plain | levels | CLOSING | set(OUTAGES.values())
