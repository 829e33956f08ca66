"""The Server API Key and the wallet's seed, from Secrets Manager. Each is read once per environment
and never shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.aws.client import aws_call
from shared.base.errors import ServiceUnavailable
from shared.base.observability import count
from shared.base.secret import Secret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class StoredSecret:
    """Holds the secret for the environment's life; `renewed` reads it again after it was refused.
    `missing` tells that none was put yet."""

    def __init__(
        self,
        client: SecretsManagerClient,
        secret_id: str,
        missing: Callable[[], ServiceUnavailable],
    ) -> None:
        self._client, self._secret_id, self._missing = client, secret_id, missing
        self._lock = threading.Lock()
        self._secret: Secret | None = None

    def current(self) -> Secret:
        """Raises ServiceUnavailable, with a code of its own if none was put yet."""
        with self._lock:
            if self._secret is None:
                self._secret = self._read()
            return self._secret

    def renewed(self, refused: Secret) -> Secret | None:
        """The secret that replaced `refused`; None if there is none, so that nothing is gained by
        trying again.
        """
        with self._lock:
            if self._secret == refused:
                self._secret = self._read()
            return self._secret if self._secret != refused else None

    def _read(self) -> Secret:
        with aws_call():
            try:
                answer: Mapping[str, Any] = self._client.get_secret_value(SecretId=self._secret_id)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                answer = {}  # it was never given a value
        text = answer.get("SecretString", "").strip()
        # Printable ASCII, or it could not stand in a header.
        if not (text and text.isascii() and text.isprintable()):
            raise self._missing()
        return Secret(text)


def server_key(client: SecretsManagerClient, secret_id: str) -> StoredSecret:
    """The Server API Key; where none was put yet, its `current` raises `server_key_missing`."""

    def missing() -> ServiceUnavailable:
        count("ServerKeyMissing")
        return ServiceUnavailable("server_key_missing", "This app has no usable server key yet.")

    return StoredSecret(client, secret_id, missing)


def wallet_seed(client: SecretsManagerClient, secret_id: str) -> StoredSecret:
    """The wallet's seed (`S...`); where none was put yet: `wallet_seed_missing`."""

    def missing() -> ServiceUnavailable:
        count("WalletSeedMissing")
        return ServiceUnavailable("wallet_seed_missing", "This app has put no wallet seed yet.")

    return StoredSecret(client, secret_id, missing)
