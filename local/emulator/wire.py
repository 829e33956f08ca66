"""JSON with exact numbers: an amount never passes through a float on its way in or out."""

import json
from decimal import Decimal
from typing import Any

MAX_DEPTH = 100


def loads(text: bytes | str) -> Any:
    """Parse JSON, fractions as Decimal. Raises ValueError, also for nesting without end."""
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
        deep = _depth(value) > MAX_DEPTH
    except RecursionError:
        deep = True
    if deep:
        raise ValueError("nested too deeply")
    return value


def dumps(value: Any) -> str:
    """Print JSON. A Decimal is printed as a number: `3.14`, and `1e-7` below a millionth."""
    try:
        return json.dumps(value, separators=(",", ":"))
    except TypeError:  # it holds a Decimal, for which the library has no number
        return _dumps_exactly(value)


def _dumps_exactly(value: Any) -> str:
    match value:
        case dict():
            pairs = (f"{json.dumps(key)}:{_dumps_exactly(one)}" for key, one in value.items())
            return "{" + ",".join(pairs) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_dumps_exactly, value)) + "]"
        case Decimal():
            return str(value).lower()
        case _:
            return json.dumps(value)


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
