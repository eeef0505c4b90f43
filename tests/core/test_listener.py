"""What plays in the room, against a folder's library: which song that is, and what follows it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deejai_core.api import analyse
from deejai_core.data_folder import slices_path
from deejai_core.errors import NotAnalysedError, PlaylistError
from deejai_core.features.listen.blocks import Moment, level
from deejai_core.features.listen.listener import Listener, append_to_playlist
from deejai_core.folder import FolderLibrary
from deejai_core.formats.entries import Style, Track
from deejai_core.lists.request import Request
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.options.lists import Rules
from demo.composer import compose

SECONDS = 20


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    """The folder of an analysed library whose songs are long enough to be recognised; not to be changed."""
    folder = tmp_path_factory.mktemp("songs") / "music"
    compose(folder, seconds=SECONDS, each=1)
    library = FolderLibrary(folder)
    library.refresh()
    analyse(library)
    return folder


@pytest.fixture
def library(songs, tmp_path) -> FolderLibrary:
    return FolderLibrary(shutil.copytree(songs, tmp_path / "music"))


def playing(library: FolderLibrary, id_: int) -> Moment:
    """A song's end, after all of it was heard."""
    rate = MusiCNN.sample_rate
    with Request().analysis.limits.decoder() as decoder:
        samples = decoder.windows(library.paths()[id_], sample_rate=rate, length=SECONDS * rate, limit=1)[0]
    return Moment(SECONDS, level(samples), samples)


@pytest.mark.parametrize("against_start", [True, False])
def test_a_song_is_recognised_and_another_follows_it(library, against_start):
    first, *others = library.ids()
    with Listener(library, MusiCNN(), Request(), against_start=against_start) as listener:
        answer = listener.answer(playing(library, first), 2)
    member, similarity = answer.playing
    assert member.match == first
    assert similarity > 0.9
    assert len(answer.near) == 2
    assert {member.match for member, _ in answer.near} <= set(others)
    assert answer.next.match in others


def test_only_what_the_rules_allow_follows(library):
    first, *_, last = library.ids()
    title = library.tracks([last])[last].title
    request = Request(rules=Rules(candidates=title))
    with Listener(library, MusiCNN(), request, against_start=False) as listener:
        answer = listener.answer(playing(library, first), 3)
    assert answer.playing[0].match == first
    assert [member.match for member, _ in answer.near] == [answer.next.match] == [last]


def test_how_songs_begin_must_be_stored(library):
    slices_path(library).unlink()
    with pytest.raises(NotAnalysedError, match="the slices at the start of songs are not stored") as error:
        Listener(library, MusiCNN(), Request(), against_start=True)
    assert error.value.hint == "compare whole songs"


@pytest.mark.parametrize(("extended", "expected"), [(True, "#EXTM3U\n#EXTINF:8,Nave - Rust\n{}\n"), (False, "{}\n")])
def test_a_track_is_appended_once(tmp_path, extended, expected):
    track, playlist = Track(tmp_path / "rust.flac", "Nave", "Rust", 8.0), tmp_path / "next.m3u"
    assert append_to_playlist(playlist, track, Style(), extended=extended) is True
    assert append_to_playlist(playlist, track, Style(), extended=extended) is False
    assert playlist.read_text() == expected.format(track.path)


def test_only_m3u_can_be_appended_to(tmp_path):
    with pytest.raises(PlaylistError, match="M3U playlists only; choose a name that ends in"):
        append_to_playlist(tmp_path / "next.xspf", Track(tmp_path / "rust.flac", "", "", None), Style())
