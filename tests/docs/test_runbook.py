"""docs/runbook.md says what every reason means for which the sender blocks, waits or fails."""

import ast
import re
from collections.abc import Iterator

from local.processes import ROOT
from shared.operations import create_payout, send_payout

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
BLOCKED, WAITING, FAILED = (
    "Why it is blocked",
    "What an unfinished one waits for",
    "Why it failed",
)
SENDER = ("create_payout", "send_payout")
# Pi's own refusals of a completion, which reach a payout's reason as they are.
COMPLETION = {"txid_mismatch", "verification_failed", "payment_already_linked_with_a_tx"}


def explained(heading: str) -> set[str]:
    """The reasons of the table under a heading."""
    section = RUNBOOK.partition(f"### {heading}\n")[2].partition("\n##")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {reason for row in rows for reason in re.findall(r"`(\w+)`", row)} - {"reason"}


def given(*calls: str) -> set[str]:
    """The reasons that the sender gives to these calls of its own."""
    files = ((ROOT / "shared" / "operations" / f"{name}.py") for name in SENDER)
    return {
        text
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in calls
        for argument in node.args
        for text in _texts(argument)
    }


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.BoolOp(values=values):
            for value in values:
                yield from _texts(value)


def mismatches() -> set[str]:
    tree = ast.parse((ROOT / "shared" / "domain" / "payout.py").read_text())
    (function,) = (node for node in tree.body if getattr(node, "name", None) == "mismatch")
    returned = (node.value for node in ast.walk(function) if isinstance(node, ast.Return))
    return {text for value in returned if value is not None for text in _texts(value)}


def test_every_reason_to_block_is_explained() -> None:
    # A transaction that never applies blocks after some, with the chain's code if there is one.
    reasons = given("block", "Conflict") | mismatches() | send_payout.TRANSIENT_CHAIN_ERRORS
    reasons = {reason for reason in reasons if not reason.endswith(".")}
    assert reasons | COMPLETION <= explained(BLOCKED)


def test_every_reason_to_wait_is_explained() -> None:
    assert given("wait", "waiting") <= explained(WAITING)


def test_every_reason_to_fail_is_explained() -> None:
    certain = create_payout.FINAL_REFUSALS | send_payout.FINAL_CHAIN_ERRORS
    assert certain | given("fail", "_give_up") <= explained(FAILED)
