"""Invented libraries: vectors, and what the rules know of their tracks."""

from __future__ import annotations

import math

import numpy as np

from deejai_core.index.neighbours import Index
from deejai_core.playlists.candidates import Candidates
from deejai_core.playlists.rules import RuleSet
from deejai_core.playlists.rules.length import Length
from deejai_core.playlists.rules.mix_in_key import MixInKey
from deejai_core.playlists.rules.not_played import NotPlayed
from deejai_core.playlists.rules.separation import AlbumSeparation, ArtistPenalty, ArtistSeparation
from deejai_core.playlists.rules.versions import Versions
from deejai_core.tracks.songs import Catalogue

NO_RULES = RuleSet()


def rule_set(
    *,
    mix_in_key: bool = False,
    not_played_since: float | None = None,
    album_separation: float = 0,
    artist_separation: float = 0,
    min_length: float = 0.0,
    max_length: float = math.inf,
    fold_versions: bool = False,
    duplicate_epsilon: float = 0.0,
    mild_separation: int = 0,
) -> RuleSet:
    """Rules in the order in which they give way, by what is asked of them; without anything, none is in force."""
    rules = (
        MixInKey(mix_in_key),
        NotPlayed(not_played_since),
        AlbumSeparation(album_separation),
        ArtistSeparation(artist_separation),
        Length(min_length, max_length),
        Versions(fold_versions, duplicate_epsilon),
    )
    mild = ArtistPenalty(mild_separation)
    return RuleSet(tuple(rule for rule in rules if rule.is_active), (mild,) if mild.is_active else ())


def compass(*degrees: float) -> np.ndarray:
    """Unit vectors in the plane, by angle."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def catalogue(tracks: int, **columns) -> Catalogue:
    """Every track by an artist of its own and four minutes long, unless said otherwise."""
    numbers = [str(number) for number in range(tracks)]
    standard = {
        "artist": [f"artist {number}" for number in numbers],
        "title": [f"title {number}" for number in numbers],
        "album": numbers,
        "length": np.full(tracks, 240.0),
    }
    return Catalogue(**{**standard, **columns})


def candidates(vectors: np.ndarray, rules: RuleSet = NO_RULES, columns: dict | None = None, **options) -> Candidates:
    return Candidates(Index(vectors), catalogue(len(vectors), **(columns or {})), rules, **options)


def random_vectors(seed: int, tracks: int, dimension: int = 6, copies: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(tracks, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.concatenate([vectors, vectors[rng.integers(tracks, size=copies)]]).astype(np.float32)


def random_columns(seed: int, tracks: int) -> dict:
    """A library of few artists with many versions of few songs, of all lengths, tempos and keys."""
    rng = np.random.default_rng(seed)
    artists = rng.integers(max(1, tracks // 4), size=tracks)
    versions = rng.choice(["", " (Live)", " - 2011 Remaster", " (feat. Guest)"], tracks)
    return {
        "artist": [f"Artist {number}" if number else "" for number in artists],
        "title": [
            f"Song {number}{version}" for number, version in zip(rng.integers(8, size=tracks), versions, strict=True)
        ],
        "album": [f"{artist} {number}" for artist, number in zip(artists, rng.integers(2, size=tracks), strict=True)],
        "recording": [str(number) if number < 3 else "" for number in rng.integers(12, size=tracks)],
        "length": np.where(rng.random(tracks) < 0.1, np.nan, rng.uniform(30, 900, tracks).round()),
        "tempo": np.where(rng.random(tracks) < 0.3, 0, rng.uniform(60, 180, tracks)),
        "key": rng.choice(["", "C", "Am", "F#m", "8A", "Bb", "nonsense"], tracks).tolist(),
        "plays": rng.integers(0, 30, tracks),
        "skips": rng.integers(0, 5, tracks),
        "played_at": rng.choice([0, 1e9, 2e9], tracks),
    }
