"""`map`: the library in two dimensions, as a page or a picture."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from beets import ui
from beets.library import Item

from deejai_core.embedding.analysis import default_threads
from deejai_core.embedding.tagging import read_probabilities
from deejai_core.features.labels import split_values
from deejai_core.features.map.data import MOST_COLOURS, Field, category_field, map_data, scale_field, text_field
from deejai_core.features.map.files import PICTURES, SUFFIXES, map_page, map_picture, write_map
from deejai_core.features.map.places import open_map
from deejai_core.formats.entries import one_line
from deejai_core.lists.listed import read_listed
from deejai_core.lists.lookup import user_path
from deejai_core.tracks.songs import normal_artist
from deejai_core.words import counted

from .library import sql
from .library.items import require_tracks
from .library.tag_fields import FIELD_OF
from .models import model_in_use
from .progress import Progress

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from .library.beets_library import BeetsLibrary
    from .settings import Settings

OWN = ("genre", "decade", "artist")  # what each map can be coloured by
ENOUGH = 0.5  # of the tracks with a value make a field the one to begin with
LONG = 2_000  # tracks whose layout takes long enough to show how far it is


def map_path(library: BeetsLibrary, output: str | None) -> Path:
    """Where a map belongs: the file that is named, or the library's own. Raises UserError for one of another kind."""
    if output is None:
        return library.folder / "map.html"
    path = user_path(output).absolute()
    if path.suffix.lower() not in SUFFIXES:
        raise ui.UserError(f"-o {output}: a map is a page (.html) or a picture (.png, .svg); choose a name that ends so")
    return path


def write_library_map(
    library: BeetsLibrary,
    settings: Settings,
    log: BeetsLogger,
    path: Path,
    words: Sequence[str] = (),
    *,
    color: str | None = None,
    playlists: Sequence[str] = (),
) -> Iterator[str]:
    """Write a map of the library; returns what there is to say of it, line by line."""
    data, remarks = library_map(library, settings, log, words, color=color, playlists=playlists)
    tracks = counted(len(data["ids"]), "track")
    title = f"{tracks} by sound"
    kind = PICTURES.get(path.suffix.lower())
    content = map_picture(data, title, kind) if kind else map_page(data, title)
    ours = library.folder
    write_map(path, content, within=ours.parent if path.parent == ours else None)
    yield from remarks
    yield f"{tracks} drawn in {path}"


def library_map(
    library: BeetsLibrary,
    settings: Settings,
    log: BeetsLogger,
    words: Sequence[str] = (),
    *,
    color: str | None = None,
    playlists: Sequence[str] = (),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[dict, list[str]]:
    """What a map of the library shows (see `map_data`), and what there is to say of it.

    words: a query; what it does not find is dimmed. color: the field that colours it; by default genre, if half of the
    tracks have one, or else another that they have. playlists: files that are drawn into it. on_progress(done, total):
    steps of laying it out. Raises UserError.
    """
    require_tracks(library)
    model = model_in_use(library, settings)
    found, _, vectors = library.vectors(model.name, model.dimension)
    ids = found.tolist()
    if not ids:
        raise ui.UserError(f"nothing analysed yet with {model.name}; run `beet deejai analyze`")
    # All that may be wrong with what was asked for is told before the work begins.
    position = {id_: place for place, id_ in enumerate(ids)}
    titles, fields = _own_fields(library, ids)
    own = {field.legend: field for field in fields if field.legend in OWN}
    if color is None:
        color = _usual(own)
    elif (color := "genre" if color == "genres" else color) not in own:
        fields.append(_field(library, ids, color))
    elif not own[color].share:
        raise _empty(color)
    paths, remarks = {}, []
    for name in playlists:
        title, tracks, left = _path(library, user_path(name), position)
        while title in paths:
            title += "'"
        paths[title] = tracks
        if left:
            remarks.append(f"{name}: {left} of {counted(left + len(tracks), 'track')} not analysed, left out")
    shown = None
    if words:
        query = shlex.join(words)
        found = library.matching(query)
        shown = [place for id_, place in position.items() if id_ in found]
        if not shown:
            what = "matches nothing" if not found else "matches nothing that is analysed"
            raise ui.UserError(f"{query}: {what}; `beet ls` shows what a query finds")
        remarks.append(f"{counted(len(shown), 'track')} in colour: what matches {query}")
    places = _places(library, settings, log, ids, vectors, model.name, on_progress)
    return map_data(places, ids, titles, fields, color, paths=paths, shown=shown), remarks


def _places(
    library: BeetsLibrary,
    settings: Settings,
    log: BeetsLogger,
    ids: Sequence[int],
    vectors: np.ndarray,
    model: str,
    on_progress: Callable[[int, int], None],
) -> np.ndarray:
    keys = library.recordings()
    progress = None

    def report(done: int, total: int) -> None:
        nonlocal progress
        on_progress(done, total)
        if len(ids) < LONG:
            return
        if progress is None:
            log.info("laying out {}...", counted(len(ids), "track"))
            progress = Progress(total, log, "steps").__enter__()
        while progress.done < done:
            progress.step()

    try:
        return open_map(
            library.folder,
            vectors,
            [keys.get(id_, "") for id_ in ids],
            model,
            threads=settings.threads or default_threads(),
            report=report,
        )
    finally:
        if progress is not None:
            progress.__exit__()


def _own_fields(library: BeetsLibrary, ids: Sequence[int]) -> tuple[list[str], list[Field]]:
    """The titles of these tracks, and the fields that every map has."""
    names = "title, artist, album, COALESCE(NULLIF(original_year, 0), NULLIF(year, 0), ''), genres"
    rows = sql.columns_of_all(library.lib, names)
    gone = ("", "", "", "", "")  # removed by another beet since
    title, artist, album, year, genres = (
        [value or "" for value in column] for column in zip(*(rows.get(id_, gone) for id_ in ids), strict=True)
    )
    fields = [
        category_field("artist", [tuple(filter(None, [one_line(name)])) for name in artist], same=normal_artist),
        text_field("album", [one_line(name) for name in album]),
        category_field(
            "year",
            [(str(number),) if number else () for number in year],
            category=lambda text: f"{int(text) // 10 * 10}s",
            legend="decade",
            in_order=True,
        ),
        category_field("genre", [split_values(value) for value in genres]),
    ]
    return [one_line(text) for text in title], fields


def _usual(own: Mapping[str, Field]) -> str:
    """The field to begin with: the first of `OWN` that enough tracks have, or else the one that most have."""
    return next((name for name in OWN if own[name].share >= ENOUGH), max(OWN, key=lambda name: own[name].share))


def _field(library: BeetsLibrary, ids: Sequence[int], name: str) -> Field:
    """A field to colour by: on a scale if it holds more numbers than there are colours. Raises UserError for none."""
    tags = {field: number for number, field in enumerate(FIELD_OF.values())}
    if name in tags:
        values = [None if np.isnan(p) else float(p) for p in read_probabilities(library, ids)[:, tags[name]]]
        known: Sequence[object] = values
    else:
        found = library.field(name)
        # The number 0 is what beets has for none; a text may well be "0".
        known = [value if (value := found.get(id_)) not in (0, "", None) else None for id_ in ids]
        values = [_number(value) for value in known]
    if all(value is None for value in known):
        raise _empty(name)
    numeric = all(number is not None for number, value in zip(values, known, strict=True) if value is not None)
    if numeric and len(set(values)) > MOST_COLOURS:
        type_ = Item._type(name)
        return scale_field(name, values, lambda number: one_line(str(type_.format(type_.normalize(number)))))
    return category_field(name, [split_values(value) for value in known])


def _empty(name: str) -> ui.UserError:
    hint = "run `beet deejai tag`" if name in FIELD_OF.values() else "`beet fields` lists the fields"
    return ui.UserError(f"--color {name}: no analysed track has a value there; {hint}")


def _number(value: object) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _path(library: BeetsLibrary, file: Path, position: dict[int, int]) -> tuple[str, list[int], int]:
    """A playlist's name, the positions of its tracks, and how many of them have none. Raises UserError if all have none."""
    held = read_listed(library, file.absolute())
    tracks = [position[match] for match in held.matches if match in position]
    if not tracks:
        raise ui.UserError(f"--playlist {one_line(os.fspath(file))}: none of its tracks is analysed in this library")
    return one_line(file.stem), tracks, len(held.matches) + len(held.lost) - len(tracks)
