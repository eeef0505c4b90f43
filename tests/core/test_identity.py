"""A recording keeps its key when its file is moved, renamed or retagged, and only then."""

from __future__ import annotations

import shutil

import mutagen
import numpy as np
import pytest
from mutagen.ogg import OggPage

from deejai_core.audio.identity import audio_key
from deejai_core.audio.metadata import Caption, read_caption
from deejai_core.errors import AudioError
from tests.sounds import chirp, write_audio

FORMATS = [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav", ".aiff", ".wma", ".wv"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_tags_and_name_do_not_matter(tmp_path, suffix):
    path = write_audio(tmp_path / f"before{suffix}", chirp(5, 48_000, 2), 48_000)
    key = audio_key(path)
    moved = tmp_path / "elsewhere" / f"after{suffix}"
    moved.parent.mkdir()
    shutil.copy(path, moved)

    file = mutagen.File(moved)
    if file.tags is None:
        file.add_tags()
    text = "a much longer title than there was before " * 200  # grows the header over several Ogg pages
    if suffix in (".mp3", ".wav", ".aiff"):
        file.tags.add(mutagen.id3.TIT2(text=text))
    else:
        file.tags["\xa9nam" if suffix == ".m4a" else "title"] = text
    file.save()

    assert moved.stat().st_size != path.stat().st_size
    assert audio_key(moved) == key
    assert len(key) == 32


def test_mp3_tags_at_the_end_do_not_matter_either(tmp_path):
    path = write_audio(tmp_path / "tagged.mp3", chirp(5, 48_000), 48_000)
    key = audio_key(path)
    tags = mutagen.apev2.APEv2()
    tags["Title"] = "at the end"
    tags.save(path)
    id3 = mutagen.id3.ID3()
    id3.add(mutagen.id3.TIT2(text="and more"))
    id3.save(path, v1=2)
    assert audio_key(path) == key


@pytest.mark.parametrize("suffix", FORMATS)
def test_other_audio_has_another_key(tmp_path, suffix):
    first = write_audio(tmp_path / f"first{suffix}", chirp(5, 48_000, 2), 48_000)
    second = write_audio(tmp_path / f"second{suffix}", chirp(5, 48_000, 2) * np.float32(0.9), 48_000)
    assert audio_key(first) != audio_key(second)


def test_what_is_no_audio_is_keyed_by_its_bytes(tmp_path):
    first, second = tmp_path / "first.mp3", tmp_path / "second.mp3"
    first.write_text("no music")
    second.write_text("no music either")
    shutil.copy(first, tmp_path / "copy.mp3")
    assert audio_key(first) == audio_key(tmp_path / "copy.mp3")
    assert audio_key(first) != audio_key(second)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(AudioError, match="No such file"):
        audio_key(tmp_path / "gone.mp3")


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".m4a"])
def test_tags_of_a_file_outside_the_library(tmp_path, suffix):
    path = write_audio(tmp_path / f"song{suffix}", chirp(5, 48_000), 48_000)
    assert read_caption(path) == Caption("", "song", pytest.approx(5, abs=0.2))
    file = mutagen.File(path, easy=True)
    if file.tags is None:
        file.add_tags()
    file.update(artist="The Police", title="Roxanne")
    file.save()
    assert read_caption(path) == Caption("The Police", "Roxanne", pytest.approx(5, abs=0.2))


@pytest.mark.parametrize("suffix", [".wav", ".aiff"])
def test_id3_in_other_formats(tmp_path, suffix):
    path = write_audio(tmp_path / f"song{suffix}", chirp(5, 48_000), 48_000)
    file = mutagen.File(path)
    file.add_tags()
    file.tags.add(mutagen.id3.TPE1(text="The Police"))
    file.tags.add(mutagen.id3.TIT2(text="Roxanne"))
    file.save()
    assert read_caption(path) == Caption("The Police", "Roxanne", pytest.approx(5, abs=0.2))


def test_a_file_without_readable_tags_has_its_name(tmp_path):
    path = tmp_path / "noise.mp3"
    path.write_bytes(b"no music")
    assert read_caption(path) == Caption("", "noise", None)


def test_what_mutagen_stumbles_over_is_read_by_ffmpeg(tmp_path):
    # It has no name for this sample rate, and raises IndexError.
    high = write_audio(tmp_path / "high.wv", chirp(5, 176_400), 176_400)
    assert read_caption(high) == Caption("", "high", 5)
    # The bit that ends the comments is not there, as some taggers left it out.
    ogg = write_audio(tmp_path / "unframed.ogg", chirp(5, 44_100), 44_100)
    with ogg.open("r+b") as file:
        identification, header = OggPage(file), OggPage(file)
        comments, *others = OggPage.to_packets([header])
        pages = OggPage.from_packets([comments[:-1], *others], sequence=header.sequence)
        for page in pages:
            page.serial = identification.serial
        OggPage.replace(file, [header], pages)
    assert read_caption(ogg) == Caption("", "unframed", pytest.approx(5, abs=0.2))


def test_a_title_that_is_a_book_is_cut(tmp_path):
    path = write_audio(tmp_path / "song.flac", chirp(1, 8000), 8000)
    file = mutagen.File(path)
    file["title"] = "x" * 1_000_000
    file.save()
    assert read_caption(path).title == "x" * 1000
