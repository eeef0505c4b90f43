"""A radio of a folder of files: a library, a player and what lies between, without beets."""

from __future__ import annotations

from pathlib import Path

from deejai_core import Analysis, Rules, Walk, analyse, open_space
from deejai_core.features.radio.radio import Radio
from deejai_core.models.musicnn.model import MusiCNN
from tests.player_conformance import Diary
from tests.players import FakePlayer


def test_it_begins_goes_on_and_turns_away(music):
    analyse(music)
    space = open_space(music, MusiCNN(), Analysis())
    player, diary = FakePlayer(music.music_folder), Diary()
    player.connect()
    (seed,) = space.members_of(music.titled("Aisle")).values()
    radio = Radio(space, player, diary, Walk(count=2, keep_on=1), Rules(correct_hubs=False), seeds=[seed])

    def artists() -> list[str]:
        return [Path(file).parts[0] for _, file in player.queue.songs]

    radio.start(play=True)
    first, second, _ = artists()
    assert (first, player.queue.state) == ("Nave", "play")
    assert second == "Nave"  # the other song of the same artist is nearest
    files = [music.music_folder / file for _, file in player.queue.songs]
    assert len(music.at(files)) == 3

    player.queue.near_its_end()
    radio.go_on()
    player.queue.skip()
    radio.go_on()
    assert len(player.queue.songs) == 4
    player.queue.skip()
    radio.go_on()
    assert [line.split()[0] for line in diary.lines] == ["seed", "added", "added", "added", "skipped", "added", "added"]
    (over,) = music.tracks(music.at(files[1:2]).values()).values()
    assert diary.of("skipped") == [f"skipped {over.name}"]

    # In a queue of songs that it has not chosen, it goes on from those.
    player.queue.clear()
    player.queue.put_in(files[0].relative_to(music.music_folder).as_posix())
    player.queue.play()
    radio.go_on()
    assert len(player.queue.songs) == 3
