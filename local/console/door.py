"""Who may look at the console: whoever has opened a link that was made for him, once."""

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest


@dataclass(slots=True)
class Door:
    """`url` is the console's own address."""

    url: str
    _links: set[str] = field(default_factory=set)
    _sessions: set[str] = field(default_factory=set)

    def link(self) -> str:
        """One more, for a person of this machine."""
        self._links.add(token := secrets.token_urlsafe(32))
        return f"{self.url}/open/{token}"

    def opens(self, token: str) -> str | None:
        """The session that the link begins; None: it was used, or never made."""
        if not _holds(self._links, token):
            return None
        self._links.discard(token)
        self._sessions.add(session := secrets.token_urlsafe(32))
        return session

    def knows(self, session: str) -> bool:
        return _holds(self._sessions, session)


def _holds(known: set[str], given: str) -> bool:
    return any(compare_digest(one.encode(), given.encode()) for one in known)
