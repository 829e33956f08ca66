"""Six questions, each asked once and checked as the template does. That a deployment does what it
shows is seen in tests/laptop/test_deploy.py."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from local.cloud import template
from local.command.cli import main
from local.command.deployed import StackError
from local.command.stack import deploy
from local.command.stack.deploy import QUESTIONS, TRIGGERS, answered, environment, fault

ANSWERS = {
    "PiNetwork": "Pi Testnet",
    "PiAppId": "demo-app",
    "PiWalletAddress": "",
    "AllowOrigins": "https://shop.example,https://shop1.pinet.com",
    "AlarmEmail": "ops@shop.example",
    "WebhookUrl": "",
}

Ask = Callable[[str, str, str], str]


@pytest.fixture(autouse=True)
def _answers_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "ANSWERS", tmp_path)


def asked_once() -> tuple[Ask, list[str]]:
    asked: list[str] = []

    def ask(name: str, _question: str, _default: str) -> str:
        asked.append(name)
        return ANSWERS[name]

    return ask, asked


def test_six_questions_are_asked_once() -> None:
    env = environment("default")
    ask, asked = asked_once()
    parameters = answered(env, ask, {})
    assert asked == list(QUESTIONS)
    assert len(QUESTIONS) == 6
    assert parameters == {**env.fixed, **ANSWERS}
    assert answered(env, ask, {}) == parameters
    assert len(asked) == 6


def test_each_environment_has_its_own_answers() -> None:
    ask, asked = asked_once()
    for name in ("default", "staging", "prod"):
        answered(environment(name), ask, {})
    assert len(asked) == 3 * len(QUESTIONS)


def test_what_was_added_to_the_answers_by_hand_is_deployed_too() -> None:
    env = environment("default")
    ask, _ = asked_once()
    answered(env, ask, {})
    env.answers.write_text(json.dumps({**ANSWERS, "PayoutCap": "5", "FunctionMemory": "512"}))
    parameters = answered(env, ask, {})
    assert (parameters["PayoutCap"], parameters["FunctionMemory"]) == ("5", "512")


def test_a_wrong_answer_is_asked_for_again(capsys: pytest.CaptureFixture[str]) -> None:
    given = {**{name: [text] for name, text in ANSWERS.items()}, "PiWalletAddress": ["GABC", ""]}

    def ask(name: str, _question: str, _default: str) -> str:
        return given[name].pop(0)

    assert answered(environment("default"), ask, {})["PiWalletAddress"] == ""
    assert "public key of 56 characters" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "answer", "is_right"),
    [
        ("PiNetwork", "Pi Network", True),
        ("PiNetwork", "mainnet", False),
        ("AllowOrigins", "https://a.example,https://b.example", True),
        ("AllowOrigins", "https://a.example,b.example", False),
        ("WebhookUrl", "https://a.example/hook", True),
        ("WebhookUrl", "a.example", False),
        ("AlarmEmail", "a@b.example", True),
        ("AlarmEmail", "nobody", False),
    ],
)
def test_answers_are_held_against_the_template(name: str, answer: str, *, is_right: bool) -> None:
    assert (fault(template.bundle()["Parameters"][name], answer) is None) is is_right


@pytest.mark.parametrize("name", ["nowhere", "version", ""])
def test_an_environment_that_there_is_not(name: str) -> None:
    with pytest.raises(StackError, match="default, staging, prod"):
        environment(name)


def test_what_rolls_a_deployment_back_are_alarms_of_the_template() -> None:
    alarms = template.of_type(template.bundle(), "AWS::CloudWatch::Alarm")
    assert set(TRIGGERS) <= set(alarms)
    assert len(TRIGGERS) <= 5  # CloudFormation's own limit


def test_questions_are_parameters_of_the_template() -> None:
    declared: dict[str, Any] = template.bundle()["Parameters"]
    assert set(QUESTIONS) <= set(declared)
    assert all("Default" in declared[name] for name in QUESTIONS)


def test_a_build_that_fails_ends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment("default").answers.write_text(json.dumps(ANSWERS))
    (tmp_path / "not-a-bundle").mkdir()
    monkeypatch.setattr(deploy, "package", _fails)
    monkeypatch.setattr(deploy, "standing", lambda *_where: {})
    result = CliRunner(mix_stderr=False).invoke(main, ["deploy", "--yes"])
    assert (result.exit_code, result.stderr) == (1, "samcli build has failed: see above.\n")


def _fails(*_given: object) -> Path:
    raise StackError("samcli build has failed: see above.")
