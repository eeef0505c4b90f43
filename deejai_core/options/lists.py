"""The options of lists."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from deejai_core.options.option import option
from deejai_core.options.values import Choice, Length, Maybe, Mood, Number, Query, Separation, Switch, Whole

SpaceName = Literal["sound", "track2vec"]

MILD: Literal["mild"] = "mild"  # an artist separation that gives way to similarity
ONCE = math.inf  # a separation: no second track by the same artist, or from the same album


@dataclass(frozen=True)
class Walk:
    """How a list continues from its seeds, or from waypoint to waypoint.

    count: tracks after the seeds, or between two neighbouring waypoints. minutes: instead, the length of the whole list.
    keep_on: each track is near to the sum of this many last ones; 0: near to the seeds. stay: weight of the seeds, 0 to 1,
    against 1 - `stay` for the last tracks. floor: the list ends where nothing has at least this similarity; 0 for never.
    drunk: 0 goes straight, 1 in any direction. seed: of the random numbers; None for a different one each time. list_seeds:
    whether the seeds are in the list.
    """

    count: int = 20
    minutes: float | None = option(
        None, Maybe(Number(0)), "length of the whole list in minutes, instead of a number", written=None, metavar="M"
    )
    keep_on: int = option(3, Whole(0), "choose each track near the last K; 0: near the seeds", metavar="K", page=True)
    stay: float = option(
        0.4,
        Number(0, 1),
        "weight of the seeds against the last tracks, 0 to 1",
        metavar="X",
        recorded=True,
        page=True,
    )
    floor: float = option(
        0.0, Maybe(Number(0, 1), 0.0), "end the list when no track is this similar; 0: never", metavar="X"
    )
    list_seeds: bool = option(True, Switch(), "leave the seeds out of the list", flag="--no-seeds")
    drunk: float = option(
        0.0,
        Number(0, 1),
        "how far to stray, from 0 (sober) to 1 (in any direction)",
        written=0,
        metavar="X",
        page=True,
    )
    seed: int | None = option(
        None,
        Maybe(Whole(0), zero=True),
        "random seed: the same one makes the same list again",
        metavar="N",
    )

    @property
    def seconds(self) -> float | None:
        return self.minutes * 60 if self.minutes else None


@dataclass(frozen=True)
class Rules:
    """Which tracks a list may take, and which it prefers.

    candidates: a query; the list takes only its matches. artist_separation, album_separation: other tracks between two of
    the same artist or album; `ONCE`: no second one; `MILD`: two, unless others sound less alike. min_length, max_length:
    seconds. fold_versions: versions of a song and near-duplicates count as one song, and no song comes twice.
    duplicate_epsilon: cosine distance below which two tracks are near-duplicates; None for the model's own.
    not_played_days: no track that was played in this many last days. prefer_played, avoid_skipped: the similarity that a
    track loses if it was never played, or is always skipped. mood: weights of tags. mix_in_key: tempo and key close from
    track to track. segue: of nearly equal tracks, the one that follows best. correct_hubs: subtract a penalty from tracks
    that are close to everything.
    """

    candidates: str = option("", Query(), "pick only what matches this query", flag="--from", metavar="QUERY", page=True)
    artist_separation: float | Literal["mild"] = option(
        MILD,
        Separation(MILD),
        "tracks between two by the same artist, or `once`; `mild`: 2, if others are nearly as similar",
        metavar="N",
        recorded=True,
        page=True,
    )
    album_separation: float = option(0, Separation(), "tracks between two from the same album, or `once`", metavar="N")
    min_length: float = option(0.0, Maybe(Length(), 0.0), "shortest track, such as 1:30", metavar="LENGTH", page=True)
    max_length: float = option(
        600.0, Maybe(Length(), math.inf), "longest track; 0: any", written="10:00", metavar="LENGTH", page=True
    )
    fold_versions: bool = option(
        True,
        Switch(),
        "treat versions of a song as different songs",
        replaced=("--versions", "--no-versions"),
    )
    duplicate_epsilon: float | None = option(
        None, Maybe(Number(0, 1), zero=True), "cosine distance below which tracks count as one; 0: none", metavar="E"
    )
    not_played_days: float | None = option(
        None,
        Maybe(Number(0)),
        "leave out tracks played in the last N days",
        written=None,
        metavar="N",
        page=True,
    )
    prefer_played: float = option(
        0.0, Number(0, 1), "subtract X from the similarity of a track that was never played", written=0, metavar="X"
    )
    avoid_skipped: float = option(
        0.0, Number(0, 1), "subtract X from the similarity of a track that is always skipped", written=0, metavar="X"
    )
    mood: tuple[tuple[str, float], ...] = option(
        (), Mood(), "lean towards a tag, or away from it (sad=-0.3); repeatable", metavar="TAG=+X", page=True
    )
    mix_in_key: bool = option(False, Switch(), "keep tempo and key close from track to track", page=True)
    segue: bool = option(False, Switch(), "choose the track with the best segue among nearly equal ones")
    correct_hubs: bool = option(
        True,
        Switch(),
        "do not correct for hubs, tracks that would turn up in every list",
        replaced=("--hubs", "--no-hubs"),
    )

    @property
    def ask_for_plays(self) -> bool:
        return bool(self.not_played_days or self.prefer_played or self.avoid_skipped)


@dataclass(frozen=True)
class Comparison:
    """The space in which tracks are compared, and how the nearest ones are found."""

    space: SpaceName = option(
        "sound", Choice("sound", "track2vec"), "compare tracks by sound, or by your lists (track2vec)"
    )
    index: Literal["auto", "annoy", "exact"] = option("auto", Choice("auto", "annoy", "exact"))


@dataclass(frozen=True)
class Counts:
    """How many members a list gets: tracks, albums, or tracks between waypoints.

    On a command line, each of them is `--number`.
    """

    number: int = option(20, Whole(1), "tracks to add after the seeds", flag="--number", metavar="N", short="-n")
    albums: int = option(5, Whole(1))
    between: int = option(5, Whole(0), "tracks between neighbouring waypoints", flag="--number", metavar="N", short="-n")


@dataclass(frozen=True)
class BlindTest:
    """A blind test of two ways to make lists. blind_tracks: in each list. blind_rounds: rounds in a test."""

    blind_tracks: int = option(5, Whole(1), "tracks in each list", flag="--number", metavar="N", short="-n", listed=False)
    blind_rounds: int = option(10, Whole(1), "pairs of lists to choose between", flag="--rounds", metavar="N", listed=False)
