"""What more than one kind of handler is made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.adapters.deadline import Deadline
from shared.adapters.http import Http
from shared.adapters.pi_client import PiClient
from shared.adapters.seen_tokens import SeenTokens
from shared.adapters.settings import optional, required
from shared.operations.verify_user import Users

if TYPE_CHECKING:
    from shared.adapters.stored_secret import StoredSecret


def pi_clients(http: Http, key: StoredSecret | None = None) -> Callable[[Deadline], PiClient]:
    base_url = required("PI_API_URL")
    return lambda deadline: PiClient(http, base_url, key, deadline)


def all_users() -> Callable[[PiClient], Users]:
    seen, app_id = SeenTokens(), optional("PI_APP_ID")
    return lambda pi: Users(pi, seen, app_id)


def clock() -> int:
    """Seconds since 1970."""
    return int(time.time())
