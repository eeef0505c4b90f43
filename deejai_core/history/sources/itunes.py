"""Reads `Library.xml`, which iTunes keeps and Apple's Music exports: its playlists, and when each song was last played.

It is parsed piece by piece, by expat, and refused if it declares entities, with which a small file can fill the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers import expat

from deejai_core.formats.entries import Entry
from deejai_core.formats.locate import Locator
from deejai_core.formats.text import as_bytes
from deejai_core.history.mentions import Mention, Play, SongList
from deejai_core.history.sources.files import BUFFER, UnreadableError
from deejai_core.history.sources.values import moment, number, text

MOST_VALUES = 2_000_000  # in a track or a playlist
MOST_TRACKS = 2_000_000
LONGEST_TEXT = 1_000_000  # characters of a value
DEEPEST = 20  # values within values
NO_MUSIC = ("Podcast", "Movie", "TV Show", "Music Video", "Has Video", "Audiobook")  # marks of tracks that are not music
# Marks of playlists that nobody made: the whole library, purchases, and folders of playlists.
NO_LIST = ("Master", "Distinguished Kind", "Folder")
EVERYTHING = ("Library", "Music", "Downloaded")  # names of smart playlists that the program itself makes


def is_library(beginning: str) -> bool:
    return beginning.lstrip().startswith("<") and "<plist" in beginning


def library(data: BinaryIO) -> Iterator[tuple[SongList | Play | None, int]]:
    """Yield every song's last play, then every playlist that somebody made; and how many songs cannot be understood."""
    songs: dict[int, Mention | None] = {}
    locator = Locator()
    for kind, values in _parts(data):
        if kind == "Tracks":
            if len(songs) == MOST_TRACKS:
                raise UnreadableError(f"it has more than {MOST_TRACKS:,} tracks")
            song = None if any(values.get(mark) is True for mark in NO_MUSIC) else _song(values, locator)
            if isinstance(key := values.get("Track ID"), int):
                songs[key] = song
            yield _last_play(song, values), 0
        elif _is_made(values):
            yield _playlist(values, songs)


def _is_made(values: dict[str, Any]) -> bool:
    """Return whether somebody made a playlist, including smart ones."""
    if any(values.get(mark) for mark in NO_LIST) or values.get("Visible") is False:
        return False
    return "Smart Info" not in values or values.get("Name") not in EVERYTHING


def _song(values: dict[str, Any], locator: Locator) -> Mention | None:
    artist, title = text(values.get("Artist")), text(values.get("Name"))
    location = as_bytes(text(values.get("Location")))
    path = locator.find(Entry((location,), encoded=True), Path("/")) if location else None
    return Mention(artist, title, text(values.get("Album")), "", path) if path or (artist and title) else None


def _last_play(song: Mention | None, values: dict[str, Any]) -> Play | None:
    """Return the last play, whose noted time is the song's end."""
    ended, length = moment(values.get("Play Date UTC")), number(values.get("Total Time")) or 0
    begun = None if ended is None else moment(ended - max(length, 0) / 1000)
    return None if song is None or begun is None else Play(song, begun)


def _playlist(values: dict[str, Any], songs: dict[int, Mention | None]) -> tuple[SongList | None, int]:
    items = values.get("Playlist Items")
    numbers = (
        [item.get("Track ID") if isinstance(item, dict) else None for item in items] if isinstance(items, list) else []
    )
    known = [songs[key] for key in numbers if isinstance(key, int) and key in songs]
    listed = tuple(song for song in known if song)
    return (SongList(text(values.get("Name")), listed) if listed else None), len(numbers) - len(known)


def _parts(data: BinaryIO) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ("Tracks", a track's data) and ("Playlists", a playlist's data), each as soon as it was read."""
    parser, plist = expat.ParserCreate(), _Plist()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = plist.start, plist.end
    parser.CharacterDataHandler, parser.EntityDeclHandler = plist.data, _refuse
    given = 0
    try:
        while chunk := data.read(BUFFER):
            parser.Parse(chunk)
            given += len(chunk)
            if given - max(parser.CurrentByteIndex, 0) > LONGEST_TEXT:  # expat scans all of it repeatedly
                raise UnreadableError(f"one of its XML tags is longer than {LONGEST_TEXT:,} characters")
            yield from plist.whole
            plist.whole.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        yield from plist.whole
        raise UnreadableError("it is not valid XML, or incomplete") from error


def _refuse(*_: object) -> None:
    raise UnreadableError("it declares entities, which deejai refuses for safety")


class _Plist:
    """Builds the values of a property list.

    The content of its `Tracks` and `Playlists` is not kept, but passed to `whole`.
    """

    def __init__(self) -> None:
        self.whole: list[tuple[str, dict[str, Any]]] = []
        self._open: list[dict[str, Any] | list[Any]] = []  # from the outermost to the innermost
        self._keys: list[str] = []  # the current key in each of them
        self._text: list[str] = []
        self._length = self._count = 0

    def start(self, name: str, _: object) -> None:
        self._text, self._length = [], 0
        if name in ("dict", "array"):
            self._open.append({} if name == "dict" else [])
            self._keys.append("")
        if len(self._open) > DEEPEST:
            raise UnreadableError("it is nested too deeply")

    def data(self, text: str) -> None:
        self._length += len(text)
        if self._length > LONGEST_TEXT:
            raise UnreadableError(f"one of its values is longer than {LONGEST_TEXT:,} characters")
        self._text.append(text)

    def end(self, name: str) -> None:
        if name in ("dict", "array"):
            self._keys.pop()
            self._put(self._open.pop())
        elif name == "key" and self._open:
            self._keys[-1] = "".join(self._text)
        elif name in ("string", "date", "real"):
            self._put("".join(self._text))
        elif name == "integer":
            self._put(_integer("".join(self._text)))
        elif name == "data":
            self._put(None)
        elif name in ("true", "false"):
            self._put(name == "true")

    def _put(self, value: object) -> None:
        if not self._open:
            return
        self._count += 1
        if self._count > MOST_VALUES:
            raise UnreadableError(f"one of its entries has more than {MOST_VALUES:,} values")
        if len(self._open) == 2 and self._keys[0] in ("Tracks", "Playlists"):
            self._count = 0
            if isinstance(value, dict):
                self.whole.append((self._keys[0], value))
        elif isinstance(self._open[-1], list):
            self._open[-1].append(value)
        else:
            self._open[-1][self._keys[-1]] = value


def _integer(text: str) -> int | None:
    try:
        return int(text[:20])
    except ValueError:
        return None
