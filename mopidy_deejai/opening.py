"""From Mopidy's configuration to the music that it names."""

from __future__ import annotations

from pathlib import Path

from deejai_core.errors import LibraryError

from .folder_music import FolderMusic
from .music import Music


def open_music(folder: Path | None) -> Music:
    """Open the music of a folder: beets' configuration, or files; None: where beets has its configuration.

    Raises DeejaiError if there is none, and whatever beets raises for a configuration that it cannot read.
    """
    if folder is None or (folder / "config.yaml").is_file():
        from .beets_music import BeetsMusic

        return BeetsMusic(folder)
    music = FolderMusic(folder)
    if not music.library.path.exists():  # nothing would be found, and nothing should be created here
        raise LibraryError(f"{folder}: it has neither beets' config.yaml nor music that was analysed")
    return music
