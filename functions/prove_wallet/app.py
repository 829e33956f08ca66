"""On a schedule: proves that the wallets' last day is as the records tell, in and out."""

from __future__ import annotations

from shared.app import app
from shared.edge.background import on_schedule
from shared.proof.prove import prove_wallet

handler = on_schedule(app.prove_wallet, prove_wallet, answer="differing")
