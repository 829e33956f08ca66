"""From the FIFO queue of payouts: pays one out, or as much of it as can be done now."""

from __future__ import annotations

from shared.app import app
from shared.edge.background import on_messages
from shared.payouts.send import send_payout
from shared.work.ordered import OrderedWakeUp

handler = on_messages(app.send_payout, send_payout, OrderedWakeUp.read, seconds=55)
