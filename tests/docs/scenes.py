"""All scenes, of each topic."""

from importlib import import_module

from tests.docs.scene import SCENES

__all__ = ["SCENES"]

for _topic in ("requests", "refusals", "payouts", "events", "notifications"):
    import_module(f"tests.docs.scenes_of_{_topic}")  # each scene enters itself
