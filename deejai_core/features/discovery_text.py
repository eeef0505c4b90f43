"""Songs and artists that a library lacks, as lines of text, as a table and as a playlist."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from deejai_core.errors import OptionError, PlaylistError
from deejai_core.features.discovery import FoundArtist, FoundSong
from deejai_core.files import write_named
from deejai_core.formats.entries import Entry, Header, now
from deejai_core.formats.xspf import format_jspf_names
from deejai_core.history.library_history import mention_name
from deejai_core.refusals import WRITING, refusal
from deejai_core.words import counted, one_line

FORMATS = ("csv", "jspf")
SONGS = ("artist", "title", "album", "similarity", "lists", "recording")  # columns of a table
ARTISTS = ("artist", "similarity", "lists", "songs")

Found = Sequence[FoundSong | FoundArtist]


def format_for(path: Path | None, chosen: str | None, *, artists: bool) -> str | None:
    """Return the format of a file, or the one chosen for the terminal; None for lines of text.

    Raises PlaylistError for another file, OptionError for options that contradict each other.
    """
    suffix = None
    if path:
        suffix = path.suffix.lower().removeprefix(".")
        if suffix not in FORMATS:
            raise PlaylistError(f"{one_line(str(path))}: choose a name that ends in .csv or .jspf")
    if path and chosen and chosen != suffix:
        raise OptionError("format", f"{path.name} is not a name for {chosen.upper()}; choose another name or format")
    if artists and "jspf" in (suffix, chosen):
        raise OptionError("artists", "a JSPF playlist holds songs; choose csv for artists")
    return suffix or chosen


def found_lines(found: Found) -> Iterator[str]:
    for number, each in enumerate(found, 1):
        if isinstance(each, FoundSong):
            name, amount = mention_name(each.song), counted(each.lists, "list")
        else:
            name, amount = one_line(each.name), f"{counted(each.lists, 'list')}, {counted(each.songs, 'song')}"
        yield f"{number:4}  {each.similarity:.3f} {name} ({amount})"


def found_as(format_: str, found: Found, title: str) -> bytes:
    """Return a table, or a playlist without files whose songs may have a MusicBrainz recording. format_: of `FORMATS`."""
    if format_ == "csv":
        return _csv(found)
    songs = [each.song for each in found if isinstance(each, FoundSong)]
    entries = (Entry((), song.artist, song.title, song.album, song.recording) for song in songs)
    return format_jspf_names(entries, Header(title, date=now()))


def write_found(path: Path, data: bytes) -> None:
    """Write a result of `found_as`. It replaces JSPF files, and CSV files that it wrote before, but never others.

    Raises PlaylistError.
    """
    try:
        if path.is_file() and not _is_ours(path):
            raise PlaylistError(f"{path}: this file exists and is not such a list; choose another name")
        write_named(path, data)
    except (OSError, ValueError) as error:  # ValueError: an impossible name
        raise PlaylistError(refusal(path, "cannot be written", error, WRITING)) from error


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(200)
    return not beginning or path.suffix.lower() == ".jspf" or beginning.startswith((_header(SONGS), _header(ARTISTS)))


def _csv(found: Found) -> bytes:
    file = io.StringIO()
    songs = all(isinstance(each, FoundSong) for each in found)
    file.write(_header(SONGS if songs else ARTISTS).decode())
    writer = csv.writer(file, lineterminator="\n")
    for each in found:
        if isinstance(each, FoundSong):
            song = each.song
            names = [one_line(text) for text in (song.artist, song.title, song.album)]
            writer.writerow([*names, f"{each.similarity:.3f}", each.lists, song.recording])
        else:
            writer.writerow([one_line(each.name), f"{each.similarity:.3f}", each.lists, each.songs])
    return file.getvalue().encode("utf-8", "replace")


def _header(columns: Sequence[str]) -> bytes:
    return f"{','.join(columns)}\n".encode()
