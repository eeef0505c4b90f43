"""Playlists as text: a table of names, and files that are replaced whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import PlaylistError
from deejai_core.playlists.m3u import M3UStyle, Track, format_m3u, location, one_line, write_m3u

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
        ("/music/Ænima/ö.mp3", {}, "/music/Ænima/ö.mp3".encode()),
        ("/music/Ænima/ö.mp3", {"urlencode": True}, b"/music/%C3%86nima/%C3%B6.mp3"),
        (os.fsdecode(b"/music/caf\xe9.mp3"), {}, b"/music/caf\xe9.mp3"),
        (os.fsdecode(b"/music/caf\xe9.mp3"), {"urlencode": True}, b"/music/caf%E9.mp3"),
        ("/music/a\\b.mp3", {}, b"/music/a\\b.mp3"),
        ("/music/a\\b.mp3", {"forward_slash": True}, b"/music/a/b.mp3"),
        ("/music/a b#?.mp3", {"urlencode": True, "prefix": "http://box:8080"}, b"http://box:8080/music/a%20b%23%3F.mp3"),
        ("/music/a.mp3", {"relative_to": Path("/music"), "prefix": "nas/"}, b"nas/a.mp3"),
        ("/music/two\nlines.mp3", {"urlencode": True}, b"/music/two%0Alines.mp3"),
    ],
)
def test_how_a_file_is_named(path, style, expected):
    assert location(Path(path), M3UStyle(**style)) == expected


def test_a_line_break_in_a_name_is_refused():
    with pytest.raises(PlaylistError, match=r"two lines\.mp3: its name has a line break.*urlencode"):
        location(Path("/music/two\nlines.mp3"), M3UStyle())


@posix
def test_an_extended_playlist():
    tracks = [
        Track(Path("/music/r.mp3"), "The Police", "Roxanne", 191.6),
        Track(Path("/music/x.flac"), "", "Untitled\r\n#EXTINF:1,fake", None),
    ]
    assert format_m3u(tracks, M3UStyle()).decode() == (
        "#EXTM3U\n#EXTINF:192,The Police - Roxanne\n/music/r.mp3\n#EXTINF:-1,Untitled #EXTINF:1,fake\n/music/x.flac\n"
    )
    assert format_m3u(tracks, M3UStyle(extended=False)) == b"/music/r.mp3\n/music/x.flac\n"
    assert format_m3u([], M3UStyle()) == b"#EXTM3U\n"


@posix
@given(st.lists(st.tuples(st.binary(min_size=1).filter(lambda b: not set(b) & set(b"\0\r\n")), st.text(), st.text())))
def test_every_track_has_its_two_lines(rows):
    tracks = [Track(Path(os.fsdecode(b"/" + name)), artist, title, 1) for name, artist, title in rows]
    lines = format_m3u(tracks, M3UStyle()).split(b"\n")
    assert len(lines) == 1 + 2 * len(tracks) + 1
    assert [line for line in lines[2::2] if line] == [os.fsencode(track.path) for track in tracks]
    assert all(line.startswith(b"#EXTINF:1,") for line in lines[1:-1:2])


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\tb", "a\u2028b", "a\x1b b", "a\x00b"])
def test_one_line_is_one_line(text):
    assert one_line(text) == "a b"


def test_writing_makes_folders_and_keeps_permissions(tmp_path):
    path = tmp_path / "lists" / "new.m3u"
    write_m3u(path, b"old")
    path.chmod(0o640)
    write_m3u(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]


@posix
def test_a_linked_playlist_is_replaced_where_it_lies(tmp_path):
    (tmp_path / "real.m3u").write_bytes(b"old")
    (tmp_path / "link.m3u").symlink_to("real.m3u")
    write_m3u(tmp_path / "link.m3u", b"new")
    assert (tmp_path / "link.m3u").is_symlink()
    assert (tmp_path / "real.m3u").read_bytes() == b"new"


def test_when_writing_fails_the_old_playlist_stays(tmp_path, monkeypatch):
    path = tmp_path / "list.m3u"
    write_m3u(path, b"old")

    def disk_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(PlaylistError, match=r"list.m3u: cannot write the playlist \(No space left on device\)"):
        write_m3u(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "content"), [("mine.mp3", b"ID3 music"), ("notes", b"do not lose"), ("a.m3u.txt", b"x")])
def test_a_file_that_is_no_playlist_is_never_replaced(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PlaylistError, match="there is a file that is no playlist; choose another name"):
        write_m3u(path, b"#EXTM3U\n")
    assert path.read_bytes() == content


@pytest.mark.parametrize(("name", "content"), [("a.M3U8", b"old"), ("list", b"#EXTM3U\nold"), ("empty", b"")])
def test_an_older_playlist_is_replaced(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    write_m3u(path, b"#EXTM3U\n")
    assert path.read_bytes() == b"#EXTM3U\n"


@posix
def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_m3u(pipe, b"#EXTM3U\n")
    assert os.read(reader, 100) == b"#EXTM3U\n"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_folder_in_its_place_is_named(tmp_path):
    with pytest.raises(PlaylistError, match="cannot write the playlist"):
        write_m3u(tmp_path, b"")
