"""From a command's words and options to a list, with the recipe for its playlist."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deejai_core.formats.entries import made_with
from deejai_core.lists.lookup import is_file, user_path
from deejai_core.lists.making import MAKERS
from deejai_core.lists.request import MadeList, Request
from deejai_core.options.option import Option
from deejai_core.words import one_line

from .models import model_in_use
from .options import JOURNEY, RULES, VARIATION, WALK, recipe_words
from .settings import Settings

if TYPE_CHECKING:
    from ..library.beets_library import BeetsLibrary


def make(
    verb: str,
    library: BeetsLibrary,
    words: Sequence[str],
    settings: Settings,
    configured: Settings | None = None,
    **asked: Any,
) -> MadeList:
    """Make the list that a verb makes from these words, with a recipe.

    configured: the settings without those given for this list, for the recipe; None: those of an empty configuration.
    asked: only for this list, see `request_for`.
    """
    request = request_for(verb, settings, **asked)
    made = MAKERS[verb](library, model_in_use(library, settings), words, request)
    notes = []
    if made.seed is not None:
        settings = settings.change("walk", seed=made.seed)
        made = replace(made, remarks=[*made.remarks, f"to make this list again: --seed {made.seed}"])
        notes.append(f"seed {made.seed}")
    if request.choose:
        notes.append("chosen by hand")
    recipe = recipe_of(verb, made.words, settings, request, configured)
    return replace(made, recipe=(recipe, made_with(made.space, *notes)))


def request_for(verb: str, settings: Settings, **asked: Any) -> Request:
    """Return the request for the list that a verb makes. asked: only for this list, as fields of `Request`."""
    counts = settings.counts
    request = Request(
        walk=settings.walk,
        rules=settings.rules,
        analysis=settings.analysis,
        space=settings.comparison.space,
        search=settings.comparison.index,
        **asked,
    )
    count = counts.between if verb == "journey" else counts.albums if request.kind == "album" else counts.number
    return replace(request, walk=replace(settings.walk, count=count))


def recipe_of(verb: str, words: Iterable[str], settings: Settings, request: Request, configured: Settings | None) -> str:
    """Return the command line that makes a list again."""
    flags = []
    if request.kind == "album":
        flags.append("-a")
    if request.less:
        flags += ["--less", request.less]
    if request.by_words:
        flags.append("--words")
    if verb == "reorder":  # the waypoints of a journey are already in order
        for wish in ("best_order", "keep_first", "keep_last"):
            if getattr(request, wish):
                flags.append(f"--{wish.replace('_', '-')}")
    flags += recipe_words(_options_of(verb, request), settings, Settings(), *([configured] if configured else []))
    words = [str(user_path(word).absolute()) if is_file(word) else word for word in words]
    dashes = ["--"] if any(word.startswith("-") for word in words) else []
    return one_line(shlex.join(["beet", "deejai", verb, *flags, *dashes, *words]))


def _options_of(verb: str, request: Request) -> tuple[Option, ...]:
    if verb == "reorder":
        return ()
    if verb == "journey":
        return (*JOURNEY, *VARIATION, *RULES)
    walk = (replace(WALK[0], name="albums"), *WALK[1:]) if request.kind == "album" else WALK
    return (*walk, *VARIATION, *RULES)
