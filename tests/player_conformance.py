"""What every `deejai_core.players.player.Player` must do, and a radio with it.

A test module derives a class `Test…` from `PlayerConformance` and has a fixture `listener`, see `Listener`.
"""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Protocol

import numpy as np
import pytest
import soundfile

from deejai_core.errors import LostError, PlayerError, RefusedError, UnplayableError
from deejai_core.features.radio.radio import Radio
from deejai_core.formats.entries import Track
from deejai_core.options.lists import Rules, Walk
from deejai_core.players.player import Mode, Player, Snapshot
from deejai_core.playlists.candidates import Candidates
from deejai_core.tracks.songs import Song
from tests.libraries import candidates, compass

SECONDS = 300  # of each song: none ends by itself, however slow the machine
PATIENCE = 60  # seconds that anything may take on a machine with other things to do

ODD_NAMES = [
    "Élan/Ångström.flac",
    unicodedata.normalize("NFD", "Élan/Ångström.flac"),
    'quotes/it\'s "so" `lonely`.flac',
    "back/sla\\sh.flac",
    'back/ends with\\" clear.flac',
    "blanks/ two  blanks .flac",
    "percent/100%25 #1 [live]?.flac",
    "emoji/日本 \N{GUITAR}\N{ZERO WIDTH JOINER}.flac",
    "dash/-clear.flac",
    "colon/file: b.flac",
    os.fsdecode(b"latin/caf\xe9 \xff.flac"),
    "break/line\nclear\n.flac",
]
# Songs on two sides of the first one: the way leads on along the first side, and a skip leads to the other.
ONE_SIDE = [f"{number:02} one.flac" for number in range(12)]
OTHER_SIDE = [f"{number:02} other.flac" for number in range(12)]
DEGREES = [*range(0, 120, 10), *range(-14, -182, -14)]


class Listener(Protocol):
    """Somebody at a player whose music is the folder `silence`, and who does what people do there.

    Songs are names below that folder.
    """

    player: Player  # not connected yet

    def queue(self) -> list[str]: ...

    def current(self) -> str: ...

    def play(self, place: int) -> None: ...

    def skip(self) -> None: ...

    def near_its_end(self) -> None: ...

    def next_plays(self) -> None:
        """The current song, which is near its end, goes to it."""

    def put_in(self, file: str) -> None:
        """After the current song, if there is one."""

    def throw_out_next(self) -> None: ...

    def clear(self) -> None: ...

    def switch_on(self, mode: Mode) -> None: ...

    def stop(self) -> None:
        """End the player, which keeps its queue."""

    def start(self) -> None:
        """Start the player again."""


@pytest.fixture(scope="session")
def silence(tmp_path_factory) -> Path:
    """Songs of all names, silent."""
    folder = tmp_path_factory.mktemp("music")
    soundfile.write(folder / "silence.flac", np.zeros(SECONDS * 8000, np.int16), 8000)
    for name in [*ODD_NAMES, *ONE_SIDE, *OTHER_SIDE]:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).hardlink_to(folder / "silence.flac")
    (folder / "silence.flac").unlink()
    return folder


@dataclass
class Space:
    """Songs of a folder, whose directions lie in a plane: what a radio needs of a space."""

    folder: Path
    names_: Sequence[str]
    vectors: np.ndarray
    library: SimpleNamespace = field(init=False)

    def __post_init__(self) -> None:
        self.position = {number + 1: number for number in range(len(self.names_))}
        paths = {self.folder / name: number + 1 for number, name in enumerate(self.names_)}
        self.library = SimpleNamespace(at=lambda asked: {path: paths[path] for path in asked if path in paths})

    def candidates(self, rules: Rules) -> Candidates:
        return candidates(self.vectors)

    def members(self, positions: Sequence[int]) -> dict[int, SimpleNamespace]:
        return {position: self.member(position) for position in positions}

    def member(self, position: int) -> SimpleNamespace:
        path = self.folder / self.names_[position]
        song = Song(self.vectors[position], artist=f"artist {position}", position=position)
        return SimpleNamespace(name=path.name, tracks=[Track(path, "", "", None)], song=song)

    def names(self, positions: Sequence[int]) -> dict[int, str]:
        return {position: self.names_[position] for position in positions}


class Diary:
    """A radio's observer: what happened, as words."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def added(self, member, pick) -> None:
        self.lines.append(f"{'added' if pick else 'seed'} {member.name}")

    def left_out(self, member, reason, number) -> None:
        self.lines.append(f"left out {member.name}")

    def turned_away(self, name, fate) -> None:
        self.lines.append(f"{fate} {name}")

    def emptied(self) -> None:
        self.lines.append("emptied")

    def remarked(self, remark) -> None:
        self.lines.append(f"remark {remark}")

    def lost(self, error) -> None:
        self.lines.append("lost")

    def found_again(self) -> None:
        self.lines.append("found again")

    def of(self, *words: str) -> list[str]:
        return [line for line in self.lines if line.startswith(words)]


@dataclass
class On:
    """A radio that goes on step by step, whenever a test looks at it."""

    radio: Radio
    diary: Diary

    def until(self, true: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"{what}: {self.diary.lines}"
            self.radio.go_on()


def switch_on(
    listener: Listener, space: Space, seeds: Sequence[int] = (), ahead: int = 3, pause: Callable[[float], None] = time.sleep
) -> On:
    listener.player.connect()
    diary = Diary()
    walk, members = Walk(count=ahead, keep_on=1, stay=0), [space.member(position) for position in seeds]
    radio = Radio(space, listener.player, diary, walk, Rules(), seeds=members, pause=pause)
    radio.start(play=True)
    return On(radio, diary)


class PlayerConformance:
    unplayable: frozenset[str] = frozenset()  # of the odd names, those that the player cannot take

    @pytest.fixture
    def player(self, listener) -> Player:
        listener.player.connect()
        return listener.player

    @pytest.fixture
    def two_sides(self, silence) -> Space:
        return Space(silence, [*ONE_SIDE, *OTHER_SIDE], compass(*DEGREES))

    def test_an_empty_queue(self, player):
        now = player.snapshot()
        assert (now.entries, now.current, now.following, now.state) == ((), None, None, "stop")
        assert now.modes == frozenset()

    def test_what_is_added_stands_at_the_end_and_is_found_again(self, player, silence):
        paths = [silence / name for name in (*ONE_SIDE[:2], ONE_SIDE[0])]
        files = [player.add(path) for path in paths]
        entries = player.snapshot().entries
        assert [entry.file for entry in entries] == files
        assert len({entry.id for entry in entries}) == 3
        assert [player.path(file) for file in files] == paths

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd_names_are_names_and_nothing_more(self, player, listener, silence, name):
        first = player.add(silence / ONE_SIDE[0])
        if name in self.unplayable:
            with pytest.raises(UnplayableError) as caught:
                player.add(silence / name)
            assert "\n" not in str(caught.value)
            assert listener.queue() == [ONE_SIDE[0]]
        else:
            file = player.add(silence / name)
            assert [entry.file for entry in player.snapshot().entries] == [first, file]
            assert player.path(file) == silence / name
        assert player.snapshot().state == "stop"

    def test_a_file_that_it_does_not_have(self, player):
        with pytest.raises(UnplayableError):
            player.add(Path("/nowhere/at/all.flac"))
        assert player.snapshot().entries == ()

    def test_what_it_plays(self, player, silence):
        for name in ONE_SIDE[:2]:
            player.add(silence / name)
        player.play()
        now = player.snapshot()
        assert (now.current, now.following) == tuple(entry.id for entry in now.entries)
        assert (now.state, now.duration) == ("play", SECONDS)
        assert 0 <= now.elapsed < SECONDS / 2
        assert player.snapshot().at > now.at

    def test_what_is_removed_is_gone_and_may_be_gone_already(self, player, silence):
        for name in ONE_SIDE[:3]:
            player.add(silence / name)
        first, second, third = player.snapshot().entries
        player.remove(second)
        player.remove(second)
        assert player.snapshot().entries == (first, third)

    def test_it_tells_news(self, player, listener, silence):
        file = player.add(silence / ONE_SIDE[0])
        player.snapshot()
        listener.clear()
        listener.put_in(ONE_SIDE[0])
        player.wait()
        assert [entry.file for entry in player.snapshot().entries] == [file]

    @pytest.mark.parametrize("mode", ["random", "single"])
    def test_modes(self, player, listener, mode):
        listener.switch_on(mode)
        assert player.snapshot().modes == {mode}

    def test_a_player_that_is_gone_and_comes_back(self, player, listener, silence):
        player.add(silence / ONE_SIDE[0])
        listener.stop()
        for ask in (player.snapshot, player.connect, player.wait, player.play):
            with pytest.raises(LostError) as caught:
                ask()
            assert player.name in str(caught.value)
            assert caught.value.reason
            assert caught.value.hint == "player address"
        listener.start()
        player.connect()
        assert isinstance(player.snapshot(), Snapshot)

    def test_to_leave_it_is_not_to_end_it(self, player, listener, silence):
        player.add(silence / ONE_SIDE[0])
        player.close()
        player.close()
        assert listener.queue() == [ONE_SIDE[0]]

    def test_the_queue_is_kept_filled(self, listener, two_sides):
        on = switch_on(listener, two_sides, seeds=[0], ahead=2)
        assert listener.queue() == ONE_SIDE[:3]
        assert listener.current() == ONE_SIDE[0]
        for number in range(1, 4):
            listener.near_its_end()
            on.radio.go_on()
            listener.next_plays()
            on.until(lambda number=number: len(listener.queue()) == number + 3, "the queue is filled")
        assert listener.queue() == ONE_SIDE[:6]
        assert on.diary.of("skipped", "refused") == []

    def test_a_skip_turns_it_away(self, listener, two_sides):
        on = switch_on(listener, two_sides, seeds=[0], ahead=2)
        listener.near_its_end()
        on.radio.go_on()
        listener.next_plays()
        on.until(lambda: len(listener.queue()) == 4, "the queue is filled")
        listener.skip()
        on.until(lambda: on.diary.of("skipped"), "it has seen the skip")
        assert on.diary.of("skipped") == [f"skipped {ONE_SIDE[1]}"]
        assert listener.queue() == [*ONE_SIDE[:3], *OTHER_SIDE[:2]]

    def test_what_listeners_put_in_stays_and_leads_the_way(self, listener, two_sides):
        on = switch_on(listener, two_sides, seeds=[0], ahead=1)
        listener.put_in(OTHER_SIDE[5])
        listener.put_in(OTHER_SIDE[4])
        listener.skip()
        on.until(lambda: on.diary.of("skipped"), "it has seen the skip")
        assert listener.queue() == [ONE_SIDE[0], OTHER_SIDE[4], OTHER_SIDE[5]]
        assert listener.current() == OTHER_SIDE[4]
        listener.near_its_end()
        on.radio.go_on()
        listener.next_plays()
        on.until(lambda: len(listener.queue()) == 4, "the queue is filled")
        assert listener.queue()[-1] in OTHER_SIDE[6:8]  # beyond it, seen from the one that was skipped

    def test_what_listeners_throw_out_does_not_come_back(self, listener, two_sides):
        on = switch_on(listener, two_sides, seeds=[0], ahead=2)
        listener.throw_out_next()
        on.until(lambda: on.diary.of("refused"), "it has seen that")
        on.until(lambda: len(listener.queue()) == 3, "the queue is filled")
        assert ONE_SIDE[1] not in listener.queue()

    def test_an_empty_queue_stays_empty_until_something_is_put_there(self, listener, two_sides):
        on = switch_on(listener, two_sides, seeds=[0], ahead=1)
        listener.clear()
        on.until(lambda: on.diary.of("emptied"), "it has seen that")
        assert listener.queue() == []
        listener.put_in(OTHER_SIDE[6])
        on.until(lambda: len(listener.queue()) > 1, "it goes on")
        assert listener.queue()[0] == OTHER_SIDE[6]

    def test_it_goes_on_when_the_player_was_started_again(self, listener, two_sides):
        pauses = []

        def come_back(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                listener.start()

        on = switch_on(listener, two_sides, seeds=[0], ahead=2, pause=come_back)
        listener.skip()  # so that some numbers of places are used no more
        on.until(lambda: on.diary.of("skipped"), "it has seen the skip")
        queue = listener.queue()
        listener.stop()
        on.until(lambda: on.diary.of("found"), "it has found it")
        assert pauses == [1, 2, 4]
        assert on.diary.lines[-2:] == ["lost", "found again"]
        assert listener.queue() == queue
        listener.play(3)
        on.until(lambda: len(listener.queue()) == 6, "the queue is filled")
        assert len(on.diary.of("skipped", "refused")) == 1

    def test_songs_of_odd_names(self, listener, silence):
        names = [ONE_SIDE[0], *ODD_NAMES]
        space = Space(silence, names, compass(*range(0, 10 * len(names), 10)))
        on = switch_on(listener, space, seeds=[0], ahead=len(names))
        assert listener.queue() == [name for name in names if name not in self.unplayable]
        assert on.diary.of("left out") == [f"left out {Path(name).name}" for name in names if name in self.unplayable]
        assert on.diary.lines[-1] == "remark exhausted"

    def test_modes_are_remarked_once(self, listener, two_sides):
        listener.switch_on("random")
        on = switch_on(listener, two_sides, seeds=[0], ahead=2)
        listener.switch_on("single")
        on.until(lambda: on.diary.of("remark single"), "it has seen that")
        assert on.diary.of("remark") == ["remark random", "remark single"]

    def test_it_needs_something_to_start_from(self, listener, two_sides):
        with pytest.raises(PlayerError, match=f"{listener.player.name}'s queue is empty") as caught:
            switch_on(listener, two_sides)
        assert caught.value.hint == "name a seed"

    def test_a_library_that_the_player_does_not_have(self, listener):
        elsewhere = Space(Path("/nowhere"), ONE_SIDE, compass(*DEGREES[: len(ONE_SIDE)]))
        with pytest.raises(RefusedError, match=f"accepts none of {len(ONE_SIDE) + 1} songs") as caught:
            switch_on(listener, elsewhere, seeds=[0])
        assert (caught.value.hint, caught.value.about) == ("player folder", str(listener.player.music_folder))
        assert listener.queue() == []
