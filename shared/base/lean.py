"""Import a library without what it loads and the bundle never uses: cold starts are shorter. What
was left out stays so for the library, as long as the process lives.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def without(name: str, **stand_ins: Any) -> Iterator[None]:
    """Whatever the block imports finds this module with these names alone; with none, it is as if
    the module were not installed. Has no effect once the module is loaded."""
    if name in sys.modules:
        yield
        return
    module = ModuleType(name)
    vars(module).update(stand_ins)
    sys.modules[name] = module if stand_ins else None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
