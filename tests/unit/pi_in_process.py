"""Pi and its chain behind requests, without sockets; time passes when a test says so."""

from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any, cast

import requests
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from local.emulator.faults import Fault
from local.emulator.in_process import InProcessAdapter
from shared.aws.stored_secret import StoredSecret, server_key
from shared.base.http import Http
from shared.base.secret import Secret
from shared.pi.client import PiClient
from shared.stellar.horizon import Horizon
from tests.unit.clock import Clock
from tests.world.emulator import HOST, KEY, Emulator, the_emulator


class Secrets:
    """Secrets Manager: the value or the error that the next read meets; the last one stays."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self.answers = list(answers)
        self.reads = 0

    def get_secret_value(self, SecretId: str) -> Mapping[str, Any]:  # noqa: N803 - as in boto3
        self.reads += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {} if answer is None else {"ARN": SecretId, "SecretString": answer}

    def key(self) -> StoredSecret:
        return server_key(cast("Any", self), "arn:of:the:secret")


class Line(InProcessAdapter):
    """The line to Pi: it can be down before a connection is made, and remembers what went out."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator.app)
        self._pi = emulator.pi
        self.down_for = 0
        self.date: str | None = None
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        if self.down_for > 0:
            self.down_for -= 1
            raise not_connected()
        self.sent.append(request)
        response = super().send(request, *args, **kwargs)
        # As a server on a network dates its answers, injected ones included.
        response.headers["Date"] = self.date or format_datetime(self._pi.now(), usegmt=True)
        return response


class PiInProcess:
    """One at a time: the emulator is the process's own. `clock`: that of the test's invocation."""

    def __init__(self, clock: Clock) -> None:
        emulator = the_emulator().fresh(seed=1)
        self.clock, self.state, self._front = clock, emulator.pi, emulator.front
        self.secrets = Secrets(KEY)
        self._key = self.secrets.key()
        self.line = Line(emulator)
        self.http = Http(self.line, sleep=clock.sleep, jitter=lambda: 0.0)

    def client(self, key: StoredSecret | None = None) -> PiClient:
        return PiClient(self.http, f"{HOST}/v2", key or self._key)

    def horizon(self) -> Horizon:
        return Horizon(self.http, f"{HOST}/horizon")

    @property
    def calls(self) -> list[str]:
        """What reached Pi, such as `POST /v2/payments`."""
        return [f"{call['method']} {call['path']}" for call in self._front.calls]

    def fault(self, path: str = "*", **fault: Any) -> None:
        self._front.faults.append(Fault(path=path, **fault))

    def heal(self) -> None:
        self._front.faults.clear()

    def sign_in(self, **who: Any) -> tuple[str, Secret]:
        user, token = self.state.registry.sign_in(**who)
        return user.uid, Secret(token)

    def payment(self, *, approved: bool = True, **overrides: Any) -> str:
        """The identifier of a new user's payment of 3 Pi."""
        _, token = self.sign_in()
        body = {"amount": 3, "memo": "pie", "metadata": {"productId": "apple_pie_1"}}
        identifier = self.state.start_payment(token.reveal(), body, overrides)["identifier"]
        if approved:
            self.state.payment(identifier).approve()
        return str(identifier)


def not_connected() -> requests.ConnectionError:
    """What requests raises when no connection could be made."""
    refused = NewConnectionError(HTTPConnection("pi.test"), "Connection refused")
    return requests.ConnectionError(MaxRetryError(HTTPConnectionPool("pi.test"), "/", refused))
