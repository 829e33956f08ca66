"""Pi's emulator without a socket, its clock and its calls in the test's hands."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from requests import PreparedRequest, Response

from local.emulator.faults import FaultyFront
from local.emulator.http import create_app
from local.emulator.in_process import InProcessAdapter
from local.emulator.pi import Pi
from tests.world.effects import Effects

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
KEY = "canary-server-key-5f1d"
HOST = "http://pi.test"
LONGEST_WORD = 27  # a longer part of a path is an id


class Adapter(InProcessAdapter):
    """The way to the emulator, past the watcher: `POST /v2/payments`, `GET /v2/payments/*`. `sent`
    has the JSON of each body."""

    def __init__(self, app: Any, effects: Effects) -> None:
        super().__init__(app)
        self._effects = effects
        self.sent: list[tuple[str, Any]] = []

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        path = str(request.url).removeprefix(HOST).partition("?")[0]
        parts = ("*" if len(part) > LONGEST_WORD else part for part in path.split("/"))
        effect = f"{request.method} {'/'.join(parts)}"
        self._effects.tell("before", effect)
        is_json = request.headers.get("Content-Type") == "application/json"
        self.sent.append((effect, json.loads(request.body) if is_json and request.body else None))
        response = super().send(request, *args, **kwargs)
        self._effects.tell("after", effect)
        return response


class Emulator:
    """Pi, made once for all worlds, one after the other: its routes take longer than a payout."""

    def __init__(self) -> None:
        self.now = START
        self.pi = Pi(clock=lambda: self.now, server_key=KEY)
        self.app = create_app(self.pi)
        self.front = cast(FaultyFront, self.app.wsgi_app)

    def fresh(self, seed: int | None) -> "Emulator":
        self.now, self.pi._seed = START, seed
        self.pi.reset()
        self.front.reset()
        return self


the_emulator = cache(Emulator)
