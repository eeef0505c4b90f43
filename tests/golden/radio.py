"""What a radio adds to a player's queue, as somebody listens, skips, throws out and puts in."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from tests.forkserver import start_beet
from tests.plugin.conftest import Beets

from .library import display_names
from .player import LENGTH, PATIENCE, FakePlayer, Queue
from .record import Recording

RUST = "Iron Kettle/Boil/03 Rust.flac"
KETTLE = "Hazel & Thorn/Kitchen Songs/01 Kettle.flac"


def skip(queue: Queue) -> None:
    queue.current, queue.elapsed = queue.following, 10.0


def end(queue: Queue) -> None:
    skip(queue)


def near_its_end(queue: Queue) -> None:
    queue.elapsed = LENGTH - 1


def throw_out_next(queue: Queue) -> None:
    queue.songs.pop(queue.ids.index(queue.following))


def throw_out_current(queue: Queue) -> None:
    place = queue.ids.index(queue.current)
    queue.current, queue.elapsed = queue.following, 10.0
    queue.songs.pop(place)


def put_in(file: str) -> Callable[[Queue], None]:
    return lambda queue: queue.add(file, queue.ids.index(queue.current) + 1) and None


def jump_to_last(queue: Queue) -> None:
    queue.current, queue.elapsed = queue.ids[-1], 10.0


def clear(queue: Queue) -> None:
    queue.songs, queue.current, queue.state = [], None, "stop"


def clear_for(file: str) -> Callable[[Queue], None]:
    def change(queue: Queue) -> None:
        clear(queue)
        queue.current, queue.state, queue.elapsed = queue.add(file), "play", 10.0

    return change


def renumber(queue: Queue) -> None:
    """As a player that was started again has it."""
    place = queue.ids.index(queue.current)
    queue.songs = [(id_ + 1000, file) for id_, file in queue.songs]
    queue.last_id += 1000
    queue.current = queue.ids[place]


SESSION: tuple[tuple[str, Callable[[Queue], None]], ...] = (
    ("the song is near its end", near_its_end),
    ("the next song plays", end),
    ("skipped", skip),
    ("skipped again", skip),
    ("near its end", near_its_end),
    ("the next song plays", end),
    ("the next one is thrown out", throw_out_next),
    ("what plays is thrown out", throw_out_current),
    ("Rust is put in", put_in(RUST)),
    ("skipped to Rust", skip),
    ("near its end", near_its_end),
    ("the next song plays", end),
    ("the last one is chosen", jump_to_last),
    ("the player is started again", renumber),
    ("skipped", skip),
    ("cleared", clear),
    ("another one is put there", clear_for(KETTLE)),
    ("skipped", skip),
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
    player, log = FakePlayer(), beets.folder / "radio.log"
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
            tell(recording, player, player.change(change, hang_up=change is renumber))
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    finally:
        process.kill()
        player.close()
    recording.said(log.read_text())


def tell(recording: Recording, player: FakePlayer, done: list[str]) -> None:
    for line in done:
        recording.decided(line)
    current = player.queue.current
    names = [("> " if id_ == current else "") + Path(file).stem for id_, file in player.queue.songs]
    recording.decided(f"   queue: {'; '.join(names)}".rstrip())
