"""What tracks sound like in words, from the slices that are stored of them: nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from deejai_core.data_folder import slices_path
from deejai_core.embedding.slices import SliceStore, open_slices
from deejai_core.embedding.tag_digits import DIGITS, SCALE, decode, encode, is_whole, top_tags
from deejai_core.errors import NotAnalysedError
from deejai_core.library import Library
from deejai_core.models.axes import BENDS, Axis
from deejai_core.models.protocol import Model
from deejai_core.models.tag_set import TagSet

SHOWN = 5  # tags of each track, where they are only shown


class Tagged(NamedTuple):
    """What came of tagging tracks."""

    wanted: int  # tracks that were to be tagged, or shown
    given: int  # those of them that were; nothing is stored of the others
    lines: tuple[str, ...] = ()  # each track's most probable tags, if they were only to be shown


def tag(
    library: Library, model: Model, ids: Iterable[int] | None = None, *, force: bool = False, pretend: bool = False
) -> Tagged:
    """Tag those of these tracks, or of all, that have no tags.

    force: the others again, too. pretend: store nothing, and show what all of them have or would get. Raises
    NotAnalysedError if nothing is stored of any track.
    """
    ids = library.ids() if ids is None else list(ids)
    lacking = ids if force else untagged_ids(library, model.tag_set, ids)
    if lacking and not slices_path(library).exists():
        raise NotAnalysedError("nothing analysed yet", hint="analyse")
    wanted = ids if pretend else lacking
    if not wanted:
        return Tagged(0, 0)
    with open_slices(library) as store:
        if not pretend:
            return Tagged(len(wanted), tag_tracks(library, wanted, model, store))
        tags = tags_of(library, wanted, lacking, model, store)
    lines = []
    for id_, track in library.tracks(id_ for id_ in wanted if id_ in tags).items():
        top = top_tags(tags[id_], model.tag_set, SHOWN)
        lines.append(f"{track.name}: {', '.join(f'{name} {probability:.2f}' for name, probability in top)}")
    return Tagged(len(wanted), len(tags), tuple(lines))


def untagged_ids(library: Library, tag_set: TagSet, ids: Iterable[int] | None = None) -> list[int]:
    """Which of these tracks, or of all, have no tags of a set; what somebody damaged by hand is as good as none."""
    tagged = {id_ for id_, stored in library.field(tag_set.field).items() if is_whole(stored, tag_set)}
    return [id_ for id_ in (library.ids() if ids is None else ids) if id_ not in tagged]


def tags_of(
    library: Library, ids: Iterable[int], lacking: Iterable[int], model: Model, store: SliceStore
) -> dict[int, Sequence[float]]:
    """The probabilities of tags of these tracks, as stored; for those in `lacking`, what `tag_tracks` would store."""
    stored = library.field(model.tag_set.field)
    lacking = set(lacking)
    tags: dict[int, Sequence[float]] = {
        id_: decode(stored[id_], model.tag_set)
        for id_ in ids
        if id_ not in lacking and is_whole(stored.get(id_), model.tag_set)  # another program may have changed them just now
    }
    for _, tracks, probabilities in _stored_tags(library.recordings(), lacking, model, store):
        tags |= dict.fromkeys(tracks, probabilities.tolist())
    return tags


def tag_tracks(library: Library, ids: Iterable[int], model: Model, store: SliceStore) -> int:
    """Store the tags of those tracks whose slices are stored; returns how many tracks that were."""
    recordings = library.recordings()
    values = {
        id_: encode(probabilities.tolist())
        for _, tracks, probabilities in _stored_tags(recordings, ids, model, store)
        for id_ in tracks
    }
    return library.keep_field(model.tag_set.field, values, recordings)


def read_columns(library: Library, tag_set: TagSet, ids: Iterable[int]) -> np.ndarray:
    """(n, columns) float32 probabilities and levels of these tracks; NaN for one without tags."""
    stored = library.field(tag_set.field)
    ids = list(ids)
    rows = [row for row, id_ in enumerate(ids) if is_whole(stored.get(id_), tag_set)]
    # At once: number by number, a large library would take a second.
    digits = np.frombuffer("".join(stored[ids[row]] for row in rows).encode("ascii"), np.uint8).reshape(
        -1, len(tag_set.names), DIGITS
    )
    tenthousandths = (digits - ord("0")) @ 10 ** np.arange(DIGITS)[::-1]  # (tagged, tags)
    columns = np.full((len(ids), len(tag_set.columns)), np.nan, np.float32)
    columns[rows, : len(tag_set.names)] = tenthousandths / SCALE
    for column, axis in enumerate(tag_set.axes, len(tag_set.names)):
        columns[rows, column] = _levels(axis, tag_set, tenthousandths)
    return columns


def _levels(axis: Axis, tag_set: TagSet, tenthousandths: np.ndarray) -> np.ndarray:
    """(n,) levels, not rounded, from (n, tags) probabilities."""
    weighted = tenthousandths[:, [tag_set.number(tag) for tag in axis.weights]]
    scores = sum(factor * np.minimum(weighted, bend) for bend, factor in BENDS) @ np.array(list(axis.weights.values()))
    return np.interp(scores, axis.scores, np.linspace(0, 1, len(axis.scores)))


def _stored_tags(
    recordings: dict[int, str], ids: Iterable[int], model: Model, store: SliceStore
) -> Iterator[tuple[str, list[int], np.ndarray]]:
    """The recordings of these tracks whose slices are stored: audio key, ids, and probabilities (tags,), the mean over
    the slices."""
    tracks: dict[str, list[int]] = {}
    for id_ in ids:
        if id_ in recordings:
            tracks.setdefault(recordings[id_], []).append(id_)
    for key, trunk in store.get(tracks, model.trunk_name, model.trunk_size):
        yield key, tracks[key], model.tags(trunk).mean(axis=0)
