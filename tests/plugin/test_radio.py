"""A radio on a real MPD, whose queue somebody listens to, skips in, and changes."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from beetsplug.deejai.cli.radio import find_address
from deejai_core.errors import PlayerError
from deejai_core.players.mpd import Address, Mpd
from tests.forkserver import start_beet
from tests.mpd_server import LONG, PATIENCE, MpdServer, needs_mpd, until
from tests.plugin.conftest import Beets


@pytest.fixture(scope="session")
def long_songs(tmp_path_factory, collection) -> Path:
    """The collection as MPD has it: the same names, and minutes of silence."""
    folder = tmp_path_factory.mktemp("long songs")
    for song in collection.rglob("*.flac"):
        path = folder / song.relative_to(collection)
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(LONG * 8000, np.int16), 8000)
    return folder


@pytest.fixture
def mpd(tmp_path, long_songs) -> Iterator[MpdServer]:
    player = MpdServer(tmp_path, long_songs)
    try:
        player.start()
        yield player
    finally:
        player.stop()


@pytest.fixture
def beets(analysed, collection) -> Beets:
    """The analysed collection without rules; MPD has its music elsewhere, as beets' plugins for MPD are told."""
    analysed.configure(duplicate_epsilon=0, correct_hubs=False, fold_versions=False)
    with (analysed.folder / "config.yaml").open("a") as config:
        config.write(f"mpd: {{music_directory: '{collection}'}}\n")
    return analysed


class On:
    """A radio that is on."""

    def __init__(self, beets: Beets, log: Path, *args: object, **env: str) -> None:
        self.log = log
        with log.open("w") as file:
            env = {"BEETSDIR": str(beets.folder), "PYTHONUNBUFFERED": "1"} | env
            self.process = start_beet("deejai", "radio", *args, env=env, cwd=beets.folder, output=file)

    def said(self, text: str) -> bool:
        return text in self.log.read_text()

    def wait_for(self, text: str) -> None:
        until(lambda: self.said(text) or self.process.poll() is not None, f"{text!r} in {self.log.read_text()}")
        assert self.said(text), self.log.read_text()

    def switch_off(self) -> str:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=PATIENCE)
        text = self.log.read_text()
        assert "Traceback" not in text, text
        return text


@pytest.fixture
def radio(beets, mpd, tmp_path) -> Iterator[Callable[..., On]]:
    """Switches a radio on."""
    on: list[On] = []

    def switch_on(*args: object, **env: str) -> On:
        on.append(On(beets, tmp_path / f"radio{len(on)}.log", "--port", mpd.port, *args, **env))
        on[-1].wait_for("the radio is on")
        return on[-1]

    yield switch_on
    for one in on:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def artists(files: list[str]) -> list[str]:
    return [file.split("/")[0] for file in files]


@needs_mpd
class TestOnce:
    def test_it_begins_with_the_seeds_and_goes_on(self, beets, mpd):
        result = beets.deejai("radio", "Kettle", "--once", "--port", mpd.port)
        first, *others = mpd.queue()
        assert first == "Hazel & Thorn/Kitchen Songs/01 Kettle.flac"
        assert len(others) == len(set(others)) == 3
        assert artists(others) == ["Hazel & Thorn"] * 3
        assert "added: Hazel & Thorn - Kettle (seed)" in result.err
        assert result.err.count("added: 0.9") == 3  # with their similarity
        assert mpd.status()["state"] == "stop"

    def test_it_goes_on_from_what_is_there(self, beets, mpd):
        mpd("add", "Nave/Long Windows/01 Aisle.flac")
        beets.deejai("radio", "--once", "--ahead", 2, "--port", mpd.port)
        assert artists(mpd.queue()) == ["Nave"] * 3
        full = mpd.queue()
        beets.deejai("radio", "--once", "--ahead", 2, "--port", mpd.port)
        assert mpd.queue() == full

    def test_a_query_leads_elsewhere(self, beets, mpd):
        mpd("add", "Nave/Long Windows/01 Aisle.flac")
        beets.deejai("radio", "artist:Iron Kettle", "--once", "--port", mpd.port)
        assert artists(mpd.queue()) == ["Nave", *["Iron Kettle"] * 3]

    def test_without_the_seeds(self, beets, mpd):
        beets.deejai("radio", "Kettle", "--no-seeds", "--once", "--port", mpd.port)
        assert len(mpd.queue()) == 4
        assert "Hazel & Thorn/Kitchen Songs/01 Kettle.flac" in mpd.queue()[:2]

    def test_less_like_something(self, beets, mpd):
        beets.deejai("radio", "Kettle", "--less", "artist:Hazel", "--once", "--port", mpd.port)
        assert len(mpd.queue()) == 4
        assert "Hazel & Thorn" not in artists(mpd.queue()[1:])

    def test_of_many_seeds_a_few_are_played(self, beets, mpd):
        result = beets.deejai("radio", "genres:Folk", "--once", "--port", mpd.port)
        assert result.err.count("(seed)") == 3

    def test_rules_and_candidates(self, beets, mpd):
        beets.deejai("radio", "Kettle", "--artist-separation", 2, "--from", "^genres:Jazz", "--once", "--port", mpd.port)
        found = artists(mpd.queue())
        assert "The Blue Ledger" not in found
        assert all(len(set(found[place : place + 3])) == 3 for place in range(2))

    def test_what_mpd_does_not_have_is_left_out(self, beets, mpd, collection, tmp_path):
        other = tmp_path / "elsewhere"
        shutil.copytree(collection / "Hazel & Thorn", other)
        for song in sorted(other.rglob("*.flac"))[1:]:
            beets.run("modify", "-yMW", f"title:{song.stem[3:]}", f"path={song}")
        result = beets.deejai("radio", "Kettle", "--once", "--port", mpd.port)
        assert result.err.count("it is not in MPD's music directory") == 3
        assert len(mpd.queue()) == 4
        # On the same machine MPD plays any file of its user.
        mpd("clear")
        beets.deejai("radio", "Kettle", "--once", "--host", mpd.socket)
        assert len(mpd.queue()) == 4
        assert any(file.startswith(("/", "file:")) for file in mpd.queue())

    def test_a_name_never_becomes_a_command(self, beets, mpd, collection):
        for song in sorted((collection / "Hazel & Thorn").rglob("*.flac"))[1:]:
            beets.run("modify", "-yMW", f"title:{song.stem[3:]}", f"path={song}\nclear\n")
        result = beets.deejai("radio", "Kettle", "--once", "--port", mpd.port)
        assert result.err.count(": its name has a line break, which MPD cannot take\n") == 3
        assert len(mpd.queue()) == 4
        assert mpd.queue()[0] == "Hazel & Thorn/Kitchen Songs/01 Kettle.flac"

    def test_a_music_directory_that_is_not_known(self, analysed, mpd):
        result = analysed.deejai("radio", "Kettle", "--once", "--port", mpd.port, status=1)
        error = result.err.splitlines()[-1]
        assert error.startswith("error: MPD accepts none of ")
        assert f"is its music_directory {analysed.music}? If not, set `music_directory` in the section `mpd`" in error
        assert result.err.count("left out: ") == 3
        assert not mpd.queue()
        analysed.deejai("radio", "Kettle", "--once", "--host", mpd.socket)  # to the same machine MPD tells it
        assert len(mpd.queue()) == 4


@needs_mpd
class TestOn:
    def test_the_queue_is_kept_filled(self, mpd, radio):
        on = radio("Kettle", "--ahead", 2)
        until(lambda: mpd.status()["state"] == "play", "it plays")
        for _ in range(3):
            before = mpd.current()
            mpd("seekcur", LONG - 1.5)  # the song goes to its end
            until(lambda before=before: mpd.current() != before and len(mpd.ahead()) == 2, "the next one")
        mpd("pause", 1)
        until(lambda: len(mpd.ahead()) == 2, "as many as asked for, and no more")
        queue = mpd.queue()
        assert len(set(queue)) == len(queue) >= 6
        text = on.switch_off()
        assert on.process.returncode == 0
        assert "the radio is off" in text
        assert "skipped" not in text
        assert mpd.queue()[: len(queue)] == queue  # a song may have ended just before the pause, and have been replaced
        assert len(mpd.ahead()) == 2
        assert mpd.status()["state"] == "pause"

    def test_it_learns_from_skips(self, mpd, radio, beets):
        """After two songs of a band were skipped, another music comes; without that, more of the same."""
        mpd("add", "Hazel & Thorn/Kitchen Songs/01 Kettle.flac")
        mpd("play")
        on = radio("--ahead", 1, "--keep-on", 1)
        for number in range(2):
            until(lambda number=number: len(mpd.queue()) >= number + 2, "the queue is filled")
            mpd("seekcur", 1)
            skipped = mpd.current()
            mpd("next")
            on.wait_for(f"skipped: {artists([skipped])[0]} - {Path(skipped).stem[3:]}; less like this")
        until(lambda: len(mpd.ahead()) == 1, "the queue is filled")
        after_skips = artists(mpd.ahead())
        on.switch_off()
        played = mpd.queue()[:-1]
        assert artists(played) == ["Hazel & Thorn"] * 3

        mpd("clear")
        for file in played:
            mpd("add", file)
        mpd("play", len(played) - 1)
        beets.deejai("radio", "--once", "--ahead", 1, "--keep-on", 1, "--port", mpd.port)
        assert artists(mpd.ahead()) == ["Hazel & Thorn"]
        assert after_skips != ["Hazel & Thorn"]

    def test_what_listeners_do_to_the_queue_stands(self, mpd, radio):
        on = radio("Kettle")
        until(lambda: len(mpd.ahead()) == 3, "the queue is filled")
        # What they add is played, leads the way, and is not thrown out by a skip.
        mpd("addid", "Iron Kettle/Boil/01 Anvil.flac", 1)
        mpd("add", "Nave/Long Windows/04 Vault.flac")
        mpd("next")
        on.wait_for("skipped: Hazel & Thorn - Kettle")
        until(lambda: on.log.read_text().count("added: ") == 6, "what the radio had added is chosen again")
        assert mpd.current() == "Iron Kettle/Boil/01 Anvil.flac"
        assert mpd.ahead()[0] == "Nave/Long Windows/04 Vault.flac"
        assert len(mpd.ahead()) == 3
        # What they delete does not come back.
        refused = mpd.ahead()[1]
        mpd("delete", 3)
        on.wait_for("refused: ")
        until(lambda: on.log.read_text().count("added: ") == 7, "the queue is filled again")
        assert refused not in mpd.queue()
        # An empty queue stays empty, and the radio goes on from what comes next.
        mpd("clear")
        on.wait_for("the queue is empty")
        assert not mpd.queue()
        mpd("add", "Pixel Parade/Continue/02 Extra Life.flac")
        until(lambda: len(mpd.queue()) == 4, "it goes on")
        assert "Traceback" not in on.switch_off()

    @pytest.mark.parametrize(("stay", "artist"), [(1, "Hazel & Thorn"), (0, "Nave")])
    def test_it_stays_with_its_beginning_as_much_as_it_is_told_to(self, mpd, radio, stay, artist):
        radio("Kettle", "--ahead", 1, "--keep-on", 1, "--stay", stay)
        until(lambda: len(mpd.ahead()) == 1, "the queue is filled")
        mpd("add", "Nave/Long Windows/01 Aisle.flac")
        mpd("play", 2)
        until(lambda: len(mpd.ahead()) == 1, "the queue is filled")
        assert artists(mpd.ahead()) == [artist]

    def test_to_stop_or_to_choose_is_not_to_skip(self, mpd, radio):
        on = radio("Kettle")
        until(lambda: len(mpd.ahead()) == 3, "the queue is filled")
        mpd("stop")
        mpd("play", 2)
        until(lambda: len(mpd.ahead()) == 3, "the queue is filled")
        assert "skipped" not in on.switch_off()

    def test_mpd_that_consumes(self, mpd, radio):
        mpd("consume", 1)
        on = radio("Kettle")
        until(lambda: len(mpd.ahead()) == 3, "the queue is filled")
        mpd("next")
        on.wait_for("skipped: Hazel & Thorn - Kettle")
        until(lambda: len(mpd.queue()) == 4, "the queue is filled")
        before = mpd.current()
        mpd("seekcur", LONG - 1.5)
        until(lambda: mpd.current() != before and len(mpd.queue()) == 4, "the next one")
        assert on.switch_off().count("skipped") == 1

    def test_it_says_so_when_mpd_is_in_another_mode(self, mpd, radio):
        mpd("random", 1)
        on = radio("Kettle")
        mpd("single", 1)
        on.wait_for("single mode is on")
        assert on.switch_off().count("random mode is on") == 1

    def test_a_time_without_news(self, mpd, monkeypatch):
        """After it the player answers as before, and news are heard."""
        monkeypatch.setattr("deejai_core.players.mpd.IDLE", 0.2)
        listener = Mpd(Address("localhost", mpd.port), Path("/nowhere"))
        listener.connect()
        mpd("add", "Nave/Long Windows/01 Aisle.flac")
        listener.wait()
        for _ in range(2):
            listener.wait()
            assert [entry.file for entry in listener.snapshot().entries] == mpd.queue()
        listener.close()

    def test_a_restart_of_mpd(self, mpd, radio):
        on = radio("Kettle", "--ahead", 2)
        until(lambda: mpd.status()["state"] == "play" and len(mpd.ahead()) == 2, "it plays")
        mpd.stop()
        on.wait_for("MPD is gone")
        mpd.start()
        on.wait_for("MPD is back")
        assert "Kettle" in mpd.queue()[0]
        mpd("play", 2)
        until(lambda: len(mpd.ahead()) == 2, "the queue is filled")
        text = on.switch_off()
        assert text.count("MPD is gone") == 1
        assert "skipped" not in text
        assert "refused" not in text


@needs_mpd
class TestPasswords:
    @pytest.fixture
    def locked(self, tmp_path, long_songs) -> Iterator[MpdServer]:
        player = MpdServer(tmp_path, long_songs, 'password "open sesame@read,add,control,admin"\ndefault_permissions ""')
        try:
            player.start("open sesame")
            yield player
        finally:
            player.stop()

    def test_the_right_one(self, locked, beets):
        beets.deejai("radio", "Kettle", "--once", "--port", locked.port, "--password", "open sesame")
        assert len(locked.queue()) == 4
        beets.deejai("radio", "--once", "--ahead", 5, "--port", locked.port, MPD_HOST="open sesame@localhost")
        assert len(locked.queue()) == 6

    def test_the_wrong_one_and_none(self, locked, beets):
        wrong = beets.deejai("radio", "Kettle", "--once", "--port", locked.port, "--password", "abracadabra", status=1)
        assert "does not accept the password" in wrong.err
        assert "abracadabra" not in wrong.err
        none = beets.deejai("radio", "Kettle", "--once", "--port", locked.port, status=1)
        assert f"MPD at localhost:{locked.port}: " in none.err
        assert "permission" in none.err
        assert "; give a password that allows it: --password, or PASSWORD@HOST in MPD_HOST" in none.err
        assert len(none.err.splitlines()) == 1

    def test_one_may_look_but_not_touch(self, tmp_path, long_songs, beets):
        player = MpdServer(
            tmp_path, long_songs, 'password "open sesame@read,add,control,admin"\ndefault_permissions "read"'
        )
        try:
            player.start("open sesame")
            result = beets.deejai("radio", "Kettle", "--port", player.port, status=1)
        finally:
            player.stop()
        (line,) = result.err.splitlines()
        assert "give a password that allows it" in line


@needs_mpd
def test_a_queue_that_is_full(tmp_path, long_songs, beets):
    player = MpdServer(tmp_path, long_songs, 'max_playlist_length "3"')
    try:
        player.start()
        result = beets.deejai("radio", "Kettle", "--once", "--port", player.port, status=1)
        assert len(player.queue()) == 3
    finally:
        player.stop()
    assert "`mpc crop` removes all but the current song" in result.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--ahead", 0], "--ahead: must be at least 1, not 0"),
        (["--port", 0], "error: --port: must be from 1 to 65535, not 0"),
        (["--port", 10**20], "error: --port: must be from 1 to 65535, not 100000000000000000000"),
        (["--port", 1], "cannot reach MPD at localhost:1 (Connection refused); set its address by --host and --port"),
        (
            ["--host", "/nowhere/socket"],
            "cannot reach MPD at /nowhere/socket (No such file or directory); set its address by --host",
        ),
        (["--host", "nowhere.invalid"], "cannot reach MPD at nowhere.invalid:6600 ("),
        (["--stay", 2], "--stay: must be from 0 to 1"),
        (["--less", "nobody"], "no track matches 'nobody'"),
        (["--keep-on", -1], "--keep-on: must be at least 0"),
        (["nothing", "is", "called", "so"], "no track matches 'nothing is called so'"),
    ],
)
def test_one_clear_line(beets, args, message):
    result = beets.deejai("radio", *args, status=1)
    (line,) = result.err.splitlines()
    assert message in line


@needs_mpd
def test_an_empty_queue_and_nothing_to_begin_with(beets, mpd):
    result = beets.deejai("radio", "--port", mpd.port, status=1)
    assert result.err == "error: MPD's queue is empty; give a query to start from: beet deejai radio QUERY\n"


@needs_mpd
def test_a_queue_of_which_beets_knows_nothing(beets, mpd):
    beets.run("remove", "-f", "title:Kettle")
    mpd("add", "Hazel & Thorn/Kitchen Songs/01 Kettle.flac")
    result = beets.deejai("radio", "--once", "--port", mpd.port)
    assert "no song in MPD's queue is in the library and analysed" in result.err
    assert len(mpd.queue()) == 1


@pytest.mark.parametrize(
    ("args", "environment", "expected"),
    [
        ((None, None, None), {}, Address()),
        ((None, None, None), {"MPD_HOST": "music", "MPD_PORT": "7000"}, Address("music", 7000)),
        ((None, None, None), {"MPD_HOST": "secret@music"}, Address("music", 6600, "secret")),
        ((None, None, None), {"MPD_HOST": "/run/mpd/socket"}, Address("/run/mpd/socket")),
        ((None, None, None), {"MPD_HOST": "secret@/run/mpd/socket"}, Address("/run/mpd/socket", 6600, "secret")),
        ((None, None, None), {"MPD_HOST": "@mpd"}, Address("@mpd")),
        ((None, None, None), {"MPD_HOST": "secret@@mpd"}, Address("@mpd", 6600, "secret")),
        (("kitchen", 1, "other"), {"MPD_HOST": "secret@music", "MPD_PORT": "7000"}, Address("kitchen", 1, "other")),
        (("other@kitchen", None, None), {}, Address("kitchen", 6600, "other")),
        ((None, None, None), {"MPD_HOST": "", "MPD_PORT": ""}, Address()),
    ],
)
def test_where_mpd_is(args, environment, expected):
    assert find_address(*args, environment) == expected


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", "6600x", "9" * 5000])
def test_a_port_that_is_none(port):
    with pytest.raises(PlayerError, match=f"MPD_PORT: must be from 1 to 65535, not {port}"):
        find_address(None, None, None, {"MPD_PORT": port})
