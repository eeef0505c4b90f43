"""Compares what plays in the room with a library: the song itself, and the nearest others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from deejai_core.data_folder import slices_path
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import AudioError, NotAnalysedError, PlaylistError
from deejai_core.features.listen.blocks import Moment, beginnings, closest, directions
from deejai_core.features.listen.recognise import FEWEST, Recogniser
from deejai_core.formats.entries import Style, Track
from deejai_core.formats.export import write_playlist
from deejai_core.formats.m3u import HEADER, append_to_m3u
from deejai_core.index.neighbours import Index
from deejai_core.library import Library
from deejai_core.lists.request import Request
from deejai_core.lists.space import Member
from deejai_core.models.protocol import Model
from deejai_core.playlists.candidates import Candidates
from deejai_core.refusals import READING, refusal
from deejai_core.words import clock

PROPOSED = 16  # nearest songs whose audio is compared with the sound
LONGEST = 600  # seconds of a song that are compared


@dataclass(frozen=True)
class Answer:
    """The answer for a moment."""

    playing: tuple[Member, float] | None  # the recognised song, with its similarity
    near: list[tuple[Member, float]]  # the nearest others, nearest first
    next: Member | None  # what would be played next; None until enough was heard


class Listener:
    """A library with which sounds are compared. A context manager: it starts a process that decodes.

    request: how its songs are compared, and which of them may follow what plays. against_start: compare with the beginnings
    of songs instead of whole songs. Raises NotAnalysedError if no beginnings of songs are stored.
    """

    def __init__(self, library: Library, model: Model, request: Request, *, against_start: bool) -> None:
        self.space = request.open(library, model, whole=True)
        self.model = model
        self._rules = request.rules
        self._decoder = request.analysis.limits.decoder()
        self._recogniser = Recogniser(self._read, self.model.sample_rate)
        self._candidates = self._of_beginnings() if against_start else self.space.candidates(self._rules)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._decoder.close()

    def answer(self, moment: Moment, count: int) -> Answer:
        """Return the answer for a moment that is not silent. count: nearest songs to name."""
        heard = directions(moment.samples, self.model)
        proposed, _ = self.space.index.nearest(closest(heard, self.space.index.vectors), PROPOSED)
        playing = self._recogniser.recognise(moment.samples, proposed.tolist())
        index = self._candidates.index
        direction = closest(heard, index.vectors)
        positions, similarities = index.among(self._allowed).nearest(direction, count + 1)
        lineup = self._candidates.lineup()
        if playing is not None:
            lineup.add(self._candidates.song(playing), 0)
        # Not before the song that plays can be recognised: it must not follow itself.
        enough = len(moment.samples) >= FEWEST * self.model.sample_rate
        following = next(self._candidates.offers(direction, 1, lineup), None) if enough else None
        wanted = [*positions.tolist(), *([following.position] if following else [])]
        members = self.space.members([*wanted, *([] if playing is None else [playing])])
        near = [
            (members[position], similarity)
            for position, similarity in zip(positions.tolist(), similarities.tolist(), strict=True)
            if position in members and position != playing
        ]
        return Answer(
            (members[playing], float(index.vectors[playing] @ direction)) if playing in members else None,
            near[:count],
            members.get(following.position) if following else None,
        )

    def _of_beginnings(self) -> Candidates:
        """Return the same songs, rules and preferences, with each song at the place of its beginning."""
        space, keys = self.space, self.space.library.recordings()
        rows = {keys[id_]: row for row, id_ in enumerate(space.ids) if id_ in keys}
        vectors = np.zeros_like(space.index.vectors)
        if slices_path(space.library).exists():
            with open_slices(space.library) as store:
                trunks = store.get(rows, self.model.trunk_name, self.model.trunk_size)
                vectors = beginnings(((rows[key], trunk) for key, trunk in trunks), len(space.ids), self.model)
        first = {id_: rows[key] for id_, key in keys.items() if key in rows}
        vectors = vectors[[first.get(id_, row) for row, id_ in enumerate(space.ids)]]  # copies share a key
        known = np.asarray(vectors.any(axis=1))
        if not known.any():
            raise NotAnalysedError("the slices at the start of songs are not stored", hint="compare whole songs")
        whole = space.candidates(self._rules)
        allowed = known if whole.allowed is None else known & whole.allowed
        return Candidates(Index(vectors), whole.catalogue, whole.rules, allowed=allowed, penalty=whole.penalty)

    @cached_property
    def _allowed(self) -> np.ndarray:
        allowed = self._candidates.allowed
        return np.ones(len(self.space.ids), bool) if allowed is None else allowed

    def _read(self, position: int) -> np.ndarray | None:
        """Return a song's samples; None if its file cannot be read now."""
        track = next(iter(self.space.library.tracks([self.space.ids[position]]).values()), None)
        if track is None:
            return None
        seconds, rate = min(track.length or LONGEST, LONGEST), self.model.sample_rate
        try:
            windows = self._decoder.windows(track.path, sample_rate=rate, length=math.ceil(seconds * rate), limit=2)
        except AudioError:
            return None
        return np.asarray(windows[0])


def answer_lines(moment: Moment, answer: Answer | None, appended: Member | None = None) -> Iterator[str]:
    """Return time and level, the song that plays, the nearest, and the one added to a playlist; no answer means silence."""
    yield f"{clock(moment.at)}  {moment.level:.0f} dBFS{'' if answer else '  silence'}"
    if answer and answer.playing:
        member, similarity = answer.playing
        yield f"playing {similarity:.3f} {member.name}"
    for number, (member, similarity) in enumerate(answer.near if answer else [], 1):
        yield f"{number:>6}  {similarity:.3f} {member.name}"
    if appended:
        yield f"{'next':<14}{appended.name}"


def append_to_playlist(
    path: Path, track: Track, style: Style, *, extended: bool = True, within: Path | None = None
) -> bool:
    """Append a track to an M3U playlist, unless it is already its last one; return whether it was appended.

    extended: whether a new playlist contains more than paths. within: see `write_playlist`. Raises PlaylistError.
    """
    if path.suffix.lower() not in (".m3u", ".m3u8"):
        raise PlaylistError(f"{path}: songs are appended to M3U playlists only; choose a name that ends in .m3u")
    try:
        data = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise PlaylistError(refusal(path, "cannot read the playlist", error, READING)) from error
    if data is None:
        data = HEADER + b"\n" if extended else b""
    appended = append_to_m3u(data, track, style)
    if appended == data:
        return False
    write_playlist(path, appended, within=within)
    return True
