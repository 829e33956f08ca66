"""The browser of this machine: Debian's Chromium, since Playwright's own does not come with its
package. Its headless shell does the same without a window's machinery, in three quarters of the
time.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
MISSING = "There is no Chromium here. Debian has it: apt-get install chromium"


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Raises RuntimeError if there is none."""
    if not CHROMIUM:
        raise RuntimeError(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium's own sandbox wants a user other than root; the pages are ours alone.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        yield browser
        browser.close()
