"""An invented library of any size, with vectors that crowd like real ones, and all the metadata that rules ask for.

Imports internals: the columns that rules are asked with.
"""

from __future__ import annotations

import base64
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np

from deejai_core.tracks.songs import Catalogue

DIMENSION = 100
TRACKS_OF_AN_ARTIST = 12


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def vectors_like_real_ones(tracks: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(n, 100) unit vectors and (n,) artists.

    Artists vary in about 23 directions and off the centre (the effective dimension and the mean that were measured on 500
    labelled recordings), their tracks around them.
    """
    spread = np.exp(-np.arange(DIMENSION) / 23)
    offset = 0.15 * np.linalg.norm(spread) * np.ones(DIMENSION) / np.sqrt(DIMENSION)
    artists = rng.integers(max(1, tracks // TRACKS_OF_AN_ARTIST), size=tracks)
    centres = rng.normal(size=(artists.max() + 1, DIMENSION)) * spread + offset
    return unit(centres[artists] + 0.8 * rng.normal(size=(tracks, DIMENSION)) * spread), artists


def catalogue(artists: np.ndarray, rng: np.random.Generator) -> Catalogue:
    tracks = len(artists)
    albums = rng.integers(3, size=tracks)
    versions = rng.choice(["", "", "", " (Live)", " - 2011 Remaster"], tracks)
    return Catalogue(
        artist=[f"Artist {artist}" for artist in artists],
        title=[f"Song {song}{version}" for song, version in zip(rng.integers(tracks, size=tracks), versions, strict=True)],
        album=[f"{artist} {album}" for artist, album in zip(artists, albums, strict=True)],
        recording=[""] * tracks,
        length=rng.uniform(60, 900, tracks),
        tempo=rng.uniform(60, 180, tracks),
        key=rng.choice(["Am", "C", "Em", "G", "F#m", "Bb", "8A"], tracks).tolist(),
        plays=rng.integers(0, 50, tracks),
        skips=rng.integers(0, 10, tracks),
        played_at=rng.uniform(0, 2e9, tracks),
    )


def write_library(folder: Path, tracks: int) -> None:
    """A beets library of such tracks in `folder`, with its config.yaml. The files that it speaks of do not exist."""
    rng = np.random.default_rng(0)
    vectors, artists = vectors_like_real_ones(tracks, rng)
    columns = catalogue(artists, rng)
    folder.mkdir(parents=True)
    library = folder / "library.db"
    (folder / "config.yaml").write_text(
        f"directory: {folder}/music\nlibrary: {library}\nplugins: deejai\n"
        f"create_backup_before_migrations: no\ndeejai: {{playlist_dir: {folder}}}\n"
    )
    beet(folder, "ls")  # makes the tables
    connection = sqlite3.connect(library)
    with connection:
        for track in range(tracks):
            connection.execute(
                "INSERT INTO items (id, path, artist, albumartist, album, title, length, bpm, initial_key, year) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    track + 1,
                    f"{artists[track]}/{track}.mp3".encode(),
                    columns.artist[track],
                    columns.artist[track],
                    columns.album[track],
                    columns.title[track],
                    float(columns.length[track]),
                    int(columns.tempo[track]),
                    columns.key[track],
                    1960 + track % 60,
                ),
            )
            values = {
                "deejai_vector": base64.b64encode(vectors[track].astype("<f4").tobytes()).decode(),
                "deejai_model": "musicnn-msd-1",
                "deejai_key": f"{track:032x}",
                "play_count": str(columns.plays[track]),
                "skip_count": str(columns.skips[track]),
                "last_played": str(columns.played_at[track]),
            }
            connection.executemany(
                "INSERT INTO item_attributes (entity_id, key, value) VALUES (?, ?, ?)",
                [(track + 1, key, value) for key, value in values.items()],
            )
    connection.close()


def beet(folder: Path, *words: str) -> str:
    """What a `beet` command in that library prints."""
    process = subprocess.run(
        [Path(sys.executable).with_name("beet"), *words], env={"BEETSDIR": str(folder)}, stdout=subprocess.PIPE, text=True
    )
    if process.returncode:
        sys.exit(f"beet {' '.join(words)}: exit status {process.returncode}")
    return process.stdout
