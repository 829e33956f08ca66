"""Users whose tokens Pi vouched for within the last minute, so that the steps of one payment ask
`/me` once.

Kept under the token's hash: a leak of the memory gives no token away.
"""

from __future__ import annotations

from hashlib import sha256

from shared.base.context import seconds
from shared.base.secret import Secret
from shared.base.seen import Seen
from shared.pi.objects import UserDto

LIFE_SECONDS = 60.0


class SeenTokens:
    def __init__(self) -> None:
        self._users = Seen[UserDto](LIFE_SECONDS)
        self._refused_at = -LIFE_SECONDS

    def user(self, token: Secret) -> UserDto | None:
        """Whom Pi named for this token, if that was within the last minute."""
        return self._users.get(_name(token))

    def remember(self, token: Secret, user: UserDto) -> None:
        self._users.keep(_name(token), user)

    def note_refusal(self) -> None:
        self._refused_at = seconds()

    @property
    def refused_lately(self) -> bool:
        """Pi has refused a token here within the last minute: a caller may be guessing."""
        return seconds() - self._refused_at < LIFE_SECONDS


def _name(token: Secret) -> bytes:
    return sha256(token.reveal().encode()).digest()
