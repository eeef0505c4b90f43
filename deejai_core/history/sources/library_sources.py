"""The sources of a library's history: their names, and their current content.

They are files and folders, queries and albums of the library, accounts of Last.fm, and those of a program.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from deejai_core.errors import HistoryError
from deejai_core.history.mentions import Play, SongList, as_mention
from deejai_core.history.sources import read_path
from deejai_core.history.store import HistoryStore, Source
from deejai_core.library import Library
from deejai_core.words import counted, one_line

if TYPE_CHECKING:
    from deejai_core.history.sources.lastfm import LastFm

FILES, QUERY, ALBUMS = "files", "query", "albums"
LASTFM, LOVED, TOP = "lastfm", "lastfm-loved", "lastfm-top"

TOLD = 10_000  # lists or plays between two lines of progress
ALBUMS_AT_ONCE = 1000  # albums whose tracks are in memory


def parse_source(text: str, *, own: Collection[str] = (), user: Callable[[], str] = lambda: "") -> Source:
    """Return the source that a text means. Raises HistoryError if it means none; a missing file may be a source.

    own: kinds that only a program has, of one source each. user: returns the account at Last.fm if none is named.
    """
    kind, colon, rest = text.partition(":")
    rest = rest.strip()
    if kind == ALBUMS or (kind in own and not colon):
        source = Source(kind, rest)
    elif kind in (LASTFM, LOVED, TOP):
        source = Source(kind, rest or user())
        if not source.name:
            raise HistoryError("whose Last.fm account?", hint="name an account")
    elif kind == QUERY and colon:
        if not rest:
            raise HistoryError("query: needs a query", hint="example query")
        source = Source(QUERY, rest)
    elif text.strip():
        # Not by pathlib, which keeps ".." and raises an error if there is no such home.
        source = Source(FILES, os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111
    else:
        raise HistoryError("the name of a source is empty", hint="name a source")
    try:
        source.name.encode()
    except UnicodeEncodeError:
        raise HistoryError(f"{one_line(text)}: its name is not valid UTF-8; rename it") from None
    return source


def source_text(source: Source) -> str:
    """Return the text that `parse_source` accepts for this source."""
    if source.kind == FILES:
        return source.name
    return f"{source.kind}:{source.name}" if source.name else source.kind


def overlapping(sources: Iterable[Source], new: Source) -> list[Path]:
    """Return the files and folders among `sources` that contain a new one, or are in it: they would count twice."""
    if new.kind != FILES:
        return []
    here = Path(new.name)
    others = [Path(source.name) for source in sources if source.kind == FILES and source != new]
    return [there for there in others if here in there.parents or there in here.parents]


def progress_lines(say: Callable[[str], None]) -> Callable[[Source, int], None]:
    """Return a callback for the progress of `Sources`, for this number of sources, which reports it now and then."""
    told = 0

    def progress(source: Source, done: int) -> None:
        nonlocal told
        if done // TOLD > told:
            say(f"{source_text(source)}: {counted(done, 'play') if source.kind == LASTFM else f'{done:,}'} so far")
        told = done // TOLD

    return progress


@dataclass(frozen=True)
class Sources:
    """Reads the sources of a library.

    account: opens that of a user at Last.fm. own: the content of kinds that only a program has. on_warning: receives one
    line about each part of a source that cannot be read. on_progress: receives a source, and how many lists and plays it
    has given so far.
    """

    library: Library
    account: Callable[[str], LastFm]
    on_warning: Callable[[str], None]
    on_progress: Callable[[Source, int], None] = lambda source, done: None
    own: Mapping[str, Callable[[], Iterable[SongList | Play]]] = field(default_factory=dict)

    def read(self, source: Source) -> Iterator[SongList | Play]:
        """Yield a source's current content. Raises HistoryError if nothing of it can be read."""
        readers: dict[str, Callable[[], Iterable[SongList | Play]]] = {
            FILES: lambda: self._files(Path(source.name)),
            QUERY: lambda: self._query(source.name),
            ALBUMS: lambda: self._albums(source.name),
            LASTFM: lambda: chain.from_iterable(self.account(source.name).scrobbles()),
            LOVED: lambda: [self.account(source.name).loved()],
            TOP: lambda: [self.account(source.name).top()],
            **self.own,
        }
        empty = True
        for number, given in enumerate(readers[source.kind](), 1):
            if isinstance(given, Play) or given.songs:
                empty = False
                yield given
            self.on_progress(source, number)
        if empty:
            name = one_line(source_text(source))
            raise HistoryError(f"{name}: it contains neither lists nor plays; the history is unchanged")

    def add(self, store: HistoryStore, source: Source) -> None:
        """Store a source's current content in place of its former one; for an account's plays, add the new ones.

        Raises HistoryError; the former content is then unchanged, except for the pages of Last.fm that arrived.
        """
        if source.kind != LASTFM:
            store.replace(source, self.read(source))
            return
        came = 0
        for page in self.account(source.name).scrobbles(store.newest(source)):
            store.append(source, page)
            came += len(page)
            self.on_progress(source, came)
        if source not in store.sources():
            raise HistoryError(f"{source_text(source)}: nothing was played yet")

    def _files(self, path: Path) -> Iterator[SongList | Play]:
        if not path.exists():
            raise HistoryError(f"{one_line(os.fspath(path))}: no such file or folder", hint="name a source")
        yield from read_path(path, on_warning=self.on_warning)

    def _query(self, query: str) -> Iterator[SongList]:
        tracks = self.library.tracks(self.library.find(query))
        if not tracks:
            raise HistoryError(f"no track matches {query!r}", hint="query")
        yield SongList(query, tuple(map(as_mention, tracks.values())))

    def _albums(self, query: str) -> Iterator[SongList]:
        ids = iter(sorted(self.library.matching(query, "album")) if query else self.library.ids("album"))
        found = False
        while some := list(islice(ids, ALBUMS_AT_ONCE)):
            albums = self.library.albums(some)
            tracks = self.library.tracks(chain.from_iterable(album.tracks for album in albums.values()))
            for album in albums.values():
                songs = tuple(as_mention(tracks[id_]) for id_ in album.tracks if id_ in tracks)
                if songs:
                    found = True
                    yield SongList(album.name, songs)
        if not found:
            shown = f"no album matches {query!r}" if query else "the library has no albums"
            raise HistoryError(shown, hint="query albums")
