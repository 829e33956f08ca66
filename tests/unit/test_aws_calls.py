"""Promise 8: no call to AWS is begun without the time for it, and every error of AWS is ours."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from shared.adapters.deadline import Deadline
from shared.adapters.event_bus import EventBus
from shared.adapters.payout_queue import PayoutQueue
from shared.adapters.stored_secret import server_key
from shared.adapters.switch import Switch
from shared.adapters.wake_ups import WakeUp, WakeUps, Work
from shared.domain.errors import ServiceUnavailable
from shared.domain.events import Event

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "canary"}}, "AnyCall")


class Aws:
    """Every service: it fails, and counts how often it was asked."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, 0

    def _call(self, **_call: Any) -> Any:
        self.asked += 1
        raise self.error

    send_message = put_events = get_parameter = get_secret_value = _call


CALLS: dict[str, Callable[[Any, Deadline], object]] = {
    "queue": lambda aws, deadline: WakeUps(aws, "url", deadline).send(WakeUp(Work.PAYMENT, "id")),
    "payouts": lambda aws, deadline: PayoutQueue(aws, "url", deadline).send("id", 1),
    "bus": lambda aws, deadline: EventBus(aws, "bus", deadline).put(Event("T", "id:T", {})),
    "switch": lambda aws, deadline: Switch(aws, "/stack/payouts", deadline).is_on(),
    "secret": lambda aws, deadline: server_key(aws, "arn").current(deadline),
}


@pytest.mark.parametrize("call", CALLS)
def test_without_time_nothing_is_asked(call: str) -> None:
    aws = Aws(DENIED)
    with pytest.raises(ServiceUnavailable):
        CALLS[call](cast("Any", aws), Deadline(0))
    assert aws.asked == 0


@pytest.mark.parametrize("error", [DENIED, ReadTimeoutError(endpoint_url="https://aws")], ids=repr)
@pytest.mark.parametrize("call", CALLS)
def test_an_error_of_aws_is_unavailable(call: str, error: Exception) -> None:
    aws = Aws(error)
    with pytest.raises(ServiceUnavailable) as unavailable:
        CALLS[call](cast("Any", aws), Deadline(15))
    assert aws.asked == 1
    assert unavailable.value.__cause__ is None
    assert "canary" not in str(unavailable.value)
