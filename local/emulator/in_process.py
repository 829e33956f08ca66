"""Answers `requests` from a WSGI app without a socket: thousands of calls in a test, no waiting.

Lost answers and delays look to the caller exactly as they do on a network: the exceptions, and
what they hold, are those of requests and urllib3.
"""

import io
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from .wsgi import DroppedError, call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class InProcessAdapter(HTTPAdapter):
    """`session.mount("http://pi.test", InProcessAdapter(app))`.

    An injected delay takes no time: longer than the read timeout it is a ReadTimeout, else nothing.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        super().__init__()
        self._app = app

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        *_args: Any,
        **_kwargs: Any,
    ) -> Response:
        """Answer from the app. Raises requests' ConnectionError and ReadTimeout."""
        read_timeout = timeout[1] if isinstance(timeout, tuple) else timeout

        def wait(seconds: float) -> None:
            if read_timeout is not None and seconds > read_timeout:
                message = f"Read timed out. (read timeout={read_timeout})"
                pool = HTTPConnectionPool("in-process")
                raise ReadTimeout(
                    ReadTimeoutError(pool, str(request.url), message), request=request
                )

        try:
            status, reason, headers, body = call(
                self._app,
                str(request.method),
                str(request.url),
                request.headers.items(),
                _body(request),
                wait,
            )
        except DroppedError:
            closed = RemoteDisconnected("Remote end closed connection without response")
            lost = ProtocolError("Connection aborted.", closed)
            raise RequestsConnectionError(lost, request=request) from None
        raw = HTTPResponse(
            body=io.BytesIO(body),
            headers=HTTPHeaderDict(headers),
            status=status,
            reason=reason,
            preload_content=False,
            decode_content=False,
            request_method=request.method,
        )
        response = self.build_response(request, raw)
        if not stream:
            response.content  # noqa: B018 - reading it is the point
        return response


def _body(request: PreparedRequest) -> bytes:
    body = request.body or b""
    if not isinstance(body, str | bytes):
        raise TypeError("streamed request bodies are not supported")
    return body.encode() if isinstance(body, str) else body
