"""What `beet deejai history add SOURCE` means, and what the sources of a beets library give."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import beets
from beets import ui
from beets.dbcore.query import ParsingError
from beets.library import Item

from deejai_core.errors import HistoryError
from deejai_core.formats.entries import one_line
from deejai_core.history.mentions import Mention, Play, SongList
from deejai_core.history.store import Source

from .lastfm import lastfm_user, open_lastfm
from .library import sql
from .library.items import file_path
from .named import playlist_files
from .queries import user_path
from .words import counted

if TYPE_CHECKING:
    import confuse
    from beets.logging import BeetsLogger

    from deejai_core.history.store import HistoryStore

    from .library.beets_library import BeetsLibrary

TOLD = 10_000  # lists or plays from one line that says how far it is to the next

FILES, QUERY, ALBUMS, SMARTPLAYLISTS = "files", "query", "albums", "smartplaylists"
LASTFM, LOVED, TOP = "lastfm", "lastfm-loved", "lastfm-top"
A_SOURCE = (
    "a file or folder of playlists or of a service's export, lastfm:USER, lastfm-loved:USER, lastfm-top:USER, "
    "query:QUERY, albums, albums:QUERY or smartplaylists"
)


def parse_source(text: str) -> Source:
    """The source that a user means. Raises UserError if it can be none; a file that is not there may be one."""
    kind, colon, rest = text.partition(":")
    rest = rest.strip()
    if kind == ALBUMS or (kind == SMARTPLAYLISTS and not colon):
        source = Source(kind, rest)
    elif kind in (LASTFM, LOVED, TOP):
        source = Source(kind, lastfm_user(rest))
    elif kind == QUERY and colon:
        if not rest:
            raise ui.UserError("query: needs a query, such as 'query:genres:jazz year:1970..'")
        source = Source(QUERY, rest)
    elif text.strip():
        source = Source(FILES, os.path.abspath(user_path(text)))  # noqa: PTH100 (pathlib's keeps "..")
    else:
        raise ui.UserError(f"the name of a source is empty; a source is {A_SOURCE}")
    try:
        source.name.encode()
    except UnicodeEncodeError:
        raise ui.UserError(f"{one_line(text)}: its name is not valid UTF-8; rename it") from None
    return source


def source_text(source: Source) -> str:
    """A source as a user types it."""
    if source.kind == FILES:
        return source.name
    return f"{source.kind}:{source.name}" if source.name else source.kind


def known_source(sources: Iterable[Source], text: str) -> Source:
    """The one of the history's sources that a user means. Raises UserError if it is none of them."""
    source = parse_source(text)
    if source not in sources:
        raise ui.UserError(f"{text!r} is not in the history; `beet deejai history list` shows what is")
    return source


def warn_of_overlap(sources: Iterable[Source], new: Source, log: BeetsLogger) -> None:
    """Say that files are in the history twice, by themselves and by the folder they are in."""
    for source in sources:
        if source.kind == new.kind == FILES and source != new:
            here, there = Path(new.name), Path(source.name)
            if here in there.parents or there in here.parents:
                log.warning("{} is also part of the history; what is in both counts twice: `history remove` one", there)


def read_source(
    library: BeetsLibrary, config: confuse.Subview, log: BeetsLogger, source: Source
) -> Iterator[SongList | Play]:
    """What a source gives now. A warning for each part of it that cannot be read; raises HistoryError if nothing can."""
    readers: dict[str, Callable[[], Iterable[SongList | Play]]] = {
        FILES: lambda: _read_files(Path(source.name), log),
        QUERY: lambda: _read_query(library, source.name),
        ALBUMS: lambda: _read_albums(library, source.name),
        SMARTPLAYLISTS: lambda: _read_smartplaylists(library, config, log),
        LASTFM: lambda: chain.from_iterable(open_lastfm(config, source.name, log).scrobbles()),
        LOVED: lambda: [open_lastfm(config, source.name, log).loved()],
        TOP: lambda: [open_lastfm(config, source.name, log).top()],
    }
    empty = True
    for number, given in enumerate(readers[source.kind](), 1):
        if isinstance(given, Play) or given.songs:
            empty = False
            yield given
        if number % TOLD == 0:
            log.info("{}: {:,} so far", source_text(source), number)
    if empty:
        raise HistoryError(
            f"{one_line(source_text(source))}: it contains neither lists nor plays; the history is unchanged"
        )


def add_source(
    library: BeetsLibrary, config: confuse.Subview, log: BeetsLogger, store: HistoryStore, source: Source
) -> None:
    """Keep what a source gives now in place of what it gave before; of Last.fm, what is new besides.

    Raises UserError or HistoryError; what was there is then as it was, but for the pages of Last.fm that came.
    """
    if source.kind != LASTFM:
        store.replace(source, read_source(library, config, log, source))
        return
    came = 0
    for page in open_lastfm(config, source.name, log).scrobbles(store.newest(source)):
        store.append(source, page)
        came += len(page)
        if came // TOLD > (came - len(page)) // TOLD:
            log.info("{}: {} so far", source_text(source), counted(came, "play"))
    if source not in store.sources():
        raise HistoryError(f"{source_text(source)}: nothing was played yet")


def library_tracks(library: BeetsLibrary) -> tuple[list[int], list[Mention]]:
    """The ids of all tracks of the library, and what each is called."""
    rows = sql.columns_of_all(library.lib, "artist, title, album, mb_trackid, path")
    return list(rows), [_row_mention(*row) for row in rows.values()]


def _read_files(path: Path, log: BeetsLogger) -> Iterator[SongList | Play]:
    from deejai_core.history.sources import read_path

    if not path.exists():
        raise HistoryError(f"{one_line(os.fspath(path))}: no such file or folder; a source is {A_SOURCE}")
    yield from read_path(path, on_warning=lambda warning: log.warning("{}", warning))


def _read_query(library: BeetsLibrary, query: str) -> Iterator[SongList]:
    songs = _mentions(library.lib.items(query))
    if not songs:
        raise HistoryError(f"no track matches {query!r}; `beet ls` shows what a query finds")
    yield SongList(query, songs)


def _read_albums(library: BeetsLibrary, query: str) -> Iterator[SongList]:
    chosen = library.matching(query, "album") if query else None
    rows = sql.listed_albums(library.lib)
    found = False
    for album, tracks in groupby(rows, key=lambda row: row[:3]):
        id_, artist, title = album
        if chosen is None or id_ in chosen:
            found = True
            songs = tuple(_row_mention(who, song, title, recording, path) for *_, who, song, recording, path in tracks)
            yield SongList(" - ".join(filter(None, (artist, title))), songs)
    if not found:
        shown = f"no album matches {query!r}" if query else "the library has no albums"
        raise HistoryError(f"{shown}; `beet ls -a` shows what a query finds")


def _read_smartplaylists(library: BeetsLibrary, config: confuse.Subview, log: BeetsLogger) -> Iterator[SongList]:
    """The lists that beets' smartplaylist plugin would write, and those that `beet deejai playlists` has written."""
    from deejai_core.history.sources.playlists import read_playlists

    def warn(warning: str) -> None:
        log.warning("{}", warning)

    entries = beets.config["smartplaylist"]["playlists"]
    for entry in entries.get(list) if entries.exists() else ():
        name = str(entry.get("name") or "") if isinstance(entry, dict) else ""
        try:
            yield from _smart_lists(library, name, entry)
        except (ParsingError, AttributeError) as error:
            log.warning("smartplaylist {}: left out, {}", name, error)
    for path in playlist_files(config, log, library):
        if not path.exists():
            log.warning("{}: not written yet; `beet deejai playlists` writes it", one_line(os.fspath(path)))
            continue
        try:
            yield from read_playlists(path, warn)
        except HistoryError as error:
            warn(str(error))  # one playlist of several


def _smart_lists(library: BeetsLibrary, name: str, entry: dict) -> Iterator[SongList]:
    """The lists of one entry: its name is a template, which may be another for each track."""
    items = [item for query in _as_list(entry.get("query")) for item in library.lib.items(query)]
    items += [
        item
        for query in _as_list(entry.get("album_query"))
        for album in library.lib.albums(query)
        for item in album.items()
    ]
    lists: dict[str, dict[int, Item]] = {}
    for item in items:
        lists.setdefault(item.evaluate_template(name, True), {}).setdefault(item.id, item)
    for title, tracks in lists.items():
        yield SongList(Path(title).stem if title.lower().endswith((".m3u", ".m3u8")) else title, _mentions(tracks.values()))


def _as_list(query: object) -> list[str]:
    return [] if query is None else [str(part) for part in query] if isinstance(query, list) else [str(query)]


def _mentions(items: Iterable[Item]) -> tuple[Mention, ...]:
    return tuple(Mention(item.artist, item.title, item.album, item.mb_trackid, file_path(item)) for item in items)


def _row_mention(artist: str, title: str, album: str, recording: str, path: bytes) -> Mention:
    """A row of the database, where texts may be missing and paths begin at the library's folder."""
    return Mention(artist or "", title or "", album or "", recording or "", sql.as_path(path))
