"""What each user may buy once: which of the user's payments has the product.

A claim is an item beside the payments, `once#<product>#<uid>`. It is written in the transaction
that writes the record of its payment, so of two payments at once one wins, and a crash leaves
neither without the other. Only an operator releases it. If its payment is cancelled or deleted,
another payment may take it. `takes` counts the takings, so that none overtakes one that it
has not seen.
"""

from __future__ import annotations

from typing import Any

from shared.aws.table import Table
from shared.base.frozen import frozen

PREFIX = "once#"  # no payment's id has a `#` in it
NOBODY = "nobody#"  # has the product: an operator lets it be bought again


@frozen
class Claim:
    """`held_by`: the payment that has the product."""

    held_by: str
    takes: int


def claim_key(product_id: str, uid: str) -> str:
    return f"{PREFIX}{product_id}#{uid}"


def take(table: Table, key: str, payment_id: str, seen: int) -> Any:
    """The write that takes a claim for a payment. It fails while another payment has the claim,
    unless that is as it was `seen`: after so many takings."""
    return table.updating(
        key,
        "SET held_by = :id ADD takes :one",
        {"id": payment_id, "one": 1, "seen": seen},
        only_if=(
            # Nobody has bought it yet;
            "attribute_not_exists(takes)"
            # or this payment has, and is completed after it was cancelled;
            " OR held_by = :id"
            # or the payment that has it was seen to be cancelled.
            " OR takes = :seen"
        ),
    )
