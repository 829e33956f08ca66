"""GET /events and POST /events/send_again: for the operator's own back end, IAM-signed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from shared.app import app
from shared.base.errors import BadRequest
from shared.edge.http import Answer, Request, serve
from shared.edge.keys import allow_only
from shared.replay.events import Cursor, ReplayParts, list_events, send_again
from shared.work.events import Event

PAGE, LARGEST_PAGE = 50, 100
# The key may be any: a row that was edited by hand must not end the list.
CURSOR = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.([0-9])\.(.{1,1024})?")


def read(parts: ReplayParts, request: Request) -> Answer:
    """`next` in the answer, given back as `?next=`, continues; null: that was all."""
    events, cursor = list_events(parts, _since(request), _limit(request), _cursor(request))
    following = None if cursor is None else f"{cursor.day}.{cursor.place}.{cursor.after or ''}"
    return Answer(200, {"events": [_shown(event) for event in events], "next": following})


def send(parts: ReplayParts, request: Request) -> Answer:
    body = request.body()
    allow_only(frozenset({"event_id"}), body, "This request")
    return Answer(200, _shown(send_again(parts, str(body.get("event_id")))))


def _shown(event: Event) -> Mapping[str, Any]:
    """As EventBridge delivers it, without the envelope."""
    return {"detail-type": event.type, "detail": event.detail}


def _since(request: Request) -> int:
    since = request.query("since") or ""
    if not re.fullmatch(r"[0-9]{1,12}", since):
        raise BadRequest("invalid_since", "since must be a moment, in seconds since 1970.")
    return int(since)


def _limit(request: Request) -> int:
    limit = request.query("limit") or str(PAGE)
    if not re.fullmatch(r"[0-9]{1,3}", limit) or not 1 <= int(limit) <= LARGEST_PAGE:
        raise BadRequest("invalid_limit", f"limit must be a number from 1 to {LARGEST_PAGE}.")
    return int(limit)


def _cursor(request: Request) -> Cursor | None:
    text = request.query("next")
    if text is None:
        return None
    if match := CURSOR.fullmatch(text):
        with suppress(ValueError):  # no day of the calendar
            return Cursor(date.fromisoformat(match[1]).isoformat(), int(match[2]), match[3])
    raise BadRequest("invalid_cursor", "next must be the value that the previous page gave.")


handler = serve(app.replay_events, {"GET /events": read, "POST /events/send_again": send})
