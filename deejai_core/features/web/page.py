"""The page over a library, from its parts to a running server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from deejai_core.errors import OptionError
from deejai_core.features.web.app import Start, create_app, new_token
from deejai_core.features.web.covers import Covers
from deejai_core.features.web.guard import LOOPBACK, Guard
from deejai_core.features.web.page_library import PageLibrary
from deejai_core.features.web.requests import MOST_SEEDS
from deejai_core.features.web.server import serve
from deejai_core.features.web.uploads import Uploads

DOCUMENTATION_ADDRESS = ("192.0.2.1", 9)  # an address for documentation (RFC 5737), which belongs to nobody
ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
SHORTEST_TOKEN = 16  # characters


def token_for(host: str, token: str | None) -> str | None:
    """Return the token of a page: the given one; otherwise none on loopback addresses, and a new one on others.

    Raises OptionError if the given one can be guessed.
    """
    if token is not None and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isalnum()):
        raise OptionError(
            "token",
            f"{SHORTEST_TOKEN} letters and digits at least; leave it out to get a new one",
        )
    if token is None and host not in LOOPBACK and host != "::1":
        return new_token()
    return token


def serve_page(
    page: PageLibrary,
    words: Sequence[str],
    *,
    host: str,
    port: int,
    token: str | None,
    ready: Callable[[], None],
    demo: float | None = None,
    program: str = Start.program,
) -> None:
    """Serve a page until ctrl-C, then close it.

    words: what the page begins with. ready: called once the server listens. demo, program: see `Start`. Raises OptionError,
    LibraryError, RefusedError, ServingError, MissingError.
    """
    try:
        if not 1 <= port <= 65535:
            raise OptionError("port", f"must be from 1 to 65535, not {port}")
        seeds = page.seeds(words)[:MOST_SEEDS] if words else []
        guard = Guard(port, token)
        uploads = Uploads(page.library.folder / "uploads" / str(port))
        app = create_app(page, guard, uploads, Covers(), Start(seeds, demo, program))

        def listening() -> None:
            uploads.clear()
            ready()

        serve(app, guard, host, ready=listening)
    finally:
        page.close()


def address(host: str, port: int, token: str | None) -> str:
    """Return the URL of a page."""
    return f"http://{_shown_host(host)}:{port}/" + (f"?token={token}" if token else "")


def _shown_host(host: str) -> str:
    """Return the host by which others reach this machine; if it listens on all addresses, the one that phones can use as
    well.
    """
    if host not in ANYWHERE:
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(DOCUMENTATION_ADDRESS)  # sends nothing: connecting only chooses the outgoing interface
            return str(probe.getsockname()[0])
        except OSError:  # no network
            return socket.gethostname()
