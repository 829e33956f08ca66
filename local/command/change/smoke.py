"""Does a deployed stack work from end to end? A tiny payout on Testnet tells: it needs no person's
wallet, and passes the API's function, the tables, the queue, the sender, the seed, Pi and the
chain."""

import json
from time import monotonic, sleep
from typing import Any

import requests

from local.command.deployed import Deployed, StackError
from local.command.tell import Row
from shared.base.networks import Network
from shared.payouts.record import PayoutRecord, PayoutState

API_SECONDS = 10
LOOK_EVERY_SECONDS = 2
ENDS = (PayoutState.COMPLETED, PayoutState.FAILED, PayoutState.BLOCKED)


def smoke(deployed: Deployed, uid: str, amount: str, payout_id: str, seconds: int) -> Row:
    """The payout, once it is completed. The same `payout_id` again pays nothing more. Raises
    StackError: it is not completed, and why."""
    if deployed.app.network is not Network.TESTNET:
        raise StackError("This stack is for Mainnet: a trial would pay real Pi.")
    if not deployed.app.switch.is_on():
        raise StackError(f"Payouts are off. pi-bundle payouts on {deployed.option}")
    _require_api(f"{deployed.outputs['ApiUrl']}/me")
    began = monotonic()
    _request(deployed, {"payout_id": payout_id, "uid": uid, "amount": amount, "memo": "Trial"})
    record = deployed.app.payouts.require(payout_id)
    while record.state not in ENDS and monotonic() - began < seconds:
        sleep(LOOK_EVERY_SECONDS)
        record = deployed.app.payouts.require(payout_id)
    if record.state is not PayoutState.COMPLETED:
        raise StackError(_not_completed(record, deployed))
    taken = round(monotonic() - began)
    return {"payout_id": payout_id, "state": record.state, "txid": record.txid, "seconds": taken}


def _require_api(url: str) -> None:
    """That the gateway leads to a function, which asks who calls."""
    try:
        status = status_of(url)
    except requests.RequestException as failed:
        raise StackError(f"{url} does not answer: {type(failed).__name__}") from None
    if status != 401:
        raise StackError(f"{url} answers {status} without a token; 401 was expected.")


def status_of(url: str) -> int:
    return requests.get(url, timeout=API_SECONDS, allow_redirects=False).status_code


def _request(deployed: Deployed, body: dict[str, str]) -> None:
    """As the gateway hands it over when a signed request has come."""
    event = {
        "version": "2.0",
        "routeKey": "POST /payouts",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST"}, "stage": "$default"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
    answer = deployed.invoke("RequestPayout", event)
    told: dict[str, Any] = json.loads(answer["body"])
    if answer["statusCode"] not in (200, 202):
        raise StackError(f"It is not taken on: {told['error_message']} ({told['error']})")


def _not_completed(record: PayoutRecord, deployed: Deployed) -> str:
    reason = f", {record.reason}" if record.reason else ""
    why = f"pi-bundle why {record.payout_id} {deployed.option}"
    return f"It is not completed: {record.state}{reason}. {why}"
