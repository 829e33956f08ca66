"""POST /notifications and GET /notifications/{notification_id}: for the operator's own back end,
IAM-signed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shared.app import app
from shared.base.errors import BadRequest, NotFound
from shared.edge.http import Answer, Request, serve
from shared.edge.keys import allow_only
from shared.notifications.record import OUTCOMES, BatchRecord, BatchState
from shared.notifications.request import NotifyParts, notify
from shared.pi.objects import NotificationText

KEYS = frozenset({"notification_id", "title", "body", "subroute", "uids"})
NOTIFICATION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
READABLE_ID = re.compile(r"(payout:)?[A-Za-z0-9_-]{1,64}")
UID = re.compile(r"[!-+\--~]{1,64}")  # ASCII without spaces and commas
SUBROUTE = re.compile(r"/[!-~]{0,255}")
LONGEST_TITLE, LONGEST_BODY = 100, 500  # characters
MOST_UIDS = 10_000
LARGEST_BODY = 1024 * 1024  # bytes


def post(parts: NotifyParts, request: Request) -> Answer:
    """202: taken on; 200: this very notification stands already, and is closed."""
    body = request.body(LARGEST_BODY)
    allow_only(KEYS, body, "A notification")
    text = NotificationText(
        title=_text(body, "title", LONGEST_TITLE),
        body=_text(body, "body", LONGEST_BODY),
        subroute=_subroute(body.get("subroute")),
    )
    notification_id = _id(NOTIFICATION_ID, body.get("notification_id"))
    batches = notify(parts, notification_id, text, _uids(body.get("uids")))
    return Answer(200 if _is_closed(batches) else 202, _counted(notification_id, batches))


def read(parts: NotifyParts, request: Request) -> Answer:
    notification_id = _id(READABLE_ID, request.path("notification_id"))
    batches = parts.notifications.batches(notification_id)
    if not batches:
        raise NotFound("notification_not_found", "There is no such notification.")
    return Answer(200, {**_counted(notification_id, batches), "users": _users(batches)})


def _counted(notification_id: str, batches: Sequence[BatchRecord]) -> dict[str, Any]:
    return {
        "notification_id": notification_id,
        "state": "closed" if _is_closed(batches) else "pending",
        "reasons": sorted({batch.reason for batch in batches if batch.reason}),
        "requested_at": batches[0].requested_at,
        "counts": {outcome: len(uids) for outcome, uids in _users(batches).items()},
    }


def _users(batches: Sequence[BatchRecord]) -> dict[str, list[str]]:
    """The uids by what became of them; `pending`: nothing yet."""
    return {
        outcome: [uid for batch in batches for uid in getattr(batch, outcome)]
        for outcome in ("pending", *OUTCOMES)
    }


def _is_closed(batches: Sequence[BatchRecord]) -> bool:
    return all(batch.state is BatchState.CLOSED for batch in batches)


def _id(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        message = "notification_id must be 1 to 64 of A-Z a-z 0-9 _ -."
        raise BadRequest("invalid_notification_id", message)
    return value


def _text(body: Mapping[str, Any], key: str, longest: int) -> str:
    text = body.get(key)
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= len(text) <= longest:
        raise BadRequest("invalid_text", f"{key} must be a text of 1 to {longest} characters.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadRequest("invalid_text", f"{key} has half a character, which cannot be stored.")
    return text


def _subroute(value: object) -> str:
    if not isinstance(value, str) or not SUBROUTE.fullmatch(value):
        raise BadRequest("invalid_subroute", "subroute must be a path of the app, such as /orders.")
    return value


def _uids(value: object) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_UIDS:
        raise BadRequest("invalid_uids", f"uids must be a list of 1 to {MOST_UIDS} users.")
    for uid in value:
        if not isinstance(uid, str) or not UID.fullmatch(uid):
            raise BadRequest("invalid_uids", "Each of uids must name a user of this app.")
    return value


handler = serve(
    app.notify_users, {"POST /notifications": post, "GET /notifications/{notification_id}": read}
)
