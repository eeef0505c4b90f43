"""What a map shows, as JSON has it: places, names, colours and paths; static/map.js draws it, and so does map_files.

    {"x": [...], "y": [...],                whole numbers from 0 to 65535, y upwards
     "ids": [...], "titles": [...],
     "fields": [{"name": "artist",          each text once, and for each track which one it has
                 "legend": "artist",
                 "values": ["", "Nick Drake", ...], "of": [1, 1, 0, ...],
                 "colours": {"names": ["Nick Drake", ...], "of": [null, 0, ...]}}, ...],
     "color": "genre",                      the field to begin with
     "paths": [{"name": "Sunday", "tracks": [17, 4, ...]}],
     "shown": null,                         or the positions of the tracks that matter; the others are dimmed
     "palette": ["#f8b528", ...], "ramp": ["#46327e", ...],
     "styles": [{"colour": "#2a78d6", "dash": [7, 3], "corners": 4, "turn": 45}, ...]}

`colours` has for each value the number of its name, -1 for "other", null for none. A numeric field has instead a `scale`:
{"low": "60", "high": "180", "of": [...]}, for each value a number from 0 to 255. A field without either has no colours.

`styles` are those of the paths, in turn: the colour of the line (null: that of text), the lengths of its dashes and gaps in
pixels (none: it is solid), and the regular polygon around its tracks' numbers: corners (0: a circle) and turn in degrees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MOST_COLOURS = 10  # more cannot be distinguished
FINEST = 65535  # steps of a place, and
SHADES = 255  # of a numeric colour
OUTLIERS = 2  # percent at each end of a numeric field that share its last colour
OTHER = -1

# Ten colours and a grey, which eyes that see no red or no green can also distinguish (at least 28 CIELAB units between any
# two, where the usual palettes have 5 to 17), on light and dark backgrounds.
PALETTE = (
    "#f8b528", "#5f5ef0", "#82d1aa", "#c74805", "#9bc5ee", "#aa26a2", "#c0c771", "#a04271", "#869afd", "#a65f4d",
)  # fmt: skip
GREY, FAINT = "#969696", "#dddddd"
# Paths differ in three ways, because lines cross and not everybody sees colours. These stand out from light and dark
# backgrounds.
STYLES: tuple[dict[str, Any], ...] = (
    {"colour": None, "dash": [], "corners": 0, "turn": 0},
    {"colour": "#2a78d6", "dash": [7, 3], "corners": 4, "turn": 45},
    {"colour": "#d63a3a", "dash": [2, 3], "corners": 4, "turn": 0},
    {"colour": "#1f8f4e", "dash": [10, 3, 2, 3], "corners": 6, "turn": 0},
    {"colour": "#9350d6", "dash": [14, 4], "corners": 3, "turn": 0},
    {"colour": "#b5691c", "dash": [7, 3, 2, 3, 2, 3], "corners": 5, "turn": 0},
)
RAMP = ("#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#b5de2b")  # low to high, from viridis


@dataclass(frozen=True)
class Field:
    """A field of tracks: the value of each, and its colour."""

    name: str
    values: list[str]  # without repetitions
    of: list[int]  # for each track, its value
    legend: str = ""  # what the colours mean, if not the values themselves; by default the name
    names: list[str] = field(default_factory=list)  # of the colours
    colours: list[int | None] | None = None  # for each value: one of the names, OTHER, or None
    scale: tuple[str, str] | None = None  # the lowest and highest value, if the colours are a scale
    shades: list[int | None] | None = None  # for each value, in that case: 0 to SHADES

    @property
    def share(self) -> float:
        """The share of the tracks with a value that colours them, from 0 to 1."""
        colours = self.colours or self.shades or [None] * len(self.values)
        return sum(colours[value] is not None for value in self.of) / len(self.of)


def category_field(
    name: str,
    labels: Sequence[tuple[str, ...]],
    *,
    same: Callable[[str], str] = str.casefold,
    category: Callable[[str], str] = str,
    legend: str = "",
    in_order: bool = False,
) -> Field:
    """Return a field of words; a track may have several.

    The most frequent get colours; the first of these colours a track.

    labels: (n,) of each track. same: labels for which it returns the same are one, "" is none. category: what a label
    counts as. in_order: whether the categories are listed by name, not by frequency.
    """
    distinct = list(dict.fromkeys(labels))
    number = {value: place for place, value in enumerate(distinct)}
    tracks = Counter(labels)
    counts: Counter[str] = Counter()
    spellings: dict[str, Counter[str]] = {}
    categories = {value: [(same(text), text) for text in map(category, value) if same(text)] for value in distinct}
    for value, found in categories.items():
        for key, text in dict(found).items():
            counts[key] += tracks[value]
            spellings.setdefault(key, Counter())[text] += tracks[value]
    top = sorted(counts, key=lambda key: (-counts[key], key))[:MOST_COLOURS]
    top = sorted(top) if in_order else top
    colour = {key: place for place, key in enumerate(top)}
    return Field(
        name,
        [", ".join(value) for value in distinct],
        [number[value] for value in labels],
        legend or name,
        [max(sorted(spellings[key]), key=spellings[key].__getitem__) for key in top],
        [
            None if not found else next((colour[key] for key, _ in found if key in colour), OTHER)
            for found in categories.values()
        ],
    )


def scale_field(name: str, numbers: Sequence[float | None], text: Callable[[float], str]) -> Field:
    """Return a field of numbers, coloured from low to high. numbers: (n,) None for missing ones."""
    distinct = sorted({number for number in numbers if number is not None})
    place = {number: at for at, number in enumerate(distinct, 1)} | {None: 0}
    low, high = np.percentile([number for number in numbers if number is not None], [OUTLIERS, 100 - OUTLIERS])
    low, high = (_closest(distinct, float(end)) for end in (low, high))
    shades = np.clip((np.array(distinct) - low) / ((high - low) or 1), 0, 1) * SHADES
    return Field(
        name,
        ["", *map(text, distinct)],
        [place[number] for number in numbers],
        name,
        scale=(text(low), text(high)),
        shades=[None, *shades.round().astype(int).tolist()],
    )


def text_field(name: str, texts: Sequence[str]) -> Field:
    """Return a field that is shown and searched, but colours nothing."""
    number = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return Field(name, list(number), [number[text] for text in texts])


def map_data(
    places: np.ndarray,
    ids: Sequence[int],
    titles: Sequence[str],
    fields: Sequence[Field],
    color: str,
    *,
    paths: Mapping[str, Sequence[int]] | None = None,
    shown: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Return the content of a map.

    places: (n, 2). color: the legend of the field that colours it at first. paths: lists of positions by name. shown: the
    positions that matter; None for all.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    size = float((high - low).max()) or 1.0
    x, y = ((places - (low + high) / 2) / size + 0.5).clip(0, 1).T * FINEST
    return {
        "x": x.round().astype(int).tolist(),
        "y": y.round().astype(int).tolist(),
        "ids": list(ids),
        "titles": list(titles),
        "fields": [_field(each) for each in fields],
        "color": color,
        "paths": [{"name": name, "tracks": list(tracks)} for name, tracks in (paths or {}).items()],
        "shown": None if shown is None else list(shown),
        "palette": list(PALETTE),
        "ramp": list(RAMP),
        "styles": list(STYLES),
    }


def _closest(numbers: Sequence[float], wanted: float) -> float:
    return min(numbers, key=lambda number: abs(number - wanted))


def _field(each: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"name": each.name, "legend": each.legend or each.name, "values": each.values, "of": each.of}
    if each.colours is not None:
        found["colours"] = {"names": each.names, "of": each.colours}
    if each.shades is not None and each.scale is not None:
        low, high = each.scale
        found["scale"] = {"low": low, "high": high, "of": each.shades}
    return found
