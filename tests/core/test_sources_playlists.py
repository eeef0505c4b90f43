"""Playlists of all formats, as people have them."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import HistoryError
from deejai_core.formats.entries import Header, Style, Track
from deejai_core.formats.export import FORMATS, SUFFIXES
from deejai_core.history.mentions import Mention, SongList
from deejai_core.history.sources.playlists import read_playlists

posix = pytest.mark.skipif(os.name == "nt", reason="names of POSIX file systems")

UUID = "0f7a2b1c-1111-2222-3333-444455556666"


def read(path: Path) -> list[SongList]:
    """What is read without a warning."""

    def fail(warning: str) -> None:
        raise AssertionError(warning)

    return list(read_playlists(path, fail))


def songs(path: Path, data: str | bytes) -> list[Mention]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return [song for listing in read(path) for song in listing.songs]


class TestM3u:
    def test_names_times_and_files(self, tmp_path):
        text = "#EXTM3U\r\n#PLAYLIST:Sunday\r\n#EXTINF:192,The Police - Roxanne\r\nroxanne.mp3\r\n"
        assert songs(tmp_path / "a.m3u", text) == [Mention("The Police", "Roxanne", path=tmp_path / "roxanne.mp3")]
        assert [listing.name for listing in read(tmp_path)] == ["Sunday"]

    @pytest.mark.parametrize(
        ("line", "artist", "title"),
        [
            ("#EXTINF:-1,A - B - C", "A", "B - C"),
            ("#EXTINF:12.5,A \u2013 B", "A", "B"),
            ('#EXTINF:5 tvg-id="x, y" logo="z",A - B', "A", "B"),
            ("#EXTINF:5,Jay-Z - 99 Problems", "Jay-Z", "99 Problems"),
            ("#EXTINF:5,No dash", "", "No dash"),
            ("#EXTINF:5,Comma, The - One, Two", "Comma, The", "One, Two"),
            ("#EXTINF:broken", "", "broken"),
            ("#EXTINF:", "", ""),
            ("#EXTART:A\n#EXTINF:1,B", "A", "B"),
        ],
    )
    def test_captions(self, tmp_path, line, artist, title):
        assert songs(tmp_path / "a.m3u", f"{line}\n/x.mp3") == [Mention(artist, title, path=Path("/x.mp3"))]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
    def test_encodings(self, tmp_path, encoding):
        (song,) = songs(tmp_path / "a.m3u", "#EXTINF:1,Bj\u00f6rk - J\u00f3ga\n/x.mp3".encode(encoding))
        assert (song.artist, song.title) == ("Bj\u00f6rk", "J\u00f3ga")

    @posix
    @pytest.mark.parametrize(
        "line",
        [
            "Bj\u00f6rk/J\u00f3ga.mp3".encode(),
            "Bj\u00f6rk/J\u00f3ga.mp3".encode("latin-1"),
            b"Bj%C3%B6rk/J%C3%B3ga.mp3",
            "Bj\u00f6rk\\J\u00f3ga.mp3".encode(),
            b"Bj%F6rk\\J%F3ga.mp3",
            "..\\lists\\Bj\u00f6rk\\J\u00f3ga.mp3".encode("latin-1"),
        ],
    )
    def test_a_file_that_is_there_is_found_however_it_is_named(self, tmp_path, line):
        folder = tmp_path / "lists"
        file = folder / "Bj\u00f6rk" / "J\u00f3ga.mp3"
        file.parent.mkdir(parents=True)
        file.touch()
        (song,) = songs(folder / "a.m3u", line)
        assert song.path == file

    @posix
    @pytest.mark.parametrize(
        ("url", "path"),
        [
            ("file:///music/two%20words.mp3", "/music/two words.mp3"),
            ("FILE://localhost/music/a#1?.mp3", "/music/a#1?.mp3"),
            ("file:/music/a.mp3", "/music/a.mp3"),
        ],
    )
    def test_urls_of_files(self, tmp_path, url, path):
        (song,) = songs(tmp_path / "a.m3u8", url)
        assert song.path == Path(path)

    def test_a_stream_is_no_file(self, tmp_path):
        text = "#EXTINF:-1,A - B\nhttps://radio.example/b.mp3\nhttp://radio.example/live\n"
        assert songs(tmp_path / "a.m3u", text) == [Mention("A", "B")]

    @posix
    @pytest.mark.parametrize(
        ("name", "artist", "title"),
        [
            ("/x/The Police - Roxanne.mp3", "The Police", "Roxanne"),
            ("D:\\Music\\The Police\\03 - The Police - Roxanne.mp3", "The Police", "Roxanne"),
            ("The Police - Outlandos d'Amour - 1-03 Roxanne.flac", "The Police", "Roxanne"),
            ("/x/03 - Roxanne.mp3", "", ""),
            ("/x/99 Luftballons.mp3", "", ""),
            ("/x/Nena - 99.mp3", "", ""),
        ],
    )
    def test_without_a_caption_the_files_name_may_tell(self, tmp_path, name, artist, title):
        (song,) = songs(tmp_path / "a.m3u", name)
        assert (song.artist, song.title) == (artist, title)


def test_pls(tmp_path):
    text = (
        "[playlist]\nNumberOfEntries=3\nFile2=b.mp3\nTitle2=A - B\nLength2=5\nFile1=/c.mp3\n"
        "file10=http://radio.example\ntitle10=D - E\nVersion=2\n"
    )
    assert songs(tmp_path / "a.pls", text) == [
        Mention(path=Path("/c.mp3")),
        Mention("A", "B", path=tmp_path / "b.mp3"),
        Mention("D", "E"),
    ]
    assert songs(tmp_path / "a.pls", "[playlist]\nFile1=/J\u00f3ga.mp3".encode("latin-1")) == [
        Mention(path=Path(os.fsdecode(b"/J\xf3ga.mp3")))
    ]


class TestXspf:
    def test_everything_it_tells(self, tmp_path):
        text = f"""<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/">
            <title>Sunday</title><date>2026-11-22T12:00:00Z</date><trackList>
            <track><location>file:///music/two%20words.mp3</location><creator>A</creator><title>B &amp; C</title>
            <album>D</album><identifier>https://example.org</identifier>
            <identifier>http://musicbrainz.org/recording/{UUID.upper()}</identifier></track>
            <track><creator>E</creator><title>F</title></track><track/></trackList></playlist>"""
        assert songs(tmp_path / "a.xspf", text) == [
            Mention("A", "B & C", "D", UUID, Path("/music/two words.mp3")),
            Mention("E", "F"),
        ]
        assert [(listing.name, listing.date) for listing in read(tmp_path)] == [("Sunday", "2026-11-22")]

    def test_without_the_namespace(self, tmp_path):
        text = "<playlist><trackList><track><creator>A</creator><title>B</title></track></trackList></playlist>"
        assert songs(tmp_path / "a.xspf", text) == [Mention("A", "B")]

    @pytest.mark.parametrize(
        "attack",
        [
            '<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><playlist><title>&b;</title></playlist>',
            '<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]><playlist><title>&a;</title></playlist>',
            '<!DOCTYPE p SYSTEM "http://example.org/p.dtd"><playlist/>',
        ],
    )
    def test_a_document_type_is_refused(self, tmp_path, attack):
        with pytest.raises(HistoryError, match=r"a\.xspf is not a playlist that can be read: it has a document type"):
            songs(tmp_path / "a.xspf", attack)


@posix
@pytest.mark.parametrize("form", FORMATS)
def test_what_deejai_writes_is_read_again(tmp_path, form):
    tracks = [Track(tmp_path / "a # ö.mp3", "The Police", "Roxanne", 191.6, "Outlandos", UUID)]
    (tmp_path / f"list{SUFFIXES[form]}").write_bytes(
        FORMATS[form](tracks, Style(relative_to=tmp_path), Header("Sunday", (), "2026-11-22T12:00:00+00:00"))
    )
    ((song,),) = [listing.songs for listing in read(tmp_path)]
    assert song.path == tmp_path / "a # ö.mp3"
    assert (song.artist, song.title) == (("The Police", "Roxanne") if form != "m3u" else ("", ""))
    assert song.recording == (UUID if "spf" in form else "")


class TestFolders:
    def test_all_below_in_the_order_of_names(self, tmp_path):
        for name in ("b/c.m3u", "a.PLS", "b/a.jspf", ".hidden.m3u", ".trash/d.m3u", "notes.txt"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("/x.mp3")
        (tmp_path / "a.PLS").write_text("[playlist]\nFile1=/x.mp3")
        (tmp_path / "b/a.jspf").write_text(json.dumps({"playlist": {"track": [{"title": "B", "creator": "A"}]}}))
        assert [listing.name for listing in read(tmp_path)] == ["a", "a", "c"]

    def test_a_bad_one_is_one_warning(self, tmp_path):
        (tmp_path / "a.m3u").write_bytes(b"\0")
        (tmp_path / "b.xspf").write_text("<html>")
        (tmp_path / "c.jspf").write_text("[]")
        (tmp_path / "d.pls").write_text("nothing")
        (tmp_path / "e.m3u").write_text("/x.mp3")
        (tmp_path / "f.m3u").write_text("")
        warnings = []
        assert [listing.name for listing in read_playlists(tmp_path, warnings.append)] == ["e"]
        bad = ["a.m3u", "b.xspf", "c.jspf", "d.pls"]
        assert [warning.split(" is not a playlist that can be read: ")[0] for warning in warnings] == [
            str(tmp_path / name) for name in bad
        ]

    def test_none_is_an_error(self, tmp_path):
        with pytest.raises(HistoryError, match=r"there is no playlist in this folder; playlists are \.m3u, \.m3u8, \.pls"):
            read(tmp_path)


@pytest.mark.parametrize(
    "data",
    ["<playlist><trackList><track><title>B</title><creator>A</creator></track></trackList></playlist>",
     '{"playlist": {"track": [{"title": "B", "creator": "A"}]}}',
     "[playlist]\nFile1=A - B.mp3", "\ufeff#EXTM3U\nA - B.mp3"],
)  # fmt: skip
def test_a_name_that_tells_no_format(tmp_path, data):
    (song,) = songs(tmp_path / "list.txt", data)
    assert (song.artist, song.title) == ("A", "B")


def test_what_is_no_playlist_is_named(tmp_path):
    with pytest.raises(HistoryError, match=r"song\.mp3 is not a playlist that can be read"):
        songs(tmp_path / "song.mp3", b"ID3\0\0")
    with pytest.raises(HistoryError, match=r"none\.m3u: cannot read the playlist \(No such file"):
        read(tmp_path / "none.m3u")


@pytest.mark.parametrize("suffix", [".m3u", ".pls", ".xspf", ".jspf", ""])
@given(data=st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_playlist_or_refused(tmp_path_factory, suffix, data):
    path = tmp_path_factory.mktemp("lists") / f"list{suffix}"
    path.write_bytes(data)
    with contextlib.suppress(HistoryError):
        read(path)
