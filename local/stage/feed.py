"""What the stage's pages have been told, and are told next: kept, so that a page that comes later,
or again, is told all of it."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

KEPT = 1000  # messages; the oldest are forgotten
ALIVE_SECONDS = 15.0  # a comment tells a page, and us, that the other one is still there


@dataclass(frozen=True, slots=True)
class Message:
    """`kind` is an event's name of server-sent events, `body` its data."""

    number: int
    kind: str
    body: Any

    def __str__(self) -> str:
        return f"id: {self.number}\nevent: {self.kind}\ndata: {json.dumps(self.body)}\n\n"


@dataclass
class Feed:
    """Safe for threads. Of each of `latest` only the last message counts."""

    latest: dict[str, Message] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._kept: deque[Message] = deque(maxlen=KEPT)
        self._new = threading.Condition()
        # Greater than any before a restart: a page that comes back asks for what is greater.
        self._number = int(time.time() * 1000)
        self._listeners = 0
        self._over = False
        self.forget()

    @property
    def has_listeners(self) -> bool:
        return self._listeners > 0

    def tell(self, kind: str, body: Any, *, lasts: bool = True) -> None:
        """`lasts=False`: it says how things are now, and takes the place of the one before."""
        with self._new:
            if not lasts and kind in self.latest and self.latest[kind].body == body:
                return
            self._number += 1
            message = Message(self._number, kind, body)
            if lasts:
                self._kept.append(message)
            else:
                self.latest[kind] = message
            self._new.notify_all()

    def forget(self) -> None:
        """Begin anew. Each listener is told so, and a later one too, however much is told by then:
        its number says to a page which of its own lines are still true."""
        with self._new:
            self._kept.clear()
            self._number += 1
            self.latest["empty"] = Message(self._number, "empty", {})
            self._new.notify_all()

    def close(self) -> None:
        with self._new:
            self._over = True
            self._new.notify_all()

    def listen(self, after: int = 0) -> Iterator[str]:
        """Everything told after this number, for as long as the listener stays."""
        with self._new:
            self._listeners += 1
            self._new.notify_all()
        try:
            yield "retry: 1000\n\n"
            while not self._over:
                messages = self._wait_for(after)
                yield "".join(map(str, messages)) or ": alive\n\n"
                after = messages[-1].number if messages else after
        finally:
            with self._new:
                self._listeners -= 1

    def wait_for_listener(self) -> bool:
        """False: it is over."""
        with self._new:
            self._new.wait_for(lambda: self._listeners or self._over)
            return not self._over

    def pause(self, seconds: float) -> None:
        """Or until it is over."""
        with self._new:
            self._new.wait_for(lambda: self._over, seconds)

    def _wait_for(self, after: int) -> list[Message]:
        with self._new:
            self._new.wait_for(lambda: self._number > after or self._over, ALIVE_SECONDS)
            told = [*self._kept, *self.latest.values()]
            return sorted((m for m in told if m.number > after), key=lambda m: m.number)
