"""What the functions write to CloudWatch."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.base import observability


class Lines(logging.Handler):
    """The lines of the log, as CloudWatch gets them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(observability.logger.registered_formatter)
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@contextmanager
def logged() -> Iterator[list[dict[str, Any]]]:
    """While the block runs."""
    handler = Lines()
    observability.logger.addHandler(handler)
    try:
        yield handler.lines
    finally:
        observability.logger._logger.removeHandler(handler)
