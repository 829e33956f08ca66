"""Frozen dataclasses at a fifth of their price: there are a hundred, and every cold start makes
most of them.

`dataclass(frozen=True)` writes and compiles six methods for each class. Here it is one, `__init__`;
the others are the same for all. What is made is a dataclass to all who ask: `fields`, `replace`,
mypy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

Class = TypeVar("Class")
UNSET = object()


@overload
def frozen(cls: type[Class], /) -> type[Class]: ...
@overload
def frozen(*, kw_only: bool) -> Callable[[type[Class]], type[Class]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: Any = None, /, *, kw_only: bool = False) -> Any:
    """As `dataclass(frozen=True, slots=True)`."""

    def make(cls: Any) -> Any:
        cls.__doc__ = cls.__doc__ or cls.__name__  # else its signature is looked up for one
        bare = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)
        made: Any = bare(cls)
        made.__init__ = _init(made)
        made.values_of = attrgetter(*(one.name for one in fields(made)))
        for name in COMMON:
            if name not in cls.__dict__:
                setattr(made, name, vars(_Common)[name])
        return made

    return make if cls is None else make(cls)


def _init(made: Any) -> Any:
    known: dict[str, Any] = {"_set": object.__setattr__, "UNSET": UNSET}
    by_place, by_name, lines = ["self"], list[str](), list[str]()
    for one in fields(made):
        name = value = parameter = one.name
        if one.default is not MISSING:
            known[f"_{name}"], parameter = one.default, f"{name}=_{name}"
        elif one.default_factory is not MISSING:
            known[f"_{name}"], parameter = one.default_factory, f"{name}=UNSET"
            value = f"_{name}() if {name} is UNSET else {name}"
        (by_name if one.kw_only else by_place).append(parameter)
        lines.append(f"    _set(self, {name!r}, {value})")
    parameters = ", ".join([*by_place, *(["*"] if by_name else []), *by_name])
    body = "\n".join(lines)
    # Of the names of fields alone, as `dataclass` does it.
    exec(f"def __init__({parameters}):\n{body}", known)  # nosec B102
    return known["__init__"]


class _Common:
    values_of: Callable[[Any], Any]

    def __repr__(self) -> str:
        of: Any = self
        shown = [f"{one.name}={getattr(of, one.name)!r}" for one in fields(of) if one.repr]
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(self.values_of(self) == self.values_of(other))

    def __hash__(self) -> int:
        return hash(self.values_of(self))

    def __getstate__(self) -> list[Any]:
        return [getattr(self, one.name) for one in fields(self)]  # type: ignore[arg-type]

    def __setstate__(self, state: list[Any]) -> None:
        for one, value in zip(fields(self), state, strict=True):  # type: ignore[arg-type]
            object.__setattr__(self, one.name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


COMMON = (
    *("__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__"),
    *("__getstate__", "__setstate__"),
)
