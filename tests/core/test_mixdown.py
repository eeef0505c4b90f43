"""A mix as a file: five formats with tags and chapters, a cue sheet, and nothing overwritten that is no mix."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest

from deejai_core.audio.metadata import read_comments
from deejai_core.audio.stereo import stereo_blocks
from deejai_core.errors import MixError, OptionError
from deejai_core.features.mix import mixdown
from deejai_core.features.mix.cue import Chapter, cue_time, format_cue
from deejai_core.features.mix.encode import FORMATS
from deejai_core.features.mix.mixdown import check_output, is_mix, write_mix
from deejai_core.features.mix.plan import Mix, plan_mix, survey
from deejai_core.formats.entries import Track
from tests.sounds import chirp, write_audio

MADE_BY = "beet deejai mix"
RECIPE = "beet deejai mix 'road trip.m3u'"
NAMES = [("Sigur Rós", 'Hoppípolla "live"'), ("", "line\nbreak; = 100 %"), ("AC/DC", "")]


@pytest.fixture(scope="module")
def tracks(tmp_path_factory) -> list[Track]:
    folder = tmp_path_factory.mktemp("tracks")
    found = []
    for number, (artist, title) in enumerate(NAMES):
        path = write_audio(folder / f"file {number}.wav", chirp(2 + number, 44_100, 2), 44_100)
        found.append(Track(path, artist, title, None))
    return found


def plan(tracks: list[Track], suffix: str) -> Mix:
    rate = FORMATS[suffix].rate
    return plan_mix([survey(track, rate, stereo_blocks) for track in tracks], rate, 0.5)


def decoded(path: Path) -> np.ndarray:
    with av.open(path) as container:
        return np.concatenate(list(stereo_blocks(path, container.streams.audio[0].rate)))


@pytest.fixture(scope="module", params=sorted(FORMATS))
def written(request, tracks, tmp_path_factory) -> tuple[Path, Mix]:
    path = tmp_path_factory.mktemp("mixes") / f"Road trip{request.param}"
    assert check_output(path, read_comments) == FORMATS[request.param].rate
    mix = plan(tracks, request.param)
    write_mix(path, mix, stereo_blocks, "Road trip", RECIPE)
    return path, mix


class TestFormats:
    def test_it_is_as_long_as_planned_to_a_frame_of_the_codec(self, written):
        path, mix = written
        assert mix.seconds == pytest.approx(2 + 3 + 4 - 2 * 0.5, abs=0.1)
        assert 0 <= len(decoded(path)) - mix.frames <= 1024

    def test_it_is_what_was_rendered(self, written):
        path, mix = written
        ideal = np.concatenate(list(mixdown.render(mix, stereo_blocks)))
        error = decoded(path)[: mix.frames].astype(float) - ideal
        # Lossless but for 16 bits and their dither; of lossy codecs, a tenth of the signal at most.
        allowed = 2.1 / 32768 if path.suffix == ".flac" else 0.1 * np.abs(ideal).max()
        assert np.sqrt((error**2).mean()) < allowed
        assert path.suffix != ".flac" or np.abs(error).max() < allowed

    def test_chapters_for_players_that_read_as_ffmpeg_does(self, written):
        path, mix = written
        with av.open(path) as container:
            chapters = container.chapters()
        starts = [float(chapter["start"] * chapter["time_base"]) for chapter in chapters]
        assert starts == pytest.approx([part.entry / mix.rate for part in mix.parts], abs=0.001)
        titles = [chapter["metadata"]["title"] for chapter in chapters]
        if path.suffix == ".mp3":
            assert titles == ['Hoppípolla "live"', "line break; = 100 %", "file 2"]
            assert [chapter["metadata"].get("artist", "") for chapter in chapters] == ["Sigur Rós", "", "AC/DC"]
        else:
            assert titles == ['Sigur Rós - Hoppípolla "live"', "line break; = 100 %", "AC/DC - file 2"]

    def test_chapters_for_readers_of_tags(self, written):
        path, mix = written
        file = mutagen.File(path)
        starts = [part.entry / mix.rate for part in mix.parts]
        if path.suffix == ".mp3":
            (contents,) = file.tags.getall("CTOC")
            found = [file.tags[f"CHAP:{name}"] for name in contents.child_element_ids]
            assert [frame.start_time / 1000 for frame in found] == pytest.approx(starts, abs=0.001)
            assert found[0].sub_frames["TIT2"].text == ['Hoppípolla "live"']
            assert found[0].sub_frames["TPE1"].text == ["Sigur Rós"]
        elif path.suffix == ".m4a":
            assert [chapter.start for chapter in file.chapters] == pytest.approx(starts, abs=0.001)
            assert file.chapters[0].title == 'Sigur Rós - Hoppípolla "live"'
        else:
            assert file["CHAPTER000"] == ["00:00:00.000"]
            assert file["CHAPTER001"] == [f"00:00:{starts[1]:06.3f}"]
            assert file["CHAPTER000NAME"] == ['Sigur Rós - Hoppípolla "live"']

    def test_tags(self, written):
        path, _ = written
        easy = mutagen.File(path, easy=True)
        assert (easy["title"], easy["artist"]) == (["Road trip"], ["Various artists"])
        with av.open(path) as container:
            tags = container.metadata or container.streams.audio[0].metadata
        assert {name.lower(): text for name, text in tags.items()}["comment"] == RECIPE

    @pytest.mark.skipif(not shutil.which("ffprobe"), reason="needs ffprobe")
    def test_ffprobe_reads_it_without_an_error(self, written):
        path, mix = written
        told = subprocess.run(
            ["ffprobe", "-v", "error", "-show_chapters", "-show_format", "-of", "json", path],
            capture_output=True,
            text=True,
        )
        assert told.stderr == ""
        shown = json.loads(told.stdout)
        assert len(shown["chapters"]) == 3
        assert float(shown["format"]["duration"]) == pytest.approx(mix.seconds, abs=0.06)


class TestBitrate:
    @pytest.mark.parametrize("suffix", [".mp3", ".m4a", ".ogg", ".opus"])
    def test_a_lower_one_makes_a_smaller_file(self, tracks, tmp_path, suffix):
        mix = plan(tracks[1:2], suffix)
        sizes = []
        for bitrate in (64, 320):
            path = tmp_path / f"{bitrate}{suffix}"
            check_output(path, read_comments, bitrate=bitrate)
            write_mix(path, mix, stereo_blocks, "", RECIPE, bitrate=bitrate)
            sizes.append(path.stat().st_size)
        assert sizes[0] < sizes[1]

    @pytest.mark.parametrize(
        ("name", "bitrate", "message"),
        [
            ("a.flac", 256, "flac is lossless"),
            ("a.mp3", 200, "one of 64, 80, 96"),
            ("a.opus", 20, "from 64 to 320"),
            ("a.wav", None, r"a mix can be \.mp3, \.m4a, \.ogg, \.opus, \.flac"),
            ("a", None, "a mix can be"),
        ],
    )
    def test_what_cannot_be(self, tmp_path, name, bitrate, message):
        with pytest.raises((MixError, OptionError), match=message):
            check_output(tmp_path / name, read_comments, bitrate=bitrate)


class TestWhatIsThereAlready:
    def test_a_mix_is_replaced(self, written):
        path, _ = written
        assert is_mix(path, read_comments, MADE_BY)
        check_output(path, read_comments, made_by=MADE_BY)
        with pytest.raises(MixError, match="is not a mix that deejai made"):
            check_output(path, read_comments)  # of another program

    @pytest.mark.parametrize("name", ["song.mp3", "song.cue"])
    def test_nothing_else_is_unless_forced(self, tmp_path, name):
        (tmp_path / name).write_bytes(b"something dear")
        with pytest.raises(MixError, match=rf"{name}: this file exists and is not a mix that deejai made$"):
            check_output(tmp_path / "song.mp3", read_comments)
        check_output(tmp_path / "song.mp3", read_comments, force=True)

    @pytest.mark.parametrize(
        ("comment", "is_one"),
        [
            ("beet deejai mix party.m3u", True),
            ("beet deejai mix", True),
            ("Best deejai mix of the summer", False),
            ("my beet deejai mix", False),
            ("", False),
        ],
    )
    def test_a_mix_is_known_by_its_comment(self, tmp_path, comment, is_one):
        (tmp_path / "song.mp3").write_bytes(b"audio")
        assert is_mix(tmp_path / "song.mp3", lambda path: [comment], MADE_BY) == is_one
        (tmp_path / "list.cue").write_bytes(f'REM COMMENT "{comment}"\n'.encode())
        if is_one:
            check_output(tmp_path / "list.mp3", read_comments, made_by=MADE_BY)
        else:
            with pytest.raises(MixError, match="is not a mix that deejai made"):
                check_output(tmp_path / "list.mp3", read_comments, made_by=MADE_BY)

    def test_a_song_is_no_mix(self, tracks):
        assert not is_mix(tracks[0].path, read_comments)

    def test_a_folder_is_not_even_forced(self, tmp_path):
        (tmp_path / "song.mp3").mkdir()
        with pytest.raises(MixError, match="this is not a regular file"):
            check_output(tmp_path / "song.mp3", read_comments, force=True)

    @pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
    def test_what_breaks_off_leaves_the_old_one(self, tracks, tmp_path, error):
        path = tmp_path / "mix.flac"
        write_mix(path, plan(tracks[:1], ".flac"), stereo_blocks, "", RECIPE)
        before = {file: file.read_bytes() for file in tmp_path.iterdir()}

        def broken(_):
            raise error

        with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else MixError):
            write_mix(path, plan(tracks[1:], ".flac"), stereo_blocks, "", RECIPE, finished=broken)
        assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


class TestManyTracks:
    """More than a cue sheet or an ID3 tag can count."""

    @pytest.mark.parametrize(("count", "chapters", "told"), [(99, 99, []), (300, 255, ["255 chapters", "99 tracks"])])
    def test_what_has_no_room_is_said(self, tmp_path, count, chapters, told):
        sound = write_audio(tmp_path / "beep.wav", chirp(0.05, 44_100, 2), 44_100)
        beeps = [survey(Track(sound, "A", "B", None), 44_100, stereo_blocks)] * count
        warnings = []
        path = tmp_path / "mix.mp3"
        write_mix(path, plan_mix(beeps, 44_100, 0), stereo_blocks, "", RECIPE, warn=warnings.append)
        assert [part in text for part, text in zip(told, warnings, strict=True)] == [True] * len(told)
        with av.open(path) as container:
            assert len(container.chapters()) == chapters
        assert path.with_suffix(".cue").exists() == (count <= 99)


class TestCueSheet:
    def test_a_sheet(self):
        chapters = [Chapter(0, 211.5, 'The "Band"', "One\r\nTwo"), Chapter(211.5, 7000, "Björk", "Jóga")]
        sheet = format_cue(Path("/mixes/Röad trip.mp3"), "Road trip", "Various artists", RECIPE, chapters)
        assert sheet.decode().splitlines() == [
            "REM COMMENT \"beet deejai mix 'road trip.m3u'\"",
            'PERFORMER "Various artists"',
            'TITLE "Road trip"',
            'FILE "Röad trip.mp3" MP3',
            "  TRACK 01 AUDIO",
            '    TITLE "One Two"',
            "    PERFORMER \"The 'Band'\"",
            "    INDEX 01 00:00:00",
            "  TRACK 02 AUDIO",
            '    TITLE "Jóga"',
            '    PERFORMER "Björk"',
            "    INDEX 01 03:31:37",
        ]

    def test_other_formats_are_waves_by_custom(self):
        assert b'FILE "a.flac" WAVE' in format_cue(Path("a.flac"), "", "", "", [])

    @pytest.mark.parametrize(
        ("seconds", "time"),
        [
            (0, "00:00:00"),
            (1 / 75, "00:00:01"),
            (0.99, "00:00:74"),
            (59.999, "00:59:74"),
            (60, "01:00:00"),
            (10_800, "180:00:00"),
        ],
    )
    def test_times_in_frames_of_a_cd(self, seconds, time):
        assert cue_time(seconds) == time

    def test_a_whole_number_of_frames_is_that_number(self):
        """Although many a quotient, times 75, is a trifle less."""
        assert any(frames / 75 * 75 < frames for frames in range(20_000))
        for frames in range(20_000):
            assert cue_time(frames / 75) == f"{frames // 4500:02}:{frames // 75 % 60:02}:{frames % 75:02}"

    def test_it_belongs_to_what_lies_beside_it(self, written):
        path, mix = written
        sheet = path.with_suffix(".cue").read_text()
        assert f'FILE "{path.name}"' in sheet
        times = [int(m) * 60 + int(s) + int(f) / 75 for m, s, f in re.findall(r"INDEX 01 (\d+):(\d\d):(\d\d)", sheet)]
        assert times == pytest.approx([part.entry / mix.rate for part in mix.parts], abs=1 / 75)

    @pytest.mark.parametrize("name", ['say "hi".mp3', "two\nlines.mp3"])
    def test_names_it_cannot_hold(self, tmp_path, name):
        with pytest.raises(MixError, match="a cue sheet cannot name this file"):
            check_output(tmp_path / name, read_comments)
