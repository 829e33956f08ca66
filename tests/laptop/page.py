"""A page in a browser, as far as CORS goes: what it sends, and what its browser lets it see.

The headers are those that Chromium 156 sent for `fetch(..., {credentials: "include"})`; the checks
are the Fetch standard's for a request with credentials.
"""

import json
from dataclasses import dataclass
from typing import Any

import requests

TIMEOUT = 30
# What a page may read of any answer; everything else must be exposed.
SAFELISTED = {
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
}


class CorsError(Exception):
    """The browser keeps the answer from the page: "TypeError: Failed to fetch"."""


@dataclass(frozen=True)
class Seen:
    """What the page sees of an answer."""

    status: int
    body: Any
    readable: set[str]


@dataclass(frozen=True)
class Page:
    """A page of this origin that calls the API."""

    origin: str
    api: str

    def fetch(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: str | None = None,
    ) -> Seen:
        """Preflight, then the call itself; raises CorsError."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        asked = ",".join(sorted(name.lower() for name in headers))
        preflight = self._send(
            "OPTIONS",
            path,
            {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": asked},
        )
        self._let_through(preflight)
        if not preflight.ok:
            raise CorsError(f"preflight answered {preflight.status_code}")
        if method not in listed(preflight, "Access-Control-Allow-Methods"):
            raise CorsError(f"{method} is not allowed")
        if refused := set(asked.split(",")) - listed(preflight, "Access-Control-Allow-Headers"):
            raise CorsError(f"{refused} are not allowed")

        answer = self._send(method, path, headers, body)
        self._let_through(answer)
        readable = SAFELISTED | listed(answer, "Access-Control-Expose-Headers")
        return Seen(answer.status_code, answer.json(), readable)

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None = None
    ) -> requests.Response:
        return requests.request(
            method,
            self.api + path,
            headers={
                **headers,
                "Origin": self.origin,
                "Referer": f"{self.origin}/",
                "Accept": "*/*",
                "Sec-Fetch-Mode": "cors",
                "Sec-Fetch-Dest": "empty",
            },
            data=None if body is None else json.dumps(body),
            timeout=TIMEOUT,
        )

    def _let_through(self, answer: requests.Response) -> None:
        """With credentials `*` does not do: the answer must name the origin, and allow them."""
        if answer.headers.get("Access-Control-Allow-Origin") != self.origin:
            raise CorsError(f"not for {self.origin}: {answer.headers}")
        if answer.headers.get("Access-Control-Allow-Credentials") != "true":
            raise CorsError("not with credentials")


def listed(answer: requests.Response, header: str) -> set[str]:
    """The items of a comma-separated header."""
    return {item.strip() for item in answer.headers.get(header, "").split(",")} - {""}
