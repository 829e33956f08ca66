"""Users whose tokens Pi vouched for within the last minute, so that the steps of one payment ask
`/me` once.

Kept in the memory of one environment, under the token's hash: a leak of it gives no token away.
"""

from __future__ import annotations

import threading
from hashlib import sha256

from shared.base.context import seconds
from shared.base.secret import Secret
from shared.pi.objects import UserDto

LIFE_SECONDS = 60.0
MOST_TOKENS = 1000


class SeenTokens:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[bytes, tuple[float, UserDto]] = {}
        self._refused_at = -LIFE_SECONDS

    def user(self, token: Secret) -> UserDto | None:
        """Whom Pi named for this token, if that was within the last minute."""
        seen_at, user = self._seen.get(_name(token), (0.0, None))
        return user if user is not None and seconds() - seen_at < LIFE_SECONDS else None

    def note_refusal(self) -> None:
        self._refused_at = seconds()

    @property
    def refused_lately(self) -> bool:
        """Pi has refused a token here within the last minute: a caller may be guessing."""
        return seconds() - self._refused_at < LIFE_SECONDS

    def remember(self, token: Secret, user: UserDto) -> None:
        with self._lock:
            if len(self._seen) >= MOST_TOKENS:
                self._seen.clear()
            self._seen[_name(token)] = (seconds(), user)


def _name(token: Secret) -> bytes:
    return sha256(token.reveal().encode()).digest()
