"""The HTTP calls of a play, each shown with its answer and how long it took.

Three callers are played: the front end, with its user's token or none; the operator's own back end,
which signs its calls as any AWS client does; and the Pi Browser, whose part is asked of the Pi
emulator.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from requests.auth import AuthBase

from local.progress import say

ANSWER_SHOWN = 160
TOKEN = re.compile(r'("accessToken": ?)"[^"]*"')
TIMEOUT_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.1


class StepFailedError(RuntimeError):
    """A step of the play got another answer than its caller may count on."""


class Signed(AuthBase):
    """Signs a request for an `AWS_IAM` route (Signature Version 4)."""

    def __init__(self, credentials: Credentials, region: str) -> None:
        self._signer = SigV4Auth(credentials, "execute-api", region)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        unsigned = AWSRequest(request.method, request.url, data=request.body or b"")
        self._signer.add_auth(unsigned)
        request.headers.update(dict(unsigned.headers.items()))
        return request


@dataclass(frozen=True)
class Calls:
    """`api` and `pi` are the base URLs of the bundle and of the Pi emulator."""

    api: str
    pi: str
    signed: AuthBase
    session: requests.Session = field(default_factory=requests.Session)

    def front_end(
        self,
        what: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: str | None = None,
    ) -> dict[str, Any]:
        """Call the bundle as the app's page does."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._shown(what, method, self.api, path, body, headers=headers)

    def back_end(
        self, what: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Call the bundle as the operator's own back end does."""
        return self._shown(what, method, self.api, path, body, auth=self.signed)

    def browser(self, what: str, path: str, body: dict[str, Any] | str) -> dict[str, Any]:
        """Let the Pi Browser, or its user, do something."""
        return self._shown(what, "POST", self.pi, f"/_emulator{path}", body)

    def chain(self, path: str) -> dict[str, Any]:
        """What Horizon shows; not told to the spectator."""
        return self.quietly("GET", f"{self.pi}/horizon{path}")

    def quietly(
        self, method: str, url: str, *, token: str | None = None, auth: AuthBase | None = None
    ) -> dict[str, Any]:
        """A call that is repeated until something has happened, so it is not shown."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = self._request(url, method, url, None, headers=headers, auth=auth)
        answer: dict[str, Any] = response.json()
        return answer

    def _shown(
        self,
        what: str,
        method: str,
        base: str,
        path: str,
        body: dict[str, Any] | str | None,
        **options: Any,
    ) -> dict[str, Any]:
        started = time.monotonic()
        response = self._request(what, method, base + path, body, **options)
        took = (time.monotonic() - started) * 1000
        shown = _on_one_line(response.text)
        say(f"  {what}")
        say(f"    {method} {path} -> {response.status_code} in {took:.0f} ms")
        say(f"    {shown}")
        if not response.ok:
            raise StepFailedError(f"{what}: {method} {path} -> {response.status_code} {shown}")
        answer: dict[str, Any] = response.json()
        return answer

    def _request(
        self,
        what: str,
        method: str,
        url: str,
        body: dict[str, Any] | str | None,
        *,
        headers: dict[str, str] | None = None,
        auth: AuthBase | None = None,
    ) -> requests.Response:
        try:
            return self.session.request(
                method,
                url,
                data=body if isinstance(body, str) or body is None else json.dumps(body),
                headers={"Content-Type": "application/json", **(headers or {})},
                auth=auth,
                timeout=TIMEOUT_SECONDS,
            )
        except requests.RequestException as failed:
            raise StepFailedError(f"{what}: {method} {url}: {failed}") from failed


def until(holds: Callable[[], bool], otherwise: str) -> None:
    """Look again and again until it holds; raises StepFailedError when it never does."""
    give_up = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        if time.monotonic() > give_up:
            raise StepFailedError(otherwise)
        time.sleep(LOOK_EVERY_SECONDS)


def expect(what: str, holds: bool, answer: dict[str, Any]) -> None:
    if not holds:
        raise StepFailedError(f"{what}: unexpected answer {answer}")


def _on_one_line(text: str) -> str:
    """The answer on one line, cut, and without the user's token: no habit to acquire."""
    line = TOKEN.sub(r'\1"..."', " ".join(text.split()))
    return line if len(line) <= ANSWER_SHOWN else f"{line[:ANSWER_SHOWN]} ..."
