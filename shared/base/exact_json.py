"""JSON whose fractions are written as they were read: no float stands in between."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def loads(text: str) -> Any:
    """Numbers are int or Decimal. Raises ValueError."""
    return json.loads(text, parse_float=Decimal)


def dumps(value: Any) -> str:
    """The text of what `loads` gives; a Decimal as the number that it is."""
    match value:
        case dict():
            fields = (f"{json.dumps(name)}: {dumps(item)}" for name, item in value.items())
            return "{" + ", ".join(fields) + "}"
        case list():
            return "[" + ", ".join(map(dumps, value)) + "]"
        case Decimal():
            return str(value)
    return json.dumps(value)
