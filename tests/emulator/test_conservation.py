"""Whatever is done to the chain, no Pi is made or lost, and no envelope is applied twice."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from stellar_sdk import Account, Asset, Keypair, TransactionBuilder

from local.emulator.address import address_of, seed_of
from local.emulator.chain import KINDS, PAYMENT
from local.emulator.envelope import read
from local.emulator.errors import PiError
from local.emulator.horizon import HorizonError
from local.emulator.pi import Pi
from local.emulator.submission import submit, submit_async
from tests.emulator.world import NOON

NAMES = ("app:demo-app", "user:alice", "user:bob", "nobody")
names = st.sampled_from(NAMES)
amounts = st.sampled_from((1, 3_000_000, 9_000_000))


class ChainMachine(RuleBasedStateMachine):
    """Signed and unsigned payments of every kind, repeats, faults of the order, passing time, both
    ways to close a ledger, a Horizon that lags or not, another pace, a network that begins anew."""

    @initialize()
    def start(self) -> None:
        self.pi = Pi(clock=lambda: NOON, seed=1)
        for name in ("alice", "bob"):
            self.pi.registry.sign_in(name)
        self.pi.chain.fund(address_of("user:bob"), 2 * 10**7)
        self.envelopes: list[str] = []
        self.refusals: set[str] = set()

    @rule(
        source=names,
        destination=names,
        stroops=amounts,
        off=st.sampled_from((0, 0, 0, 0, 1, -1)),
        fee=st.sampled_from((100_000, 100_000, 100_000, 300_000, 1)),
        lasts_s=st.sampled_from((2, 300)),
        waits=st.booleans(),
    )
    def submit(
        self,
        source: str,
        destination: str,
        stroops: int,
        off: int,
        fee: int,
        lasts_s: int,
        waits: bool,
    ) -> None:
        keys = Keypair.from_secret(seed_of(source))
        account = self.pi.chain.accounts.get(keys.public_key)
        last = (account.sequence if account else 0) + off
        builder = TransactionBuilder(Account(keys.public_key, last), "Pi Testnet", fee)
        builder.append_payment_op(address_of(destination), Asset.native(), f"{stroops}e-7")
        builder.add_time_bounds(0, int(self.pi.now().timestamp()) + lasts_s)
        envelope = builder.build()
        envelope.sign(keys)
        self.envelopes.append(envelope.to_xdr())
        self._submit(self.envelopes[-1], waits)

    @precondition(lambda self: self.envelopes)
    @rule(data=st.data(), waits=st.booleans())
    def submit_again(self, data: st.DataObject, waits: bool) -> None:
        self._submit(data.draw(st.sampled_from(self.envelopes)), waits)

    @rule(
        source=names,
        payer=st.none() | names,
        destination=names,
        amount=st.sampled_from((1, 2)),
        successful=st.booleans(),
        kind=st.sampled_from((PAYMENT, PAYMENT, *KINDS)),
        fee_bump=st.booleans(),
    )
    def transfer(
        self,
        source: str,
        payer: str | None,
        destination: str,
        amount: int,
        successful: bool,
        kind: str,
        fee_bump: bool,
    ) -> None:
        try:
            self.pi.transfer(
                source=address_of(source),
                destination=address_of(destination),
                amount=amount,
                memo=None,
                successful=successful,
                kind=kind,
                operation_source=payer and address_of(payer),
                fee_bump=fee_bump,
            )
        except PiError as refused:
            self.refusals.add(refused.code)

    @precondition(lambda self: len(self.pi.chain.transactions) > 5)
    @rule()
    def begin_anew(self) -> None:
        self.pi.reset_chain()

    @rule(seconds=st.sampled_from((1, 5, 400)))
    def wait(self, seconds: int) -> None:
        self.pi.advance(seconds)

    @rule(
        at_once=st.booleans(),
        lag_s=st.sampled_from((0, 3600)),
        close_s=st.sampled_from((1.0, 2.5, 5.0)),
    )
    def change(self, at_once: bool, lag_s: int, close_s: float) -> None:
        self.pi.settings.close_at_once = at_once
        self.pi.settings.ledger_lag_s = lag_s
        self.pi.settings.ledger_close_s = close_s

    @invariant()
    def no_pi_is_made_or_lost(self) -> None:
        chain = self.pi.chain
        assert chain.total_coins == chain.minted
        assert all(account.balance >= 0 for account in chain.accounts.values())

    @invariant()
    def nothing_else_is_refused(self) -> None:
        assert self.refusals <= {
            *("op_underfunded", "op_already_exists", "op_malformed", "op_no_account"),
            *("op_no_destination", "tx_no_source_account", "transaction_failed", "timeout"),
        }

    @invariant()
    def the_wallets_answer_at_any_moment(self) -> None:
        horizon = self.pi.horizon("")
        assert horizon.root()["history_latest_ledger"] >= 1
        chain = self.pi.chain
        ledgers = [transaction.ledger for transaction in chain.transactions]
        assert all(earlier < later for earlier, later in pairwise(ledgers))
        for address in chain.accounts:
            with suppress(HorizonError):
                horizon.account(address)
                horizon.account_payments(address, {"join": "transactions"})

    @invariant()
    def every_envelope_is_applied_once_and_in_time(self) -> None:
        chain = self.pi.chain
        txids = [transaction.txid for transaction in chain.transactions]
        assert len(set(txids)) == len(txids)
        for transaction in chain.transactions:
            envelope = read(transaction.signed.envelope_xdr, chain.passphrase)
            assert envelope.txid == transaction.txid
            assert envelope.sequence == transaction.sequence
            if envelope.max_time:
                assert transaction.closed_at.timestamp() <= envelope.max_time

    @invariant()
    def what_was_is_what_the_transactions_say(self) -> None:
        """Seen from any moment of the past, the wallets add up as well."""
        chain = self.pi.chain
        for account in chain.accounts.values():
            past = account.as_of(NOON)
            if past is None:
                continue
            later = account.transactions[len(past.transactions) :]
            change = sum(tx.change_of(account.address) for tx in later)
            assert past.balance + change == account.balance

    def _submit(self, xdr: str, waits: bool) -> None:
        try:
            if waits:
                submit(self.pi, xdr, "http://pi.test/horizon")
            else:
                submit_async(self.pi, xdr)
        except HorizonError as refused:
            self.refusals.add(refused.kind)


TestChain = ChainMachine.TestCase
TestChain.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("cut", range(0, 300, 7))
def test_a_damaged_envelope_is_no_envelope(cut: int) -> None:
    keys = Keypair.from_secret(seed_of("app:demo-app"))
    builder = TransactionBuilder(Account(keys.public_key, 1), "Pi Testnet", 100_000)
    builder.append_payment_op(keys.public_key, Asset.native(), "1").set_timeout(0)
    envelope = builder.build()
    envelope.sign(keys)
    xdr = envelope.to_xdr()
    with pytest.raises(ValueError, match="not a transaction envelope"):
        read(xdr[: min(cut, len(xdr) - 8)], "Pi Testnet")
