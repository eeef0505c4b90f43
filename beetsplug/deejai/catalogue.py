"""What the rules of a playlist know of a library's tracks and albums, read at once from its database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.playlists.geometry import blend
from deejai_core.tracks.songs import Catalogue, CatalogueOnDemand

from .fields import VECTOR
from .library import CHUNK

if TYPE_CHECKING:
    from beets.library import Library

COLUMNS = "i.id, i.artist, i.title, COALESCE(i.album_id, ''), i.album, i.length, i.mb_trackid, i.bpm, i.initial_key"
ALL_TRACKS = f"SELECT {COLUMNS} FROM items i"  # noqa: S608 (constants)
SOME_TRACKS = (  # with the number of the row of their vector
    f"SELECT {COLUMNS}, v.id FROM items i JOIN item_attributes v ON v.entity_id = i.id AND v.key = ? "  # noqa: S608
    "WHERE i.id IN "
)
GONE = (0, "", "", "", "", None, "", 0, "")  # of a track that is not there

PLAYS = {  # columns of a catalogue, from fields of beets' mpdstats, lastimport and listenbrainz plugins
    "plays": ("play_count", "lastfm_play_count", "listenbrainz_play_count"),
    "skips": ("skip_count",),
    "played_at": ("last_played",),
}


def read_catalogue(lib: Library, ids: Sequence[int], *, plays: bool) -> Catalogue:
    """What the rules of a playlist know of these tracks. plays: whether they ask for what was played and skipped."""
    with lib.transaction() as tx:
        rows = {row[0]: tuple(row) for row in tx.query(ALL_TRACKS)}
    # The default is for those that another beet has removed since.
    return _catalogue([rows.get(id_, GONE) for id_ in ids], _read_plays(lib, ids) if plays else {})


def catalogue_on_demand(lib: Library, ids: np.ndarray, marks: np.ndarray) -> CatalogueOnDemand:
    """The same without what was played, read track by track when it is asked for.

    ids, marks: (n,) of `Vectors`. A track that has another vector by now, or none, is there no more.
    """

    def read(positions: list[int]) -> tuple[Catalogue, np.ndarray]:
        found = {}
        for start in range(0, len(positions), CHUNK):
            some = ids[positions[start : start + CHUNK]].tolist()
            marked = ", ".join("?" * len(some))
            with lib.transaction() as tx:
                rows = tx.query(f"{SOME_TRACKS} ({marked})", (VECTOR, *some))
            found |= {row[0]: tuple(row) for row in rows}
        rows = [found.get(id_, (*GONE, 0)) for id_ in ids[positions].tolist()]
        there = np.array([row[-1] for row in rows]) == marks[positions]
        return _catalogue([row[:-1] for row in rows], {}), there

    return CatalogueOnDemand(len(ids), read)


def _catalogue(rows: list[tuple], counts: dict[str, np.ndarray]) -> Catalogue:
    columns = list(zip(*rows, strict=True)) or [()] * len(GONE)
    _, artist, title, album_id, album, length, recording, tempo, key = columns
    return Catalogue(
        artist=[text or "" for text in artist],
        title=[text or "" for text in title],
        album=[
            f"#{number}" if number else f"{who} / {name}" if name else ""
            for number, who, name in zip(album_id, artist, album, strict=True)
        ],
        length=np.array([seconds or np.nan for seconds in length], float),
        recording=[text or "" for text in recording],
        tempo=np.array([beats or 0 for beats in tempo], float),
        key=[text or "" for text in key],
        **counts,
    )


def read_album_catalogue(
    lib: Library, ids: Sequence[int], tracks: Sequence[int], albums: np.ndarray, *, plays: bool
) -> Catalogue:
    """The same of albums. tracks: ids of tracks; albums: (n,) for each of them the place of its album among `ids`."""
    with lib.transaction() as tx:
        rows = {row[0]: tuple(row) for row in tx.query("SELECT id, albumartist, album, mb_albumid FROM albums")}
        lengths = dict(tuple(row) for row in tx.query("SELECT album_id, SUM(length) FROM items GROUP BY album_id"))
    found = [rows.get(id_, (id_, "", "", "")) for id_ in ids]
    counts = {}
    for name, values in _read_plays(lib, tracks).items() if plays else ():
        counts[name] = np.zeros(len(ids))
        (np.maximum if name == "played_at" else np.add).at(counts[name], albums, values)
    return Catalogue(
        artist=[artist or "" for _, artist, _, _ in found],
        title=[album or "" for _, _, album, _ in found],
        album=[f"#{id_}" for id_ in ids],
        length=np.array([lengths.get(id_) or np.nan for id_ in ids], float),
        recording=[release or "" for *_, release in found],
        **counts,
    )


def read_albums(
    lib: Library, tracks: Sequence[int], vectors: np.ndarray
) -> tuple[list[int], np.ndarray, list[int], np.ndarray]:
    """The albums of tracks: their ids and vectors (n, dimension), the blend of their tracks'; and which tracks have one,
    with (m,) the place of each one's album among those ids."""
    with lib.transaction() as tx:
        album_of = {row[0]: row[1] for row in tx.query("SELECT id, album_id FROM items WHERE album_id IS NOT NULL")}
    rows = [row for row, id_ in enumerate(tracks) if id_ in album_of]
    ids = sorted({album_of[tracks[row]] for row in rows})
    place = {id_: number for number, id_ in enumerate(ids)}
    albums = np.array([place[album_of[tracks[row]]] for row in rows], int)
    members: list[list[np.ndarray]] = [[] for _ in ids]
    for row, album in zip(rows, albums.tolist(), strict=True):
        members[album].append(vectors[row])
    blends = [blend(group) for group in members]
    return ids, np.array(blends, np.float32).reshape(-1, vectors.shape[1]), [tracks[row] for row in rows], albums


def _read_plays(lib: Library, ids: Sequence[int]) -> dict[str, np.ndarray]:
    columns = {column: np.zeros(len(ids)) for column in PLAYS}
    column_of = {name: columns[column] for column, names in PLAYS.items() for name in names}
    place = {id_: number for number, id_ in enumerate(ids)}
    marks = ", ".join("?" * len(column_of))
    with lib.transaction() as tx:
        rows = tx.query(
            f"SELECT entity_id, key, value FROM item_attributes WHERE key IN ({marks})",  # noqa: S608 (question marks)
            tuple(column_of),
        )
    for id_, name, value in map(tuple, rows):
        if id_ in place:
            column, row = column_of[name], place[id_]
            column[row] = max(column[row], _number(value))  # several fields count the same plays
    return columns


def _number(value: object) -> float:
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 0.0
