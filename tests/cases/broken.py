"""The mark of a history that breaks a promise today: expected to fail, strictly."""

import pytest


def broken(why: str) -> pytest.MarkDecorator:
    """Whoever mends it takes the mark away, and moves the test to those of its topic."""
    return pytest.mark.xfail(reason=why, strict=True, raises=AssertionError)
