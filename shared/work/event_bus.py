"""The stack's EventBridge bus, on which the app hears what happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.base.errors import ServiceUnavailable
from shared.base.observability import logger
from shared.work.events import Event

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "pi-bundle"


class EventBus:
    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client, self._name = client, name

    def put(self, event: Event) -> None:
        """Hand the event to the bus. Raises ServiceUnavailable, also where PutEvents answers 200
        but refuses the entry."""
        entry: PutEventsRequestEntryTypeDef = {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.type,
            "Detail": json.dumps(event.detail),
        }
        with aws_call():
            answer = self._client.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            code = answer["Entries"][0].get("ErrorCode", "")
            logger.error("The event bus refused an event", extra={"aws_code": code})
            raise ServiceUnavailable
