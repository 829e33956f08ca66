"""What the first round of tests found wrong, each once."""

import pytest

from shared.base.amount import Amount, InvalidAmount
from shared.base.errors import ChainUnavailable
from tests.unit.dynamodb_in_process import Tables
from tests.unit.pi_in_process import PiInProcess
from tests.unit.samples import OTHER_TXID
from tests.unit.test_reward_store import conflict, counted, grant


@pytest.mark.parametrize("text", ["3_1", " 3 ", "\uff13.14"])
def test_an_amount_is_written_as_json_would_write_it(text: str) -> None:
    with pytest.raises(InvalidAmount):
        Amount.of(text)


def test_an_answer_about_another_transaction_is_no_proof_of_this_one(pi: PiInProcess) -> None:
    txid = pi.state.pay(pi.payment()).txid
    other = pi.state.horizon("http://x").transaction(txid)
    pi.fault(f"*/transactions/{OTHER_TXID}", status=200, body=other)
    with pytest.raises(ChainUnavailable):
        pi.horizon().transaction(OTHER_TXID)


def test_the_cap_is_judged_only_of_an_ad_known_to_be_unclaimed(tables: Tables) -> None:
    client = tables.failing(conflict("TransactionConflict", "ConditionalCheckFailed"))
    grant(tables, "ad-1", client=client)
    assert counted(tables) == 1
