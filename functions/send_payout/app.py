"""From the FIFO queue of payouts: pays one out, or as much of it as can be done now."""

from __future__ import annotations

from shared.composition.sender import sender_services
from shared.domain.payout import payout_id_of
from shared.edge.background import on_messages
from shared.operations.send_payout import send_payout

handler = on_messages(sender_services(), send_payout, payout_id_of, seconds=55)
