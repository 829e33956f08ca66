"""GET /me: the user whom Pi knows by this access token."""

from __future__ import annotations

from shared.composition.user import user_services
from shared.edge.http import Answer, Request, serve
from shared.operations.verify_user import Users


def verify(users: Users, request: Request) -> Answer:
    user = users.verify(request.token())
    return Answer(200, {"uid": user.uid, "username": user.username, "scopes": user.scopes})


handler = serve(user_services(), {"GET /me": verify})
