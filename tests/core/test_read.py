"""The files that a playlist names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from deejai_core.errors import PlaylistError
from deejai_core.playlists.export import FORMATS, SUFFIXES
from deejai_core.playlists.read import read_playlist
from deejai_core.playlists.tracks import Header, Style, Track

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names of POSIX file systems")

FILES = [
    Path("/music/a b.mp3"),
    Path("/music/50 % & more/Röyksopp #1?.flac"),
    Path(os.fsdecode(b"/music/no \xff text.ogg")),
]


@pytest.mark.parametrize("relative_to", [None, Path("/music")])
@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_what_we_write_can_be_read_again(tmp_path, format_, relative_to):
    tracks = [Track(file, "artist", "title", 60) for file in FILES]
    path = tmp_path / f"list{SUFFIXES[format_]}"
    path.write_bytes(FORMATS[format_](tracks, Style(relative_to=relative_to), Header("list")))
    folder = tmp_path if relative_to else Path("/music")
    assert read_playlist(path) == [folder / file.relative_to("/music") for file in FILES]


def test_streams_and_tracks_without_a_place_are_no_files(tmp_path):
    entries = [{"location": ["https://radio.example/stream"]}, {"title": "somewhere"}, {"location": "a.mp3"}]
    (tmp_path / "list.jspf").write_text(json.dumps({"playlist": {"track": entries}}))
    assert read_playlist(tmp_path / "list.jspf") == [tmp_path / "a.mp3"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.xspf", ""),
        ("list.xspf", "<html/>"),
        ("list.xspf", "#EXTM3U"),
        ("list.jspf", "{}"),
        ("list.jspf", "[]"),
        ("list.jspf", '{"playlist": {"track": [3]}}'),
        ("list.m3u", "\0"),
    ],
)
def test_what_is_no_playlist(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(PlaylistError, match=f"{name}: this is not an? .* playlist"):
        read_playlist(tmp_path / name)


@pytest.mark.parametrize("name", ["list.m3u", "list.xspf"])
def test_a_playlist_that_is_not_there(tmp_path, name):
    with pytest.raises(PlaylistError, match=f"{name}: cannot read the playlist"):
        read_playlist(tmp_path / name)
