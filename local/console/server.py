"""The operator's console: a page on this machine that shows a stack, and changes nothing.

It listens on the loopback alone. It is opened by a link that works once, and each request after
that needs the cookie that the link has set; no other page, and no other name of this machine, gets
an answer. Where something is to be done, it shows the command.
"""

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, Response, abort, redirect, render_template, request, send_from_directory
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as WerkzeugResponse

from local.command.deployed import Deployed, StackError
from local.command.read.attention import BLOCKED, MEANINGS, NEXT, commands
from local.command.read.search import find, why
from local.command.tell import shown
from local.console.door import Door
from local.console.overview import Overview
from local.processes import HOST
from shared.base.context import About, within
from shared.base.errors import BundleError

HERE = Path(__file__).parent
# It has the stage's and the shop's colours, type and spacing.
ASSETS = {"tokens.css": HERE.with_name("shop"), "console.css": HERE, "console.js": HERE}
COOKIE = "console"
LOOK_SECONDS = 60
AGAIN_SECONDS = 3.0
# Nothing from elsewhere, nothing written into the page, and no page may frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class Console:
    """The console of a stack, on a port of the loopback."""

    def __init__(self, stack: Deployed, port: int) -> None:
        self._ended = threading.Event()
        self._server = make_server(
            HOST, port, Flask(__name__), threaded=True, request_handler=_Quiet
        )
        self.door = Door(f"http://{HOST}:{self._server.server_port}")
        self._server.app = create_app(stack, self.door, self._ended)
        self._server.daemon_threads = True  # type: ignore[attr-defined] # a listener stays
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Quiet(WSGIRequestHandler):
    """The link would stand in the terminal's log, and the log in a file."""

    def log_request(self, *_: object) -> None:
        pass


def create_app(stack: Deployed, door: Door, ended: threading.Event) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.jinja_env.globals.update(
        shown=shown,
        stack=stack.name,
        next_commands=partial(next_commands, stack),
        option=stack.option,
    )
    _guard(app, door)
    _show(app, stack, ended)

    @app.get("/<path:name>")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            abort(404)
        return send_from_directory(ASSETS[name], name)

    @app.errorhandler(403)
    @app.errorhandler(404)
    def refused(error: Any) -> tuple[str, int]:
        return render_template("refused.html", why=error.description), error.code

    return app


def _guard(app: Flask, door: Door) -> None:
    @app.before_request
    def only_who_was_let_in() -> None:
        if request.host_url.rstrip("/") != door.url or request.origin not in (None, door.url):
            abort(403, "This is not the console's address.")
        if request.endpoint != "enter" and not door.knows(request.cookies.get(COOKIE, "")):
            abort(403, "Open the link that the console has printed. It works once.")

    @app.get("/open/<token>")
    def enter(token: str) -> WerkzeugResponse:
        session = door.opens(token)
        if session is None:
            abort(403, "This link was used already. Ask for another one.")
        response = redirect("/")
        response.set_cookie(COOKIE, session, httponly=True, samesite="Strict")
        return response

    @app.after_request
    def guarded(response: Response) -> Response:
        response.headers["content-security-policy"] = POLICY
        response.headers["cache-control"] = "no-store"
        response.headers["referrer-policy"] = "no-referrer"
        response.headers["x-content-type-options"] = "nosniff"
        return response


def _show(app: Flask, stack: Deployed, ended: threading.Event) -> None:
    overview = Overview(stack)

    @app.get("/")
    @app.get("/find")
    @app.get("/record")
    def page() -> str | WerkzeugResponse:
        name, given = _looked_at(stack, overview, request.path, request.args.to_dict())
        if name == "found.html" and len(given["found"]) == 1:
            return redirect(f"/record?{urlencode({'id': given['found'][0]['id']})}")
        return render_template("page.html", part=name, **given)

    @app.get("/live")
    def live() -> Response:
        """What a page shows inside, each time that it has changed."""
        path, words = request.args.get("of", "/"), request.args.to_dict()

        def changes() -> Iterator[str]:
            before = None
            while not ended.wait(AGAIN_SECONDS):
                with app.app_context():
                    name, given = _looked_at(stack, overview, path, words)
                    now = render_template(name, **given)
                yield f"data: {json.dumps(now)}\n\n" if now != before else ": as before\n\n"
                before = now

        return Response(changes(), content_type="text/event-stream")


def _looked_at(
    stack: Deployed, overview: Overview, path: str, words: dict[str, str]
) -> tuple[str, dict[str, Any]]:
    """The template of a page's inside, and what it is given."""
    with within(LOOK_SECONDS, About(function="console")):
        try:
            match path:
                case "/find":
                    asked = words.get("q", "")
                    return "found.html", {"asked": asked, "found": find(stack.app, asked)}
                case "/record":
                    key = words.get("id", "")
                    return "record.html", {"key": key, "told": why(stack.app, key)}
                case _:
                    return "overview.html", {"now": overview.look(), "at": int(time.time())}
        except (StackError, BundleError, ClientError, BotoCoreError) as refused:
            return "nothing.html", {"why": str(refused)}


def next_commands(deployed: Deployed, told: Any) -> list[str]:
    """What an operator would do about a record, in this order."""
    if "payout" in told:
        payout = told["payout"]
        return (
            commands(deployed, BLOCKED, payout["payout_id"]) if payout["state"] == "blocked" else []
        )
    if "payment" not in told:
        return []
    payment = told["payment"]
    reason = MEANINGS.get(payment["attention"] or "")
    if reason is not None:
        return commands(deployed, NEXT[reason], payment["payment_id"])
    return commands(deployed, ("settle {id}",), payment["payment_id"]) if payment["due_at"] else []
