"""Playlists of every format, as programs and people write them."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import PlaylistError
from deejai_core.formats.entries import Header, Style, Track
from deejai_core.formats.export import FORMATS, SUFFIXES
from deejai_core.formats.locate import Locator
from deejai_core.formats.read import is_playlist, read_playlist
from deejai_core.formats.table import TABLE

posix = pytest.mark.skipif(os.name == "nt", reason="names of POSIX file systems")


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def files(path: Path) -> list[Path | None]:
    """The file of each entry; None for a stream."""
    locator = Locator()
    return [locator.find(entry, path.parent) for entry in read_playlist(path).entries]


def told(path: Path) -> list[tuple[str, str, str]]:
    """What a playlist says of each of its tracks: the file's name, artist and title."""
    entries = read_playlist(path).entries
    return [(file.name, entry.artist, entry.title) for file, entry in zip(files(path), entries, strict=True)]


NAMES = [
    "a b.mp3",
    "50 % & more/Röyksopp #1?.flac",
    "Vivaldi: Spring.flac",
    "Mission: Impossible/4.flac",
    " leading.flac",
    "trailing.flac ",
    "#1 <hit>; 'so' \"called\".flac",
    "File1=x.flac",
    "[playlist]",
    os.fsdecode(b"no \xff text.ogg"),
]


@posix
@pytest.mark.parametrize("urlencode", [False, True])
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("format_", sorted(FORMATS))
class TestWhatWeWrite:
    def test_is_read_again(self, tmp_path, format_, relative, urlencode):
        songs = [tmp_path / name for name in NAMES]
        for song in songs:
            song.parent.mkdir(exist_ok=True)
            song.touch()
        tracks = [Track(song, "Artist", f"Title {number}", 60) for number, song in enumerate(songs)]
        style = Style(relative_to=tmp_path if relative else None, urlencode=urlencode)
        data = FORMATS[format_](tracks, style, Header("List", ("beet deejai similar -o File9=x",), "2026-11-22"))
        path = write(tmp_path / f"list{SUFFIXES[format_]}", data)
        assert files(path) == songs
        if format_ != "m3u":
            assert [title for *_, title in told(path)] == [track.title for track in tracks]
            assert read_playlist(path).title == "List"
            assert read_playlist(write(tmp_path / "list", data)) == read_playlist(path)


@posix
@pytest.mark.parametrize("format_", sorted(set(FORMATS) - {"m3u"}))
def test_half_a_character_costs_no_more_than_itself(tmp_path, format_):
    half = "a\udcffb"  # a byte of a command line that is no text
    data = FORMATS[format_]([Track(tmp_path / "a.mp3", "A", half, 60)], Style(), Header(half))
    listing = read_playlist(write(tmp_path / "list", data))
    assert {listing.title, listing.entries[0].title} <= {"a?b", "a\ufffdb"}


class TestM3u:
    def test_names_are_relative_to_the_playlist(self, tmp_path):
        data = "\ufeff#EXTM3U\r\n#EXTINF:1,A - B\r\na.mp3\r\n\r\n../b.mp3\n/music/c.mp3\n./#1.mp3"
        assert files(write(tmp_path / "list.m3u", data)) == [
            tmp_path / "a.mp3",
            tmp_path.parent / "b.mp3",
            Path("/music/c.mp3"),
            tmp_path / "#1.mp3",
        ]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
    def test_line_ends_and_encodings(self, tmp_path, end, encoding):
        lines = ["#EXTM3U", "#EXTINF:1,Zoë \u2013 Don\u2019t", "Don\u2019t.mp3", "#EXTINF:2,C - D", "d.mp3", ""]
        data = end.join(lines).encode(encoding)
        data = b"\xfe\xff" + data if encoding == "utf-16-be" else data
        (tmp_path / "Don\u2019t.mp3").touch()
        assert told(write(tmp_path / "list.m3u", data)) == [("Don\u2019t.mp3", "Zoë", "Don\u2019t"), ("d.mp3", "C", "D")]

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (["#EXTINF:1,A - B", "#a.mp3", "#EXTINF:2,C - D", "c.mp3"], [("c.mp3", "C", "D")]),
            (["#EXTINF:1,A - B", "#a.mp3", "c.mp3"], [("c.mp3", "", "")]),
            (["#EXTINF:1,A - B", "#EXTART:X", "#EXTINF:2,C - D", "c.mp3"], [("c.mp3", "C", "D")]),  # a name was cut away
            (["#EXTART:A", "#EXTINF:2,B", "#EXTVLCOPT:x=y", "c.mp3", "d.mp3"], [("c.mp3", "A", "B"), ("d.mp3", "", "")]),
            (["#EXTINF", "a.mp3", "#EXTINF:", "b.mp3"], [("a.mp3", "", ""), ("b.mp3", "", "")]),
            (["a.mp3", "#EXTIN"], [("a.mp3", "", "")]),
            (["#EXTINF:-1,A - B", "a.mp3"], [("a.mp3", "A", "B")]),
            (["#extinf:1,A - B", "#EXT-X-KEY_1:x", "a.mp3"], [("a.mp3", "A", "B")]),
            (
                ["#EXTINF:1,Re- Edit", "a.mp3", "#EXTINF:1,Minus -1", "b.mp3"],
                [("a.mp3", "", "Re- Edit"), ("b.mp3", "", "Minus -1")],
            ),
            (['#EXTINF:61.5 tvg-id="1" group-title="Rock, live",A - B', "a.mp3"], [("a.mp3", "A", "B")]),
            (["#EXTINF:1,A-ha - Take On Me - Live", "a.mp3"], [("a.mp3", "A-ha", "Take On Me - Live")]),
        ],
    )
    def test_a_caption_belongs_to_the_entry_below_it(self, tmp_path, lines, expected):
        assert told(write(tmp_path / "list.m3u", "\n".join(lines))) == expected

    def test_an_album_is_of_one_entry(self, tmp_path):
        listing = read_playlist(write(tmp_path / "list.m3u", "#EXTM3U\n#EXTALB:C\na.mp3\nb.mp3\n"))
        assert [(entry.artist, entry.album) for entry in listing.entries] == [("", "C"), ("", "")]

    def test_a_line_with_nul_is_one_entry_less(self, tmp_path):
        path = write(tmp_path / "list.m3u", "a.mp3\n" * 500 + "b\0.mp3\nc.mp3\n")
        assert read_playlist(path).odd == 1
        assert len(files(path)) == 501

    @posix
    @given(data=st.binary())
    def test_any_bytes_are_a_playlist_or_refused(self, tmp_path_factory, data):
        path = write(tmp_path_factory.mktemp("list") / "list.m3u", b"x\n" + data)
        if b"\0" in data:
            with pytest.raises(PlaylistError, match=r"list.m3u is not a playlist that can be read: it is not text"):
                read_playlist(path)
        else:
            assert len(files(path)) <= 1 + len(data.splitlines())


class TestPls:
    @posix
    def test_what_it_looks_like(self):
        tracks = [Track(Path("/music/r.mp3"), "The Police", "Roxanne", 191.6), Track(Path("/music/x.mp3"), "", "", None)]
        header = Header("Two\nlines", ("beet deejai similar Roxanne", "model m"), "2026-11-22T12:00:00+00:00")
        assert FORMATS["pls"](tracks, Style(), header).decode() == (
            "[playlist]\n# beet deejai similar Roxanne\n# model m\n# made 2026-11-22T12:00:00+00:00\n"
            "X-GNOME-Title=Two lines\n"
            "File1=/music/r.mp3\nTitle1=The Police - Roxanne\nLength1=192\nFile2=/music/x.mp3\nLength2=-1\n"
            "NumberOfEntries=2\nVersion=2\n"
        )
        assert FORMATS["pls"]([], Style(), Header("None")).endswith(b"\nNumberOfEntries=0\nVersion=2\n")

    def test_numbers_order_it(self, tmp_path):
        lines = ["[Playlist]", "file2=b.mp3", "TITLE2=B", "File1 = a.mp3", "X-GNOME-Title=Two", "NumberOfEntries=9"]
        path = write(tmp_path / "list.pls", "\r\n".join(lines))
        assert told(path) == [("a.mp3", "", ""), ("b.mp3", "", "B")]
        assert read_playlist(path).title == "Two"
        assert read_playlist(write(path, "[playlist]\nFile1=a.mp3")).title == ""

    @pytest.mark.parametrize("odd", ["File" + "9" * 5000 + "=x.mp3", "File=x.mp3", "File3", "File3=", "File3=\0"])
    def test_an_odd_line_costs_only_itself(self, tmp_path, odd):
        path = write(tmp_path / "list.pls", f"[playlist]\n{odd}\nFile1=a.mp3\n{odd}\nFile2=c.mp3\nFile2=b.mp3\n")
        assert [file.name for file in files(path)] == ["a.mp3", "c.mp3", "b.mp3"]
        assert read_playlist(path).odd == 2

    def test_no_sign_of_unicode_breaks_a_line(self, tmp_path):
        path = write(tmp_path / "list.pls", "[playlist]\nFile1=a\u2028b\x0cc.mp3\n")
        assert [file.name for file in files(path)] == ["a\u2028b\x0cc.mp3"]


class TestXspf:
    def test_alternatives_are_no_other_entries(self, tmp_path):
        (tmp_path / "b.mp3").touch()
        places = ["<location/>", *(f"<location>{name}</location>" for name in ("http://x.example/b", "gone.mp3", "b.mp3"))]
        tracks = (
            f"<track><title>B</title>{''.join(places)}</track><track><location>c.mp3</location><title>C</title></track>"
        )
        path = write(tmp_path / "list.xspf", f"<playlist><trackList>{tracks}</trackList></playlist>")
        assert told(path) == [("b.mp3", "", "B"), ("c.mp3", "", "C")]
        assert read_playlist(path).entries[0].locations == (b"http://x.example/b", b"gone.mp3", b"b.mp3")

    def test_the_encoding_it_declares(self, tmp_path):
        data = '<?xml version="1.0" encoding="koi8-r"?><playlist><title>Кино</title></playlist>'
        assert read_playlist(write(tmp_path / "list.xspf", data.encode("koi8-r"))).title == "Кино"

    @pytest.mark.parametrize(
        ("date", "day"),
        [("2026-11-22T12:00:00+01:00", "2026-11-22"), ("2026-11-22", "2026-11-22"), ("November 2026", ""), ("", "")],
    )
    def test_its_day(self, tmp_path, date, day):
        path = write(tmp_path / "list.xspf", f"<playlist><date>{date}</date></playlist>")
        assert read_playlist(path).date == day

    def test_album_and_recording(self, tmp_path):
        track = Track(tmp_path / "a.mp3", "A", "B", 60, "C", "0f7a2b1c-1111-2222-3333-444455556666")
        for format_ in ("xspf", "jspf"):
            data = FORMATS[format_]([track, Track(tmp_path / "b.mp3", "", "", None)], Style(), Header(""))
            both = read_playlist(write(tmp_path / "list", data.replace(b"0f7a2b1c", b"0F7A2B1C"))).entries
            assert [(entry.album, entry.recording) for entry in both] == [("C", track.recording), ("", "")]
        elsewhere = "<identifier>urn:isrc:x</identifier><identifier>https://musicbrainz.org/artist/0f7a2b1c</identifier>"
        path = write(tmp_path / "list", f"<playlist><trackList><track>{elsewhere}</track></trackList></playlist>")
        assert read_playlist(path).entries[0].recording == ""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Simon & Garfunkel", "Simon & Garfunkel"),
            ("&quot;&#x42; &amp; C&quot; & D", '"B & C" & D'),
            ("a\x01b", "ab"),
            ("a&#2;b", "ab"),
            ("a&#031;b", "ab"),
            ("a&#x1F;b", "ab"),
            ("Zo\xeb", "Zoë"),
        ],
    )
    def test_what_xml_forbids_costs_nothing(self, tmp_path, text, expected):
        data = f"<playlist><trackList><track><title>{text}</title><location>a.mp3</location></track></trackList></playlist>"
        ((name, _, title),) = told(write(tmp_path / "list.xspf", data.encode("latin-1")))
        assert (name, title) == ("a.mp3", expected)


class TestJspf:
    @pytest.mark.parametrize(
        "odd", [None, 3, [], "x", pytest.param(json.loads("[" * 50 + "]" * 50), id="deep"), True]
    )  # fmt: skip
    def test_an_odd_entry_costs_only_itself(self, tmp_path, odd):
        entries = [{"location": ["a.mp3"]}, odd, {"location": "b%20c.mp3", "title": {"x": "y"}, "duration": 10**100}]
        path = write(tmp_path / "list.jspf", json.dumps({"playlist": {"title": 7, "track": entries}}))
        assert told(path) == [("a.mp3", "", ""), ("b c.mp3", "", "")]
        assert read_playlist(path).odd == 1
        assert read_playlist(path).title == "7"

    def test_a_single_track_need_not_be_a_list(self, tmp_path):
        data = '{"playlist": {"track": {"location": "a.mp3", "creator": "A", "title": "B"}}}'
        assert told(write(tmp_path / "list.jspf", data)) == [("a.mp3", "A", "B")]

    def test_a_number_of_thousands_of_digits(self, tmp_path):
        data = '{"playlist": {"track": [{"location": "a.mp3", "duration": %s}]}}' % ("9" * 5000)
        assert files(write(tmp_path / "list.jspf", data)) == [tmp_path / "a.mp3"]

    def test_what_is_no_text(self, tmp_path):
        data = '{"playlist": {"track": [{"location": ["\\ud83d.mp3", "\\udcff.mp3"]}, {"location": "a.mp3"}]}}'
        path = write(tmp_path / "list.jspf", data)
        assert read_playlist(path).entries[0].locations == (b"?.mp3", b"\xff.mp3")  # half a sign; a byte of a file's name
        assert files(path)[1] == tmp_path / "a.mp3"


class TestOtherPrograms:
    def test_asx(self, tmp_path):
        data = (
            '<ASX version="3.0">\r\n<Title>Mine</TITLE>\r\n<Entry><Title>B & C</Title><Author>A</Author>'
            '<MoreInfo href="http://x.example/about"/><Ref/>'
            '<Ref HREF="http://x.example/b.mp3"/><REF href = "Music\\b & c.mp3"/></Entry>\r\n'
            '<entry><ref href="file://d.mp3"/></entry></asx>'
        )
        path = write(tmp_path / "list.asx", data.encode("cp1252"))
        (tmp_path / "Music").mkdir()
        (tmp_path / "Music/b & c.mp3").touch()
        assert files(path)[0] == tmp_path / "Music/b & c.mp3"
        assert read_playlist(path).entries[0].locations == (b"http://x.example/b.mp3", b"Music\\b & c.mp3")
        assert [(entry.artist, entry.title) for entry in read_playlist(path).entries] == [("A", "B & C"), ("", "")]
        assert read_playlist(path).title == "Mine"

    def test_wpl(self, tmp_path):
        data = (
            '<?wpl version="1.0"?>\r\n<smil><head><meta name="Generator" content="x"/><title>Mine</title></head><body><seq>'
            '<media src="..\\Music\\Don&apos;t.mp3" trackTitle="B" trackArtist="A" albumTitle="C"/><media/>'
            '<media src="d.mp3" albumArtist="D"/></seq></body></smil>'
        )
        (tmp_path / "Music").mkdir()
        (tmp_path / "Music/Don't.mp3").touch()
        (tmp_path / "lists").mkdir()
        path = write(tmp_path / "lists/list.wpl", data)
        assert told(path) == [("Don't.mp3", "A", "B"), ("d.mp3", "D", "")]
        listing = read_playlist(path)
        assert [entry.album for entry in listing.entries] == ["C", ""]
        assert (listing.title, listing.odd) == ("Mine", 1)
        assert read_playlist(write(path, "<smil><body/></smil>")).title == ""

    def test_one_file_a_line(self, tmp_path):
        (tmp_path / "a.mp3").touch()
        assert files(write(tmp_path / "tracks.txt", f"{tmp_path}/a.mp3\n\nb.mp3\n")) == [
            tmp_path / "a.mp3",
            tmp_path / "b.mp3",
        ]
        assert files(write(tmp_path / "list", "a.mp3")) == [tmp_path / "a.mp3"]
        with pytest.raises(
            PlaylistError, match=r"notes.txt is not a playlist that can be read: none of its lines names a file"
        ):
            read_playlist(write(tmp_path / "notes.txt", "buy milk\n"))


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("list.json", '{"playlist": {"track": [{"location": "a.mp3"}]}}', True),
        ("list.json", '{"title": 1, "playlist": {"track": [{"location": "a.mp3"}]}}', True),
        ("Playlist1.json", '{"playlists": [{"name": "x"}]}', False),
        ("list.xml", '<?xml version="1.0"?>\n<playlist xmlns="x"><trackList/></playlist>', True),
        ("list.xml", '<!-- mine -->\n<x:playlist xmlns:x="http://xspf.org/ns/0/"/>', True),
        ("Library.xml", '<?xml version="1.0"?><plist></plist>', False),
        ("list", "#EXTM3U\na.mp3", True),
        ("song", b"ID3\0\0", False),
        ("song.mp3", "#EXTM3U\na.mp3", False),
        ("damaged.m3u", b"\0", True),
    ],
)
def test_content_tells_where_the_name_does_not(tmp_path, name, data, expected):
    assert is_playlist(write(tmp_path / name, data)) is expected
    assert is_playlist(tmp_path / "not there" / name) is (Path(name).suffix == ".m3u")


@pytest.mark.parametrize(("name", "data"), [("list.m3u", "[playlist]\nFile1=a.mp3"), ("list.pls", "#EXTM3U\na.mp3")])
def test_content_counts_more_than_a_wrong_name(tmp_path, name, data):
    assert files(write(tmp_path / name, data)) == [tmp_path / "a.mp3"]


ENTITY = '<!DOCTYPE p [<!ENTITY a "b">]>'


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("list.xspf", "", "it is not valid XML (no element found"),
        ("list.xspf", "nothing", "it is not valid XML (syntax error"),
        ("list.xspf", "<html/>", "it is not XSPF"),
        ("list.jspf", "{}", "it is not JSPF"),
        ("LIST.JSPF", "[]", "it is not JSPF"),
        ("list.jspf", '{"playlist": 3}', "it is not JSPF"),
        ("list.jspf", "[" * 100_000, "it is not valid JSON"),
        ("list.pls", "nothing", "it has no line [playlist]"),
        ("list.asx", "<html/>", "it is not ASX"),
        ("list.wpl", "<html/>", "it is not WPL"),
        ("list.m3u", "\0", "it is not text"),
        ("song.mp3", "ID3", "none of its lines names a file"),
        (
            "list.xspf",
            f"{ENTITY}<playlist><title>&a;</title></playlist>",
            "it has a document type, which deejai refuses for safety",
        ),
        (
            "list.asx",
            f"{ENTITY}<asx><title>&a;</title></asx>",
            "it has a document type, which deejai refuses for safety",
        ),
    ],
)
def test_what_is_no_playlist_is_called_that(tmp_path, name, data, reason):
    with pytest.raises(PlaylistError, match=re.escape(f"{name} is not a playlist that can be read: {reason}")):
        read_playlist(write(tmp_path / name, data))


@pytest.mark.parametrize("name", ["list.m3u", "list.xspf"])
def test_a_playlist_that_is_not_there(tmp_path, name):
    with pytest.raises(PlaylistError, match=f"{name}: cannot read the playlist"):
        read_playlist(tmp_path / name)


@posix
def test_nobody_waits_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "list.m3u")
    with pytest.raises(PlaylistError, match=r"list.m3u is not a playlist that can be read: it is not a regular file"):
        read_playlist(tmp_path / "list.m3u")


@pytest.mark.parametrize("format_", TABLE, ids=lambda format_: format_.name)
@given(data=st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(format_, data):
    with contextlib.suppress(PlaylistError):
        format_.parse(data)
