"""What files say of themselves, in every format, whole or damaged."""

from __future__ import annotations

import os

import mediafile
import pytest

from deejai_core.audio.container import SUFFIXES
from deejai_core.audio.metadata import LONGEST, Metadata, read_metadata
from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import AudioError, UnavailableError
from tests import odd_files
from tests.songs import tag, write_song
from tests.sounds import AV_CODECS, chirp, write_audio

EVERYTHING = {
    "artist": "The Police",
    "albumartist": "Police",
    "title": "Röxanne",
    "album": "Outlandos d'Amour",
    "recording": "7e4a2ae8-a3ef-4d1c-9bd2-4c8a6d7d7e34",
    "tempo": 134,
    "key": "Gm",
    "year": 1978,
    "disc": 1,
    "track": 3,
}
FORMATS = {
    ".mp3": "MP3",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".opus": "Opus",
    ".m4a": "AAC",
    ".alac.m4a": "ALAC",
    ".wav": "WAVE",
    ".aiff": "AIFF",
    ".wma": "Windows Media",
    ".wv": "WavPack",
}


@pytest.mark.parametrize(("suffix", "format_"), FORMATS.items())
def test_every_format_says_all_of_it(tmp_path, suffix, format_):
    path = write_audio(tmp_path / f"song{suffix}", chirp(5, 48_000, 2), 48_000)
    tag(path, **EVERYTHING, genres=["Rock", "New Wave"])
    assert read_metadata(path) == Metadata(
        **EVERYTHING, genres="Rock; New Wave", length=pytest.approx(5, abs=0.2), format=format_
    )


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_that_says_nothing(tmp_path, suffix):
    path = write_audio(tmp_path / f"song{suffix}", chirp(5, 48_000, 2), 48_000)
    assert read_metadata(path) == Metadata(length=pytest.approx(5, abs=0.2), format=FORMATS[suffix])


def test_a_format_that_mediafile_does_not_know(tmp_path):
    import av

    path = tmp_path / "song.mka"
    with av.open(path, "w") as container:
        said = {"artist": "The Police", "title": "Roxanne", "date": "1978-04-07", "track": "3/10", "genre": "Rock"}
        container.metadata.update(said)
        stream = container.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(chirp(5, 48_000).T.copy(), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert read_metadata(path) == Metadata(
        "The Police", title="Roxanne", year=1978, track=3, genres="Rock", length=pytest.approx(5, abs=0.2), format="MKA"
    )


def test_a_file_with_the_suffix_of_another_format(tmp_path):
    path = write_song(tmp_path / "song.flac", 0, artist="The Police", title="Roxanne", track=3)
    path = path.rename(tmp_path / "song.mp3")
    assert read_metadata(path) == Metadata("The Police", title="Roxanne", track=3, length=pytest.approx(0.5), format="MP3")


@pytest.mark.parametrize("suffix", sorted({".flac", ".mp3", ".ogg", ".opus", ".wav", ".aiff", *AV_CODECS}))
def test_all_that_is_decoded_has_a_suffix_of_audio(suffix):
    assert f".{suffix.rpartition('.')[2]}" in SUFFIXES


def test_text_that_cannot_be_kept_is_cut(tmp_path):
    path = write_song(tmp_path / "song.flac", 0, artist="x" * 1_000_000, title=" a\0b \n", genres=["g"] * 1000)
    metadata = read_metadata(path)
    assert metadata.artist == "x" * LONGEST
    assert metadata.title == "a b"
    assert len(metadata.genres) < 100


@pytest.mark.parametrize(
    ("name", "value"), [("bpm", "x"), ("bpm", "-3"), ("bpm", "9" * 400), ("date", "in May"), ("tracknumber", "A1")]
)
def test_a_number_that_is_none(tmp_path, name, value):
    import mutagen

    path = write_song(tmp_path / "song.flac", 0)
    file = mutagen.File(path)
    file[name] = value
    file.save()
    metadata = read_metadata(path)
    assert (metadata.tempo, metadata.year, metadata.track) == (0, 0, 0)


def test_no_odd_file_stops_the_process_that_reads_it(tmp_path):
    with Decoder(seconds=60, memory=2_000_000_000) as decoder:
        decoder.metadata(write_song(tmp_path / "song.flac", 0))
        process = decoder._process.pid
        unreadable = []
        for path, odd in odd_files.build(tmp_path / "odd").items():
            try:
                decoder.metadata(tmp_path / "odd" / os.fsdecode(path))
            except AudioError:
                unreadable.append(odd.reason)
        assert decoder._process.pid == process
        assert None not in unreadable  # what can be analysed says something


def test_content_at_fault_and_circumstances_are_told_apart(tmp_path):
    text = tmp_path / "text.mp3"
    text.write_text("no music" * 99)
    with Decoder(seconds=60, memory=2_000_000_000) as decoder:
        with pytest.raises(AudioError) as at_fault:
            decoder.metadata(text)
        assert not isinstance(at_fault.value, UnavailableError)
        with pytest.raises(UnavailableError, match="No such file"):
            decoder.metadata(tmp_path / "gone.mp3")


def test_beets_names_the_same_formats():
    assert set(FORMATS.values()) <= set(mediafile.TYPES.values())
