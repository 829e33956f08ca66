"""On a schedule: finds unfinished work and wakes the worker."""

from __future__ import annotations

from shared.app import app
from shared.edge.background import on_schedule
from shared.work.sweep import sweep

handler = on_schedule(app.sweep, sweep)
