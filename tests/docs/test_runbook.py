"""The runbook says what to do about every alarm, and about every reason that a record can have."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields

import pytest

from local.cloud.template import Template, load, of_type, translate
from local.processes import ROOT
from shared.base.context import About
from shared.payments.record import Attention
from shared.payouts import checks as check_stack
from shared.payouts import create as create_payout
from shared.payouts import send
from shared.payouts.record import RECIPIENT_FAULTS, RECIPIENT_WAITS, UNKNOWN_USER
from tests.docs.pages import DOCS, RUNBOOK, all_text, section, text

TEXT = all_text(RUNBOOK)
BLOCKED, WAITING, FAILED = (
    "Why it is blocked",
    "What an unfinished one waits for",
    "Why it failed",
)
SENDER = ("create", "send", "checks", "move")
# Pi's own refusals of a completion, which reach a payout's reason as they are.
COMPLETION = {"txid_mismatch", "verification_failed", "payment_already_linked_with_a_tx"}


def explained(heading: str) -> set[str]:
    """The reasons of the table under a heading."""
    rows = re.findall(r"^\| (`.*?) \|", section(heading, RUNBOOK), re.MULTILINE)
    return {reason for row in rows for reason in re.findall(r"`(\w+)`", row)} - {"reason"}


def given(*calls: str) -> set[str]:
    """The reasons that the sender gives to these calls of its own."""
    files = ((ROOT / "shared" / "payouts" / f"{name}.py") for name in SENDER)
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
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)


def returned(module: str, *names: str) -> set[str]:
    """The reasons that these functions give to their callers."""
    file = ROOT / "shared" / f"{module}.py"
    functions = [n for n in ast.parse(file.read_text()).body if getattr(n, "name", None) in names]
    assert len(functions) == len(names)
    values = (
        node.value
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Return)
    )
    return {text for value in values if value is not None for text in _texts(value)}


@pytest.fixture(scope="module")
def translated() -> Template:
    return translate(load(ROOT / "template.yaml"))


def entries() -> set[str]:
    """What the runbook says what to do about: an entry of its own, or a row of the functions'."""
    of_its_own = set(re.findall(r"^### (\w+)$", TEXT, re.MULTILINE))
    return of_its_own | explained("An alarm of a function")


def test_every_alarm_and_every_reason_to_look_at_a_payment_has_its_entry(
    translated: Template,
) -> None:
    alarms = set(of_type(translated, "AWS::CloudWatch::Alarm"))
    assert entries() == alarms | set(Attention)


def test_every_function_with_a_log_is_among_those_that_are_searched(translated: Template) -> None:
    """A bug, or AWS's refusal, is found whichever function met it."""
    logs = {
        resource["Properties"]["LogGroupName"]["Fn::Sub"].partition("${AWS::StackName}-")[2]
        for name, resource in of_type(translated, "AWS::Logs::LogGroup").items()
        if name != "ApiLogs"
    }
    for alarm in ("UnexpectedErrorAlarm", "ServiceUnavailableAlarm"):
        loop = re.search(r"for function in (.*?); do", section(alarm, RUNBOOK), re.DOTALL)
        assert loop is not None
        assert set(loop[1].replace("\\", "").split()) == logs


def test_no_money_is_sent_back_but_through_payouts() -> None:
    """By hand, no record knows: the next operator would send it again."""
    payments = DOCS / "runbook-payments.md"
    assert "back to the transaction's source" not in text(payments)
    for reason in ("gone", "cancelled_but_paid", "unmatched"):
        way = "pay-it-back" if reason == "gone" else "refund-it"
        assert f"](#{way})" in section(reason, [payments])


def test_every_reason_to_block_is_explained() -> None:
    # A transaction that never applies blocks after some, with the chain's code if there is one.
    reasons = given("block", "withdraw") | returned("payouts/record", "mismatch")
    reasons |= returned("payouts/send", "_fault") | send.TRANSIENT_CHAIN_ERRORS
    of_pi = COMPLETION | {"creation_refused", UNKNOWN_USER, "payment_not_found"}
    assert reasons | of_pi <= explained(BLOCKED)


def test_every_reason_to_wait_is_explained() -> None:
    causes = returned("payouts/checks", "cause_to_wait", "_cause_of_wallet", "cause_not_to_pay")
    of_stack = {check_stack.OTHER_KEY, "server_key_refused", "feature_not_available"}
    waits = given("wait", "waiting", "hold_up") | causes | of_stack | send.NO_SEED
    waits |= RECIPIENT_WAITS | create_payout.PASSING_REFUSALS
    assert waits <= explained(WAITING)


def test_every_reason_to_fail_is_explained() -> None:
    certain = create_payout.FINAL_REFUSALS | RECIPIENT_FAULTS
    assert certain | given("fail", "_give_up") <= explained(FAILED)


def test_its_log_filters_ask_for_what_the_logs_have() -> None:
    """The local cloud ignores filters: a misspelt key would find nothing, and nobody would know."""
    asked = set(re.findall(r"\$\.(\w+)", TEXT))
    source = "".join(file.read_text() for file in (ROOT / "shared").rglob("*.py"))
    extras = re.findall(r"extra=\{(.*?)\}", source, re.DOTALL)
    logged = {name for extra in extras for name in re.findall(r'"(\w+)":', extra)}
    keys = {field.name for field in fields(About)} | {"level", "message"} | logged
    access_log = re.findall(r'"(\w+)":', (ROOT / "template.yaml").read_text())
    assert asked <= keys | set(access_log)
    assert {"subject", "status", "aws_code"} <= asked
