"""Who may call Pi: apps by their key, users by their token.

A uid and a token belong to one app; the same person has another uid in another app. A token of
any app is valid on `/me`, a key only for its own app's payments.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from .address import address_of, address_of_seed, seed_of
from .chain import Chain
from .errors import PiError, TokenRefusedError
from .ids import Ids
from .model import App, Token, User

SCOPES = ("username", "payments", "wallet_address")
TOKEN_LIFE = timedelta(days=30)


def wallet_seed_of(app_id: str) -> str:
    """The seed of an app's wallet, unless it brought its own."""
    return seed_of(f"app:{app_id}")


class Registry:
    """Apps, users and tokens. The app registered first is the default one."""

    def __init__(self, ids: Ids, now: Callable[[], datetime], chain: Chain) -> None:
        self._ids = ids
        self._now = now
        self._chain = chain
        self._tokens: dict[str, Token] = {}
        self.apps: dict[str, App] = {}
        self.users: dict[str, User] = {}

    def add_app(
        self,
        app_id: str,
        key: str,
        network: str = "Pi Testnet",
        wallet: str | None = None,
        wallet_seed: str | None = None,
    ) -> App:
        """Its wallet is `wallet`, or the one that `wallet_seed` signs for, or `wallet_seed_of`."""
        if wallet is None:
            wallet = self.open_wallet(wallet_seed or wallet_seed_of(app_id))
        self._chain.open_account(wallet)
        self.apps[app_id] = App(app_id, key, network, wallet)
        return self.apps[app_id]

    def open_wallet(self, seed: str) -> str:
        """The address of the wallet that this seed signs for; new, it is opened and funded."""
        try:
            address = address_of_seed(seed)
        except ValueError:
            raise PiError("invalid_arguments", "That is no wallet seed.") from None
        self._chain.open_account(address)
        return address

    def app(self, app_id: str | None = None) -> App:
        """An app; the first one by default."""
        app = self.apps.get(app_id) if app_id else next(iter(self.apps.values()))
        if app is None:
            raise PiError("not_found", f"There is no app {app_id}.")
        return app

    def app_of(self, authorization: str) -> App:
        """The app whose key this is. Raises PiError `unauthorized`."""
        for app in self.apps.values():
            if authorization == f"Key {app.key}":
                return app
        raise PiError("unauthorized")

    def sign_in(
        self,
        username: str | None = None,
        uid: str | None = None,
        app_id: str | None = None,
        scopes: Iterable[str] = SCOPES,
        funded: bool = True,
        roles: Iterable[str] | None = None,
    ) -> tuple[User, str]:
        """`Pi.authenticate`: the user and a new token. A known uid or username comes back, a person
        who has revoked the app with a new uid.

        A new user who is not `funded` has a wallet without an account on the chain.
        """
        app = self.app(app_id)
        user = self._known(app, username, uid)
        if user is None:
            username = username or f"pioneer{len(self.users) + 1}"
            wallet = address_of(f"user:{username}")
            if not funded:
                self._chain.withhold(wallet)
            self._chain.open_account(wallet)
            user = User(uid or self._ids.uuid(), username, app.app_id, [], wallet)
            self.users[user.uid] = user
        user.scopes = list(scopes)
        if roles is not None:
            user.roles = list(roles)
        value = self._ids.token()
        self._tokens[value] = Token(user.uid, self._now() + TOKEN_LIFE)
        return user, value

    def user_of(self, authorization: str) -> tuple[User, Token]:
        """The user whose token this is. Raises TokenRefusedError."""
        scheme, _, value = authorization.partition(" ")
        token = self._tokens.get(value)
        if scheme != "Bearer" or token is None or token.valid_until <= self._now():
            raise TokenRefusedError
        return self.users[token.uid], token

    def expire_tokens(self, uid: str) -> None:
        """Every token that the user has now is refused from now on."""
        if uid not in self.users:
            raise PiError("user_not_found")
        for token in self._tokens.values():
            if token.uid == uid:
                token.valid_until = self._now()

    def revoke(self, uid: str) -> None:
        """The user takes back what they have granted the app, and is nobody under this uid."""
        self.expire_tokens(uid)
        user = self.users[uid]
        user.scopes, user.revoked = [], True

    def _known(self, app: App, username: str | None, uid: str | None) -> User | None:
        if uid and (user := self.users.get(uid)):
            if user.app_id != app.app_id:
                raise PiError("invalid_arguments", "That uid belongs to another app.")
            if user.revoked:
                raise PiError("invalid_arguments", "That uid is revoked: name the username.", 409)
            return user
        if uid or username is None:
            return None
        names = ((user, (user.app_id, user.username)) for user in self.users.values())
        wanted = (app.app_id, username)
        return next((user for user, name in names if name == wanted and not user.revoked), None)
