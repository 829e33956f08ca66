"""The AWS clients, with timeouts that fit the deadline: botocore's defaults would wait for
minutes. And the one place where AWS's errors become ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.deadline import AWS_ATTEMPTS, AWS_CONNECT_SECONDS, AWS_READ_SECONDS, Deadline
from shared.adapters.observability import logger
from shared.domain.errors import ServiceUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

CONFIG = Config(
    connect_timeout=AWS_CONNECT_SECONDS,
    read_timeout=AWS_READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": AWS_ATTEMPTS},
    tcp_keepalive=True,
)


@cache
def dynamodb_client() -> DynamoDBClient:
    return boto3.client("dynamodb", config=CONFIG)


def secrets_client() -> SecretsManagerClient:
    return boto3.client("secretsmanager", config=CONFIG)


def queue_client() -> SQSClient:
    return boto3.client("sqs", config=CONFIG)


def events_client() -> EventBridgeClient:
    return boto3.client("events", config=CONFIG)


def parameters_client() -> SSMClient:
    return boto3.client("ssm", config=CONFIG)


@contextmanager
def aws_call(deadline: Deadline) -> Iterator[None]:
    """Around one call to AWS: not begun without the time for it, and any error that is not handled
    inside becomes ServiceUnavailable."""
    if not deadline.allows_aws_call():
        raise ServiceUnavailable
    try:
        yield
    except ClientError as error:
        logger.error(
            "AWS refused",
            extra={"aws_code": error.response["Error"]["Code"], "aws_call": error.operation_name},
        )
        raise ServiceUnavailable from None
    except BotoCoreError as error:
        logger.error("AWS gave no answer", extra={"aws_error": type(error).__name__})
        raise ServiceUnavailable from None
