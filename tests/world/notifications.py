"""The words for notifications: what the operator's back end asks for, and who got what."""

from typing import Any

from shared.notifications.record import OUTCOMES, BatchRecord
from tests.world.functions import Reply
from tests.world.stage import Stage

SCOPES = ("username", "payments", "wallet_address", "in_app_notifications")
TEXT = {"title": "Ready", "body": "Your pie is ready.", "subroute": "/orders"}


class Notifications(Stage):
    def reader(self, name: str | None = None) -> str:
        """The uid of a user who takes notifications."""
        return self.user(name, scopes=SCOPES).uid

    def notify(self, notification_id: str, /, *uids: str, **changes: Any) -> Reply:
        body = {"notification_id": notification_id, **TEXT, "uids": [*uids], **changes}
        return self.call("POST /notifications", body=body)

    def notification(self, notification_id: str) -> Reply:
        path = {"notification_id": notification_id}
        return self.call("GET /notifications/{notification_id}", path=path)

    def outcomes(self, notification_id: str) -> dict[str, list[str]]:
        """The uids by what became of them, as the back end reads it; without what is empty."""
        reply = self.notification(notification_id)
        assert reply.status == 200, reply.body
        return {outcome: uids for outcome, uids in reply.body["users"].items() if uids}

    def batch(self, batch_id: str) -> BatchRecord:
        record = self.look(self.eyes.notifications.get, batch_id)
        assert record is not None, "there is no record of this batch"
        return record

    def all_batches(self) -> list[BatchRecord]:
        names = [item["id"]["S"] for item in self.tables.raw("NotificationsTable")]
        return [self.batch(name) for name in sorted(names)]

    def got(self, uid: str) -> int:
        """How many notifications Pi has delivered to this user."""
        return sum(one.user_uid == uid for one in self.pi.notifications)

    def told(self, batch_id: str) -> dict[str, Any]:
        """What the event about this batch says of its users; sent again, it is the same one."""
        event, *repeats = [event for event in self.bus.events if event.business_id == batch_id]
        assert (event.type, event.event_id) == ("NotificationSent", f"{batch_id}:NotificationSent")
        assert all(repeat == event for repeat in repeats)
        return {outcome: event.detail[outcome] for outcome in OUTCOMES if event.detail[outcome]}
