"""Promise 8: no call to AWS is begun without the time for it, and every error of AWS is ours."""

from collections.abc import Callable
from contextvars import Context as Variables
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from shared.aws.queue import Queue
from shared.aws.stored_secret import server_key
from shared.aws.switch import Switch
from shared.aws.table import Table
from shared.base.context import within
from shared.base.errors import ServiceUnavailable
from shared.payments.products import ProductStore
from shared.payments.store import PaymentStore
from shared.payouts.store import PayoutStore
from shared.rewards.store import RewardStore
from shared.work.due_index import DueIndex
from shared.work.event_bus import EventBus
from shared.work.events import Event
from shared.work.ordered import OrderedWakeUp, OrderedWakeUps
from shared.work.wake_ups import WakeUp, WakeUps, Work

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "canary"}}, "AnyCall")


class Aws:
    """Every service: it fails, and counts how often it was asked."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, 0

    def _call(self, **_call: Any) -> Any:
        self.asked += 1
        raise self.error

    send_message = send_message_batch = get_queue_attributes = put_events = _call
    get_parameter = get_secret_value = get_item = query = batch_execute_statement = _call


CALLS: dict[str, Callable[[Any], object]] = {
    "queue": lambda aws: WakeUps[WakeUp](Queue(aws, "url")).send(WakeUp(Work.PAYMENT, "id")),
    "payouts": lambda aws: OrderedWakeUps(Queue(aws, "url")).send(OrderedWakeUp("id", 1)),
    "many messages": lambda aws: Queue(aws, "url").send_each([{"MessageBody": "one"}]),
    "messages waiting": lambda aws: Queue(aws, "url").waiting(),
    "many changes": lambda aws: Table(aws, "t", "id").change_each("due_at", [("id", 1, 2)]),
    "bus": lambda aws: EventBus(aws, "bus").put(Event("T", "id:T", {})),
    "switch": lambda aws: Switch(aws, "/stack/payouts").is_on(),
    "secret": lambda aws: server_key(aws, "arn").current(),
    "payment": lambda aws: PaymentStore(Table(aws, "payments", "payment_id")).get("id"),
    "product": lambda aws: ProductStore(Table(aws, "products", "product_id")).get("id"),
    "reward": lambda aws: RewardStore(Table(aws, "rewards", "id")).get("id"),
    "payout": lambda aws: PayoutStore(
        Table(aws, "payouts", "payout_id"), Table(aws, "payments", "payment_id")
    ).get("id"),
    "due": lambda aws: next(DueIndex(Table(aws, "payments", "payment_id")).unfinished("0")),
}


@pytest.mark.parametrize("call", CALLS)
def test_without_time_nothing_is_asked(call: str) -> None:
    aws = Aws(DENIED)
    with pytest.raises(ServiceUnavailable), within(0):
        CALLS[call](aws)
    assert aws.asked == 0


@pytest.mark.parametrize("call", CALLS)
def test_outside_an_invocation_nothing_is_asked_and_it_is_an_error(call: str) -> None:
    aws = Aws(DENIED)
    with pytest.raises(RuntimeError, match="outside an invocation"):
        Variables().run(CALLS[call], aws)
    assert aws.asked == 0


@pytest.mark.parametrize("error", [DENIED, ReadTimeoutError(endpoint_url="https://aws")], ids=repr)
@pytest.mark.parametrize("call", CALLS)
def test_an_error_of_aws_is_unavailable(call: str, error: Exception) -> None:
    aws = Aws(error)
    with pytest.raises(ServiceUnavailable) as unavailable:
        CALLS[call](aws)
    assert aws.asked == 1
    assert unavailable.value.__cause__ is None
    assert "canary" not in str(unavailable.value)
