"""Playlists as text: a table of names, and files that are replaced whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import PlaylistError
from deejai_core.formats.entries import Header, Style, Track
from deejai_core.formats.export import FORMATS, is_same, named_format, write_playlist
from deejai_core.formats.m3u import append_to_m3u, format_m3u
from deejai_core.words import one_line

posix = pytest.mark.skipif(os.name == "nt", reason="names of POSIX file systems")


@posix
@pytest.mark.parametrize(
    ("path", "style", "expected"),
    [
        ("/music/a.mp3", {}, b"/music/a.mp3"),
        ("/music/a.mp3", {"relative_to": Path("/music")}, b"a.mp3"),
        ("/music/a.mp3", {"relative_to": Path("/music/lists")}, b"../a.mp3"),
        ("/music/#1 hit.mp3", {"relative_to": Path("/music")}, b"./#1 hit.mp3"),
        ("/music/#1 hit.mp3", {"relative_to": Path("/music"), "prefix": "x/"}, b"x/#1 hit.mp3"),
        ("/music/ leading.mp3", {"relative_to": Path("/music")}, b"./ leading.mp3"),
        ("/music/Ænima/ö.mp3", {}, "/music/Ænima/ö.mp3".encode()),
        ("/music/Ænima/ö.mp3", {"urlencode": True}, b"/music/%C3%86nima/%C3%B6.mp3"),
        (os.fsdecode(b"/music/caf\xe9.mp3"), {}, b"/music/caf\xe9.mp3"),
        (os.fsdecode(b"/music/caf\xe9.mp3"), {"urlencode": True}, b"/music/caf%E9.mp3"),
        ("/music/Mission: Impossible.mp3", {"urlencode": True}, b"/music/Mission%3A%20Impossible.mp3"),
        ("/music/a\\b.mp3", {}, b"/music/a\\b.mp3"),
        ("/music/a\\b.mp3", {"forward_slash": True}, b"/music/a/b.mp3"),
        ("/music/a b#?.mp3", {"urlencode": True, "prefix": "http://box:8080"}, b"http://box:8080/music/a%20b%23%3F.mp3"),
        ("/music/a.mp3", {"relative_to": Path("/music"), "prefix": "nas/"}, b"nas/a.mp3"),
        ("/music/two\nlines.mp3", {"urlencode": True}, b"/music/two%0Alines.mp3"),
    ],
)
def test_how_a_file_is_named(path, style, expected):
    assert format_m3u([Track(Path(path), "", "", None)], Style(**style)) == expected + b"\n"


def test_a_line_break_in_a_name_is_refused():
    with pytest.raises(PlaylistError, match=r"two lines\.mp3: its name has a line break.*urlencode"):
        format_m3u([Track(Path("/music/two\nlines.mp3"), "", "", None)], Style())


@posix
def test_an_extended_playlist():
    tracks = [
        Track(Path("/music/r.mp3"), "The Police", "Roxanne", 191.6),
        Track(Path("/music/x.flac"), "", "Untitled\r\n#EXTINF:1,fake", None),
    ]
    assert format_m3u(tracks, Style(), Header("Two")).decode() == (
        "#EXTM3U\n#PLAYLIST:Two\n"
        "#EXTINF:192,The Police - Roxanne\n/music/r.mp3\n#EXTINF:-1,Untitled #EXTINF:1,fake\n/music/x.flac\n"
    )
    assert format_m3u(tracks, Style()) == b"/music/r.mp3\n/music/x.flac\n"
    header = Header("None", ("beet deejai similar x",), "2026-11-22")
    assert format_m3u([], Style(), header) == b"#EXTM3U\n#PLAYLIST:None\n# beet deejai similar x\n# made 2026-11-22\n"


@posix
@given(st.lists(st.tuples(st.binary(min_size=1).filter(lambda b: not set(b) & set(b"\0\r\n")), st.text(), st.text())))
def test_every_track_has_its_two_lines(rows):
    tracks = [Track(Path(os.fsdecode(b"/" + name)), artist, title, 1) for name, artist, title in rows]
    lines = format_m3u(tracks, Style(), Header("")).split(b"\n")
    assert len(lines) == 2 + 2 * len(tracks) + 1
    assert [line for line in lines[3::2] if line] == [os.fsencode(track.path) for track in tracks]
    assert all(line.startswith(b"#EXTINF:1,") for line in lines[2:-1:2])


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\tb", "a\u2028b", "a\x1b b", "a\x00b"])
def test_one_line_is_one_line(text):
    assert one_line(text) == "a b"


@pytest.mark.parametrize(
    ("name", "within"),
    [("lists/new.m3u", None), ("lists/new.m3u", "lists"), ("lists/a/b/new.m3u", "lists")],
)
def test_a_missing_folder_is_made_where_it_belongs(tmp_path, name, within):
    write_playlist(tmp_path / name, b"new", within=within and tmp_path / within)
    assert (tmp_path / name).read_bytes() == b"new"


@pytest.mark.parametrize(
    ("folder", "within", "missing"),
    [
        ("{tmp}/usb/lists", None, "{tmp}/usb"),  # a disk that is not mounted
        ("{tmp}/usb/lists", "{tmp}/usb/lists", "{tmp}/usb"),
        ("{tmp}/usb/lists/a", "{tmp}/usb/lists", "{tmp}/usb"),
        ("/no such folder of ours", None, "/no such folder of ours"),
    ],
)
@posix
def test_folders_above_a_missing_one_are_not_made(tmp_path, folder, within, missing):
    path = Path(folder.format(tmp=tmp_path)) / "new.m3u"
    message = f"there is no folder {missing.format(tmp=tmp_path)}; make it first"
    with pytest.raises(PlaylistError, match=message):
        write_playlist(path, b"new", within=within and Path(within.format(tmp=tmp_path)))
    assert not path.parent.exists()
    assert list(tmp_path.iterdir()) == []


def test_writing_keeps_permissions(tmp_path):
    path = tmp_path / "lists" / "new.m3u"
    write_playlist(path, b"old")
    path.chmod(0o640)
    write_playlist(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]


@posix
def test_a_linked_playlist_is_replaced_where_it_lies(tmp_path):
    (tmp_path / "real.m3u").write_bytes(b"old")
    (tmp_path / "link.m3u").symlink_to("real.m3u")
    write_playlist(tmp_path / "link.m3u", b"new")
    assert (tmp_path / "link.m3u").is_symlink()
    assert (tmp_path / "real.m3u").read_bytes() == b"new"


def test_when_writing_fails_the_old_playlist_stays(tmp_path, monkeypatch):
    path = tmp_path / "list.m3u"
    write_playlist(path, b"old")

    def disk_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(PlaylistError, match=r"list.m3u: cannot write the playlist \(No space left on device\)"):
        write_playlist(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "content"), [("mine.mp3", b"ID3 music"), ("notes", b"do not lose"), ("a.m3u.txt", b"x")])
def test_a_file_that_is_no_playlist_is_never_replaced(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PlaylistError, match="this file exists and is not a playlist; choose another name"):
        write_playlist(path, b"#EXTM3U\n")
    assert path.read_bytes() == content


@pytest.mark.parametrize(("name", "content"), [("a.M3U8", b"old"), ("list", b"#EXTM3U\nold"), ("empty", b"")])
def test_an_older_playlist_is_replaced(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    write_playlist(path, b"#EXTM3U\n")
    assert path.read_bytes() == b"#EXTM3U\n"


@posix
def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_playlist(pipe, b"#EXTM3U\n")
    assert os.read(reader, 100) == b"#EXTM3U\n"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_folder_in_its_place_is_named(tmp_path):
    with pytest.raises(PlaylistError, match="cannot write the playlist"):
        write_playlist(tmp_path, b"")


def test_a_playlist_is_the_same_whenever_it_was_made(tmp_path):
    track = Track(Path("/a.mp3"), "", "A", 1)
    for form in FORMATS.values():
        headers = [Header("List", (), f"2026-11-22T{hour}:00:00+01:00") for hour in (10, 20)]
        morning, evening = (form([track], Style(), header) for header in headers)
        (tmp_path / "list").write_bytes(morning)
        assert is_same(tmp_path / "list", evening)
        assert not is_same(tmp_path / "list", form([], Style(), Header("List")))
    assert not is_same(tmp_path / "none", b"")


class TestAppending:
    TRACK = Track(Path("/m/b.mp3"), "B", "Two", 61.2)

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (b"", b"/m/b.mp3\n"),
            (b"/m/a.mp3", b"/m/a.mp3\n/m/b.mp3\n"),
            (b"/m/b.mp3\n/m/a.mp3\n", b"/m/b.mp3\n/m/a.mp3\n/m/b.mp3\n"),
            (b"/m/a.mp3\n/m/b.mp3\n", b"/m/a.mp3\n/m/b.mp3\n"),  # it is there
            (b"/m/b.mp3", b"/m/b.mp3\n"),
            (b"#EXTM3U\n", b"#EXTM3U\n#EXTINF:61,B - Two\n/m/b.mp3\n"),
            (b"#EXTM3U\n#EXTINF:61,B - Two\n/m/b.mp3\n", b"#EXTM3U\n#EXTINF:61,B - Two\n/m/b.mp3\n"),
            (b"\xef\xbb\xbf#EXTM3U\n", b"\xef\xbb\xbf#EXTM3U\n#EXTINF:61,B - Two\n/m/b.mp3\n"),
        ],
    )
    def test_a_track_once_in_a_row(self, before, after):
        assert append_to_m3u(before, self.TRACK, Style()) == after


@pytest.mark.parametrize(
    ("name", "usual", "expected"),
    [
        ("", "pls", "pls"),
        ("list.xspf", "extm3u", "xspf"),
        ("list.M3U", "m3u", "m3u"),
        ("list.m3u", "pls", "extm3u"),
        ("list.txt", "m3u", "m3u"),
    ],
)
def test_a_name_may_ask_for_a_format(name, usual, expected):
    assert named_format(name, usual) == expected


def test_a_name_of_a_format_that_is_not_written():
    with pytest.raises(PlaylistError, match=r"list\.wpl: cannot write \.wpl; choose a name that ends in \.m3u"):
        named_format("list.wpl", "extm3u")
