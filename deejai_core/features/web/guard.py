"""Access control: every request is checked here before anything else, and before its body is received.

There are three dangers. Another site's page may send requests here: recognised by `Origin` and `Sec-Fetch-Site`. Another
site's name may point to this machine, which makes its page one of the same origin: recognised by `Host`, since only the
machine's own names are accepted. And if the server listens on more than loopback, other people may send requests: they lack
the token.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from deejai_core.features.web.library import RefusedError

LARGEST_UPLOAD = 500_000_000  # bytes of an audio file that somebody drops in
LARGEST_REQUEST = 1_000_000  # bytes of any other request's body
UPLOAD_PATH, TRANSCODE_PATH = "/api/upload", "/api/transcode"
TAKE_FILES = (UPLOAD_PATH, TRANSCODE_PATH)  # the bodies of these are audio files

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class OpenGuard:
    """The guard of a server whose requests contain a login, which the application checks.

    Unlike cookies, browsers do not add that login by themselves, so no other site's page can act in a listener's name.
    """

    port: int

    def check(self, method: str, path: str, query: str, header: Callable[[str], str | None]) -> None:
        """Accept every request."""

    def most(self, path: str) -> int:
        """Return how many bytes the body of a request may have."""
        return LARGEST_REQUEST


@dataclass(frozen=True)
class Guard:
    """port: where the server listens. token: None on loopback, where only the machine's own names are accepted."""

    port: int
    token: str | None = None

    @property
    def cookie(self) -> str:
        return f"deejai_{self.port}"  # cookies do not distinguish ports

    def check(self, method: str, path: str, query: str, header: Callable[[str], str | None]) -> None:
        """Check a request. header: returns a header's value by its name, or None. Raises RefusedError."""
        host = (header("Host") or "").lower()
        if self.token is None and host not in {f"{name}:{self.port}" for name in LOOPBACK} | (
            set(LOOPBACK) if self.port == 80 else set()
        ):
            raise RefusedError(f"this is not the server of {host[:100]!r}; open http://127.0.0.1:{self.port}/", 403)
        self._check_origin(method, path, host, header)
        if self.token is not None and not self.shows_token(query, header):
            raise RefusedError("the token is missing or wrong; open the address that the server was started with", 401)

    def most(self, path: str) -> int:
        """Return how many bytes the body of a request may have."""
        return LARGEST_UPLOAD if path in TAKE_FILES else LARGEST_REQUEST

    def shows_token(self, query: str, header: Callable[[str], str | None]) -> bool:
        """Return whether a request has the token: in its cookie, in its query, or as a bearer token."""
        # Parsed by hand: the standard library's parser drops all cookies if one of them is odd, and any program may have
        # set it.
        cookies = (cookie.strip().partition("=") for cookie in (header("Cookie") or "").split(";"))
        kind, _, bearer = (header("Authorization") or "").partition(" ")
        shown = [
            *(value for name, _, value in cookies if name == self.cookie),
            *parse_qs(query).get("token", []),
            bearer if kind == "Bearer" else "",
        ]
        token = self.token
        return token is not None and any(hmac.compare_digest(text.encode(), token.encode()) for text in shown)

    @staticmethod
    def _check_origin(method: str, path: str, host: str, header: Callable[[str], str | None]) -> None:
        # Programs other than browsers send neither header; pages cannot stop browsers from sending them.
        site, origin = header("Sec-Fetch-Site"), header("Origin")
        asks_much = path.startswith("/api/") or method not in ("GET", "HEAD")
        try:
            foreign = origin is not None and urlsplit(origin).netloc.lower() != host
        except ValueError:
            foreign = True
        if asks_much and (foreign or site not in (None, "same-origin", "none")):
            raise RefusedError("only the DJ page itself may ask for this", 403)
