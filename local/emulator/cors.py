"""Which web pages may call the emulator: the browser asks (CORS), and this answers.

Pi documents `/me` for front ends, and Horizon lets every page read: any origin may call both. The
control API does whatever it is asked to, so it is for pages of this machine only: what any other
page sends is refused, not only kept from it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from .errors import PiError
from .wire import dumps

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CONTROL = "/_emulator"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"


def open_to_pages(
    app: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """Call the app for a page. A preflight does not reach it: it is no call, and meets no fault."""
    origin = environ["HTTP_ORIGIN"]
    if environ["PATH_INFO"].startswith(_CONTROL):
        if not _is_loopback(origin):
            return _refusal(origin)(environ, start_response)
        headers = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
    else:
        headers = [("Access-Control-Allow-Origin", "*")]
    if "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
        return _preflight(environ, headers)(environ, start_response)
    headers.append(("Access-Control-Expose-Headers", "*"))

    def start(status: str, own: list[tuple[str, str]], *exc_info: Any) -> Any:
        return start_response(status, [*own, *headers], *exc_info)

    return app(environ, start)


def _is_loopback(origin: str) -> bool:
    try:
        return urlsplit(origin).hostname in _LOOPBACK
    except ValueError:
        return False


def _refusal(origin: str) -> Response:
    message = f"{origin} is no page of this machine."
    error = PiError("forbidden", message)
    return Response(dumps(error.body()), error.status, content_type="application/json")


def _preflight(environ: "WSGIEnvironment", headers: list[tuple[str, str]]) -> Response:
    """Every header may be sent: `Authorization` has to be named, `*` does not cover it."""
    asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "Authorization, Content-Type")
    allowed = [
        ("Access-Control-Allow-Methods", _METHODS),
        ("Access-Control-Allow-Headers", asked),
        ("Access-Control-Max-Age", "600"),
    ]
    return Response(status=204, headers=[*headers, *allowed])
