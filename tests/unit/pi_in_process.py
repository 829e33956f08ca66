"""Pi and its chain behind a `requests` session without sockets; time passes when a test says so."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, cast

import requests
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from local.emulator.faults import Fault, FaultyFront
from local.emulator.http import create_app
from local.emulator.in_process import InProcessAdapter
from local.emulator.pi import Pi
from shared.adapters.deadline import Deadline
from shared.adapters.horizon import Horizon
from shared.adapters.http import Http
from shared.adapters.pi_client import PiClient
from shared.adapters.secret import Secret
from shared.adapters.stored_secret import StoredSecret, server_key

KEY = "server-key-in-process"
TODAY = datetime(2026, 11, 23, 14, tzinfo=UTC)


class Clock:
    """Seconds that pass only when somebody sleeps or a test lets them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


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

    def __init__(self, app: Any, now: Callable[[], datetime]) -> None:
        super().__init__(app)
        self._now = now
        self.down_for = 0
        self.date: str | None = None
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        if self.down_for > 0:
            self.down_for -= 1
            raise not_connected()
        self.sent.append(request)
        response = super().send(request, *args, **kwargs)
        # As a server on a network dates its answers.
        response.headers["Date"] = self.date or format_datetime(self._now(), usegmt=True)
        return response


class PiInProcess:
    def __init__(self) -> None:
        self.clock = Clock()
        self.secrets = Secrets(KEY)
        self.key = self.secrets.key()
        self.state = Pi(clock=lambda: TODAY, seed=1, server_key=KEY)
        app = create_app(self.state)
        self._front = cast("FaultyFront", app.wsgi_app)
        self.line = Line(app, self.state.now)
        self.http = Http(
            open_session=self._session,
            clock=self.clock,
            sleep=self.clock.sleep,
            jitter=lambda: 0.0,
        )

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://pi.test", self.line)
        return session

    def client(self, key: StoredSecret | None = None, seconds: float = 15.0) -> PiClient:
        deadline = Deadline(seconds, self.clock)
        return PiClient(self.http, "http://pi.test/v2", key or self.key, deadline)

    def horizon(self, seconds: float = 15.0) -> Horizon:
        return Horizon(self.http, "http://pi.test/horizon", Deadline(seconds, self.clock))

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
