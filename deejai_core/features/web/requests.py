"""What a request asks for, out of its JSON or query string; every value is checked here or nowhere.

Each reader takes a mapping and a name, and raises RefusedError with a sentence that names what is wrong.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deejai_core.features.web.library import MILD, ONCE, Choices, Knobs, RefusedError
from deejai_core.models.tag_set import TagSet
from deejai_core.tracks.songs import Song, normal_artist, song_names

LONGEST_TEXT = 500  # characters of a search, a query or a name
MOST_TRACKS = 2000  # in one list of a request
MOST_SEEDS = 50
LARGEST_ID = 2**63 - 1  # what SQLite keeps
HEAVIEST = 10  # weight of a tag in a mood
UNIT_TOLERANCE = 1e-3  # of a vector's squared length

Reference = int | Song  # a track of the library, or one that was dropped in


def read_text(values: Mapping[str, Any], name: str, default: str = "", longest: int = LONGEST_TEXT) -> str:
    value = values.get(name, default)
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise RefusedError(f"{name}: must be a text of {longest} characters at most")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON can name halves of characters, which neither files nor databases hold
        raise RefusedError(f"{name}: must be a text without halves of characters (surrogates)") from error
    return value


def read_number(values: Mapping[str, Any], name: str, default: float, lowest: float, highest: float) -> float:
    """A finite number; also out of a text, as query strings have them."""
    value = values.get(name, default)
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not lowest <= number <= highest:
        raise RefusedError(f"{name}: must be a number from {lowest:g} to {highest:g}")
    return number


def read_whole(values: Mapping[str, Any], name: str, default: int, lowest: int, highest: int) -> int:
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
) -> list:
    value = values.get(name, [])
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise RefusedError(f"{name}: must be a list of {f'{least} to {most}' if least else f'{most} at most'}")
    return [read(element, name) for element in value]


def reference_reader(dimension: int) -> Callable[[Any, str], Reference]:
    """A reader of references: ids, or what `/api/upload` said of a file."""

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
    """A reader of places in the coming list: a track that is to stay there, or null for one that is to be found."""
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
        with np.errstate(over="ignore"):  # a number that is far too large is refused as well
            if abs(float(vector @ vector) - 1) < UNIT_TOLERANCE:
                return vector
    raise RefusedError("vector: must be as /api/upload gave it")


def read_knobs(values: Mapping[str, Any], default: Knobs) -> Knobs:
    return Knobs(
        keep_on=read_whole(values, "keep_on", default.keep_on, 0, 100),
        stay=read_number(values, "stay", default.stay, 0, 1),
        drunk=read_number(values, "drunk", default.drunk, 0, 1),
    )


def read_choices(values: Mapping[str, Any], default: Choices, tag_set: TagSet) -> Choices:
    """The object `rules` of a request; what it lacks is as in the configuration."""
    rules = values.get("rules", {})
    if not isinstance(rules, dict):
        raise RefusedError("rules: must be an object")
    known = Choices.__dataclass_fields__
    if unknown := sorted(set(rules) - set(known)):
        raise RefusedError(f"rules: there is no {unknown[0][:40]!r}; there is: {', '.join(known)}")
    separation = rules.get("artist_separation", default.artist_separation)
    if separation not in ("once", ONCE, MILD):
        separation = read_whole(rules, "artist_separation", default.artist_separation, 0, 10_000)
    longest = rules.get("max_length", default.max_length)
    if longest not in (0, None, ONCE) or isinstance(longest, bool):
        longest = read_number(rules, "max_length", 0, 0, 1e6)
    shortest = read_number(rules, "min_length", default.min_length, 0, 1e6)
    return Choices(
        artist_separation=ONCE if separation == "once" else separation,
        candidates=read_text(rules, "candidates", default.candidates),
        not_played_days=read_number(rules, "not_played_days", default.not_played_days or 0, 0, 36_500) or None,
        mood=_read_mood(rules, tag_set) if "mood" in rules else default.mood,
        mix_in_key=read_switch(rules, "mix_in_key", default.mix_in_key),
        min_length=shortest,
        max_length=longest or ONCE,
    )


def write_choices(choices: Choices) -> dict[str, Any]:
    """Choices as `read_choices` reads them."""
    return {
        "artist_separation": "once" if choices.artist_separation == ONCE else choices.artist_separation,
        "candidates": choices.candidates,
        "not_played_days": choices.not_played_days or 0,
        "mood": dict(choices.mood),
        "mix_in_key": choices.mix_in_key,
        "min_length": choices.min_length,
        "max_length": 0 if choices.max_length == ONCE else choices.max_length,
    }


def _read_mood(rules: Mapping[str, Any], tag_set: TagSet) -> tuple[tuple[str, float], ...]:
    mood = rules["mood"]
    if not isinstance(mood, dict) or len(mood) > len(tag_set.names):
        raise RefusedError("mood: must be an object of tags with their weights")
    weights = {}
    for tag in mood:
        number = tag_set.number(str(tag)[:LONGEST_TEXT])
        if number is None:
            raise RefusedError(
                f"mood: no tag is called {str(tag)[:40]!r}; there is: {', '.join(tag_set.close(str(tag)[:40]))}"
            )
        weights[number] = read_number(mood, tag, 0, -HEAVIEST, HEAVIEST)
    return tuple((tag_set.names[number], weights[number]) for number in sorted(weights) if weights[number])
