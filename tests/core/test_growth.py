"""Texts that somebody made long on purpose take time in proportion to their length."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from deejai_core.errors import HistoryError, PlaylistError
from deejai_core.features.labels import split_values
from deejai_core.formats.entries import Entry
from deejai_core.formats.locate import Locator
from deejai_core.formats.m3u import parse_m3u, split_caption
from deejai_core.formats.pls import parse_pls
from deejai_core.formats.windows_media import parse_asx
from deejai_core.history.sources import read_path
from deejai_core.history.sources.audioscrobbler import logged_plays
from deejai_core.history.sources.files import UnreadableError
from deejai_core.history.sources.itunes import library
from deejai_core.history.sources.lastfm_csv import is_table, tabled_plays
from deejai_core.history.sources.records import records
from deejai_core.history.sources.values import day, moment, number, recording, text
from deejai_core.models.musicnn.tags import BUNDLED_TAGS
from deejai_core.tracks.keys import parse_key
from deejai_core.tracks.songs import normal_artist, normal_title, song_names
from deejai_core.words import one_line
from tests.exports import zipped
from tests.growth import LINEAR, growth


@pytest.mark.parametrize("unit", [" ", "\u3000", " \0", "\n", "a ", "- ", " -", "x"])
def test_text_made_one_line(unit):
    assert growth(one_line, lambda size: f"a{unit * size}b") < LINEAR


@pytest.mark.parametrize("unit", [" ", " -", "- ", "\u2013", "a "])
def test_captions(unit):
    assert growth(split_caption, lambda size: f"a{unit * size}b") < LINEAR


@pytest.mark.parametrize(
    "unit",
    [
        b" ",
        b"\t",
        b"1",
        b".",
        b' a="b"',
        b" a=",
        b"#",
        b",",
        b"- ",
        b"\n",
        b"\r",
        b"\xff",
        b"#EXTINF:1,a\n",
        b"#EXTALB:a\n",
        b"%",
    ],
)
def test_m3u(unit):
    assert growth(parse_m3u, lambda size: b"#EXTINF:1" + unit * size + b"x") < LINEAR


UNITS = [
    " ",
    "\u3000",
    "(",
    "(live)",
    " (",
    " - ",
    " - live",
    " feat",
    "feat. ",
    ", the",
    "live at ",
    "take 1 ",
    "\u0301",
    "x ",
]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("work", [normal_title, normal_artist, lambda name: song_names(name, name)])
def test_names_of_songs(work, unit):
    assert growth(work, lambda size: f"a{unit * size}b") < LINEAR


@pytest.mark.parametrize("unit", [" ", "/", " - ", "A", "8A/", "Am ", "#", "+", "1"])
def test_keys(unit):
    assert growth(parse_key, lambda size: f"A{unit * size}m") < LINEAR


@pytest.mark.parametrize("unit", ["rock ", "x ", "-", " ", "indie rock ", "hip-hop-"])
def test_tags(unit):
    assert growth(BUNDLED_TAGS.numbers_in, lambda size: unit * size) < LINEAR
    assert growth(BUNDLED_TAGS.close, lambda size: f"{unit * size}x") < LINEAR


@pytest.mark.parametrize("unit", ["; ", ";", " ", ";  ", "\\\u2400", "x; "])
def test_values_of_a_field(unit):
    assert growth(split_values, lambda size: f"a{unit * size}b") < LINEAR


@pytest.mark.parametrize("unit", [" ", "\0", "\ud800 ", "x", "1", "-"])
@pytest.mark.parametrize("work", [text, moment, day, recording, number])
def test_values_of_a_record(work, unit):
    assert growth(work, lambda size: f"1{unit * size}2") < LINEAR


@pytest.mark.parametrize("unit", [b",", b'"', b'""', b" ", b"a,b,c,d\n", b'"\n', b"\r"])
def test_tables(unit):
    def read(data: bytes) -> None:
        is_table(data.decode())
        list(tabled_plays(io.BufferedReader(io.BytesIO(data))))

    assert growth(read, lambda size: b"A,,B,01 Jan 2024 10:00\n" + unit * size) < LINEAR


@pytest.mark.parametrize("unit", [b"\t", b"a\n", b"#\n", b" ", b"#TZ/UTC\n", b"\ta\tb\t\t\tL\t1\n"])
def test_logs(unit):
    def read(data: bytes) -> None:
        list(logged_plays(io.BufferedReader(io.BytesIO(data))))

    assert growth(read, lambda size: b"#AUDIOSCROBBLER/1.1\n" + unit * size) < LINEAR


@pytest.mark.parametrize("unit", [b"<dict/>", b"<array>", b"a", b"&#97;", b"<key>a</key><true/>", b"<a>", b"<a "])
def test_libraries(unit):
    def read(data: bytes) -> None:
        with contextlib.suppress(UnreadableError):
            list(library(io.BufferedReader(io.BytesIO(data))))

    assert growth(read, lambda size: b"<plist><dict><key>Tracks</key><dict><key>1</key><dict>" + unit * size) < LINEAR


@pytest.mark.parametrize(
    "unit", [b"[", b"{}, ", b"1", b"1,", b'"a",', b" ", b"\n", b'{"a": 1}, ', b"-1234567890123456789, "]
)
def test_json(unit):
    def read(data: bytes) -> None:
        with contextlib.suppress(UnreadableError):
            list(records(io.BufferedReader(io.BytesIO(data)), in_lines=False))

    assert growth(read, lambda size: b"[\n[" + unit * size) < LINEAR


@pytest.mark.parametrize("unit", ["YourLibrary", "a/", "StreamingHistory", "12", "1a"])
def test_names_of_files_in_an_archive(tmp_path, unit):
    def read(path: Path) -> None:
        with contextlib.suppress(HistoryError):
            list(read_path(path, on_warning=lambda warning: None))

    assert growth(read, lambda size: zipped(tmp_path / f"{size}.zip", {f"{unit * size}/a.json": b"[]"}), 500) < LINEAR


@pytest.mark.parametrize("unit", [b"1", b" ", b"=", b"File1=a\n", b"File1\n", b"Title9=a - b\n", b"\r"])
def test_pls(unit):
    assert growth(parse_pls, lambda size: b"[playlist]\nFile1" + unit * size + b"=x") < LINEAR


@pytest.mark.parametrize(
    "unit",
    [" ", "<a ", "<a/>", "&", "&amp", "&#0", "&#x", "href", "href = ", "<!--", "<?", '"', "\x01", "</", "<ref href='a'/>"],
)
def test_markup_of_any_kind(unit):
    def parse(data: bytes) -> None:
        with contextlib.suppress(PlaylistError):
            parse_asx(data)

    assert growth(parse, lambda size: b"<ASX>" + unit.encode() * size + b"</asx>") < LINEAR


@pytest.mark.parametrize("unit", [b"a", b" ", b"%", b"%20", b"\\", b"\xff", b"file:", b"+"])
def test_names_of_files(tmp_path, unit):
    def find(name: bytes) -> None:
        Locator().find(Entry((name,)), tmp_path)

    assert growth(find, lambda size: b"file:/a" + unit * size) < LINEAR


def test_many_missing_files_of_one_folder(tmp_path):
    """The folder is read once, not for each of them."""

    def find(size: int) -> None:
        locator = Locator()
        for place in range(size):
            locator.find(Entry((b"a/%d.mp3" % place,)), tmp_path / str(size))

    def folder(size: int) -> int:
        (tmp_path / str(size) / "A").mkdir(parents=True)
        for place in range(size):
            (tmp_path / str(size) / "A" / f"{place}.MP3").touch()
        return size

    assert growth(find, folder, 100) < LINEAR
