"""Members that sound as words say, if these are not a title, query or file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deejai_core.embedding.tagging import how_to_tag
from deejai_core.errors import LibraryError, NoMatchError, QueryError
from deejai_core.library import Library
from deejai_core.lists.lookup import is_near
from deejai_core.lists.space import Member, Space
from deejai_core.models.tag_set import Vocabulary
from deejai_core.options.lists import Rules
from deejai_core.playlists.candidates import sound_scores, sounding_most
from deejai_core.sentences.understanding import Understood, understand
from deejai_core.words import one_line

SEEDS = 3  # members at the start of a list that begins with what sounds like some words


@dataclass(frozen=True)
class Description:
    """Words that describe how music sounds.

    text: as given. asked: whether they were given as a description. tags: whether all of them are tags, which determine
    where a list begins; a sentence describes the whole list.
    """

    text: str
    asked: bool
    tags: bool
    understood: Understood


def describe(library: Library, vocabulary: Vocabulary, words: Sequence[str], error: NoMatchError | None) -> Description:
    """Return what words say about sound.

    error: their match with nothing; None if they are a description even if they match something. Otherwise, they are one
    only if all words are known and no title or artist has nearly the same spelling; if not, the error is raised. Raises
    QueryError if there are no words, LibraryError if no track has such tags.
    """
    text = " ".join(words)
    if not text.strip():
        raise QueryError("the description is empty; give words such as 'calm piano'")
    if error and (":" in text or not (error.hint or error.near)):  # a query, or the name of a file
        raise error
    there = known_columns(library, vocabulary)
    understood = understand(text, vocabulary, there or None)
    tags = vocabulary.numbers_in(text)
    if tags is None and not understood.weights:
        raise error or LibraryError(f"no word of {text!r} is known to describe how music sounds")
    if error and tags is None:
        if error.near and is_near(error.near, text):
            raise NoMatchError(str(error), query=error.query, kind=error.kind, near=error.near, hint="describe")
        if understood.unknown:
            unknown = ", ".join(map(repr, understood.unknown))
            raise NoMatchError(str(error), query=error.query, kind=error.kind, hint="describe by the others", about=unknown)
    named = tags or list(understood.weights)
    lacking = [number for number in named if number not in there]
    if len(lacking) == len(named) or (lacking and error):  # if a description was asked for, the other words are used
        none = error or "no track has tags"
        hint = how_to_tag(vocabulary, lacking[0])
        raise LibraryError(f"{none}; a description of sound needs tags to go by", hint=hint) from error
    return Description(text, error is None, tags is not None, understood)


def known_columns(library: Library, vocabulary: Vocabulary) -> set[int]:
    """Return the tags and axes that tracks of a library have, by number."""
    there = [library.has_field(tag_set.field) for tag_set in vocabulary.sets]
    return {number for number, (set_, _) in enumerate(vocabulary.places) if there[set_]}


def most_like(
    space: Space, understood: Understood, count: int, allowed: np.ndarray | None = None
) -> tuple[list[int], np.ndarray]:
    """Return the positions that sound most like this, best first, and how much each does: (n,), NaN without tags."""
    numbers, weights = list(understood.weights), np.array(list(understood.weights.values()))
    levels = np.array([space.vocabulary.is_axis(number) for number in numbers])
    scores = sound_scores(space.tags(numbers), weights, levels)
    return sounding_most(scores, count, allowed).tolist(), scores


def sounding(space: Space, rules: Rules, description: Description) -> tuple[list[Member], np.ndarray | None, list[str]]:
    """Return the members that sound most like a description, what their list should lean to (n,), and remarks.

    Raises LibraryError if no track has tags.
    """
    understood = description.understood
    found, scores = most_like(space, understood, SEEDS, space.allowed(rules))
    if not found:
        hint = how_to_tag(space.vocabulary, next(iter(understood.weights)))
        raise LibraryError("no track that the list may take has tags", hint=hint)
    members = space.members(found)
    sound = f"starting from what sounds most like {understood.gist(space.vocabulary)}"
    named = one_line(description.text) if description.asked else f"no {space.kind} is called {description.text!r}"
    remarks = [f"{named}: {sound}"]
    if understood.silent:
        remarks.append(f"Not used, because no tag stands for them: {', '.join(understood.silent)}.")
    if understood.unknown:
        remarks.append(f"Unknown words: {', '.join(understood.unknown)}.")
    leaning = None if description.tags else scores
    return [members[position] for position in found if position in members], leaning, remarks
