"""What is to be mixed of a folder's library."""

from __future__ import annotations

from pathlib import Path

import pytest

from deejai_core.api import analyse, similar
from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import MixError
from deejai_core.features.mix.plan import Measured, plan_mix
from deejai_core.features.mix.selection import Row, Selection, check_target, plan_selection, rows, select_made, select_named
from deejai_core.formats.entries import Track
from deejai_core.options.lists import Walk

RATE = 44_100


@pytest.fixture
def decoder():
    with Decoder(seconds=60, memory=2_000_000_000) as decoder:
        yield decoder


def test_what_words_find_is_planned_in_its_order(music, decoder):
    selection = select_named(music, ["Nave"], decoder)
    assert selection.title == "Nave"
    assert [track.artist for track in selection.tracks] == ["Nave", "Nave"]
    steps = []
    mix = plan_selection(selection, RATE, 2, decoder, measured=lambda: steps.append(1))
    assert len(steps) == 2
    first, second = rows(mix)
    assert (first.at, first.name) == (0, selection.tracks[0].name)
    assert 0 < second.at < mix.seconds < 16


def test_a_playlist_is_mixed_as_often_as_a_track_is_in_it(music, decoder, tmp_path):
    path = music.paths()[music.ids()[0]]
    playlist = tmp_path / "twice.m3u"
    playlist.write_text(f"{path}\n{path}\nhttp://radio.example/stream\n")
    selection = select_named(music, [str(playlist)], decoder)
    assert selection.title == "twice"
    assert [track.path for track in selection.tracks] == [path, path]
    assert selection.warnings == ["left out: http://radio.example/stream: not a file, but a stream"]


def test_a_list_is_mixed(music):
    analyse(music)
    made = similar(music, ["Aisle"], Walk(count=2))
    selection = select_made(made)
    assert selection.title == made.title
    assert len(selection.tracks) == 3


def test_what_cannot_be_heard_is_left_out(music, decoder):
    (track, *_) = select_named(music, ["Nave"], decoder).tracks
    gone = Track(Path("/nowhere.flac"), "", "", None)
    warnings = []
    mix = plan_selection(Selection("x", [gone, track]), RATE, 0, decoder, warn=warnings.append)
    assert [part.track for part in mix.parts] == [track]
    assert warnings == ["/nowhere.flac: no such file; left out"]
    with pytest.raises(MixError, match="x: it contains nothing that can be mixed"):
        plan_selection(Selection("x", [gone]), RATE, 0, decoder)


def test_no_track_is_replaced_by_a_mix(music, decoder, tmp_path):
    track = select_named(music, ["Nave"], decoder).tracks[0]
    with pytest.raises(MixError, match="a track of the library, which is never replaced"):
        check_target(music, track.path, decoder, force=True)
    with pytest.raises(MixError, match="one of the tracks to be mixed"):
        plan_selection(Selection("x", [track]), RATE, 0, decoder, path=track.path)
    assert check_target(music, tmp_path / "mix.opus", decoder) == 48_000


def test_only_what_is_much_quieter_is_said_to_be():
    tracks = [Track(Path(name), "", name, None) for name in "ab"]
    mix = plan_mix([Measured(tracks[0], 0, 9 * RATE, -14, -9), Measured(tracks[1], 0, 9 * RATE, -23, -3)], RATE, 2)
    assert rows(mix) == [Row(0, 0, "a", 0), Row(8, 6, "b", 3)]
