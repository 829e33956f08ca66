"""Pi's browser SDK: the script that a page loads, its types, and what its dialogs ask.

`pi-sdk.js` lies at the root, as at Pi (`https://sdk.minepi.com/pi-sdk.js`). What it asks is under
`/_emulator`, so only pages of this machine get an answer (`cors`), and no fault meets it: bad
weather is between Pi and the app's server.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from ..chain import fixed_point
from ..model import User
from ..payment import Payment
from ..pi import Pi
from ..web import answer

_HERE = Path(__file__).parent
_FILES = {"pi-sdk.js": "text/javascript", "pi-sdk.d.ts": "text/plain"}


def sdk_files() -> Blueprint:
    files = Blueprint("sdk", __name__)

    @files.get("/<any('pi-sdk.js', 'pi-sdk.d.ts'):name>")
    def sdk_file(name: str) -> Response:
        kind = f"{_FILES[name]}; charset=utf-8"
        response = Response((_HERE / name).read_bytes(), content_type=kind)
        response.cache_control.no_cache = True
        return response

    return files


def browser_api(pi: Pi) -> Blueprint:
    api = Blueprint("browser", __name__)

    @api.get("")
    def pi_browser() -> Response:
        """What the SDK must know: the app, who could sign in to it, the settings."""
        app = pi.registry.app(request.args.get("app_id"))
        users = [
            _user(user)
            for user in pi.registry.users.values()
            if user.app_id == app.app_id and not user.revoked
        ]
        settings = {k: v for k, v in asdict(pi.settings).items() if k.startswith("sdk_")}
        about = {"app_id": app.app_id, "network": app.network}
        return answer({"app": about, "users": users, "settings": settings})

    @api.get("/incomplete")
    def incomplete() -> Response:
        """The user's open payment, of which the SDK tells the page at sign-in; or null."""
        return answer({"payment": pi.open_payment(request.args.get("uid", ""))})

    @api.get("/payments/<identifier>")
    def see_payment(identifier: str) -> Response:
        return answer(_seen(pi, pi.payment(identifier)))

    @api.post("/payments/<identifier>/expire")
    def expire_payment(identifier: str) -> Response:
        """The dialog has waited long enough: cancelled, unless the app's server was faster."""
        payment = pi.payment(identifier)
        payment.give_up()
        return answer(_seen(pi, payment))

    return api


def _user(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in ("uid", "username", "scopes", "wallet")}


def _seen(pi: Pi, payment: Payment) -> dict[str, Any]:
    """A payment as its payer sees it: with what their wallet holds and would pay."""
    account = pi.chain.accounts.get(payment.from_address)
    paid = [tx for txid in payment.on_chain if (tx := pi.chain.find(txid)) and tx.successful]
    fee = pi.settings.base_fee_stroops
    available = max(0, account.available) if account else 0
    return {
        "payment": payment.dto(),
        "txid": paid[0].txid if paid else None,
        "wallet": {
            "available": fixed_point(available),
            "fee": fixed_point(fee),
            "enough": available >= payment.amount_stroops + fee,
        },
        "expired": payment.expired,
    }
