"""The example consumer, beside the session's stack."""

from collections.abc import Iterator

import pytest

from local.cloud.stack import Stack
from local.play.consumer import ExampleConsumer
from shared.base.context import within


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    """A test that uses the bundle's own stores is an invocation of its own, of ten minutes."""
    with within(600):
        yield


@pytest.fixture(scope="session")
def consumer(stack: Stack) -> ExampleConsumer:
    """docs/example_consumer, deployed and listening."""
    return ExampleConsumer(stack.cloud, stack.outputs["EventBusName"]).finish()
