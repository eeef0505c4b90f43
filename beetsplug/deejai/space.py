"""A library as a space of directions, opened for one command: its tracks, or its albums."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from beets import ui
from beets.library import Album, Item

from deejai_core.data_folder import open_slices, slices_path
from deejai_core.embedding.library_analysis import embed_file
from deejai_core.embedding.tagging import read_probabilities
from deejai_core.errors import AudioError
from deejai_core.formats.entries import Track, one_line
from deejai_core.index.cache import open_rows_index, open_vectors
from deejai_core.index.hubs import densities, handicaps, open_densities
from deejai_core.index.neighbours import Index
from deejai_core.index.vectors import Vectors
from deejai_core.models.protocol import Model
from deejai_core.models.vocabulary import TAGS
from deejai_core.playlists.candidates import Candidates, leanings, preferences
from deejai_core.playlists.columns import blend_albums, columns_on_demand
from deejai_core.playlists.rules import MILD as MILD_SEPARATION
from deejai_core.playlists.rules import Rules
from deejai_core.playlists.segue import ends
from deejai_core.tracks.songs import Known, Song, normal_artist, song_names

from .learned import read_track2vec
from .library.items import album_name, as_track, file_path, items_by_id, require_tracks
from .models import model_in_use
from .settings import DAY, MILD

if TYPE_CHECKING:
    from .library.beets_library import BeetsLibrary
    from .settings import Settings

Match = Item | Album | Path


class NothingAllowedError(ui.UserError):
    """The query `candidates` leaves no track for a list to take."""


@dataclass(frozen=True, eq=False)
class Member:
    """A track or album of a list: in the library, or a file outside it."""

    name: str  # artist and title, on one line
    tracks: list[Track]
    song: Song
    match: Match


class Space:
    """albums: whether its places are those of the albums, each the blend of its tracks, instead of the tracks'. plays:
    whether to read what was played, even if these settings do not ask for it. whole: whether each place is to be that of a
    track, with all that is known of it at hand; a list sees little of a large library, and then nobody reads the rest."""

    def __init__(
        self, library: BeetsLibrary, settings: Settings, *, albums: bool = False, plays: bool = False, whole: bool = False
    ) -> None:
        self.library = library
        self.settings = settings
        self.kind = Album if albums else Item
        require_tracks(library)
        plays = plays or bool(settings.not_played_days or settings.prefer_played or settings.avoid_skipped)
        whole = whole or plays or albums or bool(settings.minutes)
        self.name, self.folder, rows = self._open(whole=whole)
        if albums:
            ids, vectors, tracks, album_of = blend_albums(library, rows.ids.tolist(), rows.vectors)
            if not ids:
                raise ui.UserError("no album is analysed yet; run `beet deejai analyze`")
            self.index = Index(vectors)
            self.catalogue: Known = library.columns(ids, "album", plays=plays)
            self._tracks, self._album_of = tracks, album_of
            self._rows = Vectors(np.array(ids), np.ones(len(ids), np.int64), vectors, written=len(ids))
        else:
            self._rows = rows
            self.index = open_rows_index(self.folder, rows, search=settings.index)
            whole = whole or self.learned
            self.catalogue = (
                library.columns(self.ids, plays=plays) if whole else columns_on_demand(library, rows.ids, rows.marks)
            )

    @cached_property
    def ids(self) -> list[int]:
        """What each place is that of."""
        return self._rows.ids.tolist()

    @property
    def position(self) -> Mapping[int, int]:
        """The place of each track or album."""
        return self._rows.places

    @property
    def learned(self) -> bool:
        """Whether tracks are near each other by the lists that they are in, not by their sound."""
        return self.settings.space == "track2vec"

    @cached_property
    def model(self) -> Model:
        return model_in_use(self.library, self.settings)

    def _open(self, *, whole: bool) -> tuple[str, Path, Vectors]:
        """The name of the space, where its caches lie, and the tracks in it."""
        if self.learned:
            name, ids, vectors = read_track2vec(self.library)
            if not ids:
                raise ui.UserError("Track2Vec knows no track of this library; run `beet deejai train --track2vec`")
            rows = Vectors(np.array(ids), np.ones(len(ids), np.int64), vectors, written=len(ids))
            return name, self.library.folder / "track2vec", rows
        rows = open_vectors(self.library, self.model, search=self.settings.index, whole=whole)
        if not len(rows.places):
            raise ui.UserError(f"nothing analysed yet with {self.model.name}; run `beet deejai analyze`")
        return self.model.name, self.library.folder, rows

    def candidates(self, *, timed: bool = False) -> Candidates:
        """What a list made with the settings may take. timed: for a list of a given playing time."""
        settings = self.settings
        handicap = np.zeros(len(self._rows), np.float32)
        if settings.prefer_played or settings.avoid_skipped:
            handicap += preferences(
                self.catalogue, prefer_played=settings.prefer_played, avoid_skipped=settings.avoid_skipped
            ).astype(np.float32)
        if settings.correct_hubs:
            handicap += handicaps(self.densities)
        if settings.mood:
            if np.isnan(self.tags).all():
                raise ui.UserError("no track has tags to choose it by; run `beet deejai tag`")
            weights = dict(settings.mood)
            handicap += leanings(self.tags, np.array([weights.get(tag, 0.0) for tag in TAGS])).astype(np.float32)
        return Candidates(
            self.index,
            self.catalogue,
            self.rules(),
            allowed=self.allowed(timed=timed),
            handicap=handicap,
            segue=self.segue if settings.segue else None,
        )

    def under(self, settings: Settings) -> Space:
        """The same space, for lists with other settings; the model must be the same."""
        other = copy.copy(self)
        other.settings = settings
        return other

    @cached_property
    def densities(self) -> np.ndarray:
        """(n,) see `hubness`."""
        rows = self._rows
        if self.kind is Album:
            return densities(rows.vectors)
        return open_densities(self.folder, rows.vectors, edition=rows.edition, tracks=rows.written)

    @cached_property
    def tags(self) -> np.ndarray:
        """(n, 50) float32 probabilities of the tags, an album's the mean of its tracks'; NaN where there are none."""
        if self.kind is Item:
            return read_probabilities(self.library, self.ids)
        of_tracks = read_probabilities(self.library, self._tracks)
        tagged = ~np.isnan(of_tracks[:, 0])
        sums = np.zeros((len(self.ids), len(TAGS)))
        np.add.at(sums, self._album_of[tagged], of_tracks[tagged])
        counts = np.bincount(self._album_of[tagged], minlength=len(self.ids))[:, None]
        return np.where(counts, sums / np.maximum(counts, 1), np.nan).astype(np.float32)

    def rules(self) -> Rules:
        settings = self.settings
        tracks = self.kind is Item  # an album is longer than a track may be, and none but itself
        mild = settings.artist_separation == MILD
        return Rules(
            artist_separation=0 if mild else settings.artist_separation,
            mild_separation=MILD_SEPARATION if mild else 0,
            album_separation=settings.album_separation if tracks else 0,
            min_length=settings.min_length if tracks else 0.0,
            max_length=settings.max_length if tracks else np.inf,
            fold_versions=settings.fold_versions,
            duplicate_epsilon=self._duplicate_epsilon() if tracks else 0.0,
            not_played_since=time.time() - settings.not_played_days * DAY if settings.not_played_days else None,
            mix_in_key=settings.mix_in_key and tracks,
        )

    def _duplicate_epsilon(self) -> float:
        if self.settings.duplicate_epsilon is not None:
            return self.settings.duplicate_epsilon
        return 0.0 if self.learned else self.model.duplicate_epsilon  # lists tell songs, not recordings

    @property
    def alike(self) -> float | None:
        """The similarity below which tracks no longer sound alike; None: not known in this space."""
        return None if self.learned else self.model.alike

    def allowed(self, *, timed: bool = False) -> np.ndarray | None:
        """(n,) which of the tracks the query `candidates` finds; None for all. Raises UserError if it finds none."""
        if timed and not (self.catalogue.length > 0).any():
            raise ui.UserError("no track has a length, so none can be chosen by --minutes; `beet update` reads the lengths")
        if not self.settings.candidates.strip():
            return None
        found = self.library.matching(self.settings.candidates, "track" if self.kind is Item else "album")
        allowed = np.isin(self._rows.ids, list(found))
        if not allowed.any():
            what = "matches nothing" if not found else "matches nothing that is analysed"
            raise NothingAllowedError(f"--from {self.settings.candidates!r} {what}; `beet ls` shows what a query finds")
        return allowed

    def member(self, match: Match) -> Member | None:
        """A track, album or file as a member of a list; None for one that has no vector."""
        if isinstance(match, Path):
            return self._outsider(match)
        position = self.position.get(match.id)
        if position is None:
            return None
        song = self.catalogue.song(position, self.index.vectors[position])
        if isinstance(match, Album):
            return Member(album_name(match), [as_track(item) for item in _in_order(match)], song, match)
        track = as_track(match)
        return Member(track.name, [track], song, match)

    def members(self, positions: Sequence[int]) -> dict[int, Member]:
        """The members at these positions, by position; without those that another beet has removed meanwhile."""
        places = np.array(positions, int)
        ids = self._rows.ids[places[self.catalogue.load(places)]].tolist()
        found = items_by_id(self.library, ids) if self.kind is Item else filter(None, map(self.library.lib.get_album, ids))
        return {self.position[match.id]: self.member(match) for match in found}

    def names(self, positions: Sequence[int]) -> dict[int, str]:
        return {position: member.name for position, member in self.members(positions).items()}

    def why_not(self, match: Match) -> str:
        """Why a track or album has no vector, and what to do about it."""
        if self.learned:
            name = album_name(match) if isinstance(match, Album) else as_track(match).name
            return f"{name}: in no list that Track2Vec has learned from; `beet deejai history add` adds lists"
        if isinstance(match, Album) and not match.items():
            return f"{album_name(match)}: this album has no tracks; `beet ls -a` lists the albums"
        if isinstance(match, Album):
            return f"{album_name(match)}: none of its tracks is analysed yet; run `beet deejai analyze`"
        name = as_track(match).name
        if slices_path(self.library).exists():
            with open_slices(self.library) as store:
                failure = store.failures().get(file_path(match))
            if failure and failure.still_stands(self.settings.retries):
                return f"{name}: cannot be analysed: {one_line(os.fspath(failure.path))}: {failure.reason}"
        return f"{name}: not analysed yet; run `beet deejai analyze`"

    def segue(self, before: Song, after: Song) -> float:
        """How well one track follows another; 0 if one of the two is not in the library."""
        end, start = self._ends(before)[1], self._ends(after)[0]
        return 0.0 if end is None or start is None else float(end @ start)

    def _ends(self, song: Song) -> tuple[np.ndarray | None, np.ndarray | None]:
        if song.position is None:
            return None, None
        if song.position not in self._known_ends:
            first, last = self._end_tracks(self.ids[song.position])
            keys = [self._keys.get(first), self._keys.get(last)]
            with open_slices(self.library) as store:
                trunks = dict(store.get(filter(None, keys), self.model.trunk_name, self.model.trunk_size))
            heard = [ends(self.model.project(trunks[key])) if key in trunks else (None, None) for key in keys]
            self._known_ends[song.position] = heard[0][0], heard[1][1]
        return self._known_ends[song.position]

    def _end_tracks(self, id_: int) -> tuple[int, int]:
        """The ids of the first and the last track."""
        if self.kind is Item:
            return id_, id_
        items = _in_order(self.library.lib.get_album(id_))
        return items[0].id, items[-1].id

    @cached_property
    def _keys(self) -> dict[int, str]:
        return self.library.recordings()

    @cached_property
    def _known_ends(self) -> dict[int, tuple[np.ndarray | None, np.ndarray | None]]:
        return {}

    def _outsider(self, path: Path) -> Member:
        """A file; if the library has the same recording elsewhere, that one."""
        if path.exists() and not path.is_file():
            raise ui.UserError(f"{one_line(os.fspath(path))}: not a regular file")
        try:
            key, vector = self._hear(path)
        except AudioError as error:
            raise ui.UserError(f"{one_line(os.fspath(path))}: not analysed: {error}") from error
        if self.kind is Item:
            twins = [id_ for id_, other in self.library.recordings().items() if other == key]
            for twin in items_by_id(self.library, twins):
                if member := self.member(twin):
                    return member
        if vector is None:
            raise ui.UserError(f"{one_line(os.fspath(path))}: not in the library, so Track2Vec does not know it")
        with self.settings.analysis.limits.decoder() as decoder:
            tags = decoder.tags(path)
        track = Track(path, tags.artist, tags.title, tags.length)
        song = Song(
            vector,
            artist=normal_artist(tags.artist),
            names=song_names(tags.artist, tags.title),
            length=tags.length or float("nan"),
        )
        return Member(track.name, [track], song, path)

    def _hear(self, path: Path) -> tuple[str, np.ndarray | None]:
        """The audio key of a file outside the library, and its vector; None where sound does not matter."""
        if not self.learned:
            return embed_file(self.library, path, self.model, self.settings.analysis)
        with self.settings.analysis.limits.decoder() as decoder:
            return decoder.key(path), None


def _in_order(album: Album) -> list[Item]:
    return sorted(album.items(), key=lambda item: (item.disc, item.track, item.id))
