"""All edits."""

from tests.mutants import (
    of_edges,
    of_notifications,
    of_payments,
    of_payouts,
    of_proof,
    of_replay,
    of_template,
)

EDITS = [
    *of_payments.EDITS,
    *of_payouts.EDITS,
    *of_edges.EDITS,
    *of_template.EDITS,
    *of_proof.EDITS,
    *of_notifications.EDITS,
    *of_replay.EDITS,
]
