"""The OpenSubsonic server: how long clients wait for an answer, or for the first byte of a song, and its memory.

python -m benchmarks.subsonic [TRACKS...] [--runs N]      100,000 by default

For each size a real beets library of invented tracks, all of which are one composed file, is served by
`beet deejai subsonic`. One client asks over one connection after another; medians.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import statistics
import time

from benchmarks.served import served
from benchmarks.usage import peak
from tests.djpage import Page

OPTIONS = "subsonic_users: {ann: secret}, subsonic_owner: ann"
LOGIN = "u=ann&p=secret&c=benchmark&f=json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tracks", nargs="*", type=int, default=[100_000])
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    print("| tracks | what | ms: median (least to most) |")
    print("|---|---|---|")
    for tracks in options.tracks:
        with served(tracks, "subsonic", OPTIONS) as (server, start):
            print(f"| {tracks:,} | from the command until it can be asked | {1000 * start:,.0f} |", flush=True)
            for what, ask in questions(server, random.Random(0)).items():
                took = sorted(ask() for _ in range(options.runs))
                print(
                    f"| {tracks:,} | {what} | {statistics.median(took):,.0f} ({took[0]:,.0f} to {took[-1]:,.0f}) |",
                    flush=True,
                )
            print(f"| {tracks:,} | memory at its highest, MB | {peak(server.process.pid):,.0f} |", flush=True)


def questions(server: Page, rng: random.Random) -> dict:
    songs = [song["id"] for song in answer(server, "getRandomSongs", size=200)["randomSongs"]["song"]]
    return {
        "`getArtists`": lambda: timed(server, "getArtists"),
        "`search3`": lambda: timed(server, "search3", query=f"song%20{rng.randrange(99)}"),
        "`search3`, everything, 500 songs of it": lambda: timed(
            server, "search3", query="", songCount=500, songOffset=rng.randrange(1000), artistCount=0, albumCount=0
        ),
        "`getAlbumList2`, newest": lambda: timed(server, "getAlbumList2", type="newest", size=50),
        "`getSonicSimilarTracks`, 50": lambda: timed(server, "getSonicSimilarTracks", id=rng.choice(songs), count=50),
        "`findSonicPath`, 25": lambda: timed(
            server, "findSonicPath", startSongId=rng.choice(songs), endSongId=rng.choice(songs), count=25
        ),
        "`stream`, the first byte": lambda: first_byte(server, id=rng.choice(songs)),
        "`stream` as MP3, the first byte": lambda: first_byte(server, id=rng.choice(songs), format="mp3"),
    }


def answer(server: Page, endpoint: str, **values: object) -> dict:
    found = json.loads(server.get(path(endpoint, values)).body)["subsonic-response"]
    assert found["status"] == "ok", found
    return found


def timed(server: Page, endpoint: str, **values: object) -> float:
    """Milliseconds until all of an answer is there."""
    start = time.perf_counter()
    server.get(path(endpoint, values))
    return 1000 * (time.perf_counter() - start)


def first_byte(server: Page, **values: object) -> float:
    """Milliseconds until the first byte of a song is there."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        start = time.perf_counter()
        connection.request("GET", path("stream", values))
        assert connection.getresponse().read(1)
        return 1000 * (time.perf_counter() - start)


def path(endpoint: str, values: dict) -> str:
    return f"/rest/{endpoint}?{LOGIN}" + "".join(f"&{name}={value}" for name, value in values.items())


if __name__ == "__main__":
    main()
