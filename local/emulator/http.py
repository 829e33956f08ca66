"""Pi and Horizon over HTTP: routes and statuses only, every rule is in `pi` and `horizon`.

`/pi-sdk.js` is the browser SDK (`browser`), `/v2/...` the Platform API, `/horizon/...` the chain
(also without the prefix, by the host names of `hosts`), `/_emulator/...` the control API.
"""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from .browser import browser_api, sdk_files
from .control import control_api
from .errors import PiError, TokenRefusedError
from .faults import FaultyFront
from .horizon import PROBLEM, Horizon, HorizonError, Listed
from .hosts import PREFIX, horizon_url
from .model import App
from .pi import Pi
from .web import answer, json_body

HAL = "application/hal+json; charset=utf-8"
NOTHING = "assets, claimable_balances, liquidity_pools, offers, trade_aggregations, trades"


def create_app(pi: Pi) -> Flask:
    """The emulator as a WSGI app, safe for threads."""
    app = Flask(__name__)
    front = FaultyFront(app.wsgi_app, pi)
    app.wsgi_app = front  # type: ignore[method-assign] # as Flask documents middleware
    app.register_blueprint(platform_api(pi), url_prefix="/v2")
    app.register_blueprint(horizon_api(pi), url_prefix="/horizon")
    app.register_blueprint(control_api(pi, front), url_prefix="/_emulator")
    app.register_blueprint(sdk_files())
    app.register_blueprint(browser_api(pi), url_prefix="/_emulator/browser")

    @app.before_request
    def asked() -> None:
        pi.horizon_url = horizon_url(request.environ)

    @app.errorhandler(PiError)
    def refused(error: PiError) -> Response:
        return answer(error.body(), error.status)

    @app.errorhandler(TokenRefusedError)
    def token_refused(_error: TokenRefusedError) -> Response:
        return Response(status=401)

    @app.errorhandler(HorizonError)
    def problem(error: HorizonError) -> Response:
        return answer(error.body(), error.status, PROBLEM)

    @app.errorhandler(HTTPException)
    def unroutable(error: HTTPException) -> Response:
        if error.code == 500:
            return refused(PiError("unknown_error"))
        if request.path.startswith("/horizon"):
            return problem(HorizonError("not_found"))
        return refused(PiError("not_found", error.description, error.code))

    return app


def platform_api(pi: Pi) -> Blueprint:
    api = Blueprint("platform", __name__)

    @api.get("/me")
    def me() -> Response:
        return answer(pi.me(authorization()))

    @api.get("/ads_network/status/<identifier>")
    def ad_status(identifier: str) -> Response:
        return answer(pi.ad_status(caller(pi), identifier))

    @api.post("/in_app_notifications/notify")
    def notify() -> Response:
        return answer(pi.notify(caller(pi), json_body()), 201)

    _add_payments(api, pi)
    return api


def _add_payments(api: Blueprint, pi: Pi) -> None:
    @api.post("/payments")
    def create_payment() -> Response:
        app, arguments = caller(pi), json_body().get("payment")
        if not isinstance(arguments, dict):
            raise PiError("invalid_arguments")
        return answer(pi.create_payment(app, arguments))

    @api.get("/payments/incomplete")
    def incomplete_payment() -> Response:
        return answer(pi.incomplete_payment(authorization()))

    @api.get("/payments/incomplete_server_payments")
    def incomplete_server_payments() -> Response:
        return answer(pi.incomplete_server_payments(caller(pi)))

    @api.get("/payments/<identifier>")
    def get_payment(identifier: str) -> Response:
        return answer(pi.get_payment(caller(pi), identifier))

    @api.post("/payments/<identifier>/approve")
    def approve(identifier: str) -> Response:
        return answer(pi.approve(caller(pi), identifier))

    @api.post("/payments/<identifier>/complete")
    def complete(identifier: str) -> Response:
        return answer(pi.complete(caller(pi), identifier, json_body()))

    @api.post("/payments/<identifier>/cancel")
    def cancel(identifier: str) -> Response:
        return answer(pi.cancel(caller(pi), identifier))


def horizon_api(pi: Pi) -> Blueprint:
    api = Blueprint("horizon", __name__)

    def horizon() -> Horizon:
        return pi.any_horizon(horizon_url(request.environ))

    @api.after_request
    def dated(response: Response) -> Response:
        """By Horizon's own clock, however far the ledgers that it shows lag behind."""
        response.date = pi.now()
        return response

    @api.get("")
    @api.get("/")
    def root() -> Response:
        return answer(horizon().root(), kind=HAL)

    @api.get("/fee_stats")
    def fee_stats() -> Response:
        return answer(horizon().fee_stats(), kind=HAL)

    _add_accounts(api, horizon)
    _add_history(api, horizon)
    _add_ledgers(api, horizon)
    _add_submission(api, pi)
    return api


def _add_accounts(api: Blueprint, horizon: Callable[[], Horizon]) -> None:
    @api.get("/accounts/<address>")
    def account(address: str) -> Response:
        return answer(horizon().account(address), kind=HAL)

    @api.get("/accounts/<address>/transactions")
    def account_transactions(address: str) -> Response:
        return answer(horizon().account_transactions(address, request.args), kind=HAL)

    @api.get("/accounts/<address>/operations")
    def account_operations(address: str) -> Response:
        return answer(horizon().account_operations(address, request.args), kind=HAL)

    @api.get("/accounts/<address>/payments")
    def account_payments(address: str) -> Response:
        return answer(horizon().account_payments(address, request.args), kind=HAL)


def _add_history(api: Blueprint, horizon: Callable[[], Horizon]) -> None:
    @api.get("/transactions")
    def transactions() -> Response:
        return answer(horizon().transactions(request.args), kind=HAL)

    @api.get("/transactions/<txid>")
    def transaction(txid: str) -> Response:
        return answer(horizon().transaction(txid), kind=HAL)

    @api.get("/transactions/<txid>/<any(operations, payments):listed>")
    def operations_of(txid: str, listed: Listed) -> Response:
        return answer(horizon().operations_of(txid, request.args, listed), kind=HAL)

    @api.get("/<any(operations, payments):listed>")
    def operations(listed: Listed) -> Response:
        return answer(horizon().operations(request.args, listed), kind=HAL)

    @api.get("/operations/<int:identifier>")
    def operation(identifier: int) -> Response:
        return answer(horizon().operation(identifier, request.args), kind=HAL)


def _add_ledgers(api: Blueprint, horizon: Callable[[], Horizon]) -> None:
    @api.get("/ledgers")
    def ledgers() -> Response:
        return Response(horizon().ledgers(request.args), content_type=HAL)

    @api.get("/ledgers/<int:number>")
    def ledger(number: int) -> Response:
        return answer(horizon().ledger(number), kind=HAL)

    @api.get("/ledgers/<int:number>/transactions")
    def ledger_transactions(number: int) -> Response:
        return answer(horizon().ledger_transactions(number, request.args), kind=HAL)

    @api.get("/ledgers/<int:number>/<any(operations, payments):listed>")
    def ledger_operations(number: int, listed: Listed) -> Response:
        return answer(horizon().ledger_operations(number, request.args, listed), kind=HAL)

    @api.get(f"/<any({NOTHING}):_list>")
    @api.get("/accounts/<_address>/<any(offers, trades):_list>")
    @api.get("/paths/<any('strict-receive', 'strict-send'):_list>")
    def nothing(**_parts: str) -> Response:
        path = request.path.removeprefix(PREFIX)
        return answer(horizon().nothing(path, request.args), kind=HAL)


def _add_submission(api: Blueprint, pi: Pi) -> None:
    """The stellar SDK behind it is imported by the first submission, not by every start."""

    @api.post("/transactions")
    def submit() -> Response:
        from .submission import submit

        return answer(submit(pi, form_field("tx"), horizon_url(request.environ)), kind=HAL)

    @api.post("/transactions_async")
    def submit_async() -> Response:
        from .submission import submit_async

        return answer(*submit_async(pi, form_field("tx")))


def form_field(name: str) -> str:
    if request.mimetype not in ("", "application/x-www-form-urlencoded", "multipart/form-data"):
        raise HorizonError("unsupported_media_type")
    return request.form.get(name, "")


def caller(pi: Pi) -> App:
    return pi.registry.app_of(authorization())


def authorization() -> str:
    return request.headers.get("authorization", "")
