"""The history as songs of a library, from which a model learns."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deejai_core.data_folder import history_path
from deejai_core.errors import HistoryError, StoreError
from deejai_core.formats.entries import Track
from deejai_core.history.matching import FAMILIAR, MATCHED, UNMATCHED, LibrarySongs, Match
from deejai_core.history.mentions import Mention, as_mention
from deejai_core.history.store import HistoryStore
from deejai_core.library import Library
from deejai_core.refusals import OWN, refusal
from deejai_core.tracks.songs import normal_artist
from deejai_core.words import one_line

OUTCOMES = (*MATCHED, *UNMATCHED)
NUMBERS = np.dtype("<i4")


def open_history(library: Library) -> HistoryStore:
    return HistoryStore(history_path(library))


def has_history(library: Library) -> bool:
    """Return whether the history of a library has any content."""
    if not history_path(library).exists():
        return False
    with open_history(library) as store:
        return bool(store.sources())


def existing_history(library: Library) -> HistoryStore:
    """Return the history. Raises HistoryError if there is none."""
    if history_path(library).exists():
        store = open_history(library)
        if store.sources():
            return store
        store.__exit__()
    raise HistoryError("the history is empty", hint="fill the history")


def songs_of(library: Library) -> tuple[dict[int, Track], LibrarySongs]:
    """Return all tracks by id, and their songs, by place among them. Raises MissingError without rapidfuzz."""
    tracks = library.tracks(library.ids())
    return tracks, LibrarySongs([as_mention(track) for track in tracks.values()], library.music_folder)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The result of matching every song of a history with a library, by the song's number in the store."""

    how: np.ndarray  # (n,) places in OUTCOMES; -1 if no song has this number
    song: np.ndarray  # (n,) which of the library's songs; -1 for none
    name: np.ndarray  # (n,) int64, equal for songs with the same name; 0 if too little is known


def match_history(store: HistoryStore, songs: LibrarySongs) -> Outcomes:
    """Match every song of a history with a library."""
    limit = store.song_limit()
    outcomes = Outcomes(np.full(limit, -1, np.int8), np.full(limit, -1, np.int32), np.zeros(limit, np.int64))
    place = {how: number for number, how in enumerate(OUTCOMES)}
    matches = songs.match(song for _, song in store.songs())
    for (number, song), match in zip(store.songs(), matches, strict=True):
        outcomes.how[number] = place[match.how]
        outcomes.song[number] = match.song
        outcomes.name[number] = _name(song, match)
    return outcomes


class History:
    """Lists of words. A word is a song: one of the library with all its copies, or one that only the history has.

    words: (songs of the store,) the word of each song, -1 for none; tracks: their ids for each word that is in the library,
    which come first. It is the history at the time of construction. A context manager, since it has a file.
    """

    def __init__(
        self, library: Library, store: HistoryStore, songs: LibrarySongs, words: np.ndarray, tracks: list[list[int]]
    ) -> None:
        self._library = library
        self._store = store
        self._songs = songs
        self._words = words
        self._tracks = tracks
        self._song = np.zeros(int(words.max(initial=-1)) + 1, np.int64)  # one for each word
        numbers = np.flatnonzero(words >= 0)[::-1]
        self._song[words[numbers]] = numbers
        self.counts = np.zeros(len(self._song), np.int64)  # how often each word is in the lists
        # On disk, because a million lists may be larger than the memory; the file disappears by itself.
        try:
            folder = (
                library.folder if os.access(library.folder, os.W_OK) else None
            )  # the system's folder: this user only reads
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (as long as this lives)
            self._ends = np.array(self._write_lists(words), np.int64)
            self._file.flush()
        except OSError as error:
            raise StoreError(refusal(library.folder, "cannot be written", error, OWN)) from error

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._store.__exit__()

    def _write_lists(self, words: np.ndarray) -> list[int]:
        """Write the lists one after another and count their words; return where each ends, after a 0."""
        ends = [0]
        for listing in self._store.lists():
            found = words[listing.songs]
            found = found[found >= 0]
            found = found[np.diff(found, prepend=-1) != 0]  # versions of a song, one after another
            if len(found) > 1:  # a single song says nothing about others
                self.counts += np.bincount(found, minlength=len(self.counts))
                self._file.write(found.astype(NUMBERS).tobytes())
                ends.append(ends[-1] + len(found))
        return ends

    def __len__(self) -> int:
        """Return the number of words: those of tracks are the first `matched_songs`."""
        return len(self._song)

    @property
    def list_count(self) -> int:
        return len(self._ends) - 1

    @property
    def matched_songs(self) -> int:
        return len(self._tracks)

    @property
    def matched_tracks(self) -> int:
        return sum(map(len, self._tracks))

    def lists(self) -> Iterator[np.ndarray]:
        """Yield every list of at least two words, as int32, in the order of the history. May be called repeatedly."""
        if not self.list_count:
            return
        words = np.memmap(self._file, NUMBERS, mode="r")
        for start, end in zip(self._ends[:-1].tolist(), self._ends[1:].tolist(), strict=True):
            yield words[start:end]

    def tracks_of(self, word: int) -> list[int]:
        """Return the ids of the tracks that are this song; none if only the history has it."""
        return self._tracks[word] if word < len(self._tracks) else []

    def words_of(self, ids: Iterable[int]) -> list[int]:
        """Return the words of these tracks that are in a list, without repetitions."""
        word_of = {id_: word for word, tracks in enumerate(self._tracks) for id_ in tracks}
        words = dict.fromkeys(word_of[id_] for id_ in ids if id_ in word_of)
        return [word for word in words if self.counts[word]]

    def mentions_of(self, word: int) -> Iterator[Mention]:
        """Return all names that the history has for a song."""
        for number in np.flatnonzero(self._words == word).tolist():
            if song := self._store.song(number):
                yield song

    def artists(self) -> list[str]:
        """Return the artist of every word, as from `normal_artist`: of the first of its tracks, or from the history."""
        artists = [""] * len(self)
        plain_artist = lru_cache(FAMILIAR)(normal_artist)
        first = {ids[0]: word for word, ids in enumerate(self._tracks)}
        for id_, track in self._library.tracks(first).items():
            artists[first[id_]] = plain_artist(track.artist)
        for number, song in self._store.songs():
            word = int(self._words[number]) if number < len(self._words) else -1
            if word >= 0 and not artists[word]:
                artists[word] = plain_artist(song.artist)
        return artists

    def has_artist(self, artist: str) -> bool:
        """Return whether the library has anything by an artist, in any spelling."""
        return self._songs.has_artist(artist)

    def name_of(self, word: int) -> str:
        """Return artist and title on one line: of the first of its tracks, or from the history."""
        for track in self._library.tracks(self.tracks_of(word)).values():
            return track.name
        song = self._store.song(int(self._song[word]))
        return mention_name(song) if song else ""

    def names(self) -> list[str]:
        """Return the result of `name_of` for every word, read together."""
        names = [""] * len(self)
        first = {ids[0]: word for word, ids in enumerate(self._tracks)}
        for id_, track in self._library.tracks(first).items():
            names[first[id_]] = track.name
        word_of = {number: word for word, number in enumerate(self._song.tolist())}
        for number, song in self._store.songs():
            word = word_of.get(number)
            if word is not None and not names[word]:
                names[word] = mention_name(song)
        return names


def read_history(library: Library) -> History:
    """Return what a model can learn from. Raises HistoryError if there is no history, MissingError without rapidfuzz."""
    store = existing_history(library)
    tracks, songs = songs_of(library)
    ids = list(tracks)
    outcomes = match_history(store, songs)
    matched, of_library = np.unique(outcomes.song[outcomes.song >= 0], return_inverse=True)
    _, of_others = np.unique(outcomes.name[_only_named(outcomes)], return_inverse=True)
    words = np.full(len(outcomes.song), -1, np.int32)
    words[outcomes.song >= 0] = of_library
    words[_only_named(outcomes)] = len(matched) + of_others
    found = [[ids[position] for position in songs.tracks[song]] for song in matched.tolist()]
    return History(library, store, songs, words, found)


def mention_name(song: Mention) -> str:
    """Return artist and title on one line, or the data that exist instead."""
    name = " - ".join(filter(None, (one_line(song.artist), one_line(song.title))))
    return name or (one_line(os.fspath(song.path)) if song.path else song.recording)


def _only_named(outcomes: Outcomes) -> np.ndarray:
    return np.asarray((outcomes.song < 0) & (outcomes.name != 0))


def _name(song: Mention, match: Match) -> int:
    """Return 64 bits of a song's name, equal for all spellings; else of its recording or file; else 0."""
    if match.artist and match.title:
        text = f"{match.artist}\0{match.title}"
    else:
        text = song.recording or (os.fspath(song.path) if song.path else "")
    data = text.encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True) if data else 0
