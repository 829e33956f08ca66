"""Signs the app's transactions. The only module that sees the wallet's seed, or loads stellar-sdk.

It signs and nothing else: what is sent, and when, is for the operation, which has written it down
before.
"""

from __future__ import annotations

from stellar_sdk import Account, Asset, Keypair, TransactionBuilder
from stellar_sdk.exceptions import Ed25519SecretSeedInvalidError

from shared.aws.stored_secret import StoredSecret
from shared.base.errors import ServiceUnavailable
from shared.base.frozen import frozen
from shared.base.networks import Network
from shared.base.secret import Secret
from shared.stellar.objects import ExpectedTransfer


@frozen
class Envelope:
    """A signed transaction as base64 XDR, and its hash, which the chain will know it by."""

    xdr: str
    txid: str


class Wallet:
    """`seed` is read when it is first needed."""

    def __init__(self, seed: StoredSecret, network: Network) -> None:
        self._seed, self._network = seed, network

    def address(self) -> str:
        """The wallet that the seed stands for, as it is now. Raises ServiceUnavailable: there is no
        such seed."""
        self._seed.renewed(self._seed.current())
        return self._keypair().public_key

    def known_address(self) -> str:
        """The same as it was when the seed was last read; a seed that is none is read again."""
        keypair = _keypair(self._seed.current())
        return self.address() if keypair is None else keypair.public_key

    def signs_for(self, address: str) -> bool:
        """Whether the seed is this wallet's. If not it is read again: it may have been replaced."""
        seed: Secret | None = self._seed.current()
        while seed is not None:
            keypair = _keypair(seed)
            if keypair is not None and keypair.public_key == address:
                return True
            seed = self._seed.renewed(seed)
        return False

    def sign(self, wanted: ExpectedTransfer, *, sequence: int, fee: int, max_time: int) -> Envelope:
        """The transaction that pays `wanted`, valid until `max_time` (seconds since 1970). Only for
        a wallet that it `signs_for`.

        `sequence` is the account's current number, `fee` is in stroops.
        """
        keypair = self._keypair()
        account = Account(wanted.transfer.source, sequence)
        builder = TransactionBuilder(account, self._network.value, base_fee=fee)
        builder.add_text_memo(wanted.memo)
        # No earliest time: a clock ahead of the chain's would make it too early.
        builder.add_time_bounds(0, max_time)
        amount = str(wanted.transfer.amount)
        builder.append_payment_op(wanted.transfer.destination, Asset.native(), amount)
        envelope = builder.build()
        envelope.sign(keypair)
        return Envelope(envelope.to_xdr(), envelope.hash_hex())

    def _keypair(self) -> Keypair:
        keypair = _keypair(self._seed.current())
        if keypair is None:
            raise ServiceUnavailable("wallet_seed_invalid", "The wallet's seed is not valid.")
        return keypair


def _keypair(seed: Secret) -> Keypair | None:
    """None: that is no seed."""
    try:
        return Keypair.from_secret(seed.reveal())
    except (Ed25519SecretSeedInvalidError, ValueError):
        return None
