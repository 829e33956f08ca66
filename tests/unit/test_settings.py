"""A function whose environment is wrong does not start, and says which variable it is."""

import pytest

from local.cloud import template
from local.processes import ROOT
from shared.app import App
from shared.base.settings import Settings
from tests.world.functions import start


def test_values_are_read_without_their_blanks() -> None:
    settings = Settings({"URL": " https://pi.example ", "CAP": " 20 "})
    assert settings.text("URL") == "https://pi.example"
    assert settings.optional("URL") == "https://pi.example"
    assert settings.whole_number("CAP", 1) == 20


@pytest.mark.parametrize("variables", [{}, {"URL": ""}, {"URL": "  "}])
def test_a_missing_value_is_named_or_none(variables: dict[str, str]) -> None:
    settings = Settings(variables)
    with pytest.raises(KeyError, match="URL"):
        settings.text("URL")
    with pytest.raises(KeyError, match="URL"):
        settings.whole_number("URL", 1)
    assert settings.optional("URL") is None


@pytest.mark.parametrize("value", ["599", "0", "-600", "ten", "600.5", "1e3"])
def test_a_limit_below_its_minimum_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Settings({"LIMIT": value}).whole_number("LIMIT", 600)


# --- The functions, each with what the template gives it -----------------------------------------

FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
POWERTOOLS = template.bundle()["Globals"]["Function"]["Environment"]["Variables"].keys()
OPTIONAL = {
    *("PRICE_FUNCTION_ARN", "PI_APP_ID", "PI_WALLET_ADDRESS"),
    *("PAYOUT_NOTIFICATION", "REFUND_NOTIFICATION"),
}
CANCEL_AFTER = "CANCEL_UNPAID_AFTER_SECONDS"


def given(function: str) -> dict[str, str]:
    """The variables of the function in this folder, in a stack with the template's defaults."""
    return template.variables(template.function_of(function), {}, lambda place: place)


class Noted(Settings):
    """Notes which variables are read."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables)
        self.read: set[str] = set()

    def optional(self, name: str) -> str | None:
        self.read.add(name)
        return super().optional(name)


def read_by(function: str, variables: dict[str, str]) -> set[str]:
    """Start the function with these variables, and AWS's real clients; what it read."""
    settings = Noted(variables)
    start(function, App(settings))
    return settings.read


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_the_template_gives_is_what_a_function_reads(function: str) -> None:
    assert read_by(function, given(function)) == given(function).keys() - POWERTOOLS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_does_not_start_without_one_of_its_variables(function: str) -> None:
    variables = given(function)
    for name in read_by(function, variables) - OPTIONAL:
        for broken in ({**variables, name: " "}, {n: v for n, v in variables.items() if n != name}):
            with pytest.raises(KeyError, match=f"^'{name}'$"):
                read_by(function, broken)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_without_what_is_optional(function: str) -> None:
    read_by(function, {n: v for n, v in given(function).items() if n not in OPTIONAL})


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if CANCEL_AFTER in given(name)])
def test_promise_3_no_setting_cancels_a_payment_younger_than_ten_minutes(function: str) -> None:
    with pytest.raises(ValueError, match=f"{CANCEL_AFTER} must be at least 600"):
        read_by(function, {**given(function), CANCEL_AFTER: "599"})
