"""Covers: what a picture says of its size is looked at before anybody believes it."""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import mutagen
import pytest
from mutagen.apev2 import BINARY, APEValue
from mutagen.asf import ASFByteArrayAttribute
from mutagen.flac import Picture
from mutagen.id3 import APIC, ID3
from mutagen.mp4 import MP4Cover

from deejai_core.audio import pictures
from deejai_core.audio.pictures import read_picture
from deejai_core.audio.sandbox import Decoder
from tests.pictures import compressed_picture, gif, jpeg, png, webp
from tests.sounds import chirp, write_audio

COVER = png(600, 600)


@pytest.mark.parametrize("make", [png, jpeg, gif, webp])
def test_a_picture_of_a_size_that_can_be_shown(tmp_path, make):
    path = tmp_path / "cover"
    path.write_bytes(make(5000, 5000))
    assert read_picture(path) == make(5000, 5000)


@pytest.mark.parametrize(
    "data",
    [
        png(50_000, 50_000),
        jpeg(65_535, 65_535),
        gif(65_535, 65_535),
        webp(16_000, 16_000),
        png(0, 600),
        png(600, 600)[:20],
        b"\xff\xd8\xff",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"",
    ],
)
def test_no_picture_that_is_shown(tmp_path, data):
    path = tmp_path / "cover.png"
    path.write_bytes(data)
    assert read_picture(path) == b""


def test_one_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST", 1000)
    path = tmp_path / "cover.png"
    path.write_bytes(COVER + bytes(1000 - len(COVER)))
    assert len(read_picture(path)) == 1000
    path.write_bytes(COVER + bytes(1001 - len(COVER)))
    assert read_picture(path) == b""


def in_id3(path: Path) -> None:
    tags = ID3()
    tags.add(APIC(encoding=3, mime="image/png", type=3, desc="", data=COVER))
    tags.save(path)


def in_flac(path: Path) -> None:
    picture = Picture()
    picture.data = COVER
    file = mutagen.File(path)
    file.add_picture(picture)
    file.save()


def in_mp4(path: Path) -> None:
    file = mutagen.File(path)
    file["covr"] = [MP4Cover(COVER, MP4Cover.FORMAT_PNG)]
    file.save()


def in_vorbis(path: Path) -> None:
    picture = Picture()
    picture.data = COVER
    file = mutagen.File(path)
    file["metadata_block_picture"] = [base64.b64encode(picture.write()).decode()]
    file.save()


def in_apev2(path: Path) -> None:
    file = mutagen.File(path)
    file["Cover Art (Front)"] = APEValue(b"cover.png\0" + COVER, BINARY)
    file.save()


def in_asf(path: Path) -> None:
    file = mutagen.File(path)
    head = b"\x03" + len(COVER).to_bytes(4, "little") + "image/png\0\0".encode("utf-16-le")
    file["WM/Picture"] = [ASFByteArrayAttribute(head + COVER)]
    file.save()


@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        (".mp3", in_id3),
        (".flac", in_flac),
        (".m4a", in_mp4),
        (".ogg", in_vorbis),
        (".wv", in_apev2),
        (".wma", in_asf),
    ],
)
def test_pictures_inside_audio_files(tmp_path, suffix, write):
    path = write_audio(tmp_path / f"song{suffix}", chirp(1, 44_100), 44_100)
    assert read_picture(path) == b""
    write(path)
    assert read_picture(path) == COVER


def test_the_front_cover_goes_before_the_back(tmp_path):
    path = write_audio(tmp_path / "song.mp3", chirp(1, 44_100), 44_100)
    tags = ID3()
    tags.add(APIC(encoding=3, mime="image/png", type=4, desc="back", data=png(300, 300)))
    tags.add(APIC(encoding=3, mime="image/png", type=3, desc="front", data=COVER))
    tags.save(path)
    assert read_picture(path) == COVER


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a limit on memory")
def test_a_picture_that_grows_when_it_is_unpacked(tmp_path):
    path = write_audio(tmp_path / "song.mp3", chirp(1, 44_100), 44_100)
    compressed_picture(path, 3000)
    assert path.stat().st_size < 4_000_000
    with Decoder(seconds=60, memory=600_000_000) as decoder:
        assert decoder.picture(path) == b""
        assert decoder.caption(path).title == "song"
        status = Path(f"/proc/{decoder._process.pid}/status").read_text()
    most = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1000
    assert 200_000_000 < most < 600_000_000  # it was tried
