"""Promise 6: the key is read once, replaced when Pi refuses it, and never seen."""

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from shared.aws.stored_secret import wallet_seed
from shared.base.errors import ServiceUnavailable
from shared.base.observability import metrics
from shared.base.secret import Secret
from tests.unit.conftest import LogLines
from tests.unit.pi_in_process import Secrets

OLD, NEW = Secret("canary-old"), Secret("canary-new")


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "canary"}}, "GetSecretValue")


def test_the_key_is_read_once() -> None:
    secrets = Secrets("canary-old")
    key = secrets.key()
    assert secrets.reads == 0  # not when a function starts
    assert [key.current() for _ in range(3)] == [OLD] * 3
    assert secrets.reads == 1


@pytest.mark.parametrize("text", ["canary-old\n", "  canary-old", "canary-old\r\n"])
def test_a_key_pasted_with_its_line_end_is_the_key(text: str) -> None:
    assert Secrets(text).key().current() == OLD


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        " \n",
        "canary\nX-Injected: 1",
        "canary\x00",
        "canary-ä",
        refusal("ResourceNotFoundException"),
    ],
    ids=repr,
)
def test_a_missing_or_unusable_key_has_its_own_code(answer: str | Exception | None) -> None:
    with pytest.raises(ServiceUnavailable) as missing:
        Secrets(answer).key().current()
    assert (missing.value.status, missing.value.code) == (503, "server_key_missing")
    assert "canary" not in str(missing.value)
    assert "ServerKeyMissing" in metrics.provider.metric_set
    assert missing.value.__cause__ is None


def test_a_missing_seed_is_not_called_a_missing_key() -> None:
    with pytest.raises(ServiceUnavailable) as missing:
        wallet_seed(cast("Any", Secrets(None)), "arn").current()
    assert missing.value.code == "wallet_seed_missing"
    assert set(metrics.provider.metric_set) == {"WalletSeedMissing"}


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException"),
        refusal("AccessDeniedException"),
        refusal("InternalServiceError"),
        ConnectTimeoutError(endpoint_url="https://secretsmanager.example"),
    ],
    ids=repr,
)
def test_secrets_manager_out_of_order_is_asked_again(logs: LogLines, error: Exception) -> None:
    key = Secrets(error, "canary-old").key()
    with pytest.raises(ServiceUnavailable) as unavailable:
        key.current()
    assert unavailable.value.code == "service_unavailable"
    [line] = logs()
    assert line.get("aws_code") or line.get("aws_error")
    assert "canary" not in str(unavailable.value) + logs.text
    assert key.current() == OLD


def test_a_refused_key_is_replaced_if_there_is_another() -> None:
    secrets = Secrets("canary-old", "canary-new")
    key = secrets.key()
    key.current()
    assert key.renewed(OLD) == NEW
    assert key.current() == NEW
    assert secrets.reads == 2


def test_the_same_key_again_is_no_other() -> None:
    secrets = Secrets("canary-old")
    key = secrets.key()
    assert key.renewed(key.current()) is None
    assert secrets.reads == 2


def test_a_key_that_somebody_else_replaced_already_is_not_read_again() -> None:
    # Two threads were refused with the old key; the first of them has read the new one.
    secrets = Secrets("canary-new")
    key = secrets.key()
    key.current()
    assert key.renewed(OLD) == NEW
    assert secrets.reads == 1


def test_a_renewal_that_fails_keeps_the_key() -> None:
    key = Secrets("canary-old", refusal("ThrottlingException"), "canary-new").key()
    key.current()
    with pytest.raises(ServiceUnavailable):
        key.renewed(OLD)
    assert key.current() == OLD
    assert key.renewed(OLD) == NEW
