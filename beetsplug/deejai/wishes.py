"""What is asked of one list, and the recipe that says it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import confuse

from deejai_core.formats.entries import Header, one_line
from deejai_core.playlists.candidates import Pick

from .options import Option, recipe_words
from .queries import is_file, user_path
from .settings import DEFAULTS, Settings, read_settings

if TYPE_CHECKING:
    from .space import Member, Space


@dataclass(frozen=True)
class Wishes:
    """What is asked of one list and has no place in the configuration."""

    configured: Settings | None = None  # without what was given for this list; None: an empty configuration's
    albums: bool = False  # members are albums
    less: str | None = None  # a query: less like this
    best_order: bool = False
    keep_first: bool = False
    keep_last: bool = False
    why: bool = False
    choose: Callable[[Space, Iterator[Pick]], Pick | None] | None = None  # which offer to take
    choose_waypoint: Callable[[str, list[Member]], Member | None] | None = None  # None: their centre


def recipe_of(verb: str, words: Iterable[str], options: Iterable[Option], settings: Settings, wishes: Wishes) -> str:
    """The command line that makes a list again."""
    flags = []
    if wishes.albums:
        flags.append("-a")
    if wishes.less:
        flags += ["--less", wishes.less]
    for wish in ("best_order", "keep_first", "keep_last"):
        if getattr(wishes, wish):
            flags.append(f"--{wish.replace('_', '-')}")
    flags += recipe_words(options, settings, _standard(), *([wishes.configured] if wishes.configured else []))
    words = [str(user_path(word).absolute()) if is_file(word) else word for word in words]
    dashes = ["--"] if any(word.startswith("-") for word in words) else []
    return one_line(shlex.join(["beet", "deejai", verb, *flags, *dashes, *words]))


def _standard() -> Settings:
    """The settings of an empty configuration."""
    config = confuse.RootView([confuse.ConfigSource.of({"deejai": DEFAULTS | {"playlist_dir": "."}})])
    return read_settings(config["deejai"])


def header_of(space: Space, title: str, recipe: str, settings: Settings, wishes: Wishes) -> Header:
    drawn = f", seed {settings.seed}" if settings.drunk else ""
    drawn += ", chosen by hand" if wishes.choose else ""
    date = datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds")
    return Header(title, (recipe, f"model {space.name}{drawn}"), date)
