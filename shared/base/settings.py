"""The environment variables that the template sets."""

from __future__ import annotations

from collections.abc import Mapping


class Settings:
    """Each variable is read when the part that needs it is built. A function builds its parts when
    it starts, so one that lacks a variable fails there, and its log says which."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str) -> str:
        """Raises KeyError with the name."""
        value = self.optional(name)
        if value is None:
            raise KeyError(name)
        return value

    def optional(self, name: str) -> str | None:
        """None where the operator left it empty."""
        return self._variables.get(name, "").strip() or None

    def whole_number(self, name: str, minimum: int) -> int:
        """Raises KeyError, and ValueError below `minimum`: a limit set too low by mistake must not
        cancel what may be paid.
        """
        value = int(self.text(name))
        if value < minimum:
            raise ValueError(f"{name} must be at least {minimum}")
        return value
