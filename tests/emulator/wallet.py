"""A wallet as the stock stellar SDK makes it: builds, signs and submits; nothing is the emulator's.

The tests change one thing at a time in an order that is otherwise right.
"""

from typing import Any

import pytest
from stellar_sdk import Account, Asset, Keypair, Server, TransactionBuilder, TransactionEnvelope
from stellar_sdk.client.requests_client import RequestsClient
from stellar_sdk.exceptions import BadRequestError

from local.emulator.registry import wallet_seed_of
from tests.emulator.world import NOON, World

PASSPHRASE = "Pi Testnet"
FEE = 100_000
STILL_TRUE = int(NOON.timestamp()) + 300


class Wallet:
    """The app's wallet, unless another seed is given."""

    def __init__(self, world: World, seed: str | None = None) -> None:
        # One attempt for each call: what the SDK repeats by itself would hide what happened.
        client = RequestsClient(num_retries=0, session=world.session)
        self.server = Server(f"{world.url}/horizon", client)
        self.keys = Keypair.from_secret(seed or wallet_seed_of("demo-app"))

    @property
    def address(self) -> str:
        return self.keys.public_key

    def sequence(self) -> int:
        return self.server.load_account(self.address).sequence

    def balance(self) -> str:
        native: str = (
            self.server.accounts().account_id(self.address).call()["balances"][0]["balance"]
        )
        return native

    def order(
        self,
        destination: str,
        amount: str = "1",
        *,
        memo: str | None = "a memo",
        asset: Asset | None = None,
        passphrase: str = PASSPHRASE,
        fee: int = FEE,
        sequence: int | None = None,
        times: tuple[int, int] = (0, STILL_TRUE),
    ) -> TransactionEnvelope:
        """A signed payment. `sequence` is the one to use; by default the next."""
        last = self.sequence() if sequence is None else sequence - 1
        builder = TransactionBuilder(Account(self.address, last), passphrase, fee)
        builder.append_payment_op(destination, asset or Asset.native(), amount)
        builder.add_time_bounds(*times)
        if memo is not None:
            builder.add_text_memo(memo)
        envelope = builder.build()
        envelope.sign(self.keys)
        return envelope

    def pay(self, destination: str, amount: str = "1", **how: Any) -> dict[str, Any]:
        return self.submit(self.order(destination, amount, **how))

    def submit(self, envelope: TransactionEnvelope) -> dict[str, Any]:
        return self.server.submit_transaction(envelope)

    def refused(self, envelope: Any) -> dict[str, Any]:
        """The result codes of what Horizon refuses; the test fails if it does not."""
        with pytest.raises(BadRequestError) as refused:
            self.submit(envelope)
        refusal = refused.value
        assert refusal.status == 400
        assert refusal.type == "https://stellar.org/horizon-errors/transaction_failed"
        extras = refusal.extras or {}
        assert extras["envelope_xdr"] == envelope.to_xdr()
        assert extras["result_xdr"]
        codes: dict[str, Any] = extras["result_codes"]
        return codes
