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
    chosen = options()
    try:
        pi = Pi(
            server_key=chosen.server_key,
            app_id=chosen.app_id,
            network=chosen.network,
            wallet_seed=chosen.wallet_seed,
        )
    except PiError as error:
        raise SystemExit(error.message) from None
    try:
        server = EmulatorServer(create_app(pi), chosen.port, chosen.host)
    except OSError as error:
        raise SystemExit(
            f"Port {chosen.port} cannot be used: {error.strerror}. "
            "Stop what listens there, or choose another one: --port N (make pi PI_PORT=N)"
        ) from None
    threading.Thread(target=_end_with, args=(chosen.parent_pid, server), daemon=True).start()
    # A shell starts its background jobs with SIGINT ignored.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.default_int_handler)
    print(_welcome(server.url, pi, chosen), flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Pi emulator stopped", flush=True)


def _welcome(url: str, pi: Pi, chosen: argparse.Namespace) -> str:
    """A key or a seed that the caller gave may be a real one: it is not printed."""
    key = SERVER_KEY if chosen.server_key == SERVER_KEY else None
    seed = None if chosen.wallet_seed else wallet_seed_of(chosen.app_id)
    return welcome(url, pi.registry.app(), key=key, seed=seed)


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command's options; by default those that it was started with."""
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
    return parser.parse_args(arguments)


def _end_with(parent: int, server: EmulatorServer) -> None:
    """An orphan gets another parent: that is the one portable sign that its own has ended."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(0.5)
    server.shutdown()


if __name__ == "__main__":
    main()
