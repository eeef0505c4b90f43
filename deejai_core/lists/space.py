"""A library as a space of directions: its tracks, or its albums."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from deejai_core.audio.sandbox import Decoder
from deejai_core.data_folder import slices_path
from deejai_core.embedding.slices import open_slices
from deejai_core.embedding.tagging import how_to_tag, read_columns
from deejai_core.errors import (
    AudioError,
    EmptyError,
    ExternalFileError,
    LibraryError,
    NotAnalysedError,
    NothingAllowedError,
    OptionError,
)
from deejai_core.formats.entries import Track
from deejai_core.index.cache import open_rows_index, open_vectors
from deejai_core.index.hubs import densities, hub_penalties, open_densities
from deejai_core.index.neighbours import Index
from deejai_core.index.vectors import Vectors
from deejai_core.library import Kind, Library
from deejai_core.models.protocol import Model
from deejai_core.models.registry import vocabulary
from deejai_core.models.tag_set import TagSet, Vocabulary
from deejai_core.options.analysis import Analysis
from deejai_core.options.lists import Rules
from deejai_core.playlists.candidates import Candidates, mood_penalties, play_penalties
from deejai_core.playlists.columns import blend_albums, columns_on_demand
from deejai_core.playlists.rules import RuleContext, RuleSet
from deejai_core.playlists.segue import ends
from deejai_core.tracks.songs import Song, TrackColumns, normal_artist, song_names
from deejai_core.training.kept import read_track2vec
from deejai_core.words import one_line

LEANING = 0.2  # the similarity that the track which fits the words of a list least loses
Match = int | Path  # the id of a track or album, or a file that is not in the library
Ends = tuple[np.ndarray | None, np.ndarray | None]


@dataclass(frozen=True, eq=False)
class Member:
    """A track or album of a list: in the library, or a file outside it."""

    name: str  # artist and title, on one line
    tracks: list[Track]
    song: Song
    match: Match


@dataclass(frozen=True)
class Grouping:
    """Which tracks form each place of a space of albums."""

    tracks: list[int]  # ids
    album: np.ndarray  # (n,) the place of each track's album


@dataclass(eq=False)
class Space:
    """What lists are made in; `open_space` opens one.

    name: of its vectors, which cannot be compared with those of other spaces. learned: whether tracks are close if they
    share lists, not if they sound alike. rows: the vectors, one for each place.
    """

    library: Library
    model: Model
    analysis: Analysis  # of files outside the library
    kind: Kind
    name: str
    learned: bool
    rows: Vectors
    index: Index
    catalogue: TrackColumns
    folder: Path | None  # the folder of caches; None for no caches
    grouping: Grouping | None = None  # of albums
    _ends_of: dict[int, Ends] = field(default_factory=dict, repr=False)
    _tags_of: dict[int, np.ndarray] = field(default_factory=dict, repr=False)  # by the place of a tag set

    @cached_property
    def ids(self) -> list[int]:
        """The id of the track or album at each place."""
        ids: list[int] = self.rows.ids.tolist()
        return ids

    @property
    def position(self) -> Mapping[int, int]:
        """The place of each track or album, by its id."""
        return self.rows.places

    @property
    def alike(self) -> float | None:
        """The similarity below which tracks no longer sound alike; None if unknown in this space."""
        return None if self.learned else self.model.alike

    @cached_property
    def densities(self) -> np.ndarray:
        """(n,) see `hubs`."""
        if self.grouping or self.folder is None:
            return densities(self.rows.vectors)
        return open_densities(self.folder, self.rows.vectors, edition=self.rows.edition, tracks=self.rows.written)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words that its tracks may be tagged with."""
        return vocabulary(self.model)

    def tags(self, numbers: Iterable[int]) -> np.ndarray:
        """Return (n, numbers) float32, some columns of the vocabulary; for an album, the mean of its tracks.

        NaN without tags.
        """
        places = [self.vocabulary.places[number] for number in numbers]
        for set_ in {set_ for set_, _ in places} - self._tags_of.keys():
            self._tags_of[set_] = self._read_tags(self.vocabulary.sets[set_])
        return np.stack([self._tags_of[set_][:, place] for set_, place in places], axis=1)

    def _read_tags(self, tag_set: TagSet) -> np.ndarray:
        """Return (n, columns), all tags of a tag set."""
        if not self.grouping:
            return read_columns(self.library, tag_set, self.ids)
        of_tracks = read_columns(self.library, tag_set, self.grouping.tracks)
        tagged = ~np.isnan(of_tracks[:, 0])
        sums = np.zeros((len(self.ids), of_tracks.shape[1]))
        np.add.at(sums, self.grouping.album[tagged], of_tracks[tagged])
        counts = np.bincount(self.grouping.album[tagged], minlength=len(self.ids))[:, None]
        return np.where(counts, sums / np.maximum(counts, 1), np.nan).astype(np.float32)

    def candidates(self, rules: Rules, *, timed: bool = False, leaning: np.ndarray | None = None) -> Candidates:
        """Return what a list may take.

        timed: for a list with a given playing time. leaning: (n,) the higher, the more the list leans to it; NaN for not at
        all. Raises OptionError if no track is left.
        """
        penalty = np.zeros(len(self.rows), np.float32)
        if rules.prefer_played or rules.avoid_skipped:
            penalty += play_penalties(
                self.catalogue, prefer_played=rules.prefer_played, avoid_skipped=rules.avoid_skipped
            ).astype(np.float32)
        if rules.correct_hubs:
            penalty += hub_penalties(self.densities)
        if rules.mood:
            penalty += self._mood_penalties(rules.mood).astype(np.float32)
        if leaning is not None:
            penalty += mood_penalties(leaning[:, None], np.array([LEANING])).astype(np.float32)
        return Candidates(
            self.index,
            self.catalogue,
            self.rule_set(rules),
            allowed=self.allowed(rules, timed=timed),
            penalty=penalty,
            segue=self.segue if rules.segue else None,
        )

    def _mood_penalties(self, mood: Sequence[tuple[str, float]]) -> np.ndarray:
        """Return (n,), see `mood_penalties`.

        Raises OptionError for an unknown word, LibraryError for a tag that no track has.
        """
        numbers = [_number(tag, self.vocabulary) for tag, _ in mood]
        tags = self.tags(numbers)
        for number, lacking in zip(numbers, np.isnan(tags).all(axis=0).tolist(), strict=True):
            if lacking:
                what = f"no track has tags such as {self.vocabulary.columns[number]!r} to choose it by"
                raise LibraryError(what, hint=how_to_tag(self.vocabulary, number))
        return mood_penalties(tags, np.array([weight for _, weight in mood]))

    def rule_set(self, rules: Rules) -> RuleSet:
        """Return the rules as they apply to these places."""
        epsilon = 0.0 if self.learned else self.model.duplicate_epsilon  # lists distinguish songs, not recordings
        return RuleSet.of(rules, RuleContext(self.kind, epsilon, time.time()))

    def allowed(self, rules: Rules, *, timed: bool = False) -> np.ndarray | None:
        """Return (n,) bool, which of the tracks the query `candidates` finds; None for all.

        Raises OptionError if it finds none.
        """
        if timed and not (self.catalogue.length > 0).any():
            raise OptionError(
                "minutes", "no track has a length, so none can be chosen by playing time", hint="read lengths"
            )
        if not rules.candidates.strip():
            return None
        found = self.library.matching(rules.candidates, self.kind)
        allowed = np.isin(self.rows.ids, list(found))
        if not allowed.any():
            what = "matches nothing" if not found else "matches nothing that is analysed"
            raise NothingAllowedError("candidates", f"{rules.candidates!r} {what}", hint="query")
        return allowed

    def member(self, match: Match) -> Member:
        """Return a track, album or file as a member. Raises LibraryError if it has no vector, ExternalFileError."""
        if isinstance(match, Path):
            return self.external(match)
        there = self.members_of([match])
        if match not in there:
            raise self.why_not(match)
        return there[match]

    def members(self, positions: Sequence[int]) -> dict[int, Member]:
        """Return the members at these positions, by position, without those that another program has removed meanwhile."""
        places = np.array(positions, int)
        ids = self.rows.ids[places[self.catalogue.load(places)]].tolist()
        return {self.position[id_]: member for id_, member in self.members_of(ids).items()}

    def names(self, positions: Sequence[int]) -> dict[int, str]:
        return {position: member.name for position, member in self.members(positions).items()}

    def members_of(self, ids: Sequence[int]) -> dict[int, Member]:
        """Return the tracks or albums with these ids that have a vector, by id."""
        places = {id_: place for id_ in ids if (place := self.position.get(id_)) is not None}
        loaded = self.catalogue.load(np.array(list(places.values()), int))
        there = [id_ for id_, is_there in zip(places, loaded.tolist(), strict=True) if is_there]
        songs = {id_: self._song(places[id_]) for id_ in there}
        if self.kind == "track":
            return {id_: Member(track.name, [track], songs[id_], id_) for id_, track in self.library.tracks(there).items()}
        albums = self.library.albums(there)
        tracks = self.library.tracks([id_ for album in albums.values() for id_ in album.tracks])
        return {
            id_: Member(album.name, [tracks[track] for track in album.tracks if track in tracks], songs[id_], id_)
            for id_, album in albums.items()
        }

    def _song(self, position: int) -> Song:
        return self.catalogue.song(position, self.index.vectors[position])

    def why_not(self, match: int) -> LibraryError:
        """Return why a track or album has no vector."""
        if self.kind == "album":
            album = self.library.albums([match])[match]
            if self.learned:
                return _unlisted(album.name)
            if not album.tracks:
                return LibraryError(f"{album.name}: this album has no tracks", hint="query albums")
            return NotAnalysedError(f"{album.name}: none of its tracks is analysed yet", hint="analyse")
        track = self.library.tracks([match])[match]
        if self.learned:
            return _unlisted(track.name)
        if slices_path(self.library).exists():
            with open_slices(self.library) as store:
                failure = store.failures().get(track.path)
            if failure and failure.still_stands(self.analysis.retries):
                told = f"{one_line(os.fspath(failure.path))}: {failure.reason}"
                return NotAnalysedError(f"{track.name}: cannot be analysed: {told}")
        return NotAnalysedError(f"{track.name}: not analysed yet", hint="analyse")

    def segue(self, before: Song, after: Song) -> float:
        """Return how well one track follows another; 0 if one of them is not in the library."""
        end, start = self._ends(before)[1], self._ends(after)[0]
        return 0.0 if end is None or start is None else float(end @ start)

    def _ends(self, song: Song) -> Ends:
        if song.position is None:
            return None, None
        if song.position not in self._ends_of:
            first, last = self._end_tracks(self.ids[song.position])
            keys = [self._keys.get(first), self._keys.get(last)]
            with open_slices(self.library) as store:
                trunks = dict(store.get(filter(None, keys), self.model.trunk_name, self.model.trunk_size))
            embedded = [ends(self.model.project(trunks[key])) if key in trunks else (None, None) for key in keys]
            self._ends_of[song.position] = embedded[0][0], embedded[1][1]
        return self._ends_of[song.position]

    def _end_tracks(self, id_: int) -> tuple[int, int]:
        """Return the ids of the first and the last track."""
        if self.kind == "track":
            return id_, id_
        tracks = self.library.albums([id_])[id_].tracks
        return tracks[0], tracks[-1]

    @cached_property
    def _keys(self) -> dict[int, str]:
        return self.library.recordings()

    def external(self, path: Path) -> Member:
        """Return a file as a member; if the library has the same recording elsewhere, that track."""
        shown = one_line(os.fspath(path))
        if path.exists() and not path.is_file():
            raise ExternalFileError(f"{shown}: not a regular file")
        try:
            key, vector = self._embed(path)
        except AudioError as error:
            raise ExternalFileError(f"{shown}: not analysed: {error}") from error
        if self.kind == "track":
            twins = [id_ for id_, other in self.library.recordings().items() if other == key]
            for member in self.members_of(twins).values():
                return member
        if vector is None:
            raise ExternalFileError(f"{shown}: not in the library, so Track2Vec does not know it")
        with self._decoder() as decoder:
            caption = decoder.caption(path)
        track = Track(path, caption.artist, caption.title, caption.length)
        song = Song(
            vector,
            artist=normal_artist(caption.artist),
            names=song_names(caption.artist, caption.title),
            length=caption.length or float("nan"),
        )
        return Member(track.name, [track], song, path)

    def _embed(self, path: Path) -> tuple[str, np.ndarray | None]:
        """Return the audio key of a file outside the library, and its vector, which is None where sound does not matter."""
        if not self.learned:
            from deejai_core.embedding.library_analysis import embed_external  # most lists need none of these imports

            return embed_external(self.library, path, self.model, self.analysis)
        with self._decoder() as decoder:
            return decoder.key(path), None

    def _decoder(self) -> Decoder:
        return self.analysis.limits.decoder()


def open_space(
    library: Library,
    model: Model,
    analysis: Analysis,
    *,
    kind: Kind = "track",
    learned: bool = False,
    search: str = "auto",
    plays: bool = False,
    whole: bool = False,
) -> Space:
    """Open a library as a space.

    model: whose vectors are compared. analysis: of external files. kind: whether its places are tracks, or albums, each the
    blend of its tracks. learned: compare by the lists that tracks are in (Track2Vec). search: how neighbours are found, see
    `neighbours`. plays: whether to read plays. whole: whether to load the metadata of all tracks now; by default it is
    loaded on demand. Raises EmptyError, NotAnalysedError.
    """
    if library.is_empty():
        raise EmptyError("the library is empty", hint="import")
    whole = whole or plays or kind == "album"
    name, folder = model.name, library.folder
    if learned:
        name, ids, vectors = read_track2vec(library)
        if not ids:
            raise LibraryError("Track2Vec has learned no track of this library", hint="train track2vec")
        folder = folder / "track2vec"
        rows = Vectors(np.array(ids), np.ones(len(ids), np.int64), vectors, written=len(ids))
    else:
        rows = open_vectors(library, model, search=search, whole=whole)
        if not len(rows.places):
            raise NotAnalysedError(f"nothing analysed yet with {model.name}", hint="analyse")
    if kind == "album":
        ids, vectors, tracks, album_of = blend_albums(library, rows.ids.tolist(), rows.vectors)
        if not ids:
            raise NotAnalysedError("no album is analysed yet", hint="analyse")
        rows = Vectors(np.array(ids), np.ones(len(ids), np.int64), vectors, written=len(ids))
        albums, grouping = library.columns(ids, "album", plays=plays), Grouping(tracks, album_of)
        return Space(library, model, analysis, kind, name, learned, rows, Index(vectors), albums, folder, grouping)
    index = open_rows_index(folder, rows, search=search)
    columns: TrackColumns
    if whole or learned:
        columns = library.columns(rows.ids.tolist(), plays=plays)
    else:
        columns = columns_on_demand(library, rows.ids, rows.marks)
    return Space(library, model, analysis, kind, name, learned, rows, index, columns, folder)


def _number(tag: str, words: Vocabulary) -> int:
    """Return the number of a tag or axis in a mood. Raises OptionError for a word that is neither."""
    number = words.number(tag)
    if number is None:
        raise OptionError("mood", f"no tag is called {tag!r}; choose one of: {', '.join(words.close(tag))}")
    return number


def _unlisted(name: str) -> LibraryError:
    return LibraryError(f"{name}: in no list that Track2Vec has learned from", hint="add lists")
