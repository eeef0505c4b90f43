"""What a radio makes of a player's queue, and where it goes from there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.features.radio.changes import Changes, changes
from deejai_core.features.radio.way import FORGETTING, WayEntry, away_from, next_songs
from deejai_core.players.player import QueueEntry, Snapshot
from tests.libraries import candidates, compass, random_vectors, rule_set

A, B, C, D, E = (QueueEntry(str(number), f"{name}.flac") for number, name in enumerate("abcde", 1))


def playing(*entries: QueueEntry, current: QueueEntry | None = A, at: float = 0, elapsed: float = 10, **other) -> Snapshot:
    """A player in the middle of a song of 100 seconds; the entry after it follows, unless said otherwise."""
    following = None
    if current in entries[:-1]:
        following = entries[entries.index(current) + 1].id
    standard = {"state": "play" if current else "stop", "duration": 100, "following": following}
    return Snapshot(entries, current and current.id, elapsed=elapsed, at=at, **{**standard, **other})


class TestChanges:
    BEFORE = playing(A, B, C, D)

    @pytest.mark.parametrize(
        ("now", "over"),
        [
            (playing(A, B, C, D, at=50), None),
            (playing(A, B, C, D, at=50, elapsed=90), None),  # somebody has sought
            (playing(A, B, C, D, current=B, at=50), (A, "skipped")),
            (playing(A, B, C, D, current=B, at=74.9), (A, "skipped")),
            (playing(A, B, C, D, current=B, at=75), (A, "played")),  # 85 of 100 seconds
            (playing(A, B, C, D, current=B, at=999), (A, "played")),
            (playing(A, B, C, D, current=B, at=50, state="pause"), (A, "skipped")),
            (playing(A, B, C, D, current=D, at=50), (A, "left")),  # chosen by hand
            (playing(A, B, C, D, current=B, at=50, state="stop"), (A, "left")),
            (playing(A, B, C, D, at=50, state="stop"), None),  # MPD stops in a song
            (playing(A, B, C, D, at=50, state="pause"), None),
            (playing(A, B, C, D, current=None, at=50), (A, "left")),
            (playing(A, B, C, D, current=None, at=999), (A, "played")),  # the queue is at its end
            (playing(B, C, D, current=B, at=50), (A, "refused")),  # thrown out while it played
            (playing(B, C, D, current=B, at=90), (A, "played")),
            (playing(A, B, C, D, E, current=B, at=50), (A, "skipped")),
            (playing(A, E, B, C, D, current=E, at=50), (A, "skipped")),  # to one that was put there meanwhile
        ],
    )
    def test_of_the_song_that_played(self, now, over):
        assert changes(self.BEFORE, now) == Changes(over=over)

    def test_while_it_is_paused_no_time_passes(self):
        paused = playing(A, B, C, D, state="pause")
        assert changes(paused, playing(A, B, C, D, current=B, at=999)).over == (A, "skipped")

    def test_a_song_of_unknown_length_is_never_skipped(self):
        stream = playing(A, B, duration=0)
        assert changes(stream, playing(A, B, current=B, at=1)).over == (A, "played")

    def test_in_random_order_the_next_one_is_what_the_player_says(self):
        shuffled = playing(A, B, C, D, following=D.id)
        assert changes(shuffled, playing(A, B, C, D, current=D, at=5)).over == (A, "skipped")

    @pytest.mark.parametrize(
        ("now", "refused"),
        [
            (playing(A, B, D), (C,)),
            (playing(A), (B, C, D)),
            (playing(A, D, C, B), ()),  # another order
            (playing(A, E, B, C, D), ()),
            (playing(A, B, C, D, current=D), ()),  # gone past
        ],
    )
    def test_what_was_thrown_out_before_it_played(self, now, refused):
        assert changes(self.BEFORE, now).refused == refused

    def test_what_was_over_before_is_not_refused(self):
        assert changes(playing(A, B, C, current=B), playing(B, C, current=B)) == Changes()

    def test_a_queue_that_was_cleared_was_not_judged(self):
        assert changes(self.BEFORE, playing(current=None)) == Changes((A, "left"))
        assert changes(self.BEFORE, playing(E, current=E)) == Changes((A, "left"))
        assert changes(playing(A, B, current=None), playing(current=None)) == Changes()

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (playing(B, C, D, current=B, at=50, consumes=True), Changes((A, "skipped"))),
            (playing(B, C, D, current=B, at=99, consumes=True), Changes((A, "played"))),
            (playing(C, D, current=C, at=50, consumes=True), Changes((A, "left"))),  # B was over too
            (playing(A, B, D, consumes=True), Changes(refused=(C,))),
            (playing(current=None, at=999, consumes=True), Changes((A, "played"))),  # nothing left
        ],
    )
    def test_a_player_that_consumes(self, now, expected):
        assert changes(playing(A, B, C, D, consumes=True), now) == expected

    def test_nothing_comes_of_nothing(self):
        assert changes(Snapshot(()), Snapshot(())) == changes(Snapshot(()), playing(A, B)) == Changes()


def test_what_is_to_come():
    assert playing(A, B, C, current=B).upcoming == (C,)
    assert playing(A, B, C, current=None).upcoming == (A, B, C)
    assert Snapshot((A,), current="gone").upcoming == (A,)


def heard(library, *songs: int | tuple[int, str]) -> list[WayEntry]:
    """Songs by position, played to their end unless said otherwise."""
    pairs = [song if isinstance(song, tuple) else (song, "played") for song in songs]
    return [WayEntry(None if song is None else library.song(song), fate) for song, fate in pairs]


def positions(library, way, count=1, keep_on=3, **options) -> list[int]:
    return [pick.position for pick in next_songs(library, way, count=count, keep_on=keep_on, **options)]


class TestTheWay:
    CIRCLE = compass(*range(0, 360, 10))  # 36 songs

    @pytest.fixture
    def library(self):
        return candidates(self.CIRCLE)

    def test_it_goes_on_from_the_last_ones(self, library):
        assert positions(library, heard(library, 0, 1, 2), 3) == [3, 4, 5]

    def test_what_is_in_the_queue_leads_too(self, library):
        assert positions(library, heard(library, 0, (10, "queued"), (11, "queued")), keep_on=2) in ([9], [12])

    def test_keep_on_zero_stays_with_the_beginning(self, library):
        assert positions(library, heard(library, 0, 1, 2, 3, 35), keep_on=0) == [34]
        assert positions(library, heard(library, 0), keep_on=0, seeds=[library.song(20)], count=2) == [20, 19]

    def test_it_stays_with_its_seeds(self, library):
        way = heard(library, 8, 9, 10)
        assert positions(library, way, keep_on=1, seeds=[library.song(0)], stay=0.5) == [5]
        assert positions(library, way, keep_on=1, seeds=[library.song(0)]) in ([9], [11])

    def test_without_seeds_it_stays_with_what_listeners_chose_last(self, library):
        way = [WayEntry(library.song(at), "played", chosen=at != 10) for at in (35, 0, 1, 2, 10)]
        assert positions(library, way, keep_on=1, stay=1.0) == [3]  # the middle is 1
        assert positions(library, way, keep_on=1, stay=0.5) in ([5], [6])
        skipped = [WayEntry(heard.song, "skipped", chosen=heard.chosen) for heard in way[:4]]
        assert positions(library, [*skipped, way[4]], keep_on=1, stay=0.5) == positions(
            library, [*skipped, way[4]], keep_on=1
        )

    def test_less_like_something_is_away_from_it_and_never_that(self, library):
        assert positions(library, heard(library, 0), 3, keep_on=0, less=[library.song(1)]) == [35, 34, 33]

    def test_a_mild_separation(self):
        library = candidates(compass(0, 1, 20), rule_set(mild_separation=2), {"artist": ["a", "a", "b"]})
        assert positions(library, heard(library, 0)) == [2]

    def test_seeds_are_the_first_step(self, library):
        assert positions(library, [], seeds=[library.song(4), library.song(6)]) == [5]
        assert positions(library, heard(library, (20, "left")), seeds=[library.song(5)]) == [5]

    def test_without_anything_to_go_by(self, library):
        assert positions(library, []) == positions(library, heard(library, (None, "played"))) == []

    def test_when_all_was_skipped_it_goes_elsewhere(self, library):
        assert positions(library, heard(library, (0, "skipped"), (1, "skipped"), (2, "left"))) == [27]

    @pytest.mark.parametrize("fate", ["skipped", "refused"])
    def test_it_turns_away_from_what_was_not_liked(self, library, fate):
        assert positions(library, heard(library, 0)) in ([1], [35])
        assert positions(library, heard(library, 0, (1, fate))) == [35]
        assert positions(library, heard(library, 0, (35, fate))) == [1]

    def test_skips_add_up(self):
        library = candidates(compass(0, 2, 4, 6, 8, -40, -80))
        assert positions(library, heard(library, 0, (1, "skipped"))) == [2]
        assert positions(library, heard(library, 0, (1, "skipped"), (2, "skipped"), (3, "skipped"))) == [6]

    def test_a_refusal_weighs_less_than_a_skip(self):
        start, other = compass(0, 60).astype(np.float64)
        library = candidates(compass(60))
        turned = {
            fate: float(away_from(start, heard(library, (0, fate))) @ other) for fate in ("played", "refused", "skipped")
        }
        assert turned["skipped"] < turned["refused"] < turned["played"]

    def test_skips_are_forgotten(self, library):
        start = self.CIRCLE[0].astype(np.float64)
        skip = heard(library, (5, "skipped"))
        push = [np.linalg.norm(start - away_from(start, [*skip, *heard(library, *[9] * songs)])) for songs in range(20)]
        assert push == sorted(push, reverse=True)
        assert push[FORGETTING] == pytest.approx(push[0] / 2)
        assert push[19] < 0.03

    def test_what_was_refused_is_never_added_again(self, library):
        way = heard(library, (1, "refused"), *[0, 2, 35, 34] * 20)
        assert 1 not in positions(library, way, count=30)

    def test_what_the_player_does_not_have(self, library):
        assert positions(library, heard(library, 0, 1, 2), keep_on=1, never=[3]) == [4]

    def test_it_goes_on_for_ever(self, library):
        """Half of the library, or the last 500 songs, do not come again; then they may."""
        way = heard(library, 0)
        for _ in range(100):
            (next_,) = positions(library, way)
            assert next_ not in [song.song.position for song in way[-18:]]
            way += heard(library, next_)

    def test_a_library_that_is_all_in_the_queue(self):
        library = candidates(compass(0, 10, 20))
        assert positions(library, heard(library, (0, "queued"), (1, "queued"), (2, "queued"))) == []

    def test_rules_see_what_was_played(self):
        artists = {"artist": ["X", "Y", "X", "Z"]}
        library = candidates(compass(0, 80, 1, 90), rule_set(artist_separation=1), artists)
        assert positions(library, heard(library, 0)) == [1]
        assert positions(library, heard(library, (0, "queued"), (None, "queued"))) == [2]  # far enough

    def test_only_what_may_be_picked(self, library):
        allowed = np.arange(36) == 30
        assert positions(candidates(self.CIRCLE, allowed=allowed), heard(library, 0)) == [30]

    def test_drunk_and_sober(self, library):
        way = heard(library, 0, 1, 2)
        drawn = [positions(library, way, 5, drunk=0.5, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)]
        assert drawn[0] == drawn[1] != drawn[2]


@given(
    seed=st.integers(0, 1000),
    fates=st.lists(st.sampled_from(["played", "skipped", "left", "refused", "queued"]), max_size=30),
    keep_on=st.integers(0, 4),
)
def test_every_walk_of_every_listener(seed, fates, keep_on):
    """It adds what is asked for, none twice, nothing that is in the queue or was thrown out, and always has a direction."""
    library = candidates(random_vectors(seed, 80))
    rng = np.random.default_rng(seed)
    songs = rng.permutation(80)[: len(fates)].tolist()
    way = heard(library, *zip(songs, fates, strict=True))
    found = positions(library, way, 5, keep_on=keep_on, seeds=[library.song(0)])
    assert len(set(found)) == 5
    assert not set(found) & {song for song, fate in zip(songs, fates, strict=True) if fate in ("queued", "refused")}
    direction = library.song(0).vector.astype(np.float64)
    assert np.linalg.norm(away_from(direction, way)) > 0
