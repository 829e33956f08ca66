"""The environment variables that the template sets. Read when a function starts, so a missing one
fails there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def required(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """Raises KeyError with the name: the function then fails to start, and its log says why."""
    value = environment[name].strip()
    if not value:
        raise KeyError(name)
    return value


def optional(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """None where the operator left it empty."""
    return environment.get(name, "").strip() or None


def whole_number(name: str, minimum: int, environment: Mapping[str, str] = os.environ) -> int:
    """Raises ValueError below `minimum`: a limit set too low by mistake must not cancel what may be
    paid.
    """
    value = int(required(name, environment))
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}")
    return value
