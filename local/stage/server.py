"""The stage on HTTP: its page, what the page is told (`GET /feed`), and what its director does.

It listens on the loopback only, and takes orders only from its own page. A page of elsewhere cannot
send the header that says so without asking first, and is answered nothing; nor does another name of
this machine help it, for orders come to the stage's own address only.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import requests
from botocore.exceptions import BotoCoreError, ClientError
from flask import (
    Flask,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template_string,
    request,
    send_from_directory,
)
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as WerkzeugResponse

from local.cloud.stack import Deployment, FunctionFailedError, Stack
from local.console.door import Door
from local.emulator.process import PiEmulator
from local.processes import HOST
from local.shop.server import serving_shop
from local.stage.director import SWITCHES, Director, NothingToRefundError
from local.stage.feed import Feed
from local.stage.snapshot import Sources
from local.stage.watch import Watch

PAGE = Path(__file__).with_name("page")
# The stage has the shop's colours, type and spacing.
SHOP, TOKENS = Path(__file__).parent.with_name("shop"), "tokens.css"
ASKED_BY_OUR_PAGE = "x-stage"


class Stage:
    """The stage and the shop that it frames, each on a port of the loopback."""

    def __init__(
        self,
        port: int,
        shop_port: int,
        stack: Stack,
        consumer: Deployment,
        emulator: PiEmulator,
        console: Door | None = None,
        **settings: Any,
    ) -> None:
        """`console` is the door of the operator's, which the stage leads to; `settings` of the
        emulator are put anew after each reset."""
        self.url = f"http://{HOST}:{port}"
        self.shop = f"http://{HOST}:{shop_port}"
        self._opens_shop = serving_shop(stack, pi=emulator.url, stage=self.url, port=shop_port)
        self._feed = Feed()
        sources = Sources(stack, consumer, emulator)
        self._watch = Watch(sources, self._feed)
        self.director = Director(sources, self._feed, settings)
        app = create_app(self.director, self._watch, self._feed, self.url, self.shop)
        if console is not None:
            _add_console(app, console, self.url)
        self._server = make_server(HOST, port, app, threaded=True, request_handler=_Quiet)
        self._server.daemon_threads = True  # type: ignore[attr-defined] # a listener stays
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._opens_shop.__enter__()
        self._watch.start()
        self._thread.start()
        return self

    def begin_anew(self) -> None:
        """The stage is empty again."""
        self._watch.begin_anew(self.director.reset)

    def __exit__(self, *_: object) -> None:
        self._feed.close()
        self._watch.join()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._opens_shop.__exit__(None, None, None)


class _Quiet(WSGIRequestHandler):
    """The terminal is for what goes wrong."""

    def log_request(self, *_: object) -> None:
        pass


def create_app(director: Director, watch: Watch, feed: Feed, url: str, shop: str) -> Flask:
    """`url` is the stage's own address."""
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined] # the switches are in their order

    @app.get("/")
    def page() -> str | WerkzeugResponse:
        if not _is_sent_to(url):
            return redirect(url)  # the shop knows the stage by one name only
        text = (PAGE / "index.html").read_text()
        return render_template_string(text, shop=shop, console="console" in app.view_functions)

    @app.get("/<path:name>")
    def asset(name: str) -> Response:
        response = send_from_directory(SHOP if name == TOKENS else PAGE, name)
        response.headers["cache-control"] = "no-cache"
        return response

    @app.get("/feed")
    def listen() -> Response:
        after = request.headers.get("last-event-id", 0, int)
        answer = Response(feed.listen(after), content_type="text/event-stream")
        answer.headers["cache-control"] = "no-store"
        return answer

    @app.get("/verdict")
    def judge() -> Response:
        return jsonify(asdict(watch.look()))

    _add_director(app, director, watch, url)
    app.register_error_handler(Exception, _tell)
    return app


def _tell(error: Exception) -> tuple[Response, int]:
    """Every refusal and every failure, as the page shows it to its user."""
    match error:
        case HTTPException():
            return jsonify(error=error.description), error.code or 500
        case NothingToRefundError():
            return jsonify(error="There is no purchase to give back."), 409
        case FunctionFailedError() | requests.RequestException() | BotoCoreError() | ClientError():
            return jsonify(error=str(error)), 502
        case _:
            current_app.logger.error("The stage failed.", exc_info=error)
            return jsonify(error="The stage failed. Its terminal says why."), 500


def _add_director(app: Flask, director: Director, watch: Watch, url: str) -> None:
    orders: dict[str, Callable[[], object]] = {
        "an-hour-later": director.an_hour_later,
        "refund": director.refund,
        "cancel-at-pi": director.cancel_at_pi,
        "reset": lambda: watch.begin_anew(director.reset),
    }

    one_at_a_time = threading.Lock()  # or a reset would empty what an hour is passing over

    @app.before_request
    def only_by_our_page() -> None:
        is_our_page = ASKED_BY_OUR_PAGE in request.headers and _is_sent_to(url)
        if request.method != "GET" and not is_our_page:
            abort(403, "Only the stage's own page may.")

    @app.get("/director")
    def panel() -> Response:
        """What the panel's switches are called, in their order, and what they mean."""
        return jsonify(switches={name: asdict(switch) for name, switch in SWITCHES.items()})

    @app.post("/director/<order>")
    def give(order: str) -> Response:
        if order not in orders:
            abort(404, f"There is no {order}.")
        with one_at_a_time:
            return jsonify(done=orders[order]())

    @app.put("/director/weather/<name>")
    @app.delete("/director/weather/<name>")
    def switch(name: str) -> Response:
        if name not in SWITCHES:
            abort(404, f"There is no {name}.")
        director.switch(name, on=request.method == "PUT")
        watch.look()
        return jsonify(done=name)


def _add_console(app: Flask, door: Door, url: str) -> None:
    @app.get("/console")
    def console() -> WerkzeugResponse:
        """Its link works once, so each press makes one."""
        if not _is_sent_to(url):
            abort(403, "Only by the stage's own address.")
        return redirect(door.link())


def _is_sent_to(url: str) -> bool:
    return request.host_url.rstrip("/") == url
