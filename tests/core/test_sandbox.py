"""A file that hangs, eats memory or crashes a decoder costs itself and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from deejai_core.audio.decode import read_windows
from deejai_core.audio.identity import audio_key
from deejai_core.audio.metadata import Caption
from deejai_core.audio.sandbox import Decoder
from deejai_core.audio.stereo import stereo_blocks
from deejai_core.errors import AudioError, ModelError, UnavailableError
from tests.processes import eventually, runs
from tests.sounds import chirp, write_audio

SPANS = {"sample_rate": 16_000, "length": 48_000, "limit": 4}
MEMORY = 2_000_000_000


@pytest.fixture
def decoder():
    with Decoder(seconds=60, memory=MEMORY) as decoder:
        yield decoder


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.flac"
    write_audio(path, chirp(12, 44_100), 44_100)
    return path


def stub(folder, monkeypatch, body: str) -> None:
    """A resampler that does what no sane library does: stands for a decoder with a defect."""
    (folder / "stubs").mkdir()
    (folder / "stubs/soxr.py").write_text(f"import os, signal\ndef resample(*_):\n    {body}\n")
    monkeypatch.syspath_prepend(folder / "stubs")


def test_it_reads_what_would_be_read_here(decoder, song):
    assert decoder.key(song) == audio_key(song)
    assert np.array_equal(decoder.windows(song, **SPANS), read_windows(song, **SPANS))
    decoder.windows(song, **SPANS)[0, 0] = 1  # and may be written to


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_a_key_may_say_which_spans_are_wanted_next(decoder, tmp_path, suffix):
    path, other = (write_audio(tmp_path / f"{name}{suffix}", chirp(12, 44_100), 44_100) for name in "ab")
    assert decoder.key(path, **SPANS) == audio_key(path)
    assert np.array_equal(decoder.windows(path, **SPANS), read_windows(path, **SPANS))
    decoder.key(path, **SPANS)
    assert decoder.key(other, **SPANS) == audio_key(other)  # the windows of the first are not asked for after all
    assert len(decoder.windows(other, **SPANS | {"limit": 2})) == 2


def test_one_process_reads_many_files(decoder, song):
    decoder.key(song)
    first = decoder._process.pid
    with pytest.raises(AudioError):
        decoder.windows(_text(song), **SPANS)
    decoder.windows(song, **SPANS)
    assert decoder._process.pid == first


def _text(song):
    path = song.with_name("text.mp3")
    path.write_text("no music")
    return path


def test_content_at_fault_and_circumstances_are_told_apart(decoder, song, tmp_path):
    with pytest.raises(AudioError) as at_fault:
        decoder.windows(_text(song), **SPANS)
    assert not isinstance(at_fault.value, UnavailableError)
    with pytest.raises(UnavailableError, match="No such file"):
        decoder.key(tmp_path / "gone.mp3")


def test_a_file_that_never_ends_is_given_up_and_the_next_one_is_read(song, tmp_path, monkeypatch):
    stub(tmp_path, monkeypatch, "while True: pass")
    with Decoder(seconds=1.5, memory=MEMORY) as decoder:
        decoder.key(song)
        start = time.monotonic()
        with pytest.raises(UnavailableError, match=r"it takes longer than 1\.5 seconds \(time_limit\)"):
            decoder.windows(song, **SPANS)
        assert time.monotonic() - start < 20
        assert decoder.key(song) == audio_key(song)


@pytest.mark.skipif(os.name == "nt", reason="a named pipe, which nobody ever writes to, and devices")
@pytest.mark.parametrize("name", ["pipe.mp3", "device.mp3", "folder.mp3"])
def test_what_is_no_regular_file_is_not_opened(decoder, tmp_path, name):
    os.mkfifo(tmp_path / "pipe.mp3")
    (tmp_path / "device.mp3").symlink_to("/dev/zero")
    (tmp_path / "folder.mp3").mkdir()
    for ask in (decoder.key, decoder.comments, decoder.picture, lambda path: decoder.windows(path, **SPANS)):
        with pytest.raises(UnavailableError, match="not a regular file"):
            ask(tmp_path / name)
    assert decoder.caption(tmp_path / name) == Caption("", name.removesuffix(".mp3"), None)


def test_links_are_followed(decoder, song, tmp_path):
    (tmp_path / "link.flac").symlink_to(song)
    assert decoder.key(tmp_path / "link.flac") == audio_key(song)


def test_whole_files_come_in_blocks(decoder, song, tmp_path):
    other = write_audio(tmp_path / "other.flac", chirp(3, 44_100, 2), 44_100)
    ours, theirs = decoder.stereo(song, 8000), decoder.stereo(other, 8000)
    taken = [next(ours), next(theirs), next(ours), next(ours)]  # in turn, though that is slow
    assert np.array_equal(taken[1], next(stereo_blocks(other, 8000)))
    blocks = np.concatenate([taken[0], *taken[2:], *ours])
    assert np.array_equal(blocks, np.concatenate(list(stereo_blocks(song, 8000))))
    with pytest.raises(AudioError, match="Invalid data"):
        next(decoder.stereo(_text(song), 8000))


@pytest.mark.skipif(os.name == "nt", reason="files that are open can be removed")
def test_a_file_stays_open_from_block_to_block(decoder, song):
    blocks = decoder.stereo(song, 8000)
    next(blocks)
    song.unlink()
    assert len(list(blocks)) == 11


def test_the_time_of_a_whole_file_is_that_of_each_block(tmp_path):
    """Who renders an hour of music in an hour is not told that decoding takes too long."""
    song = write_audio(tmp_path / "song.wav", chirp(4, 8000), 8000)
    with Decoder(seconds=1, memory=MEMORY) as decoder:
        decoder.key(song)  # it has been started
        for _ in decoder.stereo(song, 8000):
            time.sleep(0.4)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a limit on memory")
def test_a_file_that_eats_memory(song, tmp_path, monkeypatch):
    stub(tmp_path, monkeypatch, "return bytearray(10**11)")
    with Decoder(seconds=60, memory=MEMORY) as decoder:
        with pytest.raises(UnavailableError, match=r"it needs more memory than a file may take \(memory_limit\)"):
            decoder.windows(song, **SPANS)
        assert decoder.key(song) == audio_key(song)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_file_that_crashes_the_decoder(song, tmp_path, monkeypatch):
    stub(tmp_path, monkeypatch, "os.kill(os.getpid(), signal.SIGSEGV)")
    with Decoder(seconds=60, memory=MEMORY) as decoder:
        with pytest.raises(UnavailableError, match=r"the decoder crashed on it \(signal 11\)"):
            decoder.windows(song, **SPANS)
        assert decoder.key(song) == audio_key(song)


def test_a_library_that_prints_does_not_spoil_the_answer(song, tmp_path, monkeypatch):
    stub(tmp_path, monkeypatch, "os.write(1, b'hello'); print('hello'); raise ValueError('odd rate')")
    with Decoder(seconds=60, memory=MEMORY) as decoder, pytest.raises(UnavailableError, match="ValueError: odd rate"):
        decoder.windows(song, **SPANS)


def test_what_a_process_says_that_went_mad_is_not_believed(song, tmp_path, monkeypatch):
    many = """for number in range(3, 9):
        try: os.write(number, b'{"bytes": 100000000000000}\\n')
        except OSError: pass"""
    stub(tmp_path, monkeypatch, many)
    with Decoder(seconds=60, memory=MEMORY) as decoder:
        with pytest.raises(UnavailableError, match="the decoder crashed on it"):
            decoder.windows(song, **SPANS)
        assert decoder.key(song) == audio_key(song)


def test_a_broken_installation_is_no_fault_of_the_file(song, tmp_path, monkeypatch):
    (tmp_path / "soxr.py").write_text("raise ImportError('libsoxr.so: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    with Decoder(seconds=60, memory=MEMORY) as decoder, pytest.raises(ModelError, match=r"libsoxr\.so.*reinstall"):
        decoder.key(song)


def test_modules_in_the_current_folder_are_not_taken_for_libraries(song, tmp_path, monkeypatch):
    (tmp_path / "av.py").write_text("raise SystemExit('somebody put this among the music')")
    monkeypatch.chdir(tmp_path)
    with Decoder(seconds=60, memory=MEMORY) as decoder:
        assert decoder.key(song.relative_to(tmp_path)) == audio_key(song)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("asked", ["decoder.key(song)", "decoder.windows(song, sample_rate=8000, length=8000, limit=2)"])
def test_the_process_ends_with_its_parent(song, tmp_path, monkeypatch, asked):
    """Whether it waits for a request, or is at work on a file that never ends."""
    stub(tmp_path, monkeypatch, "while True: pass")
    code = (
        "import os, sys, signal, threading; from pathlib import Path; from deejai_core.audio.sandbox import Decoder\n"
        f"song = Path({os.fspath(song)!r}); decoder = Decoder(seconds=600, memory={MEMORY}); decoder.key(song)\n"
        "print(decoder._process.pid, flush=True)\n"
        "threading.Timer(1, os.kill, (os.getpid(), signal.SIGKILL)).start()\n"
        f"{asked}; threading.Event().wait()"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env)
    pid = int(killed.stdout)
    eventually(lambda: not runs(pid), seconds=20)


def test_an_interrupt_at_the_wrong_moment_leaves_no_timer_that_an_exit_waits_for(monkeypatch, tmp_path):
    started = []

    def interrupted(timer: threading.Timer) -> None:
        threading.Thread.start(timer)
        started.append(timer)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Timer, "start", interrupted)
    with Decoder(seconds=300, memory=MEMORY) as decoder, pytest.raises(KeyboardInterrupt):
        decoder.caption(tmp_path / "song.flac")
    (timer,) = started
    assert timer.finished.is_set()
    assert timer.daemon
    timer.join(10)
