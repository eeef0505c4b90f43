"""`beet deejai listen`, with songs on standard input, a microphone that is none, and a sound card that is none."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from threading import Timer

import numpy as np
import pytest
import soundfile

from demo.composer import compose
from demo.room import in_a_room
from tests.plugin.conftest import BEET, Beets, Result
from tests.soundcard import SoundCard, why_no_soundcard

MICROPHONE = """
import threading, soundfile
class PortAudioError(Exception): pass
samples, rate = soundfile.read({path!r}, dtype="float32", always_2d=True)
DEVICE = dict(index=3, name="Desk", max_input_channels=1, default_samplerate=float(rate))
def query_devices(device=None, kind=None):
    if kind is None:
        return [dict(DEVICE, index=0, name="Loudspeaker", max_input_channels=0), DEVICE]
    if device not in (None, 3, "Desk"):
        raise ValueError(f"No input device matching {{device!r}}")
    return DEVICE
class InputStream:
    def __init__(self, *, device, samplerate, channels, dtype, callback, finished_callback):
        assert (samplerate, channels, dtype) == (rate, 1, "float32")
        self.thread = threading.Thread(target=self.play, args=[callback], daemon=True)
    def play(self, callback):
        for start in range(0, len(samples), 4410):
            block = samples[start : start + 4410].copy()
            callback(block, len(block), None, None)
            block[:] = 0  # PortAudio uses its memory again
    def __enter__(self):
        self.thread.start()
    def __exit__(self, *_):
        self.thread.join()
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Beets:
    """The composed collection again, in songs long enough to be listened to."""
    folder = tmp_path_factory.mktemp("songs")
    compose(folder, seconds=45)
    beets = Beets(tmp_path_factory.mktemp("library"))
    beets.run("import", "-qA", folder)
    return beets


@pytest.fixture
def in_the_room(library, tmp_path):
    """A file of what a microphone hears of a song: its title, and from when on."""

    def write(title: str, start: int = 0, seconds: int = 40) -> Path:
        (path,) = library.run("ls", "-f", "$path", f"title:{title}").lines
        samples, rate = soundfile.read(path)
        heard = in_a_room(samples[start * rate : (start + seconds) * rate], rate, snr=20)
        soundfile.write(tmp_path / "heard.wav", heard, rate, subtype="PCM_16")
        return tmp_path / "heard.wav"

    return write


def listen(beets: Beets, file: Path | bytes, *args: object, status: int = 0) -> Result:
    data = file if isinstance(file, bytes) else file.read_bytes()
    process = subprocess.run(
        [BEET, "deejai", "listen", "--stdin", *map(str, args)],
        env=os.environ | {"BEETSDIR": str(beets.folder)},
        cwd=beets.folder,
        input=data,
        capture_output=True,
    )
    result = Result(process.stdout.decode(), process.stderr.decode(), process.returncode)
    assert "Traceback" not in result.err, result.err
    assert result.status == status, result
    return result


def songs(result: Result) -> list[list[str]]:
    """For each answer the songs that were named."""
    answers: list[list[str]] = []
    for line in result.lines:
        if "dBFS" in line:
            answers.append([])
        elif not line.startswith("next"):
            answers[-1].append(line.split(maxsplit=2)[2])
    return answers


@pytest.mark.parametrize(
    ("against", "title", "start"), [("start", "Rust", 0), ("start", "Wren", 0), ("whole", "Red Ink", 12)]
)
def test_the_song_that_plays_is_named_first(library, in_the_room, against, title, start):
    result = listen(library, in_the_room(title, start, 30), "--against", against, "--every", 15)
    times = [line.split()[0] for line in result.lines if "dBFS" in line]
    assert times == ["0:15", "0:30"]
    assert [names[0].split(" - ")[1] for names in songs(result)] == [title, title]
    assert result.lines[-4].startswith("playing ")
    assert all(len(set(names)) == 4 for names in songs(result))  # and three others


def test_at_least_nine_of_ten_songs_are_named_first(library, in_the_room):
    titles = library.field("title")[::2][:10]
    assert len(titles) == 10
    named = [songs(listen(library, in_the_room(title), "--every", 20))[-1][0].split(" - ")[1] for title in titles]
    right = [one == other for one, other in zip(named, titles, strict=True)]
    assert sum(right) >= 9, list(zip(named, titles, strict=True))


def test_silence_is_said_to_be_none_and_nothing_is_asked(library):
    result = listen(library, bytes(2 * 16_000 * 12), "--format", "s16le", "--rate", 16_000, "--channels", 1)
    assert result.lines == ["0:05  -120 dBFS  silence", "0:10  -120 dBFS  silence", "0:12  -120 dBFS  silence"]


def test_the_threshold_of_silence(library, in_the_room):
    file = in_the_room("Rust", seconds=6)
    assert "silence" in listen(library, file, "--silence", -20).out
    assert "silence" not in listen(library, file).out


def test_what_would_be_played_next_goes_to_a_playlist(library, in_the_room, tmp_path):
    playlist = tmp_path / "next.m3u"
    file = in_the_room("Rust", seconds=25)
    result = listen(library, file, "--m3u", playlist, "--relative-to", "library", "--from", "title:Rust , title:Anvil")
    assert [line for line in result.lines if line.startswith("next")] == ["next          Iron Kettle - Anvil"]
    lines = playlist.read_text().splitlines()
    assert lines[:2] == ["#EXTM3U", "#EXTINF:45,Iron Kettle - Anvil"]
    assert len(lines) == 3  # once in a row, and not what is playing
    assert not lines[2].startswith("/")
    assert lines[2].endswith("Boil/01 Anvil.flac")
    listen(library, file, "--m3u", playlist, "--from", "title:Wren")
    longer = playlist.read_text().splitlines()
    assert longer[:3] == lines
    assert [longer[3], Path(longer[4]).name] == ["#EXTINF:45,Hazel & Thorn - Wren", "04 Wren.flac"]


def test_number_and_from(library, in_the_room):
    result = listen(library, in_the_room("Rust", seconds=5), "-n", 2, "--from", "artist:Nave")
    (named,) = songs(result)
    assert len(named) == 2
    assert all(name.startswith("Nave") for name in named)


@pytest.mark.parametrize(
    ("data", "args", "message"),
    [
        (b"", [], "standard input: no audio arrives"),
        (np.random.default_rng(0).bytes(5000), [], "standard input: this is not a WAV stream; for samples without"),
        (b"", ["--rate", 8000], "standard input: it contains no sound"),
        (b"", ["--format", "mp3"], "--format: must be one of u8, s16le"),
        (b"", ["--format", "s16le", "--channels", 0], "--channels: must be from 1 to 8, not 0"),
        (b"", ["--format", "s16le", "--rate", 0], "--rate: must be from 1000 to 768000, not 0"),
        (b"", ["--every", 0], "--every: must be from 1 to 30 seconds, not 0"),
        (b"", ["-n", 0], "--number: must be at least 1, not 0"),
        (b"", ["--device", 3], "--device and --stdin both choose what to listen to"),
        (b"", ["Rust"], "listen takes no query"),
        (b"", ["--from", "title:nothing"], "--from: 'title:nothing' matches nothing"),
    ],
)
def test_one_clear_line(library, data, args, message):
    result = listen(library, data, *args, status=1)
    (line,) = result.err.splitlines()
    assert line.removeprefix("error: ").startswith(message)
    assert not result.out


def test_a_playlist_that_is_none_stays_as_it_is(library, in_the_room, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    result = listen(library, in_the_room("Rust", seconds=11), "--m3u", notes, status=1)
    assert "notes.txt: songs are appended to M3U playlists only" in result.err
    assert notes.read_text() == "mine"


def test_an_empty_library(beets, in_the_room):
    assert "Your beets library is empty" in listen(beets, in_the_room("Rust", seconds=5), status=1).err


class TestTheMicrophone:
    @pytest.fixture
    def desk(self, in_the_room, tmp_path) -> dict[str, str]:
        """An environment in which PortAudio's microphone hears 25 seconds of a song at once, and nothing after that."""
        module = tmp_path / "devices" / "sounddevice.py"
        module.parent.mkdir()
        module.write_text(MICROPHONE.format(path=str(in_the_room("Rust", seconds=25))))
        return {"PYTHONPATH": os.pathsep.join([str(module.parent), os.environ.get("PYTHONPATH", "")])}

    def test_what_it_hears_is_named(self, library, desk):
        result = library.deejai("listen", "--device", "3", status=1, **desk)
        assert "Iron Kettle - Rust" in songs(result)[-1][0]
        assert "the microphone has sent nothing for 10 seconds" in result.err

    def test_the_list_of_devices(self, library, desk):
        assert library.deejai("listen", "--list-devices", **desk).lines == ["  3  Desk"]

    def test_one_that_is_not_there(self, library, desk):
        result = library.deejai("listen", "--device", "Kitchen", status=1, **desk)
        assert "no microphone 'Kitchen' (No input device matching 'Kitchen'); --list-devices lists" in result.err

    def test_no_microphone_at_all(self, library, tmp_path):
        (tmp_path / "sounddevice.py").write_text(
            "class PortAudioError(Exception): pass\n"
            "def query_devices(device=None, kind=None):\n"
            "    if kind: raise PortAudioError('Error querying device -1')\n"
            "    return []\n"
        )
        path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
        assert library.deejai("listen", "--list-devices", **path).lines == ["no microphone found"]
        err = library.deejai("listen", status=1, **path).err
        assert "no microphone found (Error querying device -1); --list-devices lists the microphones, --stdin" in err

    @pytest.mark.parametrize(
        ("error", "message"),
        [
            ("OSError('PortAudio library not found')", "PortAudio library not found; install PortAudio"),
            ("ImportError('no', name='sounddevice')", "sounddevice is not installed; pip install 'beets-deejai[listen]'"),
        ],
    )
    def test_without_the_library(self, library, tmp_path, error, message):
        (tmp_path / "sounddevice.py").write_text(f"raise {error}")
        path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
        assert message in library.deejai("listen", status=1, **path).err


@pytest.mark.skipif(why_no_soundcard() is not None, reason=str(why_no_soundcard()))
class TestASoundCard:
    @pytest.fixture
    def card(self):
        with tempfile.TemporaryDirectory() as folder:
            card = SoundCard(Path(folder))
            yield card
            card.close()

    def test_what_plays_is_named_until_the_microphone_is_unplugged(self, library, card, tmp_path):
        assert "default" in library.deejai("listen", "--list-devices", **card.env).out
        (path,) = library.run("ls", "-f", "$path", "title:Rust").lines
        samples, rate = soundfile.read(path)
        song = tmp_path / "song.wav"
        soundfile.write(song, np.tile(samples, 4), rate)
        card.play(song)

        env = os.environ | {"BEETSDIR": str(library.folder), "PYTHONUNBUFFERED": "1"} | card.env
        command = [BEET, "deejai", "listen", "--against", "whole"]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            patience = Timer(120, process.kill)
            patience.start()
            named = next((line for line in process.stdout if line.startswith("playing")), "nothing")
            card.unplug()
            _, err = process.communicate()
            patience.cancel()
        assert named.endswith("Iron Kettle - Rust\n")
        assert err == "error: the microphone was disconnected; --list-devices lists the microphones\n"
        assert process.returncode == 1
