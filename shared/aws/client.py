"""The AWS clients, with timeouts that fit the deadline: botocore's defaults would wait for
minutes. And the one place where AWS's errors become ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.base.context import (
    AWS_ATTEMPTS,
    AWS_CONNECT_SECONDS,
    AWS_READ_SECONDS,
    PRICE_READ_SECONDS,
    allows_aws_call,
)
from shared.base.errors import ServiceUnavailable
from shared.base.observability import logger
from shared.base.version import VERSION

# A user agent that is not made up anew for each call, and no check of parameters, which AWS checks
# again: docs/decisions-laptop.md.
CONFIG = Config(
    user_agent=f"pi-bundle/{VERSION}",
    parameter_validation=False,
    connect_timeout=AWS_CONNECT_SECONDS,
    read_timeout=AWS_READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": AWS_ATTEMPTS},
    tcp_keepalive=True,
)
# The one function that is invoked is the app's own, for a price. Its front end asks again.
CONFIGS = {
    "lambda": CONFIG.merge(
        Config(
            read_timeout=PRICE_READ_SECONDS, retries={"mode": "standard", "total_max_attempts": 1}
        )
    )
}


@cache
def client(service: str) -> Any:
    """The environment's one client of an AWS service, by boto3's name for it."""
    make: Any = boto3.client  # typed for literal names only
    return make(service, config=CONFIGS.get(service, CONFIG))


@contextmanager
def aws_call() -> Iterator[None]:
    """Around one call to AWS: not begun without the time for it, and any error that is not handled
    inside becomes ServiceUnavailable."""
    if not allows_aws_call():
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
