"""`beet deejai mix`, as a user types it, on the composed collection."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from deejai_core.audio.stereo import stereo_blocks
from deejai_core.features.mix.loudness import decibels, integrated_loudness, measure
from tests.odd_files import ODD_FILES
from tests.plugin.conftest import BEET
from tests.plugin.test_doctor import problems
from tests.processes import children, eventually, runs
from tests.sounds import chirp, write_audio

RATE = 44_100
ROW = re.compile(r"^ +(?:(\d+):)?(\d+):(\d\d) +([+-][\d.]+) dB  (.*?)(?: \(([\d.]+) LU quieter than the others\))?$")


def rows(result) -> list[tuple[int, float, str]]:
    """(second, gain, name) of each track that is shown."""
    found = [match for line in result.lines if (match := ROW.match(line))]
    return [(int(row[1] or 0) * 3600 + int(row[2]) * 60 + int(row[3]), float(row[4]), row[5]) for row in found]


def titles(result) -> list[str]:
    return [name.split(" - ", 1)[1] for _, _, name in rows(result)]


def chapters(path: Path) -> list[tuple[float, str]]:
    with av.open(path) as container:
        return [(float(c["start"] * c["time_base"]), c["metadata"]["title"]) for c in container.chapters()]


@pytest.fixture
def mix(analysed) -> Path:
    return analysed.folder / "mix.flac"


class TestWhatIsMixed:
    def test_what_a_query_finds_in_its_order(self, analysed, mix):
        result = analysed.deejai("mix", "artist:Nave", "title-", "-o", mix, "--fade", "2")
        assert titles(result) == sorted(titles(result), reverse=True)
        assert len(titles(result)) == 4
        assert result.lines[-1] == f"4 tracks mixed into {mix}"
        assert result.lines[-2].endswith("the end of 4 tracks")
        assert [name for _, name in chapters(mix)] == [f"Nave - {title}" for title in titles(result)]
        assert [int(start) for start, _ in chapters(mix)] == [second for second, _, _ in rows(result)]

    @pytest.mark.parametrize("suffix", [".m3u", ".xspf", ".jspf"])
    def test_a_playlist_in_its_order_tracks_twice_and_files_from_elsewhere_too(self, analysed, mix, tmp_path, suffix):
        analysed.deejai("similar", "Aisle", "-n", "2", "-o", tmp_path / f"list{suffix}")
        result = analysed.deejai("mix", tmp_path / f"list{suffix}", "-o", mix)
        assert titles(result)[0] == "Aisle"
        assert len(titles(result)) == 3
        stray = write_audio(tmp_path / "stray.ogg", chirp(3, RATE, 1), RATE)
        aisle = analysed.run("ls", "-p", "Aisle").lines[0]
        (tmp_path / "other.m3u").write_text(f"{aisle}\n{stray.name}\n{aisle}\n")
        result = analysed.deejai("mix", tmp_path / "other.m3u", "-p")
        assert [name for _, _, name in rows(result)] == ["Nave - Aisle", "stray", "Nave - Aisle"]

    def test_what_similar_makes(self, analysed, mix):
        made = analysed.deejai("similar", "Aisle", "-n", "3", "-p", "--from", "^artist:Nave")
        result = analysed.deejai("mix", "--similar", "Aisle", "-n", "3", "--from", "^artist:Nave", "-o", mix)
        assert titles(result) == [line.rsplit(" - ", 1)[1] for line in made.lines if " - " in line]
        with av.open(mix) as container:
            assert container.metadata["title"] == "Similar to Nave - Aisle"
            comment = container.metadata["comment"]
        assert comment == (
            "beet deejai mix --similar --number 3 --stay 0.4 --from '^artist:Nave' --artist-separation mild Aisle"
        )

    def test_less_like_something(self, analysed):
        command = ["Aisle", "-n", "3", "--stay", "0", "--less", "artist:Nave", "-p"]
        made = analysed.deejai("similar", *command)
        assert titles(analysed.deejai("mix", "--similar", *command)) == [
            line.rsplit(" - ", 1)[1] for line in made.lines if " - " in line
        ]

    def test_what_journey_makes_there_and_back(self, analysed):
        made = analysed.deejai("journey", "Aisle", "Breaker", "Aisle", "-n", "2", "-p")
        result = analysed.deejai("mix", "--journey", "Aisle", "Breaker", "Aisle", "-n", "2", "-p")
        assert len(titles(result)) == 7
        assert titles(result) == [line.rsplit(" - ", 1)[1] for line in made.lines[:7]]

    def test_pretend_shows_the_plan_and_writes_nothing(self, analysed, mix):
        result = analysed.deejai("mix", "artist:Nave", "-o", mix, "-p")
        assert len(rows(result)) == 4
        assert not mix.exists()
        assert not mix.with_suffix(".cue").exists()


class TestHowItSounds:
    def test_every_track_is_equally_loud_and_no_peak_too_high(self, analysed, mix):
        result = analysed.deejai("mix", "title:e", "-o", mix, "--fade", "2")
        samples = np.concatenate(list(stereo_blocks(mix, RATE)))
        starts = [start for start, _ in chapters(mix)] + [len(samples) / RATE + 1]
        quieter = [float(row[6] or 0) for line in result.lines if (row := ROW.match(line))]
        assert len(starts) > 8
        for start, end, less in zip(starts, starts[1:], quieter, strict=False):
            inner = samples[round((start + 1.2) * RATE) : round((end - 1.2) * RATE)]
            assert integrated_loudness(measure([inner], RATE).energy) == pytest.approx(-14 - less, abs=1)
        assert decibels(float(measure([samples], RATE).peak.max())) < -0.9

    def test_mono_and_stereo_of_any_rate_and_length_go_together(self, analysed, mix, tmp_path):
        sounds = {"a": (3, 8_000, 1), "b": (0.2, 48_000, 2), "c": (2, 96_000, 6), "d": (3, 22_050, 2)}
        for name, (seconds, rate, channels) in sounds.items():
            write_audio(tmp_path / f"{name}.wav", chirp(seconds, rate, channels), rate)
        analysed.deejai("mix", *(tmp_path / f"{name}.wav" for name in sounds), "-o", mix, "--fade", "1")
        expected = 3 + 0.2 + 2 + 3 - (0.1 + 0.1 + 1)
        assert sum(len(block) for block in stereo_blocks(mix, RATE)) / RATE == pytest.approx(expected, abs=0.1)

    def test_tags_in_the_library_are_what_the_chapters_show(self, analysed, mix):
        analysed.run("modify", "-yMW", "Aisle", 'title=The "Aisle"', "artist=Nävé")
        analysed.deejai("mix", "artist:Nävé", "-o", mix)
        assert [name for _, name in chapters(mix)] == ['Nävé - The "Aisle"']
        sheet = mix.with_suffix(".cue").read_text()
        assert "TITLE \"The 'Aisle'\"" in sheet
        assert 'PERFORMER "Nävé"' in sheet
        assert f'FILE "{mix.name}" WAVE' in sheet


class TestWhatCannotBeMixed:
    def test_a_file_that_cannot_be_heard_is_left_out_with_one_warning(self, analysed, mix, tmp_path):
        wanted = {b"text.mp3", b"silence.wav", b"truncated.flac", b"never ends.mp3", b"one sample.wav", b"not a number.wav"}
        names = []
        for odd in ODD_FILES:
            if odd.name in wanted:
                odd.write(tmp_path / os.fsdecode(odd.name))
                names.append(os.fsdecode(odd.name))
        (tmp_path / "list.m3u").write_text("\n".join([*names, "missing.mp3"]))
        result = analysed.deejai("mix", tmp_path / "list.m3u", "-o", mix)
        assert {name for _, _, name in rows(result)} == {"truncated", "one sample"}
        warnings = [line for line in result.err.splitlines() if line.endswith("; left out")]
        reasons = {Path(line.split(": ")[1]).name: line.split(": ")[2].removesuffix("; left out") for line in warnings}
        assert reasons == {
            "text.mp3": "Invalid data found when processing input",
            "silence.wav": "it is silent",
            "not a number.wav": "it is silent",
            "never ends.mp3": "not a regular file",
            "missing.mp3": "no such file",
        }

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "mix what? Give a playlist"),
            (["Aisle"], "a mix needs a file: -o FILE.mp3"),
            (["Aisle", "-o", "mix.wav"], "mix.wav: a mix can be .mp3, .m4a, .ogg, .opus, .flac"),
            (["Aisle", "-o", "mix.mp3", "--fade", "-1"], "--fade: must be from 0 to 60 (seconds), not -1"),
            (["Aisle", "-o", "mix.mp3", "--fade", "nan"], "--fade: must be from 0 to 60"),
            (["Aisle", "-o", "mix.flac", "--bitrate", "128"], "--bitrate: flac is lossless"),
            (
                ["Aisle", "-o", "mix.mp3", "--drunk", "0.5"],
                "--drunk needs --similar or --journey",
            ),
            (["Aisle", "--less", "Ohm", "-p"], "--less needs --similar or --journey"),
            (["--similar", "--journey", "Aisle", "-p"], "--similar and --journey make different lists"),
            (["--similar", "Aisle", "-p", "-n", "3", "--minutes", "5"], "-n and --minutes both set the length"),
            (["--journey", "Aisle", "-p"], "a journey needs two waypoints"),
            (["no such title", "-p"], "no track matches 'no such title'"),
            (["missing.m3u", "-p"], "missing.m3u: cannot read the playlist"),
            (["empty.m3u", "-p"], "empty: it contains nothing that can be mixed"),
            (["Aisle", "-o", "usb/mixes/mix.mp3"], "usb; make it first"),
            (["Aisle", "-o", "empty.m3u/mix.mp3"], "mix.mp3: cannot write the mix ("),
        ],
    )
    def test_what_is_wrong_is_one_line(self, analysed, arguments, message):
        (analysed.folder / "empty.m3u").write_text("#EXTM3U\n")
        result = analysed.deejai("mix", *arguments, status=1)
        assert message in result.err
        assert len([line for line in result.err.splitlines() if line.startswith("error")]) == 1

    def test_a_missing_library_is_one_line(self, analysed, mix, tmp_path):
        (tmp_path / "pyloudnorm.py").write_text("raise ImportError('gone', name='pyloudnorm')")
        paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
        result = analysed.deejai("mix", "Aisle", "-o", mix, status=1, PYTHONPATH=paths)
        assert "pyloudnorm is not installed; pip install 'beets-deejai[mix]'" in result.err


class TestWhatIsThereAlready:
    def test_a_mix_is_replaced_a_song_only_by_force_and_none_of_the_library_ever(self, analysed, mix, tmp_path):
        analysed.deejai("mix", "Aisle", "-o", mix)
        analysed.deejai("mix", "Vault", "-o", mix)
        assert [name for _, name in chapters(mix)] == ["Nave - Vault"]
        song = Path(analysed.run("ls", "-p", "Aisle").lines[0])
        copy = shutil.copy(song, tmp_path / "song.flac")
        before = song.read_bytes()
        assert "not a mix that deejai made" in analysed.deejai("mix", "Vault", "-o", copy, status=1).err
        assert "one of the tracks to be mixed" in analysed.deejai("mix", copy, "-o", copy, "--force", status=1).err
        assert Path(copy).read_bytes() == before
        analysed.deejai("mix", "Vault", "-o", copy, "--force")
        assert Path(copy).read_bytes() != before
        assert "a track of the library" in analysed.deejai("mix", "Vault", "-o", song, "--force", status=1).err
        assert song.read_bytes() == before

    def test_an_interrupt_leaves_no_half_file(self, analysed, tmp_path):
        long = write_audio(tmp_path / "long.wav", chirp(60, RATE, 2), RATE)
        (tmp_path / "list.m3u").write_text(f"{long}\n" * 10)
        folder = tmp_path / "out"
        process = subprocess.Popen(
            [BEET, "deejai", "mix", tmp_path / "list.m3u", "-o", folder / "mix.opus"],
            env=os.environ | {"BEETSDIR": str(analysed.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        deadline = time.monotonic() + 180
        while not (folder.exists() and list(folder.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        shown, errors = process.communicate(timeout=60)
        assert "mixed into" not in shown
        assert list(folder.iterdir()) == []
        assert "Traceback" not in errors

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_a_kill_leaves_a_file_that_the_next_run_removes_and_no_process(self, analysed, tmp_path):
        long = write_audio(tmp_path / "long.wav", chirp(60, RATE, 2), RATE)
        (tmp_path / "list.m3u").write_text(f"{long}\n" * 5)
        folder = tmp_path / "out"
        process = subprocess.Popen(
            [BEET, "deejai", "mix", tmp_path / "list.m3u", "-o", folder / "mix.opus"],
            env=os.environ | {"BEETSDIR": str(analysed.folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(lambda: folder.exists() and list(folder.iterdir()), seconds=180)
        decoders = children(process.pid)
        process.kill()
        process.wait()
        assert decoders
        eventually(lambda: not any(map(runs, decoders)), seconds=20)
        (left,) = folder.iterdir()
        assert f"1 unfinished file in {folder}" in analysed.deejai("doctor", status=1).out
        result = analysed.deejai("mix", "Aisle", "-p")
        assert f"removed {left}, left by an interrupted mix" in result.err
        assert list(folder.iterdir()) == []
        assert "leftovers" not in problems(analysed.deejai("doctor"))
