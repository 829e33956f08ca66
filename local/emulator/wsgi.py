"""One WSGI call, from bytes to bytes: shared by the HTTP server and the in-process adapter."""

import io
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

WAIT = "emulator.wait"


class DroppedError(Exception):
    """The connection is to be closed without an answer."""


def call(
    app: "WSGIApplication",
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    wait: Callable[[float], None],
) -> tuple[int, str, list[tuple[str, str]], bytes]:
    """Status, reason, headers and body of the app's answer.

    `wait` is how this caller lets an injected delay pass. Raises DroppedError, and what `wait`
    raises.
    """
    environ = _environ(method, url, dict(headers), body) | {WAIT: wait}
    chunks, status, answer_headers = run_wsgi_app(app, environ, buffered=True)
    code, _, reason = status.partition(" ")
    return int(code), reason, list(answer_headers), b"".join(chunks)


def _environ(method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, object]:
    target = urlsplit(url)
    environ: dict[str, object] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(target.path).decode("latin-1"),
        "QUERY_STRING": target.query,
        "HTTP_HOST": target.netloc,
        "SERVER_NAME": target.hostname or "127.0.0.1",
        "SERVER_PORT": str(target.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            environ[f"HTTP_{key}"] = value
    # A proxy in front may speak TLS.
    environ["wsgi.url_scheme"] = environ.get("HTTP_X_FORWARDED_PROTO", "http")
    return environ
