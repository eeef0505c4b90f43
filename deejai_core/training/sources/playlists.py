"""Playlists in files: M3U, PLS, XSPF and JSPF, whoever wrote them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from deejai_core.errors import HistoryError, PlaylistError
from deejai_core.playlists.m3u import as_text, find_file, is_stream, parse_m3u, split_caption
from deejai_core.playlists.tracks import Entry, one_line
from deejai_core.playlists.xspf import parse_jspf, parse_xspf
from deejai_core.training.mentions import Mention, SongList

LARGEST = 100_000_000  # bytes; a playlist of 100,000 tracks has some 50 MB as XSPF

_PLS_LINE = re.compile(r"(File|Title)(\d+)\s*=\s*(.*)", re.IGNORECASE)
_NUMBER_FIRST = re.compile(r"^\d{1,3}(?:-\d{1,2})?(?:[\s._-]+|$)")  # of a track, in a file's name


def read_playlists(path: Path, on_warning: Callable[[str], None]) -> Iterator[SongList]:
    """The playlist in a file, or all in a folder and the folders in it, in the order of their names.

    Lists without a song are left out. A file in a folder that cannot be read is one line to `on_warning`; raises
    HistoryError if it is `path` itself, or if there is no playlist in the folder.
    """
    if not path.is_dir():
        yield from _read(path)
        return
    files = [file for file in _walk(path, on_warning) if file.suffix.lower() in PARSERS]
    if not files:
        raise HistoryError(f"{path}: no playlist is in this folder; playlists are {', '.join(PARSERS)} files")
    for file in files:
        try:
            yield from _read(file)
        except HistoryError as error:
            on_warning(str(error))


def _walk(folder: Path, on_warning: Callable[[str], None]) -> Iterator[Path]:
    """All files in a folder and the folders in it; hidden ones are left out."""

    def warn(error: OSError) -> None:
        on_warning(f"{one_line(os.fspath(error.filename))}: cannot look into this folder ({error.strerror or error})")

    for parent, folders, files in os.walk(folder, onerror=warn):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(files) if not name.startswith("."))


def _read(file: Path) -> Iterator[SongList]:
    shown = one_line(os.fspath(file))
    try:
        if file.stat().st_size > LARGEST:
            raise HistoryError(f"{shown}: too large for a playlist")
        name, date, entries = PARSERS.get(file.suffix.lower(), _parse_any)(file.read_bytes())
    except OSError as error:
        raise HistoryError(f"{shown}: cannot read the playlist ({error.strerror or error})") from error
    except PlaylistError as error:
        raise HistoryError(f"{shown}: {error}") from error
    folder = file.absolute().parent
    songs = tuple(song for entry in entries if (song := _mention(entry, folder)) != Mention())
    if songs:
        yield SongList(name or file.stem, songs, date)


def _mention(entry: Entry, folder: Path) -> Mention:
    artist, title = entry.artist, entry.title
    if title and not artist:
        artist, title = split_caption(title)
    path = None
    if entry.location and not is_stream(entry.location):
        path = find_file(entry.location, folder)
        if not artist and not title:
            artist, title = _told_by_name(as_text(entry.location))
    return Mention(artist, title, entry.album, entry.recording, path)


def _told_by_name(location: str) -> tuple[str, str]:
    """Artist and title as a file's name tells them: "03 - Artist - Title.mp3". Empty where it tells less."""
    stem, _, _ = re.split(r"[/\\]", location)[-1].rpartition(".")
    parts = [_NUMBER_FIRST.sub("", part).strip() for part in stem.split(" - ")]
    parts = [part for part in parts if part]
    return (parts[0], parts[-1]) if len(parts) > 1 else ("", "")


def _parse_m3u(data: bytes) -> tuple[str, str, list[Entry]]:
    name, entries = parse_m3u(data)
    return name, "", entries


def _parse_pls(data: bytes) -> tuple[str, str, list[Entry]]:
    lines = [line.strip() for line in as_text(data.removeprefix(b"\xef\xbb\xbf")).splitlines()]
    if "[playlist]" not in map(str.lower, lines):
        raise PlaylistError("this is not a PLS playlist")
    told: dict[int, dict[str, str]] = {}
    for line in lines:
        if match := _PLS_LINE.fullmatch(line):
            told.setdefault(int(match[2]), {})[match[1].lower()] = match[3]
    # Bytes again, as they were: a file's name need not be text.
    encoding = "utf-8" if as_text(data).encode("utf-8", "replace") == data else "latin-1"
    return (
        "",
        "",
        [
            Entry(entry["file"].encode(encoding), title=entry.get("title", ""))
            for _, entry in sorted(told.items())
            if "file" in entry
        ],
    )


def _parse_any(data: bytes) -> tuple[str, str, list[Entry]]:
    """By what the file begins with: its name says nothing."""
    beginning = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower()
    if beginning.startswith(b"<"):
        return parse_xspf(data)
    if beginning.startswith(b"{"):
        return parse_jspf(data)
    if beginning.startswith(b"[playlist]"):
        return _parse_pls(data)
    if beginning.startswith(b"#extm3u"):
        return _parse_m3u(data)
    raise PlaylistError("this is not a playlist")


PARSERS: dict[str, Callable[[bytes], tuple[str, str, list[Entry]]]] = {
    ".m3u": _parse_m3u,
    ".m3u8": _parse_m3u,
    ".pls": _parse_pls,
    ".xspf": parse_xspf,
    ".jspf": parse_jspf,
}
