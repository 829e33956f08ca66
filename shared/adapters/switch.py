"""The operator's switch for payouts, an SSM parameter read at run time: `on`, or anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.adapters.aws import aws_call
from shared.adapters.deadline import Deadline

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class Switch:
    def __init__(self, client: SSMClient, name: str, deadline: Deadline) -> None:
        self._client, self._name, self._deadline = client, name, deadline

    def is_on(self) -> bool:
        """Raises ServiceUnavailable: who cannot ask does not pay."""
        with aws_call(self._deadline):
            answer = self._client.get_parameter(Name=self._name)
        return bool(answer["Parameter"].get("Value") == "on")
