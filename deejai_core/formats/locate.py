"""Finds the files that playlists mean on this disk, by names from other machines, file systems and encodings."""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from deejai_core.formats.entries import Entry

# Only what is certainly a URL: "Mission: Impossible/a.mp3" is the name of a file.
_STREAM = re.compile(
    rb"(?!file:)[a-z][a-z0-9+.-]+://"
    rb"|(?:cdda|data|deezer|local|magnet|mms|rtsp|soundcloud|spotify|tidal|urn|youtube):[^\s/\\]+$",
    re.IGNORECASE,
)
_FILE_URL = re.compile(rb"file:(?://[^/]*|(?!//))(/.*)", re.IGNORECASE | re.DOTALL)
_DRIVE = re.compile(rb"/[A-Za-z]:[/\\]")
_BLANKS = b" \t\r\n"


def is_stream(location: bytes) -> bool:
    """Return whether this is a URL of something other than a file."""
    return bool(_STREAM.match(location.strip(_BLANKS)))


class Locator:
    """Finds the files that playlists name, and the paths by which a library may know them.

    library: its music folder. Each folder is read at most once in the life of a locator, so it should live as long as a
    command, and serve all entries.
    """

    def __init__(self, library: Path | None = None) -> None:
        self._library = library and (Path(os.path.realpath(library)), library)
        self._listings: dict[Path, dict[str, list[str]]] = {}
        self._real_folders: dict[Path, Path] = {}

    def find(self, entry: Entry, folder: Path) -> Path | None:
        """Return the absolute path of the file that an entry of a playlist in this folder means; None for a stream, or no
        location.

        The first way to read the name that leads to a file is used: as it is written, URL-decoded, with backslashes as
        slashes, in another encoding, without spaces at its ends; then, for each of these, the only file whose name differs
        just by Unicode normalisation, or by case. If there is no such file, the name as it is written.
        """
        paths = _paths(entry, folder)
        return self._there(paths) or (paths[0] if paths else None)

    def there(self, entry: Entry, folder: Path) -> bool:
        """Return whether an entry means a file that exists."""
        return self._there(_paths(entry, folder)) is not None

    def aliases(self, path: Path) -> Iterator[Path]:
        """Return other paths by which a library may know a file: without symbolic links, and in other Unicode
        normalisations.
        """
        real = [self._real_folder(path.parent) / path.name, Path(os.path.realpath(path))]
        yield from real
        if self._library:
            real_library, library = self._library
            yield from (library / other.relative_to(real_library) for other in real if real_library in other.parents)
        for form in ("NFC", "NFD"):
            yield Path(unicodedata.normalize(form, os.fspath(path)))

    def _there(self, paths: list[Path]) -> Path | None:
        found = next((path for path in paths if _exists(path)), None)
        return found or next(filter(None, map(self._loosely, paths)), None)

    def _loosely(self, path: Path) -> Path | None:
        """Return the path that differs from this one only by normalisation or case, in any of its folders; None unless it
        is unique.
        """
        names = []
        while not _exists(path):
            if path == path.parent:
                return None
            names.append(path.name)
            path = path.parent
        for name in reversed(names):
            found = self._listing(path).get(_folded(name), [])
            same = [other for other in found if _composed(other) == _composed(name)] or found
            if len(same) != 1:
                return None
            path /= same[0]
        return path

    def _listing(self, folder: Path) -> dict[str, list[str]]:
        """Return the names in a folder, by the form in which similar names are equal."""
        if folder not in self._listings:
            names: dict[str, list[str]] = {}
            with contextlib.suppress(OSError):  # not a folder, or a forbidden one
                for path in folder.iterdir():
                    names.setdefault(_folded(path.name), []).append(path.name)
            self._listings[folder] = names
        return self._listings[folder]

    def _real_folder(self, folder: Path) -> Path:
        if folder not in self._real_folders:
            self._real_folders[folder] = Path(os.path.realpath(folder))
        return self._real_folders[folder]


def _paths(entry: Entry, folder: Path) -> list[Path]:
    """Return the ways to read an entry's locations, as absolute paths."""
    locations = (location for location in entry.locations if not is_stream(location))
    names = [name for location in locations for name in _readings(location, encoded=entry.encoded)]
    folder = folder.absolute()
    return [Path(os.path.normpath(folder / os.fsdecode(name))) for name in dict.fromkeys(names)]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # longer than a name can be, or forbidden
        return False


def _readings(location: bytes, *, encoded: bool) -> list[bytes]:
    decoded = unquote_to_bytes(location)
    names = [decoded, location] if encoded else [location, decoded]
    if url := _FILE_URL.fullmatch(location.strip(_BLANKS)):
        name = url[1][1:] if _DRIVE.match(url[1]) else url[1]
        names = [unquote_to_bytes(name), name, *names]
    names += [name.strip(_BLANKS) for name in names]
    names += [name.replace(b"\\", b"/") for name in names]
    names += [other for name in names for other in _recoded(name)]
    return [name for name in names if name and b"\0" not in name]


def _recoded(name: bytes) -> list[bytes]:
    """Return a name in other encodings: one that is not UTF-8 from Windows' encoding to UTF-8, and the other way round."""
    if name.isascii():
        return []
    found = []
    for encoding in ("cp1252", "latin-1"):
        try:
            found.append(name.decode("utf-8").encode(encoding))
        except UnicodeEncodeError:
            continue
        except UnicodeDecodeError:
            try:
                found.append(name.decode(encoding).encode())
            except UnicodeDecodeError:
                continue
    return found


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    return _composed(_composed(name).casefold())
