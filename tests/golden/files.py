"""The bytes of written playlists: entries, headers and recipes; and the playlists that the configuration names."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.plugin.conftest import Beets

from .library import display_names
from .record import Recording, masked

WRITTEN = {  # file: the command that writes it; MUSIC stands for the folder of the music
    "extended.m3u": "similar Aisle Ohm -n 4",
    "plain.m3u": "similar Aisle -n 3 --output-format m3u",
    "relative.m3u": "similar 'artist:Invented 4' -n 4 --relative-to MUSIC",
    "urlencoded.m3u8": "similar 'artist:Invented 4' -n 4 --relative-to MUSIC --urlencode --prefix http://host/",
    "options.m3u": "similar Kettle -n 6 --keep-on 2 --stay 0.3 --artist-separation once --mood happy=+1 --mood sad=-0.5 "
    "--mix-in-key --segue --min-length 1:30 --max-length 0 --floor 0.1 --no-fold-versions --duplicate-epsilon 0.001 "
    "--no-correct-hubs --prefer-played 0.1 --avoid-skipped 0.2 --not-played-days 30 "
    "--from 'length:..9:00' --less Vault --no-seeds",
    "drunk.m3u": "similar Kettle -n 3 --drunk 0.3 --seed 5",
    "minutes.pls": "similar Kettle --minutes 20",
    "albums.xspf": "similar -a Boil -n 1 --relative-to MUSIC",
    "outside.xspf": "similar outside.flac 'artist:Invented 4' -n 3",
    "journey.jspf": "journey Surge Aisle Kettle -n 2 --best-order --relative-to MUSIC",
    "playlist.m3u": "journey list.m3u -n 1 --relative-to MUSIC",
    "reordered.pls": "reorder artist:Nave --relative-to MUSIC",
}
NAMED = [
    {"name": "Morning", "similar": "Aisle", "number": 4, "keep_on": 1},
    {"name": "To the sea.xspf", "journey": ["Aisle", "Surge"], "between": 2, "artist_separation": 1},
    {"name": "In order", "reorder": "artist:Nave"},
    {"name": "Less", "similar": ["Kettle", "Wren"], "number": 3, "less": "artist:Nave", "from": "artist:Invented"},
    {"name": "Broken", "similar": "zzz"},
    {"name": "Odd", "similar": "Aisle", "colour": "blue"},
]
NAMED_COMMANDS = ("playlists -p", "playlists", "playlists", "playlists Morning", "playlists nobody")


def record_written(beets: Beets, music: Path) -> dict[str, str]:
    for file, command in WRITTEN.items():
        words = [str(music) if word == "MUSIC" else word for word in shlex.split(command)]
        beets.deejai(*words, "-o", beets.folder / file)
    return {f"files/{file}": masked(read(beets.folder / file), beets, music) for file in WRITTEN}


def record_named(beets: Beets, music: Path) -> dict[str, str]:
    beets.configure(playlists=NAMED)
    recording = Recording(beets, music, display_names())
    for command in NAMED_COMMANDS:
        recording.command(command)
    written = sorted((beets.folder / "playlists").iterdir())
    return recording.files("named") | {f"named/{path.name}": masked(read(path), beets, music) for path in written}


def read(path: Path) -> str:
    return path.read_bytes().decode(errors="surrogateescape")
