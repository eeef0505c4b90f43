"""What Mopidy knows files by, and the URIs of the extension."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mopidy_deejai.uris import Files, files_of, is_radio, parts_of, uri_of

MUSIC = Path("/music")
ODD = os.fsdecode(b"/music/caf\xe9 #1?:%25/\n.flac")


@pytest.mark.parametrize("parts", [(), ("Roxanne",), ("a:b", "c/d%3A"), (ODD,), ("日本", ""), (" ",)])
def test_parts_come_back_as_they_were(parts):
    uri = uri_of("similar", *parts)
    assert uri.isascii()
    assert parts_of(uri) == ("similar", parts)


@pytest.mark.parametrize("uri", ["", "deejai", "file:///music/a.flac", "local:track:a.flac", "deejaix:like:a"])
def test_what_is_no_uri_of_the_extension(uri):
    assert parts_of(uri) == ("", ())
    assert not is_radio(uri)


@pytest.mark.parametrize("path", ["/music/a.flac", "/elsewhere/a b.flac", ODD])
@pytest.mark.parametrize("files", [Files(), Files(MUSIC), Files(MUSIC, only_local=True)])
def test_files_come_back_as_they_were(files, path):
    assert files.path(files.uri(Path(path))) == files.path(uri_of("radio", path)) == Path(path)


@pytest.mark.parametrize(
    ("file", "local", "uri"),
    [
        ({"enabled": True}, {"enabled": True, "media_dir": "/music"}, "file:///music/a.flac"),
        ({"enabled": True}, None, "file:///music/a.flac"),
        ({"enabled": False}, {"enabled": True, "media_dir": "/music"}, "local:track:a.flac"),
        ({"enabled": False}, {"enabled": True, "media_dir": "/other"}, "file:///music/a.flac"),
        ({"enabled": False}, {"enabled": False, "media_dir": "/music"}, "file:///music/a.flac"),
    ],
)
def test_who_plays_files(file, local, uri):
    assert files_of({"file": file, "local": local}).uri(MUSIC / "a.flac") == uri


@pytest.mark.parametrize("uri", ["spotify:track:a", "local:track:a.flac", "deejai:similar:a", "deejai:radio", "radio:/a"])
def test_what_is_no_file(uri):
    assert Files().path(uri) is None


@pytest.mark.parametrize(
    "uri", ["file:", "file://[x", "file:a.flac", "file:///a%00b", "deejai:radio:a.flac", "deejai:radio:"]
)
def test_what_no_file_can_be_called(uri):
    assert Files(MUSIC).path(uri) is None


def test_files_of_this_machine_and_what_follows_a_path():
    assert Files().path("file://localhost/a%3Fb.flac?c#d") == Path("/a?b.flac")
