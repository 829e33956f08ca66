"""The operator's switch for payouts, an SSM parameter read at run time: `on`, or anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.observability import logger
from shared.domain.errors import ServiceUnavailable

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class Switch:
    def __init__(self, client: SSMClient, name: str) -> None:
        self._client, self._name = client, name

    def is_on(self) -> bool:
        """Raises ServiceUnavailable: who cannot ask does not pay."""
        try:
            answer = self._client.get_parameter(Name=self._name)
        except (BotoCoreError, ClientError) as error:
            logger.error("The switch cannot be read", extra={"aws_error": type(error).__name__})
            raise ServiceUnavailable from None
        return bool(answer["Parameter"].get("Value") == "on")
