"""Columns of a library's tracks and albums, as lists need them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deejai_core.library import Library
from deejai_core.playlists.geometry import blend
from deejai_core.tracks.songs import Catalogue, CatalogueOnDemand


def columns_on_demand(library: Library, ids: np.ndarray, marks: np.ndarray) -> CatalogueOnDemand:
    """Return the data of tracks that rules use, without plays, which is read track by track on demand.

    ids, marks: (n,) of `Vectors`. A track that now has a different vector, or none, counts as gone.
    """

    def read(positions: list[int]) -> tuple[Catalogue, np.ndarray]:
        columns, current = library.columns_with_marks(ids[positions].tolist())
        return columns, current == marks[positions]

    return CatalogueOnDemand(len(ids), read)


def blend_albums(
    library: Library, tracks: Sequence[int], vectors: np.ndarray
) -> tuple[list[int], np.ndarray, list[int], np.ndarray]:
    """Return the albums of tracks: their ids and vectors (n, dimension), each the blend of its tracks' vectors.

    Also returns which tracks are on one, and (m,) the place of each one's album among those ids.
    """
    album_of = library.albums_of(tracks)
    rows = [row for row, id_ in enumerate(tracks) if id_ in album_of]
    ids = sorted({album_of[tracks[row]] for row in rows})
    place = {id_: number for number, id_ in enumerate(ids)}
    albums = np.array([place[album_of[tracks[row]]] for row in rows], int)
    members: list[list[np.ndarray]] = [[] for _ in ids]
    for row, album in zip(rows, albums.tolist(), strict=True):
        members[album].append(vectors[row])
    blends = [blend(group) for group in members]
    return ids, np.array(blends, np.float32).reshape(-1, vectors.shape[1]), [tracks[row] for row in rows], albums
