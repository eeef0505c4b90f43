"""The sources of listening history. Each module reads one kind; this one recognises what a path is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, Literal

from deejai_core.errors import HistoryError
from deejai_core.formats.read import is_playlist
from deejai_core.formats.table import SUFFIXES as PLAYLISTS
from deejai_core.history.mentions import Mention, Play, SongList
from deejai_core.history.sources.audioscrobbler import is_log, logged_plays
from deejai_core.history.sources.files import (
    HEAD,
    SUFFIXES,
    TABLES,
    SourceFile,
    UnreadableError,
    archived,
    begins_as_zip,
    encoding_of,
    files_in,
    on_disk,
    unpacked,
)
from deejai_core.history.sources.itunes import is_library, library
from deejai_core.history.sources.lastfm_csv import is_table, tabled_plays
from deejai_core.history.sources.listenbrainz import feedback, listen, pin
from deejai_core.history.sources.records import records
from deejai_core.history.sources.songlists import song_list
from deejai_core.history.sources.spotify import extended_stream, playlist, stream
from deejai_core.refusals import READING, refusal

UNDERSTOOD = (
    "playlists (M3U, PLS, XSPF, JSPF, ASX, WPL), the Library.xml of iTunes, plays of Last.fm as CSV, .scrobbler.log, "
    "lists as JSON lines, exports of ListenBrainz and Spotify, and the Million Playlist Dataset; each as a file or in a "
    "folder, and all but playlists also in a zip"
)
# The result of reading a record: lists or plays, or None, and how many entries were left out. Songs without a list become
# one list per file.
Read = tuple[SongList | Play | Mention | None, int]
# By a key that only its records have, the first that matches.
READERS: dict[str, Callable[[dict[str, Any]], Read]] = {
    "ms_played": extended_stream,
    "msPlayed": stream,
    "items": playlist,
    "tracks": song_list,
    "score": feedback,
    "blurb_content": pin,
    "track_metadata": listen,
}
# By a beginning that only it has.
FORMATS: tuple[tuple[Callable[[str], bool], Callable[[BufferedReader], Iterator[Read]]], ...] = (
    (is_log, logged_plays),
    (is_library, library),
    (is_table, tabled_plays),
)
LONGEST_LIST = 100_000  # songs that come one by one, in memory
# What Spotify adds to its songs: things that are not songs, and saved songs in no order.
NO_SONGS = re.compile(r"Streaming_?History_(Video|podcast|audiobook)|YourLibrary", re.IGNORECASE)  # in a file's name
LOVED = "ListenBrainz: loved"  # the name of a list of songs that come one by one
PROBE = 100  # records at the beginning of a file, after which it counts as something else


def read_path(path: Path, *, on_warning: Callable[[str], None]) -> Iterator[SongList | Play]:
    """Yield all lists and plays in a file, a folder or a zip, of any service, as they are read.

    Plays come in the order of their files, which need not be that of time. Damaged records and files are left out, with one
    line for each file to `on_warning`. Raises HistoryError if nothing in it is understood, before anything is yielded.
    """
    if not (path.is_dir() or path.is_file()):
        raise HistoryError(f"{path}: there is no such file or folder")
    if path.is_dir():
        try:
            os.scandir(path).close()
        except OSError as error:
            raise HistoryError(refusal(path, "cannot look into this folder", error, READING)) from error
    understood = yield from _read(path, on_warning)
    if not understood:
        raise HistoryError(f"{path}: it contains nothing that can be read; supported are: {UNDERSTOOD}")


# A generator that yields lists and plays, and returns whether the source was understood.
Reading = Generator[SongList | Play, None, bool]


def _read(path: Path, on_warning: Callable[[str], None]) -> Reading:
    if path.is_dir():
        return (yield from _read_folder(path, on_warning))
    if begins_as_zip(path):
        with archived(path) as files:
            return (yield from _read_files(files, on_warning))
    if path.name.lower().endswith(PLAYLISTS) or _is_jspf(path):
        return (yield from _read_playlists(path, on_warning))
    try:
        if (yield from _read_file(on_disk(path), on_warning)):
            return True
    except UnreadableError as error:
        if path.name.lower().endswith(SUFFIXES):
            raise HistoryError(f"{path}: {error}") from error
    try:
        return (yield from _read_playlists(path, on_warning))
    except HistoryError:  # whatever its name, it is not a playlist
        return False


def _read_folder(folder: Path, on_warning: Callable[[str], None]) -> Reading:
    understood = playlists = False
    for path in files_in(folder):
        name = path.name.lower()
        playlists |= name.endswith(PLAYLISTS)
        if name.endswith(".zip"):
            try:
                with archived(path) as files:
                    understood |= yield from _read_files(files, on_warning)
            except HistoryError as error:
                on_warning(str(error))
        elif _is_jspf(path):
            try:
                understood |= yield from _read_playlists(path, on_warning)
            except HistoryError as error:
                on_warning(str(error))
        elif name.endswith(SUFFIXES):
            understood |= yield from _read_files([on_disk(path)], on_warning)
    if playlists:
        understood |= yield from _read_playlists(folder, on_warning)
    return understood


def _is_jspf(path: Path) -> bool:
    """Return whether a file is a playlist with the name of a JSON file."""
    return path.suffix.lower() == ".json" and is_playlist(path)


def _read_playlists(path: Path, on_warning: Callable[[str], None]) -> Reading:
    from deejai_core.history.sources.playlists import read_playlists

    yield from read_playlists(path, on_warning)
    return True


def _read_files(files: list[SourceFile], on_warning: Callable[[str], None]) -> Reading:
    understood = False
    for file in files:
        if not NO_SONGS.search(re.split(r"[/\\]", file.name)[-1]):
            try:
                understood |= yield from _read_file(file, on_warning)
            except UnreadableError as error:
                on_warning(f"{file.name}: left out, {error}")
    return understood


def _read_file(file: SourceFile, on_warning: Callable[[str], None]) -> Reading:
    """Read a file. Raises UnreadableError if nothing of it can be read."""
    known = unknown = damaged = left_out = 0
    songs: list[Mention] = []
    try:
        for read in _contents(file):
            if read is None or read == "damaged":
                unknown += 1
                damaged += read is not None
                if not known and unknown == PROBE:
                    break
                continue
            known += 1
            listened, count = read
            left_out += count
            if isinstance(listened, Mention):
                songs.append(listened)
            elif listened:
                yield listened
            if len(songs) == LONGEST_LIST:
                yield SongList(LOVED, tuple(songs))
                songs.clear()
    except UnreadableError as error:
        if not known:
            raise
        on_warning(f"{file.name}: only its beginning was read, {error}")
    if songs:
        yield SongList(LOVED, tuple(songs))
    if known and damaged:
        on_warning(f"{file.name}: {damaged:,} left out, which cannot be read")
    if known and unknown - damaged + left_out:
        told = f"{unknown - damaged + left_out:,} left out, without artist and title or without a time"
        on_warning(f"{file.name}: {told}")
    if unknown and unknown == damaged and not known:
        raise UnreadableError("it is not valid JSON")
    return known > 0


def _contents(file: SourceFile) -> Iterator[Read | Literal["damaged"] | None]:
    """Yield the content of each of a file's records; None for one of an unknown kind."""
    with unpacked(file) as data:
        head = data.read(HEAD)
    beginning = head.decode(encoding_of(head), "replace")
    for recognises, read in FORMATS:
        if recognises(beginning):
            with unpacked(file) as data:
                yield from read(data)
            yield None, 0  # it is known, even if empty
            return
    if file.name.lower().endswith(TABLES):
        return
    in_lines = file.name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    with unpacked(file) as data:
        for record in records(data, in_lines=in_lines):
            yield "damaged" if record is None else _of_record(record)


def _of_record(record: object) -> Read | None:
    if isinstance(record, dict):
        for key, reader in READERS.items():
            if key in record:
                return reader(record)
    return None
