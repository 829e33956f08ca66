"""For verify_user: Pi alone, no AWS."""

from __future__ import annotations

from collections.abc import Callable

from shared.adapters.deadline import Deadline
from shared.adapters.http import Http
from shared.composition.common import all_users, pi_clients
from shared.operations.verify_user import Users


def user_services() -> Callable[[Deadline], Users]:
    pi, users = pi_clients(Http()), all_users()
    return lambda deadline: users(pi(deadline))
