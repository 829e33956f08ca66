"""Who is calling: the only thing believed is what Pi answers for the caller's access token."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from shared.base.errors import TokenRefused
from shared.base.frozen import frozen
from shared.base.secret import Secret
from shared.pi.client import PiClient
from shared.pi.objects import UserDto
from shared.users.seen_tokens import SeenTokens

T = TypeVar("T")

NO_APP_ID = (
    "Pi does not say for which app this access token was issued, so it may be another"
    " app's. Sign in with Pi.authenticate; a token of Pi.signIn may have no app."
)


@frozen
class Users:
    """`app_id`: the app whose tokens count; None: not checked, and then a token of any Pi app is a
    user to us.
    """

    pi: PiClient
    seen: SeenTokens
    app_id: str | None

    def verify(self, token: Secret | None) -> UserDto:
        """Ask Pi who this is. Raises TokenRefused (`invalid_token`, `missing_app_id`, `wrong_app`)
        and what PiClient raises.
        """
        if token is None:
            raise TokenRefused
        try:
            user = self._user_of(token)
        except TokenRefused:
            self.seen.note_refusal()
            raise
        self.seen.remember(token, user)
        return user

    def _user_of(self, token: Secret) -> UserDto:
        user = self.pi.me(token)
        if self.app_id is None:
            return user
        if user.app_id is None:
            raise TokenRefused("missing_app_id", NO_APP_ID)
        if user.app_id != self.app_id:
            raise TokenRefused("wrong_app", "This access token was issued for another app.")
        return user

    def recognise(self, token: Secret | None) -> UserDto:
        """The same, without asking again within a minute."""
        return (token and self.seen.user(token)) or self.verify(token)

    def recognise_while(
        self, token: Secret | None, executor: Executor, question: Callable[[], T]
    ) -> tuple[UserDto, T]:
        """Recognise the user while another question is asked in parallel. The token's error comes
        first; without a token nothing is asked. After a refused token one comes after the other for
        a minute: made-up tokens must not spend the server key's calls.
        """
        if token is None:
            raise TokenRefused
        if self.seen.refused_lately:
            return self.recognise(token), question()
        asked = executor.submit(question)
        try:
            user = self.recognise(token)
        finally:
            asked.exception()  # waits: nothing may go on when the environment is frozen
        return user, asked.result()

    def recognise_if_valid(self, token: Secret | None) -> UserDto | None:
        """Where a token is optional: an invalid one counts as none."""
        if token is None:
            return None
        try:
            return self.recognise(token)
        except TokenRefused:
            return None
