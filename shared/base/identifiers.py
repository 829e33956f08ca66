"""The ids that callers send us, and the codes that others answer with. Ids end up in URLs, keys and
memos, so nothing passes that is not plainly an id.
"""

from __future__ import annotations

import re

from shared.base.errors import BadRequest

# 28 characters have been seen, `-` and `_` among them; a Stellar text memo holds 28 bytes.
PAYMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# They would match as well, and mean another call.
PATHS_OF_PI = frozenset({"incomplete", "incomplete_server_payments"})
TXID = re.compile(r"[0-9a-f]{64}")
UID = re.compile(r"[\x00-\x7f]{1,64}")
# A code of Pi, of the chain or of the bundle. Other texts may hold what no log should.
CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
# Nothing that a URL could read as `.` or `..` segments.
AD_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.:~=+-]{0,127}")


def payment_id_of(value: object, key: str = "paymentId") -> str:
    """A payment identifier, or BadRequest `invalid_payment_id`; `key` is its name in the body."""
    if isinstance(value, str) and value in PATHS_OF_PI:
        value = None
    return _matching(PAYMENT_ID, value, "invalid_payment_id", f"{key} is missing or malformed.")


def txid_of(value: object) -> str:
    """A transaction id in lower case, or BadRequest `invalid_txid`."""
    value = value.lower() if isinstance(value, str) else value
    return _matching(TXID, value, "invalid_txid", "txid must be 64 hexadecimal digits.")


def uid_of(value: object, key: str = "uid") -> str:
    """A user's id at this app, or BadRequest `invalid_uid`; `key` is its name in the body."""
    return _matching(UID, value, "invalid_uid", f"{key} must name a user of this app.")


def ad_id_of(value: object) -> str:
    """An ad id, or BadRequest `invalid_ad_id`."""
    return _matching(AD_ID, value, "invalid_ad_id", "The ad id is malformed.")


def _matching(pattern: re.Pattern[str], value: object, code: str, message: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadRequest(code, message)
    return value
