"""A library in two dimensions: its tracks, the fields that colour them, and playlists as paths."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deejai_core.embedding.analysis import default_threads
from deejai_core.embedding.tagging import how_to_tag, read_columns
from deejai_core.errors import EmptyError, LibraryError, MapError, NotAnalysedError, OptionError
from deejai_core.features.labels import split_values
from deejai_core.features.map.data import MOST_COLOURS, Field, category_field, map_data, scale_field, text_field
from deejai_core.features.map.files import PICTURES, SUFFIXES, map_page, map_picture, write_map
from deejai_core.features.map.places import open_map, sketch_map
from deejai_core.library import Library
from deejai_core.lists.listed import read_listed
from deejai_core.lists.lookup import user_path
from deejai_core.models.protocol import Model
from deejai_core.models.registry import vocabulary
from deejai_core.models.tag_set import Vocabulary
from deejai_core.progress import Progress, Teller
from deejai_core.tracks.songs import normal_artist
from deejai_core.words import counted, one_line

OWN = ("genre", "decade", "artist")  # fields that can colour any map
LONG = 2_000  # tracks whose layout takes long enough to report progress
ENOUGH = 0.5  # the share of tracks that must have a value of a field for the page to start with it


@dataclass(frozen=True)
class Fields:
    """The names and values of a library's fields for people.

    tag: returns the name of the field of a tag or axis. text: returns a number of a field as text.
    """

    tag: Callable[[str], str] = lambda name: name
    text: Callable[[str, float], str] = lambda name, number: f"{number:g}"


@dataclass(frozen=True)
class LibraryMap:
    """A map that is not written yet."""

    data: dict[str, Any]  # see `features.map.data`
    remarks: list[str] = field(default_factory=list)  # remarks about the map

    @property
    def tracks(self) -> str:
        return counted(len(self.data["ids"]), "track")


def library_map(
    library: Library,
    model: Model,
    query: str = "",
    *,
    color: str | None = None,
    playlists: Sequence[str | Path] = (),
    fields: Fields = Fields(),
    threads: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> LibraryMap:
    """Return a map of a library.

    query: tracks that it does not find are dimmed. color: the field that colours the map; by default genre, if half of the
    tracks have one, or else another that they have. playlists: files that are drawn into the map. threads: by default one
    per core. on_progress(done, total): steps of the layout. Raises EmptyError, NotAnalysedError, LibraryError if nothing
    that is analysed matches, OptionError, PlaylistError, and MissingError without the library for layouts.
    """
    ids, vectors, recordings = _analysed(library, model)
    # All problems with the arguments are reported before the work begins.
    position = {id_: place for place, id_ in enumerate(ids)}
    titles, shown_fields = _own_fields(library, ids)
    own = {each.legend: each for each in shown_fields if each.legend in OWN}
    words = vocabulary(model)
    tags = [fields.tag(name) for name in words.columns]
    if color is None:
        color = _usual(own)
    elif (color := "genre" if color == "genres" else color) not in own:
        tag = tags.index(color) if color in tags else None
        values = _values(library, ids, color) if tag is None else _column_of_tag(library, ids, words, tag)
        if all(value is None for value in values):
            raise _empty(color, "list fields" if tag is None else how_to_tag(words, tag))
        shown_fields.append(_field(color, values, fields))
    elif not own[color].share:
        raise _empty(color, "list fields")
    paths, remarks = {}, []
    for name in playlists:
        title, tracks, left = _path(library, user_path(str(name)), position)
        while title in paths:
            title += "'"
        paths[title] = tracks
        if left:
            remarks.append(f"{name}: {left} of {counted(left + len(tracks), 'track')} not analysed, left out")
    shown = None
    if query:
        matching = library.matching(query)
        shown = [place for id_, place in position.items() if id_ in matching]
        if not shown:
            what = "matches nothing" if not matching else "matches nothing that is analysed"
            raise LibraryError(f"{query}: {what}", hint="query")
        remarks.append(f"{counted(len(shown), 'track')} in colour: what matches {query}")
    places = open_map(
        library.folder,
        vectors,
        recordings,
        model.name,
        threads=threads or default_threads(),
        report=on_progress,
    )
    return LibraryMap(map_data(places, ids, titles, shown_fields, color, paths=paths, shown=shown), remarks)


@contextmanager
def laying_out(tracks: int, teller: Teller) -> Iterator[Callable[[int, int], None]]:
    """Yield an `on_progress` for `library_map` that reports the layout of this many tracks, if that takes long."""
    progress: Progress | None = None

    def report(done: int, total: int) -> None:
        nonlocal progress
        if tracks < LONG:
            return
        if progress is None:
            teller.tell(f"laying out {counted(tracks, 'track')}...")
            progress = teller.progress(total, "steps")
        progress.reach(done, total)

    try:
        yield report
    finally:
        if progress is not None:
            progress.close()


def library_sketch(library: Library, model: Model) -> LibraryMap | None:
    """Return a first picture of a map whose layout takes long, within seconds; None if it does not take long.

    Raises EmptyError or NotAnalysedError.
    """
    ids, vectors, recordings = _analysed(library, model)
    places = sketch_map(library.folder, vectors, recordings, model.name)
    if places is None:
        return None
    titles, fields = _own_fields(library, ids)
    return LibraryMap(map_data(places, ids, titles, fields, _usual({each.legend: each for each in fields})))


def _analysed(library: Library, model: Model) -> tuple[list[int], np.ndarray, list[str]]:
    """Return ids, vectors (n, dimension) and recordings of the tracks that have a vector."""
    if library.is_empty():
        raise EmptyError("the library is empty", hint="import")
    found, _, vectors = library.vectors(model.name, model.dimension)
    ids = found.tolist()
    if not ids:
        raise NotAnalysedError(f"nothing analysed yet with {model.name}", hint="analyse")
    keys = library.recordings()
    return ids, vectors, [keys.get(id_, "") for id_ in ids]


def check_map_path(path: Path) -> None:
    """Raise MapError for a file whose suffix is neither that of a page nor of a picture."""
    if path.suffix.lower() not in SUFFIXES:
        what = "a map is a page (.html) or a picture (.png, .svg); choose a name that ends in one of these"
        raise MapError(f"{one_line(os.fspath(path))}: {what}")


def write_library_map(library: Library, drawn: LibraryMap, path: Path) -> None:
    """Write a map as a page or picture, by the file's suffix, in place of an older map. Raises MapError."""
    check_map_path(path)
    title = f"{drawn.tracks} by sound"
    kind = PICTURES.get(path.suffix.lower())
    content = map_picture(drawn.data, title, kind) if kind else map_page(drawn.data, title)
    ours = library.folder
    write_map(path, content, within=ours.parent if path.parent == ours else None)


def _own_fields(library: Library, ids: Sequence[int]) -> tuple[list[str], list[Field]]:
    """Return the titles of these tracks, and the fields that every map has."""
    title, artist, album, genre = (_column(library, ids, name) for name in ("title", "artist", "album", "genres"))
    first, this = _column(library, ids, "original_year"), _column(library, ids, "year")
    years = [one or other for one, other in zip(first, this, strict=True)]
    fields = [
        category_field("artist", [tuple(filter(None, [one_line(name)])) for name in artist], same=normal_artist),
        text_field("album", [one_line(name) for name in album]),
        category_field(
            "year",
            [(str(number),) if number else () for number in years],
            category=lambda text: f"{int(text) // 10 * 10}s",
            legend="decade",
            in_order=True,
        ),
        category_field("genre", [split_values(value) for value in genre]),
    ]
    return [one_line(text) for text in title], fields


def _column(library: Library, ids: Sequence[int], name: str) -> list[Any]:
    """Return a field of these tracks, with empty text for missing values and removed tracks."""
    found = library.field(name)
    return [found.get(id_) or "" for id_ in ids]


def _usual(own: Mapping[str, Field]) -> str:
    """Return the field to begin with: the first of `OWN` that enough tracks have, or else the one that most have."""
    return next((name for name in OWN if own[name].share >= ENOUGH), max(OWN, key=lambda name: own[name].share))


def _values(library: Library, ids: Sequence[int], name: str) -> list[object]:
    """Return a field of these tracks, None for missing values."""
    found = library.field(name)
    # The number 0 counts as missing; a text may well be "0".
    return [value if (value := found.get(id_)) not in (0, "", None) else None for id_ in ids]


def _column_of_tag(library: Library, ids: Sequence[int], words: Vocabulary, tag: int) -> list[float | None]:
    """Return each track's probability of a tag, or level on an axis; None without tags."""
    set_, place = words.places[tag]
    return [None if np.isnan(p) else float(p) for p in read_columns(library, words.sets[set_], ids)[:, place]]


def _field(name: str, known: Sequence[object], fields: Fields) -> Field:
    """Return a field to colour by: on a scale if it has more numbers than there are colours."""
    values = [_number(value) for value in known]
    numeric = all(number is not None for number, value in zip(values, known, strict=True) if value is not None)
    if numeric and len(set(values)) > MOST_COLOURS:
        return scale_field(name, values, lambda number: one_line(fields.text(name, number)))
    return category_field(name, [split_values(value) for value in known])


def _empty(name: str, hint: str) -> OptionError:
    return OptionError("color", "no analysed track has this field", value=name, hint=hint)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _path(library: Library, file: Path, position: dict[int, int]) -> tuple[str, list[int], int]:
    """Return a playlist's name, the positions of its tracks, and how many have none. Raises OptionError if none has one."""
    held = read_listed(library, file.absolute())
    tracks = [position[match] for match in held.matches if match in position]
    if not tracks:
        named = one_line(os.fspath(file))
        raise OptionError("playlist", "none of its tracks is analysed in this library", value=named)
    return one_line(file.stem), tracks, len(held.matches) + len(held.lost) - len(tracks)
