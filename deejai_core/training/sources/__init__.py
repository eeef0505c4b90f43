"""Where listening history comes from. Each module knows one source; here it is told what a path is."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from deejai_core.errors import HistoryError
from deejai_core.training.mentions import Play, SongList
from deejai_core.training.sources.files import (
    SUFFIXES,
    SourceFile,
    UnreadableError,
    archived,
    begins_as_zip,
    files_in,
    on_disk,
    records,
)
from deejai_core.training.sources.listenbrainz import listen
from deejai_core.training.sources.songlists import song_list
from deejai_core.training.sources.spotify import extended_stream, playlist, stream

PLAYLISTS = (".m3u", ".m3u8", ".pls", ".xspf", ".jspf")
UNDERSTOOD = (
    "playlists (M3U, PLS, XSPF, JSPF), lists as JSON lines, exports of ListenBrainz and Spotify, "
    "and the Million Playlist Dataset, each as a file, a folder or a zip"
)
# By the key that only its records have.
READERS = {
    "track_metadata": listen,
    "ms_played": extended_stream,
    "msPlayed": stream,
    "items": playlist,
    "tracks": song_list,
}
# What Spotify adds to its songs: things that are no songs, and saved songs in no order.
NO_SONGS = re.compile(r"(Streaming_?History_(Video|podcast|audiobook)|YourLibrary)[^/\\]*$", re.IGNORECASE)
PROBE = 100  # records that a file may begin with before it is given up as something else


def read_path(path: Path, *, on_warning: Callable[[str], None]) -> Iterator[SongList | Play]:
    """All lists and plays in a file, a folder or a zip, whatever service it comes from, one after another as it is read.

    Plays come in the order of their files, which need not be that of time. Records and files that are damaged are left
    out, with one line for each file to `on_warning`. Raises HistoryError if nothing in it is understood, before anything
    is yielded.
    """
    if not (path.is_dir() or path.is_file()):
        raise HistoryError(f"{path}: there is no such file or folder")
    understood = yield from _read(path, on_warning)
    if not understood:
        raise HistoryError(f"{path}: nothing in it is understood; what is: {UNDERSTOOD}")


# A generator that yields what was listened to, and returns whether the source was understood.
Reading = Generator[SongList | Play, None, bool]


def _read(path: Path, on_warning: Callable[[str], None]) -> Reading:
    if path.is_dir():
        return (yield from _read_folder(path, on_warning))
    if begins_as_zip(path):
        with archived(path) as files:
            return (yield from _read_files(files, on_warning))
    if path.name.lower().endswith(PLAYLISTS):
        return (yield from _read_playlists(path, on_warning))
    try:
        return (yield from _read_file(on_disk(path), on_warning))
    except UnreadableError as error:
        if path.name.lower().endswith(SUFFIXES):
            raise HistoryError(f"{path}: {error}") from error
    try:
        return (yield from _read_playlists(path, on_warning))
    except HistoryError:  # whatever the name, it is no playlist
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
        elif name.endswith(SUFFIXES):
            understood |= yield from _read_files([on_disk(path)], on_warning)
    if playlists:
        understood |= yield from _read_playlists(folder, on_warning)
    return understood


def _read_playlists(path: Path, on_warning: Callable[[str], None]) -> Reading:
    from deejai_core.training.sources.playlists import read_playlists

    yield from read_playlists(path, on_warning)
    return True


def _read_files(files: list[SourceFile], on_warning: Callable[[str], None]) -> Reading:
    understood = False
    for file in files:
        if not NO_SONGS.search(file.name):
            try:
                understood |= yield from _read_file(file, on_warning)
            except UnreadableError as error:
                on_warning(f"{file.name}: left out, {error}")
    return understood


def _read_file(file: SourceFile, on_warning: Callable[[str], None]) -> Reading:
    """Raises UnreadableError if nothing of it can be read."""
    known = unknown = damaged = left_out = 0
    try:
        for record in records(file):
            reader = _reader(record)
            if reader is None:
                unknown += 1
                damaged += record is None
                if not known and unknown == PROBE:
                    break
            else:
                known += 1
                listened, count = reader(record)
                left_out += count
                if listened:
                    yield listened
    except UnreadableError as error:
        if not known:
            raise
        on_warning(f"{file.name}: only its beginning was read, {error}")
    if known and damaged:
        on_warning(f"{file.name}: {damaged:,} left out, which cannot be read")
    if known and unknown - damaged + left_out:
        told = f"{unknown - damaged + left_out:,} left out, without artist and title or without a time"
        on_warning(f"{file.name}: {told}")
    if unknown and unknown == damaged and not known:
        raise UnreadableError("it is not valid JSON")
    return known > 0


def _reader(record: object) -> Callable[[dict], tuple[SongList | Play | None, int]] | None:
    """What reads a record; None if it is nothing that is known."""
    if isinstance(record, dict):
        for key, reader in READERS.items():
            if key in record:
                return reader
    return None
