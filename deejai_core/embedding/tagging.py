"""Computes the tags of tracks from their stored slices, without decoding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from deejai_core.data_folder import slices_path
from deejai_core.embedding.slices import SliceStore, open_slices
from deejai_core.embedding.tag_digits import DIGITS, SCALE, encode, is_whole, top_tags
from deejai_core.errors import NotAnalysedError
from deejai_core.library import Library
from deejai_core.models.axes import BENDS, Axis
from deejai_core.models.protocol import Tagger, TaggingModel
from deejai_core.models.registry import vocabulary
from deejai_core.models.tag_set import TagSet, Vocabulary

SHOWN = 5  # tags of each track that are shown


class Tagged(NamedTuple):
    """The result of tagging tracks."""

    wanted: int  # tracks to tag, or to show
    given: int  # of these, tracks that got tags, or have some to show
    missing: int  # of these, tracks without stored output of the model
    lines: tuple[str, ...] = ()  # each track's most probable tags, if they were only to be shown


def tag(
    library: Library, model: TaggingModel, ids: Iterable[int] | None = None, *, force: bool = False, pretend: bool = False
) -> Tagged:
    """Tag those of these tracks, or of all, that have no tags; see `tag_tracks`.

    force: also tag the others again. pretend: store nothing, and show the tags that each track has or would get. Raises
    NotAnalysedError if nothing is stored for any track.
    """
    ids = library.ids() if ids is None else list(ids)
    if not slices_path(library).exists():
        if force or untagged_ids(library, model.tag_set, ids):
            raise NotAnalysedError("nothing analysed yet", hint="analyse")
        if not pretend:
            return Tagged(0, 0, 0)
    with open_slices(library) as store:
        if not pretend:
            return tag_tracks(library, model, store, ids, force=force)
        recordings = library.recordings()
        taggers: tuple[Tagger, ...] = (model, *model.more)
        shown = {
            tagger.tag_set.field: library.field(tagger.tag_set.field)
            | _tags_heard(tagger, store, _lacking(library, tagger, ids, force=force), recordings)
            for tagger in taggers
        }
    lines, words = [], vocabulary(model)
    for track_id, track in library.tracks(ids).items():
        top = top_tags(lambda field: shown[field].get(track_id), words, SHOWN)  # noqa: B023
        if top:
            lines.append(f"{track.name}: {', '.join(f'{name} {probability:.2f}' for name, probability in top)}")
    return Tagged(len(ids), len(lines), len(ids) - len(lines), tuple(lines))


def untagged_ids(library: Library, tag_set: TagSet, ids: Iterable[int] | None = None) -> list[int]:
    """Return which of these tracks, or of all, have no intact tags of a set."""
    tagged = {id_ for id_, stored in library.field(tag_set.field).items() if is_whole(stored, tag_set)}
    return [id_ for id_ in (library.ids() if ids is None else ids) if id_ not in tagged]


def tag_tracks(
    library: Library, model: TaggingModel, store: SliceStore, ids: Iterable[int] | None = None, *, force: bool = False
) -> Tagged:
    """Store the missing tags of these tracks, or of all: of the model, and of those companions that have processed them.

    force: compute the tags of the others again, too.
    """
    recordings = library.recordings()
    given: set[int] = set()
    missing: set[int] = set()
    taggers: tuple[Tagger, ...] = (model, *(companion for companion in model.more if store.has(companion.trunk_name)))
    for tagger in taggers:
        lacking = _lacking(library, tagger, ids, force=force)
        values = _tags_heard(tagger, store, lacking, recordings)
        library.keep_field(tagger.tag_set.field, values, recordings)
        if tagger is model:
            missing = lacking - values.keys()
        given |= values.keys()
    return Tagged(len(given | missing), len(given), len(missing))


def _lacking(library: Library, tagger: Tagger, ids: Iterable[int] | None, *, force: bool) -> set[int]:
    """Return which of these tracks, or of all, should get tags."""
    if force:
        return set(library.ids() if ids is None else ids)
    return set(untagged_ids(library, tagger.tag_set, ids))


def _tags_heard(tagger: Tagger, store: SliceStore, ids: Iterable[int], recordings: Mapping[int, str]) -> dict[int, str]:
    """Return the text to store for those of these tracks whose slices are stored: the mean over them."""
    tracks: dict[str, list[int]] = {}
    for id_ in ids:
        if id_ in recordings:
            tracks.setdefault(recordings[id_], []).append(id_)
    heard = store.known(tracks, tagger.trunk_name)
    values: dict[int, str] = {}
    for key, trunk in store.get((key for key in tracks if key in heard), tagger.trunk_name, tagger.trunk_size):
        values |= dict.fromkeys(tracks[key], encode(tagger.tags(trunk).mean(axis=0).tolist()))
    return values


def read_columns(library: Library, tag_set: TagSet, ids: Iterable[int]) -> np.ndarray:
    """Return (n, columns) float32 probabilities and levels of these tracks; NaN without tags."""
    stored = library.field(tag_set.field)
    ids = list(ids)
    rows = [row for row, id_ in enumerate(ids) if is_whole(stored.get(id_), tag_set)]
    # All at once: number by number, a large library would take a second.
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
    """Return (n,) levels, not rounded, from (n, tags) probabilities."""
    weighted = tenthousandths[:, [tag_set.names.index(tag) for tag in axis.weights]]
    scores = sum(factor * np.minimum(weighted, bend) for bend, factor in BENDS) @ np.array(list(axis.weights.values()))
    return np.asarray(np.interp(scores, axis.scores, np.linspace(0, 1, len(axis.scores))))


def how_to_tag(vocabulary: Vocabulary, number: int) -> str:
    """Return the hint for giving tracks the tags of a vocabulary."""
    set_, _ = vocabulary.places[number]
    return "tag more" if set_ else "tag"
