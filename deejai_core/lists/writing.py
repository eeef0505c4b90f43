"""Lists as playlists: where they are written, and what their files contain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deejai_core.errors import PlaylistError
from deejai_core.formats.entries import Header, Style, Track, now
from deejai_core.formats.export import FORMATS, SUFFIXES, file_name, write_playlist
from deejai_core.lists.request import MadeList


@dataclass(frozen=True)
class Encoded:
    """A playlist that is not written yet."""

    path: Path
    data: bytes
    tracks: int


@dataclass(frozen=True)
class Playlists:
    """How playlists are written.

    folder: where. format: one of `export.FORMATS`. style: how a playlist at a path names its tracks. file_name: turns a
    title into a name without a suffix. writable: whether they may be written at all.
    """

    folder: Path
    format: str = "extm3u"
    style: Callable[[Path], Style] = lambda path: Style()
    file_name: Callable[[str], str] = file_name
    writable: bool = True

    def path(self, title: str) -> Path:
        return self.folder / (self.file_name(title) + SUFFIXES[self.format])

    def encoded(
        self, title: str, tracks: Sequence[Track], recipe: tuple[str, ...] = (), path: Path | None = None
    ) -> Encoded:
        """Return a playlist, encoded. path: its file, if not the one from its title. Raises PlaylistError for odd names."""
        path = path or self.path(title)
        data = FORMATS[self.format](list(tracks), self.style(path), Header(title, recipe, now()))
        return Encoded(path, data, len(tracks))

    def write(self, encoded: Encoded) -> None:
        """Write a playlist. Raises PlaylistError; the existing file is then unchanged."""
        write_playlist(encoded.path, encoded.data, within=self.folder)


def encode_list(made: MadeList, playlists: Playlists, path: Path | None = None) -> Encoded:
    """Encode a list as a playlist. path: its file, if not the one from its title."""
    return playlists.encoded(made.title, made.tracks, made.recipe, path)


def write_list(made: MadeList, encoded: Encoded, playlists: Playlists) -> None:
    """Write a list's playlist.

    Raises PlaylistError, also if that would lose tracks of the playlist that the list was made from.
    """
    path = encoded.path
    if made.lost and made.source and path.exists() and path.samefile(made.source):
        raise PlaylistError(f"{path}: {made.lost} of its tracks would be lost; write to another file")
    playlists.write(encoded)
