"""Invoked by the operator alone: what is known of a user. See docs/runbook.md.

`{"command": "link", "old_uid": "...", "new_uid": "..."}`: Pi has given this person a new uid;
"unlink" undoes it. `{"command": "forget", "uid": "..."}`: erase the name that Pi has told.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.app import app
from shared.base.errors import BadRequest
from shared.base.identifiers import uid_of
from shared.edge.background import on_command
from shared.edge.invocation import Event
from shared.edge.keys import allow_only
from shared.payments.people import PeopleParts, forget, link, unlink

COMMANDS: dict[str, tuple[Callable[..., dict[str, object]], tuple[str, ...]]] = {
    "link": (link, ("old_uid", "new_uid")),
    "unlink": (unlink, ("old_uid", "new_uid")),
    "forget": (forget, ("uid",)),
}


def operate(parts: PeopleParts, event: Event) -> dict[str, object]:
    name = str(event.get("command"))
    if name not in COMMANDS:
        raise BadRequest("invalid_command", f"command must be one of {', '.join(COMMANDS)}.")
    command, keys = COMMANDS[name]
    allow_only(frozenset({"command", *keys}), event, f"The command {name}")
    return command(parts, *(uid_of(event.get(key), key) for key in keys))


handler = on_command(app.operate, operate)
