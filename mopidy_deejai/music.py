"""The music that Mopidy's configuration names, and the lists that can be made from it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from deejai_core.api import Library, MadeList, Member, Player, Radio, RadioObserver, Space
from deejai_core.words import one_line

logger = logging.getLogger(__name__)


class Music(Protocol):
    """A library, and its owner's options for lists.

    Methods raise DeejaiError.
    """

    @property
    def library(self) -> Library: ...

    def similar(self, words: Sequence[str]) -> MadeList:
        """Return the tracks that sound like what these words name."""

    def journey(self, words: Sequence[str]) -> MadeList:
        """Return the tracks on the way between what each of the words names."""

    def named(self) -> list[str]:
        """Return the names of the configured named lists."""

    def make(self, name: str) -> MadeList:
        """Return the named list with this name."""

    def radio(self, player: Player, observer: RadioObserver, first: Path | None, pause: Callable[[float], None]) -> Radio:
        """Return a radio that begins with a song of the library, or with the player's queue; see `Radio`."""

    def in_words(self, error: Exception) -> str:
        """Return what is wrong, and what to do."""


def log_failure(what: str, error: Exception, music: Music | None) -> None:
    """Log in one line what could not be done, why, and what to do. music: None if it could not be opened."""
    logger.error("%s: %s", what, one_line(music.in_words(error) if music else str(error)))
    logger.debug("", exc_info=error)


def song_at(space: Space, path: Path | None) -> list[Member]:
    """Return the song of a file, as a radio's seeds. Raises LibraryError if it has no vector."""
    if path is None:
        return []
    id_ = space.library.at([path]).get(path)
    return [] if id_ is None else [space.member(id_)]
