"""Frozen dataclasses as DynamoDB's plain values, and back: the one codec of every record.

A field is an attribute under its own name, or under the one that `stored_as` gives it. What is
None, an empty tuple, or False or no Pi at all where that is the default, is left out. Reading is
strict: an attribute that is missing or of another kind than its field makes the record
unreadable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from shared.base.amount import ZERO, Amount
from shared.base.frozen import frozen

Item = Mapping[str, Any]
Record = TypeVar("Record")
PLAIN = (str, int)  # are stored as they are
LEFT_OUT = (None, (), 0, ZERO)  # a field with one of these as its default may be absent


@frozen
class _Field:
    """`stored` is its attribute's name; of a dataclass whose fields lie beside the record's own,
    their attributes' names."""

    name: str
    kind: Any
    stored: str | Mapping[str, str]
    default: Any


def item_of(record: Any) -> dict[str, Any]:
    """Every attribute of the record, None where it is left out."""
    item: dict[str, Any] = {}
    kind: Any = type(record)
    for field in _fields(kind):
        value = getattr(record, field.name)
        if isinstance(field.stored, str):
            item[field.stored] = None if _is_left_out(value, field) else _encoded(value)
        else:
            inside = {} if value is None else item_of(value)
            for inner, stored in field.stored.items():
                item[stored] = inside.get(inner)
    return item


def stored(value: Any) -> dict[str, Any]:
    """A dataclass within a record: what is left out is not there."""
    return {name: one for name, one in item_of(value).items() if one is not None}


def record_of(kind: type[Record], item: Item) -> Record:
    """Raises KeyError, TypeError, ValueError or ArithmeticError: the item holds no such record."""
    return kind(**dict(_values(kind, item)))


def _values(kind: Any, item: Item) -> Iterator[tuple[str, Any]]:
    for field in _fields(kind):
        if isinstance(field.stored, str):
            value = item.get(field.stored)
        else:
            beside = {inner: item.get(stored) for inner, stored in field.stored.items()}
            value = None if set(beside.values()) == {None} else beside
        if value is not None:
            yield field.name, _decoded(field.kind, value)
        elif field.default not in LEFT_OUT:
            raise KeyError(field.stored)
        else:
            yield field.name, field.default


def _is_left_out(value: Any, field: _Field) -> bool:
    if type(value) in PLAIN:
        return False
    return value is None or (value == field.default and (value is False or value == ZERO))


def _encoded(value: Any) -> Any:
    if type(value) in PLAIN:
        return value
    match value:
        case Amount():
            return value.stroops
        case Enum():
            return value.value
        case tuple():
            return [_encoded(one) for one in value] or None
        case _ if is_dataclass(value):
            return stored(value)
    return value


def _decoded(kind: Any, value: Any) -> Any:
    if type(value) is kind:
        return value
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise TypeError(kind)
        return tuple(_decoded(get_args(kind)[0], one) for one in value)
    if kind is Amount:
        return Amount(_whole(value, least=0))
    if kind is int:
        return _whole(value)
    if is_dataclass(kind):
        return _inner(kind, value)
    if issubclass(kind, Enum):
        return kind(value)
    if not isinstance(value, kind):
        raise TypeError(kind)
    return value


def _inner(kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise TypeError(kind)
    return record_of(kind, value)


def _whole(value: Any, least: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value):
        raise TypeError("not a whole number")
    if least is not None and value < least:
        raise ValueError("below zero")
    return int(value)


@cache
def _fields(kind: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(kind)
    return tuple(_read_field(field, hints[field.name]) for field in fields(kind))


def _read_field(field: Field[Any], hint: Any) -> _Field:
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    is_optional = NoneType in kinds
    default = None if field.default is MISSING and is_optional else field.default
    stored = field.metadata.get("stored_as", field.name)
    return _Field(field.name, kinds[0], stored, default)
