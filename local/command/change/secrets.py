"""The server key and the wallet's seed: each is tried before it takes the place of the old one, and
is never shown, nor kept in a shell's history."""

from stellar_sdk import Keypair
from stellar_sdk.exceptions import Ed25519SecretSeedInvalidError

from local.command.deployed import Deployed, StackError
from local.command.tell import Row
from shared.base.errors import PiAuthenticationError, PiRefused
from shared.base.secret import Secret
from shared.pi.client import PiClient


class Given:
    """A key that was typed in, where a client expects one that is stored."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def current(self) -> Secret:
        return self._key

    def renewed(self, refused: Secret) -> Secret | None:  # noqa: ARG002 - there is no other
        return None


def put_key(deployed: Deployed, key: str) -> Row:
    """Put the server key, once Pi has taken it and knows a payment of this stack by it. Raises
    StackError where it does not, PiUnavailable where Pi does not answer."""
    app = deployed.app
    pi = PiClient(app.http, app.settings.text("PI_API_URL"), Given(_printable(key)))
    try:
        pi.incomplete_server_payments()
    except PiAuthenticationError:
        raise StackError("Pi does not take this key. The old one stays.") from None
    knows = _knows_us(deployed, pi)
    if knows is False:
        raise StackError("Pi takes this key, but it is another app's. The old one stays.")
    deployed.aws("secretsmanager").put_secret_value(
        SecretId=deployed.outputs["ServerKeySecretArn"], SecretString=key
    )
    told = (
        "Pi knows this stack's payments by it."
        if knows
        else "No payment has been completed yet that would show whose app it is of."
    )
    return {"server_key": "put", "checked": f"Pi takes it. {told}"}


def _knows_us(deployed: Deployed, pi: PiClient) -> bool | None:
    """None: this stack has seen no payment completed yet."""
    canary = deployed.app.payments.canary()
    if canary is None:
        return None
    try:
        pi.get_payment(canary)
    except PiRefused as refused:
        if refused.code == "payment_not_found":
            return False
        raise
    return True


def wallet_of(deployed: Deployed, seed: str) -> str:
    """The wallet that the seed signs for, which the chain knows. Raises StackError: it is not the
    wallet of this stack, as far as the stack says which one is."""
    try:
        address = Keypair.from_secret(seed).public_key
    except Ed25519SecretSeedInvalidError:
        raise StackError("This is no seed: 56 characters that start with S.") from None
    wallet = deployed.parameters.get("PiWalletAddress")
    if wallet and wallet != address:
        raise StackError(f"This is the seed of {address}; the app's wallet is {wallet}.")
    if deployed.app.chain.account(address) is None:
        raise StackError(f"The chain has no account {address}. Fund it first.")
    return address


def put_seed(deployed: Deployed, seed: str) -> None:
    """Put the wallet's seed. The one before is not looked at: none but the sender may read it."""
    deployed.aws("secretsmanager").put_secret_value(
        SecretId=deployed.outputs["WalletSeedSecretArn"], SecretString=seed
    )


def _printable(key: str) -> Secret:
    if not (key and key.isascii() and key.isprintable()):
        raise StackError("This is no key: it must be one line of plain characters.")
    return Secret(key)
