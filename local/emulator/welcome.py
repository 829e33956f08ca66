"""What the emulator says when it is up: all that a back end has to be told to call it."""

from .model import App

_LINES = """Pi emulator on {url} (app {app_id}, {network})

  Platform API        {url}/v2
  Horizon             {url}/horizon
  Control API         {url}/_emulator
  Browser SDK         {url}/pi-sdk.js
  App id              {app_id}
  Server key          {key}
  App wallet          {wallet}
  Wallet seed         {seed}
  Network passphrase  {network}

A user signs in and opens a payment, as in the Pi Browser:

  TOKEN=$(curl -s -d '{{"username": "alice"}}' {url}/_emulator/users | sed 's/.*"accessToken":"//; s/".*//')
  curl -s -d '{{"accessToken": "'$TOKEN'", "amount": 3.14, "memo": "One pie", "metadata": {{"productId": 42}}}}' {url}/_emulator/payments

More in docs/emulator.md. Ctrl-C ends it.
"""  # noqa: E501 - each command stands on one line, to be copied


def welcome(url: str, app: App, *, key: str | None, seed: str | None) -> str:
    """`key` and `seed` are shown only where they are the emulator's own (None: the caller's)."""
    yours = "(the one that you gave)"
    return _LINES.format(
        url=url,
        app_id=app.app_id,
        network=app.network,
        wallet=app.wallet,
        key=key or yours,
        seed=seed or yours,
    )
