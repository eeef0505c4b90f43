"""The files that a playlist names, whatever its format."""

from __future__ import annotations

from pathlib import Path

from deejai_core.errors import PlaylistError
from deejai_core.playlists.m3u import find_file, is_stream, read_m3u
from deejai_core.playlists.xspf import parse_jspf, parse_xspf

SUFFIXES = (".m3u", ".m3u8", ".xspf", ".jspf")


def read_playlist(path: Path) -> list[Path]:
    """The files in the order of the playlist, absolute, whether they are there or not; its format is told by its name.

    Raises PlaylistError if it cannot be read or is no playlist.
    """
    parse = {".xspf": parse_xspf, ".jspf": parse_jspf}.get(path.suffix.lower())
    if parse is None:
        return read_m3u(path)
    try:
        _, _, entries = parse(path.read_bytes())
    except OSError as error:
        raise PlaylistError(f"{path}: cannot read the playlist ({error.strerror or error})") from error
    except PlaylistError as error:
        raise PlaylistError(f"{path}: {error}") from error
    folder = path.parent
    return [find_file(entry.location, folder) for entry in entries if entry.location and not is_stream(entry.location)]
