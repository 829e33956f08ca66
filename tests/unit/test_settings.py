"""A function whose environment is wrong does not start, and says which variable it is."""

import pytest

from shared.adapters.settings import optional, required, whole_number
from shared.composition.payment import closing_services
from shared.composition.user import user_services


def test_values_are_read_without_their_blanks() -> None:
    environment = {"URL": " https://pi.example ", "CAP": " 20 "}
    assert required("URL", environment) == "https://pi.example"
    assert optional("URL", environment) == "https://pi.example"
    assert whole_number("CAP", 1, environment) == 20


@pytest.mark.parametrize("environment", [{}, {"URL": ""}, {"URL": "  "}])
def test_a_missing_value_is_named_or_none(environment: dict[str, str]) -> None:
    with pytest.raises(KeyError, match="URL"):
        required("URL", environment)
    with pytest.raises(KeyError, match="URL"):
        whole_number("URL", 1, environment)
    assert optional("URL", environment) is None


@pytest.mark.parametrize("value", ["599", "0", "-600", "ten", "600.5", "1e3"])
def test_a_limit_below_its_minimum_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        whole_number("LIMIT", 600, {"LIMIT": value})


VARIABLES = {
    "PI_API_URL": "https://pi.example/v2",
    "SERVER_KEY_SECRET_ARN": "arn:secret",
    "HORIZON_URL": "https://horizon.example",
    "PAYMENTS_TABLE": "payments",
    "PRODUCTS_TABLE": "products",
    "PI_NETWORK": "Pi Testnet",
    "CANCEL_UNPAID_AFTER_SECONDS": "600",
    "FIRST_LOOK_SECONDS": "60",
    "WAKE_UP_QUEUE_URL": "https://queue.example",
}


@pytest.fixture
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_variables")
def test_what_the_template_sets_is_enough_and_starting_asks_nobody() -> None:
    closing_services()
    user_services()


@pytest.mark.usefixtures("_variables")
@pytest.mark.parametrize("name", VARIABLES)
def test_a_function_does_not_start_without_one_of_its_variables(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(KeyError, match=name):
        closing_services()


@pytest.mark.usefixtures("_variables")
def test_promise_3_no_setting_cancels_a_payment_younger_than_ten_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CANCEL_UNPAID_AFTER_SECONDS", "599")
    with pytest.raises(ValueError, match="CANCEL_UNPAID_AFTER_SECONDS must be at least 600"):
        closing_services()
