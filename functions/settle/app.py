"""From the queue of wake-ups: finishes payments and rewards, and delivers what they owe."""

from __future__ import annotations

from shared.app import app
from shared.edge.background import on_messages
from shared.work.wake_ups import WakeUp
from shared.work.worker import work

handler = on_messages(app.work, work, WakeUp.read, seconds=11, side_by_side=app.executor)
