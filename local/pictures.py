"""`make pictures`: the README's pictures, of the stage and the console that `make run` serves.

A purchase; a page that is closed after the payment, moving; and how the console tells of it.
"""

import io
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import requests
from PIL import Image
from playwright.sync_api import Page

from local.chromium import CHROMIUM, MISSING, chromium
from local.processes import HOST, ROOT, free_port
from local.run import Settings, serve

FOLDER = ROOT / "docs" / "pictures"
STILL, MOVING, CONSOLE = "stage.webp", "plug.webp", "console.webp"

WIDE = {"width": 1280, "height": 800}
SCENE_SECONDS = 120
FRAME_SECONDS = 0.4
MOVING_WIDTH = 960
LAST_FRAME_MS = 4000
STILL_QUALITY, MOVING_QUALITY = 85, 60


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture, and for how long it is shown."""

    picture: Image.Image
    milliseconds: int


def take(page: Page, stage: str, folder: Path, *, speed: float = 1) -> None:
    """Both pictures of the stage at this address. `speed`: how fast its scenes are played."""
    folder.mkdir(parents=True, exist_ok=True)
    page.goto(f"{stage}/?speed={speed}#scene=bought")
    page.wait_for_selector("body[data-scene=over]", timeout=1000 * SCENE_SECONDS)
    _keep(page, folder / STILL)
    page.goto("about:blank")  # another anchor alone would load nothing anew
    page.goto(f"{stage}/?speed={speed}#scene=closed-page")
    _save(list(_film(page)), folder / MOVING)


def take_console(page: Page, link: str, payment_id: str, folder: Path) -> None:
    """What the console that this link opens tells of a payment."""
    page.goto(link)
    page.locator("#q").fill(payment_id)
    page.keyboard.press("Enter")
    page.locator(".story").wait_for()
    _keep(page, folder / CONSOLE)


def _keep(page: Page, path: Path) -> None:
    _shown(page).save(path, quality=STILL_QUALITY, method=6)


def _film(page: Page) -> Iterator[Frame]:
    """What changes until the scene is over."""
    end = time.monotonic() + SCENE_SECONDS
    shown, since = _shown(page), time.monotonic()
    while page.locator("body[data-scene=over]").count() == 0:
        if time.monotonic() > end:
            raise TimeoutError("The scene does not end.")
        page.wait_for_timeout(1000 * FRAME_SECONDS)
        picture, now = _shown(page), time.monotonic()
        if picture.tobytes() != shown.tobytes():
            yield Frame(shown, round(1000 * (now - since)))
            shown, since = picture, now
    yield Frame(shown, round(1000 * (time.monotonic() - since)))
    yield Frame(_shown(page), LAST_FRAME_MS)


def _save(frames: list[Frame], path: Path) -> None:
    first, *others = [_narrow(frame.picture) for frame in frames]
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=[frame.milliseconds for frame in frames],
        loop=0,
        quality=MOVING_QUALITY,
        method=6,
    )


def _narrow(picture: Image.Image) -> Image.Image:
    height = picture.height * MOVING_WIDTH // picture.width
    return picture.resize((MOVING_WIDTH, height), Image.Resampling.LANCZOS)


def _shown(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def main() -> None:
    if not CHROMIUM:
        sys.exit(MISSING)
    ports = {f"{name}_PORT": str(free_port()) for name in ("PI", "AWS", "SHOP", "STAGE")}
    settings = Settings.read({**ports, "LOCAL_HOME": str(ROOT / ".local" / "pictures")})
    with ExitStack() as running:
        serve(settings, running)
        browser = running.enter_context(chromium())
        page = browser.new_page(viewport=WIDE, color_scheme="light")  # type: ignore[arg-type]
        stage, pi = (f"http://{HOST}:{port}" for port in (settings.stage_port, settings.pi_port))
        take(page, stage, FOLDER)
        healed = requests.get(f"{pi}/_emulator/state", timeout=10).json()["payments"][-1]
        take_console(page, f"{stage}/console", healed["identifier"], FOLDER)


if __name__ == "__main__":
    main()
