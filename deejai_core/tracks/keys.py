"""Musical keys, as the programs that detect them write them into files."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The German H is B natural. B stays B natural, too, because most programs mean that.
_NAME = re.compile(r"(?:([A-Ga-g])([#♯b♭]?)|[Hh])[ -]?(M|(?i:m|min|minor|moll|maj|major|dur))?")
_PLACE = re.compile(r"(1[0-2]|0?[1-9]) ?([ABDMabdm])")  # on the wheels of Camelot (8A) and of Open Key (1m)
_CENTS = r"(?: ?[+-]\d{1,2}(?: ?cents?)?)?"  # the deviation from concert pitch
_KEY = re.compile(f"(?P<key>{_PLACE.pattern}|{_NAME.pattern}){_CENTS}")
_BETWEEN = re.compile(r"[/|(),;]| - ")  # one key in two notations: "8A/Am", "1m (Am)", "F♯/G♭"
_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


@dataclass(frozen=True)
class Key:
    """A musical key as its place on the circle of fifths; a minor key has that of its relative major."""

    fifths: int  # 0 (C major, A minor) to 11
    minor: bool


def parse_key(text: str) -> Key | None:
    """Return the key that a text names, in upper or lower case; None if it names none, or more than one.

    It may be "F#m", "Bb", "A minor", German ("h-moll"), Camelot ("8A"), Open Key ("1m"), with a deviation ("Am +50"), or
    one key in two notations ("8A/Am").
    """
    notations = [part.strip() for part in _BETWEEN.split(" ".join(text.split()))]
    keys = {_one_notation(part) for part in notations if part}
    return keys.pop() if len(keys) == 1 else None


def _one_notation(text: str) -> Key | None:
    match = _KEY.fullmatch(text)
    if not match:
        return None
    if place := _PLACE.fullmatch(match["key"]):
        number, ring = int(place[1]), place[2].lower()
        return Key((number - (1 if ring in "dm" else 8)) % 12, ring in "am")
    name = _NAME.fullmatch(match["key"])
    if not name:
        return None
    pitch = _SEMITONES[(name[1] or "h").lower()] + _ACCIDENTALS[name[2] or ""]
    mode = name[3] or ""
    minor = mode != "M" and mode.lower().startswith("m") and not mode.lower().startswith("maj")
    return Key((pitch + 3 * minor) * 7 % 12, minor)
