"""What the commands that make lists print: tracks, similarities and remarks."""

from __future__ import annotations

from pathlib import Path

from tests.plugin.conftest import Beets

from .library import display_names
from .record import Recording

SIMILAR = {
    "a title": "similar Aisle",
    "a few": "similar Aisle -n 5",
    "why": "similar Aisle -n 6 --why",
    "why, of several seeds": "similar Aisle Anvil -n 5 --why --keep-on 2 --less Vault",
    "why, near the seeds alone": "similar Aisle -n 4 --why --keep-on 0 --no-seeds",
    "why, without staying": "similar Margin -n 4 --why --stay 0 --artist-separation 2 --from artist:Invented",
    "why, by minutes": "similar Margin --minutes 20 --why --min-length 2:00",
    "minutes": "similar Margin --minutes 30",
    "minutes, more than there is": "similar Margin --minutes 600",
    "keep on": "similar Ohm -n 8 --keep-on 1",
    "the original walk": "similar Ohm -n 8 --stay 0 --artist-separation 0",
    "stay": "similar Ohm -n 8 --stay 0.9",
    "floor": "similar Kettle --floor 0.6",
    "drunk": "similar Kettle -n 8 --drunk 0.6 --seed 7",
    "less": "similar Kettle -n 8 --less artist:Hazel",
    "artist separation": "similar Kettle -n 9 --artist-separation 2",
    "artists once": "similar Kettle -n 25 --artist-separation once",
    "album separation": "similar Kettle -n 9 --artist-separation 0 --album-separation 3",
    "albums once": "similar Kettle -n 25 --album-separation once",
    "mood": "similar Breaker -n 8 --mood happy=+1 --mood sad=-0.5",
    "mix in key": "similar 'Song 1' -n 8 --mix-in-key",
    "segue": "similar Rust -n 8 --segue --from 'artist:Nave , artist:Iron , artist:Hazel , artist:Pixel'",
    "no hubs": "similar Rust -n 8 --no-correct-hubs",
    "lengths": "similar Rust -n 30 --min-length 2:00 --max-length 5:00",
    "all versions": "similar 'artist:Invented 1' -n 8 --no-fold-versions --duplicate-epsilon 0",
    "near-duplicates": "similar Rust -n 8 --duplicate-epsilon 0.2",
    "not played": "similar Rust -n 30 --not-played-days 30",
    "preferences": "similar Rust -n 8 --prefer-played 0.3 --avoid-skipped 0.5",
    "albums": "similar -a Boil -n 4 --why",
    "from": "similar Aisle -n 5 --from 'artist:Invented length:2:00..'",
    "from nothing": "similar Aisle --from title:zzz",
    "no seeds": "similar Aisle -n 5 --no-seeds",
    "several seeds": "similar Aisle Anvil Margin -n 6",
    "a query": "similar artist:Nave -n 5",
    "an external file": "similar outside.flac -n 5",
    "a playlist": "similar list.m3u -n 5",
    "by tags": "similar happy electronic -n 4",
    "a template": "similar Aisle -n 3 -f '$deejai_place/$deejai_similarity/$artist - $title'",
    "nobody": "similar zzz",
    "artists": "similar-artists Nave -n 6",
}
JOURNEYS = {
    "there": "journey Aisle Surge",
    "over four": "journey Aisle Surge Kettle Anvil -n 3",
    "round": "journey Aisle Surge Aisle -n 3",
    "minutes": "journey Aisle Surge Kettle --minutes 40",
    "best order": "journey Surge Aisle Kettle Vault --best-order --keep-first -n 2",
    "drunk": "journey Aisle Surge -n 6 --drunk 0.5 --seed 3",
    "rules": "journey Aisle Surge -n 8 --artist-separation 2 --less Vault --why",
    "mix in key": "journey Aisle Surge -n 6 --mix-in-key",
    "segue": "journey Aisle Rust -n 4 --segue",
    "a playlist": "journey list.m3u -n 2",
    "a centre": "journey artist:Nave artist:Pixel -n 3",
    "albums": "journey -a 'Long Windows' Boil -n 2",
    "the same twice": "journey Aisle Aisle",
    "an external file": "journey outside.flac Surge -n 3",
}
REORDERED = {
    "a playlist": "reorder list.m3u",
    "a query": "reorder artist:Nave , artist:Pixel",
    "with its ends": "reorder list.m3u --keep-first --keep-last",
}
LIST = ("Nave/Long Windows/04 Vault.flac", "Iron Kettle/Boil/03 Rust.flac", "Nave/Long Windows/01 Aisle.flac",
        "Pixel Parade/Continue/02 Extra Life.flac", "Hazel & Thorn/Kitchen Songs/01 Kettle.flac", "gone.flac")  # fmt: skip


def write_list(beets: Beets, music: Path) -> None:
    """Lay a playlist beside the library, one of whose tracks is missing."""
    (beets.folder / "list.m3u").write_text("".join(f"{music / name}\n" for name in LIST))


def record(name: str, commands: dict[str, str], beets: Beets, music: Path) -> dict[str, str]:
    recording = Recording(beets, music, display_names())
    for title, command in commands.items():
        recording.begin(title)
        recording.command(command if command.startswith("similar-artists") else f"{command} -p")
    return recording.files(name)
