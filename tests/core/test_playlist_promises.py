"""What playlists promise for any library: each pick is the one that comparing all tracks finds."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.options.lists import ONCE
from deejai_core.playlists.candidates import Candidates
from deejai_core.playlists.playlist import similar
from deejai_core.playlists.rules import (
    ORDER,
    AlbumSeparation,
    ArtistSeparation,
    Length,
    MixInKey,
    NotPlayed,
    Versions,
)
from deejai_core.playlists.rules.separation import MILD_LOSS
from deejai_core.tracks.keys import parse_key
from deejai_core.tracks.songs import normal_artist
from tests.core.test_playlist import generator
from tests.libraries import candidates, random_columns, random_vectors, rule_set

RULES = st.builds(
    rule_set,
    artist_separation=st.sampled_from([0, 1, 3, ONCE]),
    album_separation=st.sampled_from([0, 2, ONCE]),
    min_length=st.sampled_from([0, 120]),
    max_length=st.sampled_from([math.inf, 600]),
    fold_versions=st.booleans(),
    duplicate_epsilon=st.sampled_from([0.0, 0.1]),
    not_played_since=st.sampled_from([None, 1.5e9]),
    mix_in_key=st.booleans(),
    mild_separation=st.sampled_from([0, 0, 2]),
)


def breaks(library: Candidates, listed: list[int], position: int) -> tuple[str, ...]:
    """The rules that a track would break at the end of a list: by their definitions, one track at a time."""
    columns, rules, vectors = library.catalogue, library.rules, library.index.vectors
    place, found = len(listed), set()
    not_played_since = rules.get(NotPlayed).not_played_since
    length, versions = rules.get(Length), rules.get(Versions)
    if rules.get(MixInKey).is_active and listed:
        before = listed[-1]
        tempo, last = columns.tempo[position], columns.tempo[before]
        if tempo and last and min(abs(math.log2(tempo / last) - octave) for octave in range(-3, 4)) > math.log2(1.08):
            found.add("mix_in_key")
        key, previous = parse_key(columns.key[position]), parse_key(columns.key[before])
        if key and previous:
            apart = min((key.fifths - previous.fifths) % 12, (previous.fifths - key.fifths) % 12)
            if apart > 1 or (apart == 1 and key.minor != previous.minor):
                found.add("mix_in_key")
    if not_played_since is not None and columns.played_at[position] > not_played_since:
        found.add("not_played")
    for other_place, other in enumerate(listed):
        between = place - other_place - 1
        if (
            normal_artist(columns.artist[position]) == normal_artist(columns.artist[other]) != ""
            and between < rules.get(ArtistSeparation).separation
        ):
            found.add("artist_separation")
        if columns.album[position] == columns.album[other] and between < rules.get(AlbumSeparation).separation:
            found.add("album_separation")
        if versions.fold_versions and columns.names(position) & columns.names(other):
            found.add("versions")
        if versions.duplicate_epsilon and vectors[position] @ vectors[other] > 1 - versions.duplicate_epsilon:
            found.add("versions")
    if not (math.isnan(columns.length[position]) or length.min_length <= columns.length[position] <= length.max_length):
        found.add("length")
    return tuple(rule.name for rule in ORDER if rule.name in found)


def expected_pick(library: Candidates, listed: list[int], target: np.ndarray) -> tuple[int, tuple[str, ...]] | None:
    """The next track by comparing all: those that keep most rules, the first to give way last; then the nearest."""
    vectors, active = library.index.vectors, [rule.name for rule in library.rules.active]
    used = {vectors[position].tobytes() for position in listed}
    query = (target / np.linalg.norm(target)).astype(np.float32)
    scores = np.einsum("ij,j->i", vectors, query) - (0 if library.penalty is None else library.penalty)
    artists = [normal_artist(artist) for artist in library.catalogue.artist]
    near = {artists[other] for one in library.rules.preferences for other in listed[-one.separation :]}
    scores = scores - MILD_LOSS * np.array([artist in near and artist != "" for artist in artists])
    free = [
        (position, breaks(library, listed, position))
        for position in range(len(vectors))
        if vectors[position].tobytes() not in used and (library.allowed is None or library.allowed[position])
    ]
    level = {position: max((active.index(rule) + 1 for rule in broken), default=0) for position, broken in free}
    return min(free, key=lambda one: (level[one[0]], -scores[one[0]], one[0]), default=None)


@given(
    seed=st.integers(0, 9999),
    tracks=st.integers(1, 60),
    copies=st.integers(0, 4),
    rules=RULES,
    keep_on=st.integers(0, 4),
    stay=st.sampled_from([0.0, 0.4]),
    drunk=st.sampled_from([0.0, 0.3, 1.0]),
    share=st.sampled_from([None, 0.1, 0.6]),
    seeds=st.integers(1, 3),
    handicapped=st.booleans(),
)
def test_every_pick_is_the_one_that_comparing_all_tracks_finds(
    seed, tracks, copies, rules, keep_on, stay, drunk, share, seeds, handicapped
):
    vectors = random_vectors(seed, tracks, copies=copies)
    rng = generator(seed)
    library = candidates(
        vectors,
        rules,
        random_columns(seed, len(vectors)),
        allowed=None if share is None else rng.random(len(vectors)) < share,
        penalty=rng.random(len(vectors)).astype(np.float32) if handicapped else None,
    )
    listed = list(range(min(seeds, tracks)))
    picks = similar(
        library,
        [library.song(position) for position in listed],
        count=12,
        keep_on=keep_on,
        stay=stay,
        drunk=drunk,
        rng=generator(seed),
    )
    for pick in picks:
        assert (pick.position, pick.broken) == expected_pick(library, listed, pick.target)
        assert pick.place == len(listed)
        listed.append(pick.position)
    assert len({vectors[position].tobytes() for position in listed}) == len(listed)  # no repeats, no copies
    assert len(picks) == 12 or expected_pick(library, listed, vectors[0]) is None


@given(
    seed=st.integers(0, 9999),
    tracks=st.integers(2, 80),
    rules=RULES,
    minutes=st.floats(1, 90),
    keep_on=st.integers(0, 3),
)
def test_minutes_are_met_within_half_a_track(seed, tracks, rules, minutes, keep_on):
    library = candidates(random_vectors(seed, tracks), rules, random_columns(seed, tracks)).of_known_length()
    length = library.catalogue.length
    picks = similar(library, [library.song(0)], seconds=minutes * 60, keep_on=keep_on)
    listed = [0, *(pick.position for pick in picks)]
    over = float(np.nansum(length[listed])) - minutes * 60
    if over >= 0:
        assert not picks or over <= length[listed[-1]] / 2
    else:
        # Too short only where the next track is more than twice as long as what is missing, or there is none.
        longer = similar(library, [library.song(0)], count=len(picks) + 1, keep_on=keep_on)[len(picks) :]
        assert all(-over <= length[pick.position] / 2 for pick in longer)
