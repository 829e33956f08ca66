"""The runbook says what to do about every alarm, and about every reason that a record can have."""

import re
from dataclasses import fields

import pytest

from local.cloud.template import Template, load, of_type, translate
from local.processes import ROOT
from shared.base.context import About
from shared.base.described import Described
from shared.payments.record import Attention, PaymentState
from shared.payouts import decision
from shared.payouts.record import RECIPIENT_FAULTS, RECIPIENT_WAITS, PayoutState, Reason
from shared.rewards.record import RewardState
from tests.docs.pages import DOCS, RUNBOOK, all_text, section, text

TEXT = all_text(RUNBOOK)
BLOCKED, WAITING, FAILED = (
    "Why it is blocked",
    "What an unfinished one waits for",
    "Why it failed",
)
# Pi's own refusals of a completion, which reach a payout's reason as they are.
COMPLETION = {"txid_mismatch", "verification_failed", "payment_already_linked_with_a_tx"}


def explained(heading: str) -> set[str]:
    """The reasons of the table under a heading."""
    rows = re.findall(r"^\| (`.*?) \|", section(heading, RUNBOOK), re.MULTILINE)
    return {reason for row in rows for reason in re.findall(r"`(\w+)`", row)} - {"reason"}


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
    for alarm in ("UnexpectedErrorAlarm", "ServiceUnavailableAlarm", "NearTimeoutAlarm"):
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


def test_every_reason_of_a_payout_is_explained_where_it_is_defined_and_in_the_documents() -> None:
    """In one table at least; a reason that the bundle does not give may be Pi's or the chain's."""
    told = explained(BLOCKED) | explained(WAITING) | explained(FAILED)
    assert set(Reason) <= told
    assert all(reason.meaning.endswith(".") for reason in Reason)
    assert {*RECIPIENT_WAITS} <= explained(WAITING)
    assert explained(BLOCKED) >= decision.TRANSIENT_CHAIN_ERRORS | COMPLETION
    assert explained(WAITING) >= decision.PASSING_REFUSALS
    assert explained(FAILED) >= decision.FINAL_REFUSALS | RECIPIENT_FAULTS


def test_every_reason_is_given_somewhere() -> None:
    """What no code gives any more leaves the list, and the documents."""
    source = "".join(file.read_text() for file in (ROOT / "shared").rglob("*.py"))
    # Once where it is defined.
    given = {r for r in Reason if f"Reason.{r.name}" in source or source.count(f'"{r}"') > 1}
    assert set(Reason) - given == set()


@pytest.mark.parametrize("states", [PaymentState, Attention, RewardState, PayoutState])
def test_every_state_is_explained_where_it_is_defined(states: type[Described]) -> None:
    assert all(state.meaning.endswith(".") for state in states)


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
