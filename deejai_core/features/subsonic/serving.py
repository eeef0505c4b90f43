"""The OpenSubsonic server over a library, from its parts to a running server."""

from __future__ import annotations

from collections.abc import Callable

from deejai_core.data_folder import listeners_path
from deejai_core.errors import OptionError
from deejai_core.features.subsonic.app import create_app
from deejai_core.features.subsonic.call import Server
from deejai_core.features.subsonic.catalogue import Catalogue
from deejai_core.features.subsonic.store import ListenerStore
from deejai_core.features.subsonic.users import Users
from deejai_core.features.web.covers import Covers
from deejai_core.features.web.following import Following
from deejai_core.features.web.guard import OpenGuard
from deejai_core.features.web.server import serve
from deejai_core.library import Library
from deejai_core.lists.request import Request
from deejai_core.lists.space import Space, open_space
from deejai_core.lists.writing import Playlists
from deejai_core.models.protocol import Model


def make_server(
    library: Library, model: Model, request: Request, playlists: Playlists, users: Users, covers: Covers
) -> Server:
    """Make the parts of a server. request: how tracks are compared, and by what rules. Raises StoreError, LibraryError."""
    path = listeners_path(library)

    def read_catalogue() -> Catalogue:
        """Read the library, and move listeners' data to the ids that its songs have now."""
        catalogue = Catalogue(library)
        with ListenerStore(path) as store:
            names = {item: catalogue.current(item) for item in store.items()}
            store.rename({old: new for old, new in names.items() if new and new != old})
        return catalogue

    def open_sounds() -> Space:
        space = open_space(library, model, request.analysis, search=request.search, plays=True)
        if request.rules.correct_hubs:
            space.densities  # noqa: B018 (what takes the longest, not to be waited for later)
        return space

    catalogues = Following(library, read_catalogue)
    if catalogues.error:  # an error message for the person who starts the server
        raise catalogues.error
    return Server(library, users, request, playlists, path, catalogues, Following(library, open_sounds), covers)


def serve_subsonic(
    library: Library,
    model: Model,
    request: Request,
    playlists: Playlists,
    users: Users,
    *,
    host: str,
    port: int,
    ready: Callable[[], None],
) -> None:
    """Serve until ctrl-C. ready: called once the server listens.

    Raises OptionError, StoreError, LibraryError, ServingError, MissingError.
    """
    if not 1 <= port <= 65535:
        raise OptionError("port", f"must be from 1 to 65535, not {port}")
    server = make_server(library, model, request, playlists, users, Covers())
    serve(create_app(server), OpenGuard(port), host, ready=ready)
