"""What the tests of the laptop do as a function of the bundle would."""

from collections.abc import Iterator

import pytest

from shared.base.context import within


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    """A test that uses the bundle's own stores is an invocation of its own, of ten minutes."""
    with within(600):
        yield
