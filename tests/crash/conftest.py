"""The same worlds as in the integration tests, many to a test: they share its tables."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from tests.integration.conftest import storage
from tests.integration.world import Storage, World, new_world

__all__ = ["Tables", "storage", "tables"]


@dataclass(frozen=True, slots=True)
class Tables:
    """One set of tables, for any number of worlds: no two of them share an id."""

    storage: Storage
    names: Mapping[str, str]

    def world(self) -> AbstractContextManager[World]:
        return new_world(self.storage, self.names)


@pytest.fixture
def tables(storage: Storage) -> Tables:
    tables = Tables(storage, storage.make_tables())
    with tables.world() as world:
        world.stock()
    return tables
