"""The stage in a browser, over the session's stack, with the real shop in its phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from local.play.consumer import ExampleConsumer
from local.stage.server import Stage
from tests.stage import on_stage

SPEED = 50


@pytest.fixture(scope="package")  # its clock is not the other tests'
def served_stage(
    stack: Stack, consumer: ExampleConsumer, emulator_server: PiEmulator
) -> Iterator[Stage]:
    with on_stage(stack, consumer, emulator_server) as stage:
        yield stage


@pytest.fixture
def stage(served_stage: Stage, page: Page) -> Stage:
    """Open in `page`, and empty."""
    served_stage.begin_anew()
    page.goto(f"{served_stage.url}/?speed={SPEED}")
    return served_stage
