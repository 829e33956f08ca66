"""An HTTP/1.1 server for one WSGI app: loopback unless told otherwise, keep-alive, a thread per
connection.

werkzeug's own server closes every connection after one answer, and so would hide what a client
does with a pooled connection that the server drops. This one closes only when the client does, or
when a fault says so.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING

from .wsgi import DroppedError, call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # nosec B104


class EmulatorServer(ThreadingTCPServer):
    """Raises OSError if the port is taken; port 0 takes a free one."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, app: "WSGIApplication", port: int = 0, host: str = HOST) -> None:
        self.app = app
        super().__init__((host, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that stopped waiting is no error here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """Where this machine reaches it."""
        host, port = self.server_address[:2]
        return f"http://{HOST if host == EVERYWHERE else host!s}:{port}"


@contextmanager
def serving(app: "WSGIApplication", port: int = 0) -> Iterator[str]:
    """Serve in a thread of this process for as long as the block runs; gives the base URL."""
    with EmulatorServer(app, port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: EmulatorServer
    protocol_version = "HTTP/1.1"
    # An answer leaves in one packet and at once: otherwise each call costs 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        if "transfer-encoding" in self.headers:
            self.send_error(411)
            return
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        url = f"http://{self.headers.get('host', HOST)}{self.path}"
        try:
            status, reason, headers, content = call(
                self.server.app, self.command, url, self.headers.items(), body, time.sleep
            )
        except DroppedError:
            self.close_connection = True
            return
        self.send_response_only(status, reason)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Quiet: the emulator keeps its own log of calls."""
