"""Invoked by the operator alone: what becomes of a blocked payout. See docs/runbook-payouts.md.

`{"payout_id": "...", "decision": "resume"}` goes on; `"fail"` gives it up as soon as it is certain
that it was not paid; `"paid"` closes it, with the `txid` that the operator has seen on the chain.
`version`: of the record that the operator has looked at; another one is left alone.
"""

from __future__ import annotations

from shared.app import app
from shared.base.errors import BadRequest
from shared.base.identifiers import txid_of
from shared.edge.background import on_command
from shared.edge.invocation import Event
from shared.edge.keys import allow_only
from shared.payouts.record import payout_id_of
from shared.payouts.request import DecideParts, close_as_paid, give_up, resume
from shared.payouts.view import payout

DECISIONS = {"resume": resume, "fail": give_up}
KEYS = frozenset({"payout_id", "decision", "version"})
PAID = "paid"


def decide(parts: DecideParts, command: Event) -> dict[str, object]:
    is_paid = command.get("decision") == PAID
    allow_only(KEYS | {"txid"} if is_paid else KEYS, command, "A decision")
    payout_id = payout_id_of(command.get("payout_id"))
    seen = command.get("version")
    if is_paid:
        return payout(close_as_paid(parts, payout_id, txid_of(command.get("txid")), seen))
    decision = DECISIONS.get(str(command.get("decision")))
    if decision is None:
        raise BadRequest("invalid_decision", "decision must be resume, fail or paid.")
    return payout(decision(parts, payout_id, seen))


handler = on_command(app.decide_payout, decide)
