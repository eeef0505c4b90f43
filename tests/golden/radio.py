"""What a radio adds to a player's queue, as somebody listens, skips, throws out and puts in."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from tests.forkserver import start_beet
from tests.players import Queue
from tests.plugin.conftest import Beets

from .library import display_names
from .player import PATIENCE, ScriptedMpd
from .record import Recording

RUST = "Iron Kettle/Boil/03 Rust.flac"
KETTLE = "Hazel & Thorn/Kitchen Songs/01 Kettle.flac"


def put_in(file: str) -> Callable[[Queue], None]:
    return lambda queue: queue.put_in(file)


def clear_for(file: str) -> Callable[[Queue], None]:
    def change(queue: Queue) -> None:
        queue.clear()
        queue.add(file)
        queue.play()

    return change


SESSION: tuple[tuple[str, Callable[[Queue], None]], ...] = (
    ("the song is near its end", Queue.near_its_end),
    ("the next song plays", Queue.skip),
    ("skipped", Queue.skip),
    ("skipped again", Queue.skip),
    ("near its end", Queue.near_its_end),
    ("the next song plays", Queue.skip),
    ("the next one is thrown out", Queue.throw_out_next),
    ("what plays is thrown out", Queue.throw_out_current),
    ("Rust is put in", put_in(RUST)),
    ("skipped to Rust", Queue.skip),
    ("near its end", Queue.near_its_end),
    ("the next song plays", Queue.skip),
    ("the last one is chosen", lambda queue: queue.play(-1)),
    ("the player is started again", Queue.restart),
    ("skipped", Queue.skip),
    ("cleared", Queue.clear),
    ("another one is put there", clear_for(KETTLE)),
    ("skipped", Queue.skip),
)
RADIOS = {
    "from a title": ["Aisle"],
    "from what is there, with options": ["--ahead", "2", "--less", "Vault", "--drunk", "0.2", "--seed", "4", "--stay", "0"],
}


def record(beets: Beets, music: Path) -> dict[str, str]:
    with (beets.folder / "config.yaml").open("a") as config:
        config.write(f"mpd: {{music_directory: '{music}'}}\n")
    recording = Recording(beets, music, display_names())
    for title, words in RADIOS.items():
        recording.begin(f"{title}: radio {' '.join(words)}")
        listen(beets, recording, words)
    return recording.files("radio")


def listen(beets: Beets, recording: Recording, words: list[str]) -> None:
    player, log = ScriptedMpd(), beets.folder / "radio.log"
    player.refuses = {"Invented/Invented 8/Song 5.mp3"}
    if "--ahead" in words:
        clear_for(KETTLE)(player.queue)
    env = {"BEETSDIR": str(beets.folder), "PYTHONUNBUFFERED": "1"}
    with log.open("w") as file:
        process = start_beet("deejai", "radio", "--port", player.port, *words, env=env, cwd=beets.folder, output=file)
    try:
        tell(recording, player, player.settled())
        for what, change in SESSION:
            recording.decided(f"-- {what}")
            tell(recording, player, player.change(change, hang_up=change is Queue.restart))
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    finally:
        process.kill()
        player.close()
    recording.said(log.read_text())


def tell(recording: Recording, player: ScriptedMpd, done: list[str]) -> None:
    for line in done:
        recording.decided(line)
    current = player.queue.current
    names = [("> " if id_ == current else "") + Path(file).stem for id_, file in player.queue.songs]
    recording.decided(f"   queue: {'; '.join(names)}".rstrip())
