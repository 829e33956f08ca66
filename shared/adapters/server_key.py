"""The Server API Key, from Secrets Manager. It is read once per environment and never shown."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.observability import count, logger
from shared.adapters.secret import Secret
from shared.domain.errors import ServiceUnavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class ServerKey:
    """Holds the key for the environment's life; `renewed` reads it again after Pi refused it."""

    def __init__(self, client: SecretsManagerClient, secret_id: str) -> None:
        self._client, self._secret_id = client, secret_id
        self._lock = threading.Lock()
        self._key: Secret | None = None

    def current(self) -> Secret:
        """Raises ServiceUnavailable `server_key_missing` (none was put yet) or
        `service_unavailable`.
        """
        with self._lock:
            if self._key is None:
                self._key = self._read()
            return self._key

    def renewed(self, refused: Secret) -> Secret | None:
        """The key that replaced `refused`; None if there is none, so that nothing is gained by
        trying again.
        """
        with self._lock:
            if self._key == refused:
                self._key = self._read()
            return self._key if self._key != refused else None

    def _read(self) -> Secret:
        try:
            answer: Mapping[str, Any] = self._client.get_secret_value(SecretId=self._secret_id)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code != "ResourceNotFoundException":  # that one: it was never given a value
                logger.error("The server key cannot be read", extra={"aws_code": code})
                raise ServiceUnavailable from None
            answer = {}
        except BotoCoreError as error:
            logger.error("The server key cannot be read", extra={"aws_error": type(error).__name__})
            raise ServiceUnavailable from None
        text = answer.get("SecretString", "").strip()
        # Printable ASCII, or it could not stand in a header.
        if not (text and text.isascii() and text.isprintable()):
            count("ServerKeyMissing")
            raise ServiceUnavailable("server_key_missing", "This app has no usable server key yet.")
        return Secret(text)
