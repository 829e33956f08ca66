"""What a request may hold. An operator's key that is not known is a mistake, and nothing is obeyed
by half. Front ends are not held to that: Pi's kits send more than they document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.base.errors import BadRequest

LONGEST_SHOWN = 64  # characters of a key


def allow_only(keys: frozenset[str], given: Mapping[str, Any], what: str) -> None:
    """Raises BadRequest `unexpected_key` for the first one that `what` does not have."""
    for key in given:
        if key not in keys:
            message = f"{what} has no {key[:LONGEST_SHOWN]!r}: leave it out."
            raise BadRequest("unexpected_key", message)


def one_of(first: object, second: object, code: str) -> object:
    """What is there of two values for the same thing. Raises BadRequest if both are and differ."""
    if first and second and first != second:
        raise BadRequest(code, "The body has two different values for it.")
    return first or second
