"""Asks the bundle for a payout, signed with the AWS credentials under which your back end runs."""

import os

import boto3
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

API = os.environ["BUNDLE_API"]  # the stack's output ApiUrl
# 503 says in Retry-After when to ask again. The id of a payout keeps a repeat from paying twice.
AGAIN = Retry(
    5,
    backoff_factor=1,
    status_forcelist=[429, 500, 502, 503, 504],
    allowed_methods=None,  # POST as well
    raise_on_status=False,  # its last answer says why
)


class Signed(requests.auth.AuthBase):
    """Signature Version 4; credentials of a role are renewed by boto3."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        kind = {"Content-Type": "application/json"}
        signed = AWSRequest(request.method, request.url, data=request.body, headers=kind)
        credentials = self._session.get_credentials()
        SigV4Auth(credentials, "execute-api", self._session.region_name).add_auth(signed)
        request.headers.update(signed.headers.items())
        return request


bundle = requests.Session()
# boto3 itself reads AWS_DEFAULT_REGION and ~/.aws, and not AWS_REGION.
bundle.auth = Signed(boto3.Session(region_name=os.environ.get("AWS_REGION")))
bundle.mount(API, HTTPAdapter(max_retries=AGAIN))


def pay_out(payout_id: str, uid: str, amount: str, memo: str) -> dict[str, object]:
    """The payout as it stands: `state` tells. `amount` is text, in Pi. Raises requests.HTTPError,
    whose `response.json()["error"]` says what was refused."""
    wanted = {"payout_id": payout_id, "uid": uid, "amount": amount, "memo": memo}
    answer = bundle.post(f"{API}/payouts", json=wanted, timeout=30)
    answer.raise_for_status()
    return answer.json()
