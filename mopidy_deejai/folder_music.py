"""The music of a folder of files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from deejai_core.api import FolderLibrary, MadeList, Player, Radio, RadioObserver, journey, open_space, similar
from deejai_core.errors import LibraryError

from .music import song_at


class FolderMusic:
    """The music of a folder of files as `Music`."""

    def __init__(self, folder: Path) -> None:
        self.library = FolderLibrary(folder)

    def similar(self, words: Sequence[str]) -> MadeList:
        return similar(self.library, words)

    def journey(self, words: Sequence[str]) -> MadeList:
        return journey(self.library, words)

    def named(self) -> list[str]:
        return []

    def make(self, name: str) -> MadeList:
        raise LibraryError(f"no playlist is named {name!r}")

    def radio(self, player: Player, observer: RadioObserver, first: Path | None, pause: Callable[[float], None]) -> Radio:
        space = open_space(self.library)
        return Radio(space, player, observer, seeds=song_at(space, first), pause=pause)

    def in_words(self, error: Exception) -> str:
        return str(error)
