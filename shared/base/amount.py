"""Pi amounts as whole stroops, so that two amounts are equal or not, never nearly so.

Pi sends JSON numbers with at most 7 decimals, some written as `1e-7`. They enter as `Decimal`, live
as integers and leave in fixed-point notation (Stellar rejects an exponent). A float never appears.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

DECIMALS = 7
# JSON's notation; Decimal would read Python's `3_1` and other scripts' digits as well.
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
# 100 billion Pi, all that will ever exist; also keeps `1e999999999` from filling the memory.
LARGEST_EXPONENT = 11
MOST_DIGITS = 28


class InvalidAmount(ValueError):
    """Not a finite, non-negative number of Pi with at most 7 decimals."""


class TooManyDecimals(InvalidAmount):
    """A number of Pi that no wallet can pay exactly."""


@dataclass(frozen=True, order=True, slots=True)
class Amount:
    """An amount of Pi. `stroops` is the whole number of ten-millionths: 1 Pi = 10 000 000
    stroops.
    """

    stroops: int

    @classmethod
    def of(cls, pi: object) -> Amount:
        """Read an amount given in Pi. Raises InvalidAmount; a float or a bool is refused as
        well.
        """
        if isinstance(pi, bool) or not isinstance(pi, Decimal | int | str):
            raise InvalidAmount(f"an amount of type {type(pi).__name__}")
        if isinstance(pi, str) and not NUMBER.fullmatch(pi):
            raise InvalidAmount("not a number")
        value = Decimal(pi)
        if not value.is_finite() or value < 0 or value.adjusted() > LARGEST_EXPONENT:
            raise InvalidAmount("out of range")
        if len(value.as_tuple().digits) > MOST_DIGITS:
            raise TooManyDecimals("more digits than an amount has")  # scaleb would round them
        if value and value.adjusted() < -DECIMALS:
            raise TooManyDecimals(f"more than {DECIMALS} decimals")
        stroops = value.scaleb(DECIMALS)
        if stroops != int(stroops):
            raise TooManyDecimals(f"more than {DECIMALS} decimals")
        return cls(int(stroops))

    def __mul__(self, count: int) -> Amount:
        return Amount(self.stroops * count)

    def __str__(self) -> str:
        """Fixed-point Pi without trailing zeros: `3.14`, `100`, `0.0000001`."""
        whole, fraction = divmod(self.stroops, 10**DECIMALS)
        return f"{whole}.{fraction:0{DECIMALS}d}".rstrip("0").rstrip(".")


ZERO = Amount(0)
