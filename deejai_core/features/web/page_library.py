"""The DJ page over a beets library: what `deejai_core.features.web` asks of it, and the server."""

from __future__ import annotations

import functools
import math
import os
import random
import socket
import sqlite3
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beets import ui

from deejai_core.data_folder import slices_path
from deejai_core.embedding.slices import open_slices
from deejai_core.embedding.tag_digits import FIELD
from deejai_core.errors import DeejaiError, ExternalFileError, MissingError, NothingAllowedError, QueryError
from deejai_core.extras import extra
from deejai_core.features.web.app import Start, create_app, new_token
from deejai_core.features.web.guard import LOOPBACK, Guard
from deejai_core.features.web.library import Choices, Cover, Knobs, Listed, Progress, RefusedError, Stranger, View
from deejai_core.features.web.requests import MOST_SEEDS
from deejai_core.features.web.search import Found, SearchIndex
from deejai_core.features.web.server import serve
from deejai_core.features.web.uploads import Uploads
from deejai_core.formats.entries import Header, one_line
from deejai_core.lists.lookup import find_matches
from deejai_core.lists.making import Entry
from deejai_core.lists.space import Member, Space

from .background import Analysis
from .hints import in_words
from .library import sql
from .library.items import file_path, items_by_id
from .making import HeadedList, now, open_space_of
from .models import model_in_use
from .output import encode, playlist_path, write_encoded
from .settings import Settings

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from .library.beets_library import BeetsLibrary

FORMATS = {  # beets' names of the formats that browsers play
    "MP3": "mp3",
    "AAC": "aac",
    "ALAC": "alac",
    "FLAC": "flac",
    "OGG": "ogg",
    "Opus": "opus",
    "WAVE": "wav",
    "AIFF": "aiff",
}
KEPT_VIEWS = 8
AN_HOUR = 3600  # seconds after which "played lately" is reckoned anew
PATIENCE = 10  # times as long as it takes to open the library, that must lie between two openings
DOCUMENTATION_ADDRESS = ("192.0.2.1", 9)  # RFC 5737: nobody's
ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
SHORTEST_TOKEN = 16  # characters


def serve_page(
    library: BeetsLibrary,
    settings: Settings,
    log: BeetsLogger,
    words: list[str],
    *,
    host: str,
    port: int,
    token: str | None,
    demo: float | None,
    open_page: bool,
) -> None:
    """Serve the page until ctrl-C. words: what it begins with. open_page: whether to show it in a browser here."""
    if token is not None and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isalnum()):
        raise ui.UserError(f"--token: {SHORTEST_TOKEN} letters and digits at least; without it, one is made for you")
    if token is None and host not in LOOPBACK and host != "::1":
        token = new_token()
    page = PageLibrary(library, settings, log, at_home=token is None)
    seeds = _seeds(page, words) if words else []
    guard = Guard(port, token)
    uploads = Uploads(library.folder / "uploads" / str(port))
    app = create_app(page, guard, uploads, Start(seeds, demo))

    def ready() -> None:
        uploads.clear()
        url = f"http://{_shown_host(host)}:{port}/" + (f"?token={token}" if token else "")
        ui.print_(url)
        if token and sys.stdout.isatty():
            print_code(url)
        ui.print_("ctrl-C ends it")
        if open_page:  # some browsers return when they are closed, and all want an answer before that
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    try:
        serve(app, guard, host, ready=ready)
    finally:
        page.close()


def _shown_host(host: str) -> str:
    """What reaches this machine from others: for one that listens everywhere its address, which phones can use as well."""
    if host not in ANYWHERE:
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(DOCUMENTATION_ADDRESS)  # sends nothing: it only chooses the interface that leads out
            return probe.getsockname()[0]
        except OSError:  # no network
            return socket.gethostname()


def print_code(url: str) -> None:
    """Print an address as a QR code, for a phone's camera."""
    with extra("web"):
        import segno
    segno.make(url, error="l").terminal(compact=True)


def _seeds(page: PageLibrary, words: list[str]) -> list[int]:
    matches = find_matches(page.library, words)
    if any(isinstance(match, Path) for match in matches):
        raise ui.UserError("a file outside the library can be dropped into the page; here, name tracks of the library")
    found = [match for match in matches if match in page.state.space.position]
    if not found:
        raise page.state.space.why_not(matches[0])
    return found[:MOST_SEEDS]


@dataclass(frozen=True, eq=False)
class State:
    """The library as it was when it was last opened."""

    space: Space
    opened: float  # when, on the clock that never goes back
    took: float  # seconds
    views: dict[tuple[Choices, int], View]
    names: SearchIndex  # of all tracks


def _answering(method: Callable) -> Callable:
    """A method that threads of a server call: paths are the library's there too, and errors become refusals."""

    @functools.wraps(method)
    def wrapped(self: PageLibrary, *args: Any, **options: Any) -> Any:
        try:
            with self.library.lib.music_dir_context():
                return method(self, *args, **options)
        except RefusedError:
            raise
        except MissingError as error:
            raise RefusedError(str(error), 501) from error
        except (ui.UserError, DeejaiError) as error:
            status = 503 if isinstance(error.__cause__, sqlite3.OperationalError) else 400
            raise RefusedError(in_words(error), status) from error

    return wrapped


class PageLibrary:
    """A `deejai_core.features.web.library.Library`. beets opens a connection to the database for each thread by itself."""

    def __init__(self, library: BeetsLibrary, settings: Settings, log: BeetsLogger, *, at_home: bool) -> None:
        """at_home: whether only this machine is listened to."""
        self.library = library
        self.settings = settings
        self.writable = settings.web_write
        self.map_progress: float | None = None
        self._log = log
        self._at_home = at_home
        self._model = model_in_use(library, settings)
        self._drawing = threading.Lock()
        self._opening = threading.Lock()
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="deejai-web")
        self._analysis = Analysis(library)
        self._state: State | None = None
        self._seen: tuple = ()  # the stamp of the library when it was last looked at
        self._reopen()

    def close(self) -> None:
        """End what was started."""
        self._analysis.end()

    @property
    def model(self) -> str:
        return self._model.name

    @property
    def dimension(self) -> int:
        return self._model.dimension

    @property
    def tracks(self) -> int:
        return len(self._state.space.ids) if self._state else 0

    def progress(self) -> Progress:
        self._refresh()
        total = sql.track_count(self.library.lib)
        running = self._analysis.running
        analysed = self.tracks
        if (running or not analysed) and slices_path(self.library).exists():
            with open_slices(self.library) as store:  # a track gets its vector when all have been heard
                analysed = max(analysed, min(total, len(store.keys(self._model.trunk_name))))
        return Progress(total, analysed, running)

    def analyse(self) -> None:
        if not (self._at_home and self.writable):
            raise RefusedError("only the machine that has the music may have it analysed", 403)
        self._analysis.start()

    @property
    def tagged(self) -> bool:
        return sql.any_has(self.library.lib, FIELD)

    @property
    def knobs(self) -> Knobs:
        return Knobs(self.settings.keep_on, self.settings.stay, self.settings.drunk)

    @property
    def alike(self) -> float | None:
        return self._state.space.alike if self._state else None

    @property
    def choices(self) -> Choices:
        return Choices(**{name: getattr(self.settings, name) for name in Choices.__dataclass_fields__})

    @property
    def state(self) -> State:
        """The library as it is, or, for the seconds that it takes to open it anew, as it was before it changed.

        Raises RefusedError as long as nothing in it has been analysed.
        """
        state = self._state
        self._refresh()
        if state is None:
            raise RefusedError("nothing in the library has been analysed yet", 409)
        return state

    def _refresh(self) -> None:
        """Open the library anew, in the background, if it has changed."""
        state = self._state
        patient = state is not None and time.monotonic() - state.opened < PATIENCE * state.took
        if not patient and self._seen != _stamp(self.library) and self._opening.acquire(blocking=False):
            self._opener.submit(self._reopen, locked=True)

    def _reopen(self, *, locked: bool = False) -> None:
        self._seen = _stamp(self.library)
        try:
            self._state = self._open()
        except (ui.UserError, DeejaiError):
            pass  # one that has no vectors (any more) stays as it was
        except sqlite3.Error:
            self._seen = ()  # busy: to be tried again
        finally:
            if locked:
                self._opening.release()

    def _open(self) -> State:
        start = time.monotonic()
        space = open_space_of(self.library, self.settings, plays=True)
        names = SearchIndex(sql.search_rows(self.library.lib))
        if self.settings.correct_hubs:
            space.densities  # noqa: B018 (what takes the longest, not to be waited for later)
        now = time.monotonic()
        return State(space, now, now - start, {}, names)

    @_answering
    def search(self, text: str, limit: int, offset: int) -> Found:
        found = self.state.names.search(text, limit, offset)
        if found.ids or found.groups:
            return found
        try:
            ids = sorted(self.library.matching(text))
        except QueryError:
            return found  # half a query, as it is while somebody types
        return Found(ids[offset : offset + limit], [], more=len(ids) > offset + limit)

    @_answering
    def describe(self, ids: Iterable[int]) -> dict[int, Listed]:
        self._refresh()
        ids, position = list(dict.fromkeys(ids)), self._state.space.position if self._state else {}
        found = {}
        rows = sql.columns_of(self.library.lib, ids, "artist, title, album, length, format, path")
        for id_, (artist, title, album, length, format_, path) in rows.items():
            found[id_] = Listed(
                id_,
                artist or "",
                title or sql.as_path(path).name,
                album or "",
                length if length and math.isfinite(length) else None,
                FORMATS.get(format_, ""),
                id_ in position,
            )
        return found

    def anything(self) -> int:
        return random.choice(self.state.space.ids)

    @_answering
    def view(self, choices: Choices) -> View:
        state = self.state
        key = choices, int(time.time() // AN_HOUR)
        if key not in state.views:
            chosen = {name: getattr(choices, name) for name in Choices.__dataclass_fields__}
            space = state.space
            for old in list(state.views)[: -KEPT_VIEWS + 1]:
                state.views.pop(old, None)
            try:
                candidates = space.candidates(replace(self.settings.rules, **chosen))
            except NothingAllowedError as error:
                raise RefusedError(f"No analysed song is found by “{choices.candidates}”.") from error
            state.views[key] = View(candidates, space.ids, space.position)
        return state.views[key]

    @_answering
    def hear(self, path: Path, name: str) -> Stranger:
        try:
            member = self.state.space.member(path)
        except ExternalFileError as error:
            raise RefusedError(f"{one_line(name)[:100]} cannot be listened to: {error.__cause__ or error}", 422) from error
        (track,) = member.tracks
        title = track.title if track.title != path.stem else Path(name).stem
        id_ = None if isinstance(member.match, Path) else member.match
        return Stranger(member.song, track.artist, title, track.length, id_)

    @_answering
    def audio(self, id_: int) -> tuple[Path, str] | None:
        items = items_by_id(self.library, [id_])
        return (file_path(items[0]), FORMATS.get(items[0].format, "")) if items else None

    @_answering
    def cover(self, id_: int) -> Cover | None:
        items = items_by_id(self.library, [id_])
        if not items:
            return None
        album = items[0].get_album()
        picture = album.art_filepath if album else None
        return Cover(picture, file_path(items[0]))

    @_answering
    def playlist(self, title: str, ids: Sequence[int]) -> tuple[str, bytes, int]:
        path, data, tracks = encode(self.library, self._list(title, ids), self.settings, None)
        return path.name, data, tracks

    @_answering
    def save(self, title: str, ids: Sequence[int], *, replace: bool) -> tuple[str, int]:
        if not self.writable:
            raise RefusedError("this page may not write playlists; it can be downloaded instead", 403)
        made = self._list(title, ids)
        if playlist_path(self.library, title, self.settings).exists() and not replace:
            raise RefusedError(f"there is a playlist called {one_line(title)!r} already", 409)
        path, data, tracks = encode(self.library, made, self.settings, None)
        write_encoded(made, path, data, self.settings)
        return str(path), tracks

    def _list(self, title: str, ids: Sequence[int]) -> HeadedList:
        tracks = self.library.tracks(ids)
        there = [(id_, tracks[id_]) for id_ in ids if id_ in tracks]
        if not there:
            raise RefusedError("ids: none of these tracks is in the library any more", 404)
        entries = [
            Entry(str(number), Member(track.name, [track], None, id_)) for number, (id_, track) in enumerate(there, 1)
        ]
        header = Header(title, (f"from the DJ page, model {self.model}",), now())
        return HeadedList(title, entries, self.model, header=header)

    @_answering
    def map(self) -> Any:
        from deejai_core.features.map.library_map import library_map

        def report(done: int, total: int) -> None:
            self.map_progress = done / total

        with self._drawing:  # it may take minutes, and is kept for the next time
            try:
                return library_map(self.library, self._model, threads=self.settings.threads, on_progress=report).data
            finally:
                self.map_progress = None


def _stamp(library: BeetsLibrary) -> tuple:
    """What changes whenever the database is written to."""
    found = []
    for suffix in ("", "-wal"):
        try:
            status = Path(os.fsdecode(library.lib.path) + suffix).stat()
        except OSError:
            continue
        found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)
