"""Sees what today's code writes into tables, queues and on the bus while it is played."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from tests.world import aws, dynamodb, emulator, tables

Wire = dict[str, Any]


@dataclass(slots=True)
class Harvest:
    """`items` by table, each as it was written and when first; those that a test or a person wrote
    or edited by hand are left out, but for what is sold."""

    items: dict[str, list[Wire]] = field(default_factory=dict)
    messages: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    entries: list[dict[str, str]] = field(default_factory=list)
    created: list[Any] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def note(self, into: list[Any], what: Any) -> None:
        text = json.dumps([id(into), what], sort_keys=True, default=str)
        if text not in self._seen:
            self._seen.add(text)
            into.append(what)


@contextmanager
def watching() -> Iterator[Harvest]:
    """Also makes each world replay: one that has no seed gets the next number."""
    harvest, seeds = Harvest(), count(1)
    fresh = emulator.Emulator.fresh

    def seeded(self: Any, seed: int | None) -> Any:
        return fresh(self, next(seeds) if seed is None else seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emulator.Emulator, "fresh", seeded)
        _see_items(patch, harvest)
        _see_messages(patch, harvest)
        yield harvest


def _see_items(patch: pytest.MonkeyPatch, harvest: Harvest) -> None:
    write, replace = dynamodb.Client._write, tables.Tables.replace
    by_hand: WeakKeyDictionary[Any, set[tuple[str, str]]] = WeakKeyDictionary()
    restoring: list[str] = []

    def written(client: Any, kind: str, call: Wire) -> None:
        write(client, kind, call)
        name, key = call["TableName"], dynamodb._name(client._key(call))
        touched = by_hand.setdefault(client.database, set())
        if client._effects is None and not restoring:
            touched.add((name, key))
        if name == "ProductsTable" or (name, key) not in touched:
            item = json.loads(json.dumps(client._table(call).items[key]))
            harvest.note(harvest.items.setdefault(name, []), item)

    def restored(self: Any, table: str, items: list[Wire]) -> None:
        restoring.append(table)
        try:
            replace(self, table, items)
        finally:
            restoring.pop()

    patch.setattr(dynamodb.Client, "_write", written)
    patch.setattr(tables.Tables, "replace", restored)


def _see_messages(patch: pytest.MonkeyPatch, harvest: Harvest) -> None:
    send, put, post = aws.Sqs.send_message, aws.Bus._put, emulator.Adapter.send

    def sent(self: Any, **message: str) -> None:
        queue = message["QueueUrl"]
        shown = {name: value for name, value in message.items() if name != "QueueUrl"}
        harvest.note(harvest.messages.setdefault(queue, []), shown)
        send(self, **message)

    def told(self: Any, entry: dict[str, str]) -> dict[str, str]:
        harvest.note(harvest.entries, dict(entry))
        return put(self, entry)

    def asked(self: Any, request: Any, *args: Any, **how: Any) -> Any:
        if request.method == "POST" and request.path_url == "/v2/payments":
            harvest.note(harvest.created, json.loads(request.body))
        return post(self, request, *args, **how)

    patch.setattr(aws.Sqs, "send_message", sent)
    patch.setattr(aws.Bus, "_put", told)
    patch.setattr(emulator.Adapter, "send", asked)
