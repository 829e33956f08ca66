"""From the queue of wake-ups: finishes payments and rewards, and delivers what they owe."""

from __future__ import annotations

from shared.composition.background import worker_services
from shared.edge.background import on_messages
from shared.operations.work import work

handler = on_messages(worker_services(), work)
