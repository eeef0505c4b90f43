"""The request for a list, and the list that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deejai_core.formats.entries import Track
from deejai_core.library import Kind, Library
from deejai_core.lists.space import Member, Space, open_space
from deejai_core.lists.waypoints import ChooseWaypoint
from deejai_core.models.protocol import Model
from deejai_core.options.analysis import Analysis
from deejai_core.options.lists import Rules, SpaceName, Walk
from deejai_core.playlists.candidates import Pick


@dataclass(frozen=True)
class Request:
    """The request for one list.

    kind: of its members. space: in which they are compared. search: how neighbours are found, see `index.neighbours`. less:
    a query; the list should be less like its matches. by_words: whether the words describe how music sounds, even if they
    match something. best_order: whether waypoints are visited in their best order; keep_first, keep_last: which then keep
    their places. why: whether each pick is explained. choose: takes one of the offers for a place, best first, or None to
    end the list; by default the best. choose_waypoint: chooses one of several members as a waypoint; by default their
    centre is the waypoint.
    """

    walk: Walk = Walk()  # noqa: RUF009 (it cannot change)
    rules: Rules = Rules()  # noqa: RUF009
    analysis: Analysis = Analysis()  # noqa: RUF009
    kind: Kind = "track"
    space: SpaceName = "sound"
    search: str = "auto"
    less: str | None = None
    by_words: bool = False
    best_order: bool = False
    keep_first: bool = False
    keep_last: bool = False
    why: bool = False
    choose: Callable[[Space, Iterator[Pick]], Pick | None] | None = None
    choose_waypoint: ChooseWaypoint | None = None

    def open(self, library: Library, model: Model, *, whole: bool = False) -> Space:
        return open_space(
            library,
            model,
            self.analysis,
            kind=self.kind,
            learned=self.space == "track2vec",
            search=self.search,
            plays=self.rules.ask_for_plays,
            whole=whole or bool(self.walk.minutes),
        )

    def chooser(self, space: Space) -> Callable[[Iterator[Pick]], Pick | None] | None:
        choose = self.choose
        return (lambda offers: choose(space, offers)) if choose else None


@dataclass(frozen=True)
class Entry:
    """A member at its place in a list."""

    label: str  # "seed", "waypoint", or its number
    member: Member
    similarity: float | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class MadeList:
    """A list that is not written yet.

    words: which mean the same again. seed: of the random numbers that it was drawn with, or None. space: the name of the
    space that it was made in.
    """

    title: str
    entries: list[Entry]
    space: str
    kind: Kind = "track"
    words: Sequence[str] = ()
    seed: int | None = None
    remarks: list[str] = field(default_factory=list)  # remarks about the list
    warnings: list[str] = field(default_factory=list)  # things that could not be done
    source: Path | None = None  # the playlist that it was made from
    lost: int = 0  # tracks of that playlist which are not in the list
    recipe: tuple[str, ...] = ()  # how to make it again, see `formats.entries.Header`

    @property
    def tracks(self) -> list[Track]:
        """The tracks of all its members, in order."""
        return [track for entry in self.entries for track in entry.member.tracks]
