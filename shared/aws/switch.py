"""The operator's switch for payouts, an SSM parameter read at run time: `on`, or anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.aws.client import aws_call

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class Switch:
    def __init__(self, client: SSMClient, name: str) -> None:
        self._client, self._name = client, name

    def is_on(self) -> bool:
        """Raises ServiceUnavailable: it fails closed."""
        with aws_call():
            answer = self._client.get_parameter(Name=self._name)
        return bool(answer["Parameter"].get("Value") == "on")
