"""In-app notifications: who has granted the scope gets them, within the quotas.

Source: the Platform API reference, "In-app notifications". A request is carried out as a whole or
refused as a whole. There is no idempotency: whoever asks twice notifies twice. Errors are a
sentence, without a code.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from .errors import PiError, SentenceError
from .ids import Ids
from .model import App, Settings, User

SCOPE = "in_app_notifications"
REFUSALS = ("sentence", "code", "not_found")  # `Settings.notification_refusal`
_DAY = timedelta(hours=24)
_FIELDS = ("title", "body", "user_uid", "subroute")


@dataclass(frozen=True, slots=True)
class Notification:
    """As Pi shows it, but for the app and the moment."""

    id: str
    title: str
    body: str
    user_uid: str
    subroute: str
    app_id: str
    at: datetime

    def dto(self) -> dict[str, Any]:
        dto = asdict(self)
        del dto["app_id"], dto["at"]
        return dto | {"seen_at": None, "dismissed_at": None}


class Notifications(list[Notification]):
    """All that were ever delivered, in order."""

    def __init__(self, ids: Ids, now: Callable[[], datetime], settings: Settings) -> None:
        super().__init__()
        self._ids, self._now, self._settings = ids, now, settings

    def notify(
        self, app: App, users: Mapping[str, User], body: Mapping[str, Any]
    ) -> dict[str, Any]:
        if not app.notifications:
            raise self._not_enabled()
        asked = _read(body)
        if len(asked) > self._settings.notification_batch:
            most = self._settings.notification_batch
            raise SentenceError(400, f"Maximum {most} notifications allowed per request")
        mine = {uid: user for uid, user in users.items() if user.app_id == app.app_id}
        strangers = [one["user_uid"] for one in asked if one["user_uid"] not in mine]
        if strangers and self._settings.notification_strangers_refused:
            raise SentenceError(422, f"Unknown users: {', '.join(strangers)}")
        willing = [one for one in asked if _is_willing(mine.get(one["user_uid"]))]
        self._check_quotas(app, [one["user_uid"] for one in willing])
        delivered = [
            Notification(self._ids.uuid(), **one, app_id=app.app_id, at=self._now())
            for one in willing
        ]
        self.extend(delivered)
        return {
            "success": True,
            "delivered_notifications": [notification.dto() for notification in delivered],
        }

    def _check_quotas(self, app: App, uids: list[str]) -> None:
        since, quota = self._now() - _DAY, self._settings.notification_quota
        lately = (one for one in self if one.app_id == app.app_id and one.at > since)
        got = Counter(one.user_uid for one in lately) + Counter(uids)
        over = [uid for uid in dict.fromkeys(uids) if got[uid] > quota]
        most = self._settings.notification_app_quota
        if most is not None and got.total() > most:
            raise SentenceError(403, "Notification quota exceeded for this app")
        if over:
            named = over[: self._settings.notification_quota_names]
            whose = f" for users: {', '.join(named)}" if named else ""
            raise SentenceError(403, f"Notification quota exceeded{whose}")

    def _not_enabled(self) -> PiError:
        match self._settings.notification_refusal:
            case "code":
                return PiError("feature_not_available")
            case "not_found":
                return PiError("not_found")
        return SentenceError(403, "In-app notifications are not enabled for this app")


def _is_willing(user: User | None) -> bool:
    return user is not None and SCOPE in user.scopes


def _read(body: Mapping[str, Any]) -> list[dict[str, str]]:
    asked = body.get("notifications")
    if not isinstance(asked, list) or not asked:
        raise SentenceError(422, "Missing required parameter: notifications")
    for one in asked:
        fields = one if isinstance(one, dict) else {}
        texts = {name: fields.get(name) for name in _FIELDS}
        if not all(isinstance(text, str) and text for text in texts.values()):
            raise SentenceError(422, f"A notification needs {', '.join(_FIELDS)}")
        if not str(texts["subroute"]).startswith("/"):
            raise SentenceError(422, "subroute must start with /")
    return [{name: str(one[name]) for name in _FIELDS} for one in asked]
