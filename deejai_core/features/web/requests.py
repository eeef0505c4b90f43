"""Reads values from a request's JSON or query string; every value is checked here and nowhere else.

Each reader takes a mapping and a name, and raises RefusedError with a sentence that names what is wrong.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from deejai_core.features.web.library import RefusedError
from deejai_core.models.tag_set import Vocabulary
from deejai_core.options.lists import Rules, Walk
from deejai_core.options.option import page_options
from deejai_core.options.values import Mood, Value
from deejai_core.tracks.songs import Song, normal_artist, song_names

LONGEST_TEXT = 500  # characters of a search, a query or a name
MOST_TRACKS = 2000  # in one list of a request
MOST_SEEDS = 50
LARGEST_ID = 2**63 - 1  # the range that SQLite stores
UNIT_TOLERANCE = 1e-3  # tolerance for a vector's squared length

Options = TypeVar("Options", Walk, Rules)
Reference = int | Song  # a track of the library, or a file that was dropped onto the page


def read_text(values: Mapping[str, Any], name: str, default: str = "", longest: int = LONGEST_TEXT) -> str:
    value = values.get(name, default)
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise RefusedError(f"{name}: must be a text of {longest} characters at most")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON can contain halves of characters, which files and databases cannot store
        raise RefusedError(f"{name}: must be a text without lone surrogates (halves of characters)") from error
    return value


def read_number(values: Mapping[str, Any], name: str, default: float, lowest: float, highest: float) -> float:
    """Return a finite number; it may be a text, as in query strings. default: NaN if the number is required."""
    value = values.get(name, default)
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not lowest <= number <= highest:
        raise RefusedError(f"{name}: must be a number from {lowest:g} to {highest:g}")
    return number


def read_whole(values: Mapping[str, Any], name: str, default: float, lowest: int, highest: int) -> int:
    number = read_number(values, name, default, lowest, highest)
    if number != int(number):
        raise RefusedError(f"{name}: must be a whole number")
    return int(number)


def read_switch(values: Mapping[str, Any], name: str, default: bool) -> bool:
    value = values.get(name, default)
    if not isinstance(value, bool):
        raise RefusedError(f"{name}: must be true or false")
    return value


def read_id(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_ID:
        raise RefusedError(f"{name}: must be ids of tracks, whole numbers above 0")
    return value


def read_list(
    values: Mapping[str, Any], name: str, read: Callable[[Any, str], Any], most: int = MOST_TRACKS, least: int = 0
) -> list[Any]:
    value = values.get(name, [])
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise RefusedError(f"{name}: must be a list of {f'{least} to {most}' if least else f'{most} at most'}")
    return [read(element, name) for element in value]


def reference_reader(dimension: int) -> Callable[[Any, str], Reference]:
    """Return a reader of references: ids, or what `/api/upload` returned for a file."""

    def read(value: Any, name: str) -> Reference:
        if not isinstance(value, dict):
            return read_id(value, name)
        artist, title = read_text(value, "artist"), read_text(value, "title")
        length = value.get("length")
        return Song(
            read_vector(value.get("vector"), dimension),
            artist=normal_artist(artist),
            names=song_names(artist, title),
            length=math.nan if length is None else read_number(value, "length", 0, 0, 1e7),
        )

    return read


def place_reader(read: Callable[[Any, str], Reference]) -> Callable[[Any, str], Reference | None]:
    """Return a reader of places in the coming list: a track that keeps its place, or null for a place to fill."""
    return lambda value, name: None if value is None else read(value, name)


def write_vector(vector: np.ndarray) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def read_vector(value: Any, dimension: int) -> np.ndarray:
    """A unit vector (dimension,) float32, from base64 of little-endian float32."""
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) and len(value) < 8 * dimension else b""
    except (binascii.Error, ValueError):
        data = b""
    if len(data) == 4 * dimension:
        vector = np.frombuffer(data, "<f4").astype(np.float32)
        with np.errstate(over="ignore"):  # also refuses numbers that are far too large
            if abs(float(vector @ vector) - 1) < UNIT_TOLERANCE:
                return vector
    raise RefusedError("vector: must be one that /api/upload returned")


def read_walk(values: Mapping[str, Any], default: Walk) -> Walk:
    """Return how lists continue: as configured, except for what a request sets."""
    return _with_options(values, default)


def read_rules(values: Mapping[str, Any], default: Rules, vocabulary: Vocabulary) -> Rules:
    """Return the object `rules` of a request; missing values are those of the configuration."""
    rules = values.get("rules", {})
    if not isinstance(rules, dict):
        raise RefusedError("rules: must be an object")
    known = page_options(Rules)
    if unknown := sorted(set(rules) - set(known)):
        raise RefusedError(f"rules: unknown rule {unknown[0][:40]!r}; choose from: {', '.join(known)}")
    return _with_options(rules, default, mood=Mood(vocabulary))


def write_options(of: Walk | Rules) -> dict[str, Any]:
    """Return the options that a request may have, as `read_walk` and `read_rules` read them."""
    return {name: one.value.plain(getattr(of, name)) for name, one in page_options(type(of)).items()}


def _with_options(values: Mapping[str, Any], default: Options, **others: Value) -> Options:
    """others: the allowed values of some options, by name, instead of the declared ones."""
    given = {}
    for name, one in page_options(type(default)).items():
        if name not in values:
            continue
        try:
            given[name] = others.get(name, one.value).read(values[name])
        except ValueError as error:
            raise RefusedError(f"{name}: {str(error)[:LONGEST_TEXT]}") from error
        if isinstance(given[name], str):
            read_text(given, name)
    return replace(default, **given)
