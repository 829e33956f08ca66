"""On a schedule: finds unfinished work and wakes the worker."""

from __future__ import annotations

from shared.composition.background import sweep_services
from shared.edge.background import on_schedule
from shared.operations.sweep import sweep

handler = on_schedule(sweep_services(), sweep)
