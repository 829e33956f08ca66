"""A transaction is handed to the chain in one place, which reads what the chain says of it."""

import ast
from pathlib import Path
from typing import Any

import pytest

from local.processes import ROOT
from shared.base.errors import ChainUnavailable
from shared.stellar.objects import Submission
from shared.stellar.submit import Submitter
from tests.unit.pi_in_process import PiInProcess
from tests.world.emulator import HOST

TXID = "ab" * 32
SUBMIT = Path("shared/stellar/submit.py")


def submitted(pi: PiInProcess, status: int, body: Any) -> Submission:
    pi.fault("*/transactions", status=status, body=body, times=None)
    return Submitter(pi.http, f"{HOST}/horizon").submit("AAAA")


def test_only_one_file_hands_a_transaction_to_the_chain() -> None:
    """Whatever else speaks to Horizon reads; whatever else sends anything speaks to Pi."""
    folders = (ROOT / "functions", ROOT / "shared")
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
    sending = [
        file.relative_to(ROOT)
        for file in files
        if any(_is_post(node) for node in ast.walk(_tree(file)))
    ]
    assert sending == [Path("shared/pi/client.py"), SUBMIT]
    callers = [
        file.relative_to(ROOT)
        for file in files
        if any(_is_hand_in(node) for node in ast.walk(_tree(file)))
    ]
    assert callers == [Path("shared/payouts/send.py")]


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _is_post(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == "POST"


def _is_hand_in(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="submitter"), attr="submit")):
            return True
    return False


def test_what_was_applied_has_its_hash(pi: PiInProcess) -> None:
    applied = submitted(pi, 200, {"successful": True, "hash": TXID.upper()})
    assert applied == Submission(txid=TXID)


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ({"transaction": "tx_bad_seq"}, "tx_bad_seq"),
        ({"transaction": "tx_failed", "operations": ["op_underfunded"]}, "op_underfunded"),
        (
            {"transaction": "tx_failed", "operations": ["op_success", "op_line_full"]},
            "op_line_full",
        ),
        ({"transaction": "tx_failed", "operations": ["op_success"]}, "tx_failed"),
    ],
)
def test_what_was_refused_has_its_code(pi: PiInProcess, codes: Any, error: str) -> None:
    assert submitted(pi, 400, {"extras": {"result_codes": codes}}) == Submission(error=error)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"successful": True}),
        (200, {"successful": True, "hash": "somebody's"}),
        (200, {"hash": TXID}),
        (200, "<html>"),
        (400, {}),
        (400, {"extras": {"result_codes": "tx_bad_seq"}}),
        (400, {"extras": {"result_codes": {"transaction": "<script>"}}}),
        (400, {"extras": {"result_codes": {"operations": [7]}}}),
        (504, {"title": "Timeout"}),
    ],
)
def test_anything_else_may_have_been_applied(pi: PiInProcess, status: int, body: Any) -> None:
    with pytest.raises(ChainUnavailable):
        submitted(pi, status, body)
