"""MiniStack as it is, but that its HTTP APIs let the pages of this machine in, whatever their port,
and that the functions' clock can be moved.

Usage: python -P serve.py, with MiniStack's own settings in the environment.

API Gateway, and so MiniStack, compares a page's origin with a list. The port of a page under
development is the developer's to choose, and a list of all of them costs 12 ms a call.

The functions' processes inherit MiniStack's environment, and with it the folder `clock`, whose
module runs at their start. MiniStack itself has started by then, and keeps its own time.
"""

import os
import re
from pathlib import Path
from typing import Any

from ministack import app
from ministack.services import apigateway

CLOCK = Path(__file__).with_name("clock")
OF_THIS_MACHINE = re.compile(r"http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?")

_headers_of_listed = apigateway._cors_response_headers  # noqa: SLF001 - MiniStack has no setting


def headers(configuration: dict[str, Any], origin: str) -> dict[str, str]:
    """The CORS headers of an answer; none means that the browser hides it from the page."""
    if configuration and OF_THIS_MACHINE.fullmatch(origin):
        configuration = {**configuration, "allowOrigins": [origin]}
    listed: dict[str, str] = _headers_of_listed(configuration, origin)
    return listed


if __name__ == "__main__":
    apigateway._cors_response_headers = headers  # noqa: SLF001
    os.environ["PYTHONPATH"] = str(CLOCK)
    app.main()
