"""The DJ page's interface to any music library."""

from __future__ import annotations

import functools
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from deejai_core.data_folder import slices_path
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import DeejaiError, ExternalFileError, MissingError, NothingAllowedError, QueryError
from deejai_core.features.blind.sides import LoadModel
from deejai_core.features.web.audio import FORMATS as PLAYED
from deejai_core.features.web.blind import BlindTests, load_none
from deejai_core.features.web.following import Following, is_busy
from deejai_core.features.web.library import (
    BlindResult,
    BlindRound,
    Cover,
    ExternalSong,
    Listed,
    Progress,
    RefusedError,
    View,
)
from deejai_core.features.web.search import Found, Group, SearchIndex
from deejai_core.features.web.words import in_words
from deejai_core.formats.entries import made_with
from deejai_core.library import Library
from deejai_core.lists.lookup import find_matches
from deejai_core.lists.request import Request
from deejai_core.lists.sounding import SEEDS, known_columns, most_like
from deejai_core.lists.space import Member, Space, open_space
from deejai_core.lists.writing import Encoded, Playlists
from deejai_core.models.protocol import Model
from deejai_core.models.registry import vocabulary
from deejai_core.models.tag_set import Vocabulary
from deejai_core.options.lists import BlindTest, Rules, Walk
from deejai_core.sentences.understanding import understand
from deejai_core.words import one_line

KEPT_VIEWS = 8
AN_HOUR = 3600  # seconds after which "played recently" is computed again


class Running(Protocol):
    """An analysis of the library that runs in the background."""

    @property
    def running(self) -> bool: ...

    def start(self) -> None:
        """Start it, unless it is running."""

    def end(self) -> None:
        """End it if it is running."""


P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class State:
    """The library as it was when it was last opened."""

    space: Space
    views: dict[tuple[Rules, int], View]
    names: SearchIndex  # of all tracks


def _answering(method: Callable[P, R]) -> Callable[P, R]:
    """Turn a method's errors into refusals."""

    @functools.wraps(method)
    def wrapped(*args: P.args, **options: P.kwargs) -> R:
        try:
            return method(*args, **options)
        except RefusedError:
            raise
        except MissingError as error:
            raise RefusedError(str(error), 501) from error
        except DeejaiError as error:
            raise RefusedError(in_words(error), 503 if is_busy(error) else 400) from error

    return wrapped


class PageLibrary:
    """A `deejai_core.features.web.library.Library` over any `deejai_core.library.Library`."""

    def __init__(
        self,
        library: Library,
        model: Model,
        request: Request,
        playlists: Playlists,
        *,
        analysis: Running | None,
        load: LoadModel = load_none,
        blind: BlindTest = BlindTest(),  # noqa: B008 (it cannot change)
    ) -> None:
        """request: how tracks are compared, and how lists begin.

        analysis: runs an analysis; None if the page may not start one. load: loads models by name, for blind tests. blind:
        the options of these.
        """
        self.library = library
        self.map_progress: float | None = None
        self._model = model
        self._request = request
        self._playlists = playlists
        self._analysis = analysis
        self._blind = BlindTests(library, model, load, request, blind)
        self._drawing = threading.Lock()
        self._state = Following(library, self._open)

    def close(self) -> None:
        """End everything that was started."""
        if self._analysis:
            self._analysis.end()

    @property
    def model(self) -> str:
        return self._model.name

    @property
    def dimension(self) -> int:
        return self._model.dimension

    @property
    def writable(self) -> bool:
        return self._playlists.writable

    @property
    def tracks(self) -> int:
        state = self._state.latest()
        return len(state.space.ids) if state else 0

    def seeds(self, words: Sequence[str]) -> list[int]:
        """Return the analysed tracks that words name, for the person who starts the page: its errors are not refusals.

        Raises LibraryError if there are none, RefusedError for a file outside the library.
        """
        matches = find_matches(self.library, words)
        ids = [match for match in matches if not isinstance(match, Path)]
        if len(ids) < len(matches):
            raise RefusedError("a query names tracks of the library; drop other files onto the page")
        found = [id_ for id_ in ids if id_ in self.state.space.position]
        if not found:
            raise self.state.space.why_not(ids[0])
        return found

    @_answering
    def progress(self) -> Progress:
        total = self.library.count()
        running = bool(self._analysis and self._analysis.running)
        analysed = self.tracks
        if (running or not analysed) and slices_path(self.library).exists():
            with open_slices(self.library) as store:  # tracks get their vectors only when all have been embedded
                analysed = max(analysed, min(total, len(store.keys(self._model.trunk_name))))
        return Progress(total, analysed, running)

    def analyse(self) -> None:
        if not self._analysis:
            raise RefusedError("only the machine that has the music can start the analysis", 403)
        self._analysis.start()

    @property
    def vocabulary(self) -> Vocabulary:
        return vocabulary(self._model)

    @property
    def tags(self) -> Sequence[str]:
        words = self.vocabulary
        there = [self.library.has_field(tag_set.field) for tag_set in words.sets]
        return [name for name, (set_, _) in zip(words.columns, words.places, strict=True) if there[set_]]

    @property
    def walk(self) -> Walk:
        return self._request.walk

    @property
    def alike(self) -> float | None:
        state = self._state.latest()
        return state.space.alike if state else None

    @property
    def rules(self) -> Rules:
        return self._request.rules

    @property
    def state(self) -> State:
        """The library as it is, or, for the seconds that opening it again takes, as it was before it changed.

        Raises RefusedError until something in it has been analysed.
        """
        state = self._state.latest()
        if state is None:
            raise RefusedError("nothing in the library has been analysed yet", 409)
        return state

    def _open(self) -> State:
        request = self._request
        space = open_space(self.library, self._model, request.analysis, search=request.search, plays=True)
        names = SearchIndex(self.library.names())
        if request.rules.correct_hubs:
            space.densities  # noqa: B018 (what takes the longest, not to be waited for later)
        return State(space, {}, names)

    @_answering
    def search(self, text: str, limit: int, offset: int) -> Found:
        found = self.state.names.search(text, limit, offset)
        if found.ids or found.groups:
            return found
        try:
            ids = sorted(self.library.matching(text))
        except QueryError:
            ids = []  # an incomplete query, while somebody is typing
        if not ids and not offset:
            return self._described(text, limit)
        return Found(ids[offset : offset + limit], [], more=len(ids) > offset + limit)

    def _described(self, text: str, limit: int) -> Found:
        """Return what sounds as a text says, if all its words are known; and as a group, what its list begins with."""
        space = self.state.space
        there = known_columns(self.library, self.vocabulary)
        understood = understand(text, self.vocabulary, there)
        if not understood.weights or understood.unknown:
            return Found([], [])
        ids = [space.ids[position] for position in most_like(space, understood, limit)[0]]
        return Found(ids, [Group("sound", understood.gist(self.vocabulary), "", tuple(ids[:SEEDS]))] if ids else [])

    @_answering
    def describe(self, ids: Iterable[int]) -> dict[int, Listed]:
        state = self._state.latest()
        position = state.space.position if state else {}
        return {
            id_: Listed(
                id_,
                track.artist,
                track.title or track.path.name,
                track.album,
                track.length,
                PLAYED.get(track.format, ""),
                id_ in position,
            )
            for id_, track in self.library.tracks(dict.fromkeys(ids)).items()
        }

    def anything(self) -> int:
        return random.choice(self.state.space.ids)

    @_answering
    def view(self, rules: Rules) -> View:
        state = self.state
        key = rules, int(time.time() // AN_HOUR)
        if key not in state.views:
            space = state.space
            for old in list(state.views)[: -KEPT_VIEWS + 1]:
                state.views.pop(old, None)
            try:
                candidates = space.candidates(rules)
            except NothingAllowedError as error:
                raise RefusedError(f"No analysed song matches “{rules.candidates}”.") from error
            state.views[key] = View(candidates, space.ids, space.position)
        return state.views[key]

    @_answering
    def embed(self, path: Path, name: str) -> ExternalSong:
        try:
            member = self.state.space.member(path)
        except ExternalFileError as error:
            raise RefusedError(f"{one_line(name)[:100]} cannot be analysed: {error.__cause__ or error}", 422) from error
        (track,) = member.tracks
        title = track.title if track.title != path.stem else Path(name).stem
        id_ = None if isinstance(member.match, Path) else member.match
        return ExternalSong(member.song, track.artist, title, track.length, id_)

    @_answering
    def audio(self, id_: int) -> tuple[Path, str] | None:
        track = self.library.tracks([id_]).get(id_)
        return (track.path, PLAYED.get(track.format, "")) if track else None

    @_answering
    def cover(self, id_: int) -> Cover | None:
        track = self.library.tracks([id_]).get(id_)
        return Cover(self.library.cover(id_), track.path) if track else None

    @_answering
    def playlist(self, title: str, ids: Sequence[int]) -> tuple[str, bytes, int]:
        encoded = self._encode(title, ids)
        return encoded.path.name, encoded.data, encoded.tracks

    @_answering
    def save(self, title: str, ids: Sequence[int], *, replace: bool) -> tuple[str, int]:
        if not self.writable:
            raise RefusedError("this page may not write playlists; download it instead", 403)
        encoded = self._encode(title, ids)
        if encoded.path.exists() and not replace:
            raise RefusedError(f"a playlist called {one_line(title)!r} already exists", 409)
        self._playlists.write(encoded)
        return str(encoded.path), encoded.tracks

    def _encode(self, title: str, ids: Sequence[int]) -> Encoded:
        there = self.library.tracks(ids)
        tracks = [there[id_] for id_ in ids if id_ in there]
        if not tracks:
            raise RefusedError("ids: none of these tracks is in the library any more", 404)
        return self._playlists.encoded(title, tracks, (made_with(self.model, "from the DJ page"),))

    @property
    def blind_sides(self) -> Sequence[str]:
        return [side for side in self._blind.sides if side != "bliss" or self._analysis]

    @property
    def blind_rounds(self) -> int:
        return self._blind.rounds

    @_answering
    def begin_test(self, sides: tuple[str, str], query: str) -> str:
        if not self.writable:
            raise RefusedError("this page may not write, so it cannot store votes", 403)
        if "bliss" in sides and not self._analysis:
            raise RefusedError("only the machine that has the music can compare with bliss, which analyses it first", 403)
        return self._blind.begin(sides, query)

    @_answering
    def next_round(self, test: str) -> BlindRound | None:
        found = self._blind.next(test)
        if found is None:
            return None
        (seed,), one, other = (_ids(members) for members in ([found.seed], *found.lists))
        return BlindRound(seed, (one, other))

    @_answering
    def vote(self, test: str, chosen: int | None) -> int:
        return self._blind.vote(test, chosen)

    @_answering
    def end_test(self, test: str) -> BlindResult:
        return self._blind.end(test)

    @_answering
    def map(self) -> Any:
        from deejai_core.features.map.library_map import library_map

        def report(done: int, total: int) -> None:
            self.map_progress = done / total

        with self._drawing:  # it may take minutes, and is stored for the next time
            try:
                threads = self._request.analysis.threads
                return library_map(self.library, self._model, threads=threads, on_progress=report).data
            finally:
                self.map_progress = None

    @_answering
    def map_sketch(self) -> Any:
        from deejai_core.features.map.library_map import library_sketch

        sketch = library_sketch(self.library, self._model)
        return sketch and sketch.data


def _ids(members: Iterable[Member]) -> list[int]:
    """Return the ids of a list's tracks, without files outside the library."""
    return [member.match for member in members if not isinstance(member.match, Path)]
