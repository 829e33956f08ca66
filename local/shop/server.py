"""The shop's own server, as each app has one: the page, the list of products, and payouts.

It believes nothing that the page says. Who calls, the bundle answers (`GET /me`); what may be paid
out, this file says. The page calls the bundle itself, from this origin.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Flask, Response, abort, request
from requests.auth import AuthBase

from local.cloud.stack import Stack
from local.emulator.server import serving

FILES = Path(__file__).parent
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

# The addresses that stand in the page's files, where `make run` serves them by default.
PI = "http://127.0.0.1:8314"
API = "http://127.0.0.1:8315/_aws/execute-api/pi-bundle-local"
STAGE = "http://127.0.0.1:8317"

MOST_PAID_OUT = Decimal("0.5")
AMOUNT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,7})?")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
MEMO = "A present from the pie shop"
TIMEOUT_SECONDS = 30.0


@contextmanager
def serving_shop(stack: Stack, *, pi: str = PI, stage: str = STAGE, port: int = 0) -> Iterator[str]:
    """Serve the shop for as long as the block runs; gives its origin. `pi` serves pi-sdk.js, and
    only `stage` may frame the page and look into it."""
    with serving(create_app(stack, pi=pi, stage=stage), port) as url:
        yield url


def create_app(stack: Stack, *, pi: str, stage: str) -> Flask:
    app = Flask(__name__, static_folder=None)
    _add_page(app, {PI: pi, API: stack.api_url}, stage)
    _add_products(app, stack)
    _add_payouts(app, stack.api_url, stack.cloud.signed)

    @app.after_request
    def fresh(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app


def _add_page(app: Flask, addresses: Mapping[str, str], stage: str) -> None:
    api = "{0.scheme}://{0.netloc}".format(urlsplit(addresses[API]))
    policy = (
        f"default-src 'self'; connect-src 'self' {api} {addresses[PI]}; "
        f"script-src 'self' {addresses[PI]} {stage}; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors 'self' {stage}"
    )

    @app.get("/")
    def index() -> Response:
        observed = request.args.get("stage") == stage
        observer = f'\n<script src="{stage}/observer.js"></script>' if observed else ""
        page = _file("index.html").replace("<head>", f"<head>{observer}", 1)
        return Response(page, mimetype="text/html", headers={"Content-Security-Policy": policy})

    @app.get("/<name>")
    def file(name: str) -> Response:
        return Response(_file(name), mimetype=TYPES[Path(name).suffix])

    def _file(name: str) -> str:
        path = FILES / name
        if path.suffix not in TYPES or path.parent != FILES or not path.is_file():
            abort(404)
        text = path.read_text()
        for default, actual in addresses.items():
            text = text.replace(default, actual)
        return text


def _add_products(app: Flask, stack: Stack) -> None:
    @app.get("/products.json")
    def products() -> Any:
        """What is for sale: what has a price first, then by name. Amounts are text, in Pi."""
        table = stack.outputs["ProductsTableName"]
        rows = stack.cloud.dynamodb.scan(TableName=table)["Items"]
        for_sale = [_product(row) for row in rows if row.get("active") == {"BOOL": True}]
        by_name = sorted(for_sale, key=lambda product: str(product["name"]))
        return {"products": sorted(by_name, key=lambda product: "price" not in product)}


def _product(row: Mapping[str, Any]) -> dict[str, Any]:
    """Text and numbers are both text in DynamoDB's own JSON."""
    shown = ("product_id", "name", "price", "minimum", "maximum", "once")
    return {name: next(iter(row[name].values())) for name in shown if name in row}


def _add_payouts(app: Flask, api: str, signed: AuthBase) -> None:
    @app.post("/payout")
    def pay_out() -> Response:
        """Pay the caller. The same `request_id` again pays nothing more."""
        user = _caller(api)
        amount, request_id = _texts("amount", "request_id")
        if not AMOUNT.fullmatch(amount) or not 0 < Decimal(amount) <= MOST_PAID_OUT:
            return _refused(400, "invalid_amount", f"At most {MOST_PAID_OUT} Pi, as text.")
        if not REQUEST_ID.fullmatch(request_id):
            return _refused(400, "invalid_request_id", "Expected 8 to 64 letters and digits.")
        payout = {
            "payout_id": _payout_id(user["uid"], request_id),
            "uid": user["uid"],
            "amount": amount,
            "memo": MEMO,
        }
        return _passed_on(_ask("POST", f"{api}/payouts", json=payout, auth=signed))

    @app.get("/payout/<request_id>")
    def payout(request_id: str) -> Response:
        payout_id = _payout_id(_caller(api)["uid"], request_id)
        return _passed_on(_ask("GET", f"{api}/payouts/{payout_id}", auth=signed))


def _texts(*names: str) -> list[str]:
    """These parts of the request's body; empty where there is no text."""
    body = request.get_json(silent=True)
    values = [body.get(name) if isinstance(body, dict) else None for name in names]
    return [value if isinstance(value, str) else "" for value in values]


def _caller(api: str) -> dict[str, Any]:
    """The user whose token the call carries; any other call ends with the bundle's refusal."""
    token = request.headers.get("Authorization", "")
    answer = _ask("GET", f"{api}/me", headers={"Authorization": token})
    if not answer.ok:
        abort(_passed_on(answer))
    user: dict[str, Any] = answer.json()
    return user


def _payout_id(uid: str, request_id: str) -> str:
    """Of this user's request: no caller can name, repeat or read another user's payout."""
    return "shop-" + hashlib.sha256(f"{uid} {request_id}".encode()).hexdigest()[:32]


def _ask(method: str, url: str, **options: Any) -> requests.Response:
    try:
        return requests.request(method, url, timeout=TIMEOUT_SECONDS, **options)
    except requests.RequestException:
        abort(_refused(503, "service_unavailable", "The payment service does not answer."))


def _passed_on(answer: requests.Response) -> Response:
    passed = {name: answer.headers[name] for name in ("Retry-After",) if name in answer.headers}
    return Response(answer.content, answer.status_code, passed, content_type="application/json")


def _refused(status: int, code: str, message: str) -> Response:
    response = Response(status=status, content_type="application/json")
    response.set_data(f'{{"error": "{code}", "error_message": "{message}"}}')
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
