"""From the FIFO queue of payouts: pays one out, or as much of it as can be done now."""

from __future__ import annotations

from shared.app import app
from shared.edge.background import on_messages
from shared.payouts.queue import PayoutWakeUp
from shared.payouts.send import send_payout

handler = on_messages(app.send_payout, send_payout, PayoutWakeUp.read, seconds=55)
