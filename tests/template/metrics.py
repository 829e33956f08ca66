"""The names of the metrics that the code sends, read from its source."""

import re

from local.processes import ROOT

# What an f-string stands for: gauge(f"{name}sStuck"), count(f"Payment{...}").
KINDS = ("Payment", "Payout")
CLOSING = {"PaymentCompleted", "PaymentCancelled"}
# Counted by the code of the error: one for each answer, or message held up, with it.
UNAVAILABLE = {"ServiceUnavailable", "PiUnavailable"}


def sent() -> set[str]:
    source = "".join(file.read_text() for file in (ROOT / "shared").rglob("*.py"))
    plain = set(re.findall(r'\b(?:count|gauge)\(\s*"(\w+)"', source))
    of_each = re.findall(r'\bgauge\(f"(\w*)\{name\}(\w*)"', source)
    levels = {f"{before}{kind}{after}" for before, after in of_each for kind in KINDS}
    return plain | levels | CLOSING | UNAVAILABLE
