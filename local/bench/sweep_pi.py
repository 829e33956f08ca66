"""The Pi of `make bench-sweep`: the emulator, with payments that are paid and never completed, and
a delay before each answer.

Usage: python -P sweep_pi.py PORT SERVER_KEY PAYMENTS DELAY_SECONDS
Says `= ` and the ids as JSON on standard error, then serves until its standard input ends.
"""

import json
import sys
import threading
from decimal import Decimal
from typing import cast

from local.emulator.faults import Fault, FaultyFront
from local.emulator.http import create_app
from local.emulator.pi import Pi
from local.emulator.server import EmulatorServer


def paid(pi: Pi) -> str:
    """Each by a user of its own: nobody can start another payment before this one is completed."""
    _, token = pi.registry.sign_in(f"pioneer{len(pi.payments)}")
    order = {"amount": Decimal("3.14"), "memo": "Pie", "metadata": {"productId": "apple_pie_1"}}
    payment_id = str(pi.start_payment(token, order)["identifier"])
    pi.payment(payment_id).approve()
    pi.pay(payment_id)
    return payment_id


def main(port: int, server_key: str, payments: int, delay: float) -> None:
    pi = Pi(server_key=server_key)
    app = create_app(pi)
    front = cast(FaultyFront, app.wsgi_app)
    front.faults.append(Fault(path="/v2/*", times=None, delay_s=delay))
    with EmulatorServer(app, port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stderr.write(f"= {json.dumps([paid(pi) for _ in range(payments)])}\n")
        sys.stderr.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
