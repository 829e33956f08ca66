"""The one list of what is known to break a promise today.

The dice leave these out, so that they are green and any other violation is news. Whoever mends one
takes it out of `KNOWN`. `HOLES=late_wallet,restore_forgets` or `HOLES=all` plays them all the same.
"""

import os
from enum import StrEnum


class Hole(StrEnum):
    """Each is a kind of weather; the promise that fails in it stands beside it."""

    # 3: nobody asks the chain about a payment that Pi or its user has cancelled.
    CANCELLED_THOUGH_PAID = "cancelled_though_paid"
    # 3: a wallet pays after the cancel (it knew nothing of it), or seconds before it. Nobody looks
    # at a closed payment again; and Horizon's last seconds count as proof.
    LATE_WALLET = "late_wallet"
    # 3: what was approved after the backup does not come back.
    RESTORE_FORGETS = "restore_forgets"
    # 3: refused here, then approved by another back end and paid.
    APPROVED_AFTER_REFUSAL = "approved_after_refusal"
    # 3: it stands in front of a person, without the transaction that proves it.
    NO_PROOF = "no_proof"
    # 3: a wallet with so many other payments that no search comes to its end.
    BUSY_WALLET = "busy_wallet"


KNOWN = frozenset(Hole)


def left_out() -> frozenset[Hole]:
    named = os.environ.get("HOLES", "")
    if named == "all":
        return frozenset()
    return KNOWN - {Hole(name) for name in named.split(",") if name}
