"""`pi-emulator`, or `python -m local.emulator`: serve the emulator until Ctrl-C, or until the
parent has ended."""

import argparse
import os
import signal
import threading

from .errors import PiError
from .http import create_app
from .pi import APP_ID, SERVER_KEY, Pi
from .registry import wallet_seed_of
from .server import HOST, EmulatorServer
from .welcome import welcome

DEFAULT_PORT = 8314


def main() -> None:
    options = _options()
    try:
        pi = Pi(
            server_key=options.server_key,
            app_id=options.app_id,
            network=options.network,
            wallet_seed=options.wallet_seed,
        )
    except PiError as error:
        raise SystemExit(error.message) from None
    try:
        server = EmulatorServer(create_app(pi), options.port, options.host)
    except OSError as error:
        raise SystemExit(
            f"Port {options.port} cannot be used: {error.strerror}. "
            "Stop what listens there, or choose another one: --port N (make pi PI_PORT=N)"
        ) from None
    threading.Thread(target=_end_with, args=(options.parent_pid, server), daemon=True).start()
    # A shell starts its background jobs with SIGINT ignored.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.default_int_handler)
    print(_welcome(server.url, pi, options), flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Pi emulator stopped", flush=True)


def _welcome(url: str, pi: Pi, options: argparse.Namespace) -> str:
    """A key or a seed that the caller gave may be a real one: it is not printed."""
    key = SERVER_KEY if options.server_key == SERVER_KEY else None
    seed = None if options.wallet_seed else wallet_seed_of(options.app_id)
    return welcome(url, pi.registry.app(), key=key, seed=seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="pi-emulator", description="A stand-in for Pi: Platform API, users and chain."
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--host", default=HOST, help="0.0.0.0 listens to other machines too")
    parser.add_argument("--app-id", default=APP_ID)
    parser.add_argument("--server-key", default=SERVER_KEY)
    parser.add_argument("--network", default="Pi Testnet", help="or Pi Network")
    parser.add_argument("--wallet-seed", help="what the app's wallet is signed for with: S...")
    parser.add_argument(
        "--parent-pid",
        type=int,
        default=os.getppid(),
        help="the process that starts this one; by default whichever it is",
    )
    return parser.parse_args()


def _end_with(parent: int, server: EmulatorServer) -> None:
    """An orphan gets another parent: that is the one portable sign that its own has ended."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(0.5)
    server.shutdown()


if __name__ == "__main__":
    main()
