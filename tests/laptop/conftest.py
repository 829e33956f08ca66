"""The example consumer, beside the session's stack."""

import pytest

from local.consumer import ExampleConsumer
from local.stack import Stack


@pytest.fixture(scope="session")
def consumer(stack: Stack) -> ExampleConsumer:
    """docs/example_consumer, deployed and listening."""
    return ExampleConsumer(stack.cloud, stack.outputs["EventBusName"]).finish()
