"""A file that hangs, eats memory or crashes a decoder costs itself and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from deejai_core.audio.decode import read_spans
from deejai_core.audio.identity import audio_key
from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import AudioError, ModelError, UnavailableError
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
    assert np.array_equal(decoder.spans(song, **SPANS), read_spans(song, **SPANS))
    decoder.spans(song, **SPANS)[0, 0] = 1  # and may be written to


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_a_key_may_say_which_spans_are_wanted_next(decoder, tmp_path, suffix):
    path, other = (write_audio(tmp_path / f"{name}{suffix}", chirp(12, 44_100), 44_100) for name in "ab")
    assert decoder.key(path, **SPANS) == audio_key(path)
    assert np.array_equal(decoder.spans(path, **SPANS), read_spans(path, **SPANS))
    decoder.key(path, **SPANS)
    assert decoder.key(other, **SPANS) == audio_key(other)  # the spans of the first are not asked for after all
    assert len(decoder.spans(other, **SPANS | {"limit": 2})) == 2


def test_one_process_reads_many_files(decoder, song):
    decoder.key(song)
    first = decoder._process.pid
    with pytest.raises(AudioError):
        decoder.spans(_text(song), **SPANS)
    decoder.spans(song, **SPANS)
    assert decoder._process.pid == first


def _text(song):
    path = song.with_name("text.mp3")
    path.write_text("no music")
    return path


def test_content_at_fault_and_circumstances_are_told_apart(decoder, song, tmp_path):
    with pytest.raises(AudioError) as at_fault:
        decoder.spans(_text(song), **SPANS)
    assert not isinstance(at_fault.value, UnavailableError)
    with pytest.raises(UnavailableError, match="No such file"):
        decoder.key(tmp_path / "gone.mp3")


@pytest.mark.skipif(os.name == "nt", reason="a named pipe, which nobody ever writes to")
def test_a_file_that_never_ends_is_given_up_and_the_next_one_is_read(song, tmp_path):
    os.mkfifo(tmp_path / "pipe.mp3")
    with Decoder(seconds=1.5, memory=MEMORY) as decoder:
        decoder.key(song)
        start = time.monotonic()
        with pytest.raises(UnavailableError, match=r"it takes longer than 1\.5 seconds \(time_limit\)"):
            decoder.key(tmp_path / "pipe.mp3")
        assert time.monotonic() - start < 20
        assert decoder.key(song) == audio_key(song)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a limit on memory")
def test_a_file_that_eats_memory(song, tmp_path, monkeypatch):
    stub(tmp_path, monkeypatch, "return bytearray(10**11)")
    with Decoder(seconds=60, memory=MEMORY) as decoder:
        with pytest.raises(UnavailableError, match=r"it needs more memory than a file may take \(memory_limit\)"):
            decoder.spans(song, **SPANS)
        assert decoder.key(song) == audio_key(song)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_file_that_crashes_the_decoder(song, tmp_path, monkeypatch):
    stub(tmp_path, monkeypatch, "os.kill(os.getpid(), signal.SIGSEGV)")
    with Decoder(seconds=60, memory=MEMORY) as decoder:
        with pytest.raises(UnavailableError, match=r"the decoder crashed on it \(signal 11\)"):
            decoder.spans(song, **SPANS)
        assert decoder.key(song) == audio_key(song)


def test_a_library_that_prints_does_not_spoil_the_answer(song, tmp_path, monkeypatch):
    stub(tmp_path, monkeypatch, "os.write(1, b'hello'); print('hello'); raise ValueError('odd rate')")
    with Decoder(seconds=60, memory=MEMORY) as decoder, pytest.raises(UnavailableError, match="ValueError: odd rate"):
        decoder.spans(song, **SPANS)


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
def test_the_process_ends_with_its_parent(song):
    code = (
        "import os, sys, signal; from pathlib import Path; from deejai_core.audio.sandbox import Decoder\n"
        f"decoder = Decoder(seconds=60, memory={MEMORY}); decoder.key(Path({os.fspath(song)!r}))\n"
        "print(decoder._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid, deadline = int(killed.stdout), time.monotonic() + 20
    while _alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False
