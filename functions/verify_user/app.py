"""GET /me: the user whom Pi knows by this access token."""

from __future__ import annotations

from shared.app import app
from shared.edge.http import Answer, Request, serve
from shared.users.verify import Users


def verify(users: Users, request: Request) -> Answer:
    user = users.verify(request.token())
    return Answer(200, {"uid": user.uid, "username": user.username, "scopes": user.scopes})


handler = serve(app.users, {"GET /me": verify})
