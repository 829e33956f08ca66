"""Pi's own host names, for back ends that hard-code them and get here by a hosts file or a proxy.

The path says which API is meant, under any name. Only Pi's Horizons have no prefix of their own:
what is asked for by their names is asked for under `/horizon`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Both lead to the one chain that there is, whichever network it is.
HORIZONS = {"Pi Network": "api.mainnet.minepi.com", "Pi Testnet": "api.testnet.minepi.com"}
PREFIX = "/horizon"
_HORIZON_URL = "emulator.horizon_url"
_EVERYWHERE = (PREFIX, "/_emulator")


def route(environ: "WSGIEnvironment") -> None:
    """Put the prefix before what one of the Horizons is asked for by its name."""
    host, path = environ["HTTP_HOST"], environ["PATH_INFO"]
    if host.partition(":")[0].lower() in HORIZONS.values() and not path.startswith(_EVERYWHERE):
        environ["PATH_INFO"] = PREFIX + path
        environ[_HORIZON_URL] = f"{environ['wsgi.url_scheme']}://{host}"


def horizon_url(environ: "WSGIEnvironment") -> str:
    """The chain's address, by the name under which the emulator was called."""
    by_path = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{PREFIX}"
    return str(environ.get(_HORIZON_URL, by_path))
