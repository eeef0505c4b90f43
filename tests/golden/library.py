"""The library whose lists are golden: the composed collection, and as much invented music, with all that rules look at.

Its vectors and tags are read from `data/library.jsonl`, so that its lists do not depend on how sound is analysed here.
"""

from __future__ import annotations

import json
import sqlite3
from base64 import b64decode, b64encode
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import soundfile

from tests.plugin.conftest import Beets

from .record import DATA

LIBRARY = DATA / "library.jsonl"
COMPOSED = 24  # tracks, which come first
INVENTED = 40
MODEL = "musicnn-msd-1"
PLAYS = ("play_count", "skip_count", "last_played")  # fields that a track may lack
LONG_AGO, IN_FUTURE = 1_000_000_000, 4_000_000_000  # 2001 and 2096: played lately, whatever day it is
ODD_NAMES = {30: "#1 hit", 31: "100% [live]", 32: "Señor, é", 33: "日本 🎵", 34: " \"quoted\" 'n' &"}  # of files, by id

Row = dict[str, Any]


def read_rows() -> list[Row]:
    """The tracks, by id; the last one is a song that is not in the library."""
    return [json.loads(line) for line in LIBRARY.read_text().splitlines()]


def display_names() -> list[str]:
    """What the tracks and albums are called where they are listed."""
    return sorted({f"{row['artist']} - {row[what]}" for row in read_rows() for what in ("title", "album")})


def dress(beets: Beets, music: Path) -> None:
    """Make a library of the analysed collection the golden one. music: where the collection lies."""
    with sqlite3.connect(beets.library) as connection:
        titles = dict(connection.execute("SELECT id, title FROM items"))
        for row in read_rows()[:-1]:
            id_ = row["id"]
            if id_ > COMPOSED:
                path = music / "Invented" / row["artist"] / f"{ODD_NAMES.get(id_, row['title'])}.mp3"
                connection.execute(
                    "INSERT INTO items (id, path, artist, title, album, format, track, disc) "
                    "VALUES (?, ?, ?, ?, ?, 'MP3', ?, 1)",
                    (id_, bytes(path), row["artist"], row["title"], row["album"], id_),
                )
            assert titles.get(id_, row["title"]) == row["title"]
            connection.execute(
                "UPDATE items SET length = ?, bpm = ?, initial_key = ? WHERE id = ?",
                (row["length"], row["bpm"], row["initial_key"], id_),
            )
            fields = {"deejai_vector": row["vector"], "deejai_model": MODEL, "deejai_tags": row["tags"]}
            fields |= {name: row.get(name) for name in PLAYS}
            connection.executemany(
                "INSERT INTO item_attributes (entity_id, key, value) VALUES (?, ?, ?)",
                [(id_, name, str(value)) for name, value in fields.items() if value is not None],
            )
    connection.close()


def write_outside(beets: Beets, music: Path) -> None:
    """Lay an audio file beside the library which it lacks: a part of one of its songs."""
    samples, rate = soundfile.read(music / "Nave/Long Windows/01 Aisle.flac")
    soundfile.write(beets.folder / "outside.flac", samples[rate : 7 * rate], rate)


def make_rows(beets: Beets) -> str:
    """The contents of `library.jsonl`, from a library that holds the collection, analysed and tagged."""
    draw, rng = Random(0), np.random.default_rng(0)
    with sqlite3.connect(beets.library) as connection:
        fields: dict[int, dict[str, str]] = {}
        for id_, name, value in connection.execute("SELECT entity_id, key, value FROM item_attributes"):
            fields.setdefault(id_, {})[name] = value
        rows = [
            {"id": id_, "artist": artist, "title": title, "album": album}
            | {"vector": fields[id_]["deejai_vector"], "tags": fields[id_]["deejai_tags"]}
            for id_, artist, title, album in connection.execute("SELECT id, artist, title, album FROM items ORDER BY id")
        ]
    connection.close()
    vectors = [np.frombuffer(b64decode(row["vector"]), "<f4") for row in rows]
    for id_ in range(COMPOSED + 1, COMPOSED + INVENTED + 2):
        near = draw.sample(vectors[:COMPOSED], 2)
        vector = near[0] + draw.uniform(0.1, 0.9) * near[1] + rng.normal(scale=0.06, size=len(near[0]))
        artist, song = draw.randint(1, 9), draw.randint(1, 6)
        version = draw.choice(["", "", " (Live)", " - 2011 Remaster"])
        rows.append(
            {
                "id": id_,
                "artist": f"Invented {artist}",
                "title": f"Song {song}{version}",
                "album": f"Album {draw.randint(1, 2)}",
            }
            | {"vector": b64encode((vector / np.linalg.norm(vector)).astype("<f4").tobytes()).decode(), "tags": None}
        )
    for row in rows:
        row |= {"length": draw.choice([None, 45.0, 95.0, *(draw.randint(120, 420) + 0.5 for _ in range(9)), 700.0])}
        row |= {
            "bpm": draw.choice([0, 90, 96, 120, 125, 128, 170]),
            "initial_key": draw.choice([None, "C", "Am", "8A", "F#m"]),
        }
        if draw.random() < 0.6:
            plays = draw.randint(0, 30), draw.randint(0, 6), draw.choice([LONG_AGO, LONG_AGO, IN_FUTURE])
            row |= dict(zip(PLAYS, plays, strict=True))
    rows[-1] |= {"id": None, "artist": "Somebody Else", "title": "Not in the library"}
    ordered = [{name: row[name] for name in row if name not in ("vector", "tags")} | row for row in rows]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ordered)
