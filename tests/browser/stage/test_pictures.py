"""`make pictures` takes what the README shows, and what it shows is small enough."""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from local.pictures import CONSOLE, FOLDER, MOVING, STILL, take
from local.stage.server import Stage

MOST_BYTES = 1_500_000


def test_both_are_taken(stage: Stage, page: Page, tmp_path: Path) -> None:
    take(page, stage.url, tmp_path, speed=50)

    with Image.open(tmp_path / STILL) as still, Image.open(tmp_path / MOVING) as moving:
        assert (still.format, moving.format) == ("WEBP", "WEBP")
        assert getattr(moving, "n_frames", 1) > 1


def test_those_of_the_readme_are_there_and_small() -> None:
    assert sum((FOLDER / name).stat().st_size for name in (STILL, MOVING, CONSOLE)) < MOST_BYTES
