"""From a command's words and options to a list with the header that its playlist gets."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from deejai_core.formats.entries import Header, made_with, now, one_line
from deejai_core.lists.lookup import is_file, user_path
from deejai_core.lists.making import make_journey, make_reordered, make_similar, similar_artists
from deejai_core.lists.request import MadeList, Request
from deejai_core.lists.space import Space
from deejai_core.lists.waypoints import ChooseWaypoint
from deejai_core.options.option import Option

from .models import model_in_use
from .options import JOURNEY, RULES, VARIATION, WALK, recipe_words
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deejai_core.playlists.candidates import Pick

    from ..library.beets_library import BeetsLibrary

MAKERS = {"similar": make_similar, "journey": make_journey, "reorder": make_reordered}


@dataclass(frozen=True)
class OneOffOptions:
    """What is asked of one list and has no place in the configuration; see `Request`."""

    albums: bool = False  # members are albums
    less: str | None = None
    best_order: bool = False
    keep_first: bool = False
    keep_last: bool = False
    why: bool = False
    choose: Callable[[Space, Iterator[Pick]], Pick | None] | None = None
    choose_waypoint: ChooseWaypoint | None = None


@dataclass(frozen=True)
class HeadedList(MadeList):
    """A list with the header that its playlist gets."""

    header: Header | None = None


def make(
    verb: str,
    library: BeetsLibrary,
    words: Sequence[str],
    settings: Settings,
    one_off: OneOffOptions,
    configured: Settings | None = None,
) -> HeadedList:
    """Make the list that a verb makes of these words.

    configured: the settings without what was given for this list, for the recipe; None: those of an empty configuration.
    """
    made = MAKERS[verb](library, model_in_use(library, settings), words, request_for(verb, settings, one_off))
    if made.seed is not None:
        settings = settings.change("walk", seed=made.seed)
        made = replace(made, remarks=[*made.remarks, f"to make this list again: --seed {made.seed}"])
    recipe = recipe_of(verb, made.words, settings, one_off, configured)
    drawn = [] if made.seed is None else [f"seed {made.seed}"]
    notes = [*drawn, "chosen by hand"] if one_off.choose else drawn
    header = Header(made.title, (recipe, made_with(made.space, *notes)), now())
    return HeadedList(**{field.name: getattr(made, field.name) for field in fields(MadeList)}, header=header)


def make_artists(library: BeetsLibrary, words: Sequence[str], settings: Settings) -> list[tuple[str, float, int]]:
    """See `similar_artists`."""
    return similar_artists(library, model_in_use(library, settings), words, request_for("similar", settings))


def open_space_of(library: BeetsLibrary, settings: Settings, *, whole: bool = False) -> Space:
    """A library's tracks as the settings say that they are compared."""
    return request_for("similar", settings).open(library, model_in_use(library, settings), whole=whole)


def request_for(verb: str, settings: Settings, one_off: OneOffOptions = OneOffOptions()) -> Request:
    counts = settings.counts
    count = counts.between if verb == "journey" else counts.albums if one_off.albums else counts.number
    return Request(
        walk=replace(settings.walk, count=count),
        rules=settings.rules,
        analysis=settings.analysis,
        kind="album" if one_off.albums else "track",
        space=settings.comparison.space,
        search=settings.comparison.index,
        **{field.name: getattr(one_off, field.name) for field in fields(OneOffOptions) if field.name != "albums"},
    )


def recipe_of(
    verb: str, words: Iterable[str], settings: Settings, one_off: OneOffOptions, configured: Settings | None
) -> str:
    """The command line that makes a list again."""
    flags = []
    if one_off.albums:
        flags.append("-a")
    if one_off.less:
        flags += ["--less", one_off.less]
    if verb == "reorder":  # the waypoints of a journey are in their order by now
        for wish in ("best_order", "keep_first", "keep_last"):
            if getattr(one_off, wish):
                flags.append(f"--{wish.replace('_', '-')}")
    flags += recipe_words(_options_of(verb, one_off), settings, Settings(), *([configured] if configured else []))
    words = [str(user_path(word).absolute()) if is_file(word) else word for word in words]
    dashes = ["--"] if any(word.startswith("-") for word in words) else []
    return one_line(shlex.join(["beet", "deejai", verb, *flags, *dashes, *words]))


def _options_of(verb: str, one_off: OneOffOptions) -> tuple[Option, ...]:
    if verb == "reorder":
        return ()
    if verb == "journey":
        return (*JOURNEY, *VARIATION, *RULES)
    walk = (replace(WALK[0], name="albums"), *WALK[1:]) if one_off.albums else WALK
    return (*walk, *VARIATION, *RULES)
