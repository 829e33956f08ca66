"""The documents are held against the same world that the integration tests live in."""

from tests.integration.conftest import alice, bob, storage, world

__all__ = ["alice", "bob", "storage", "world"]
