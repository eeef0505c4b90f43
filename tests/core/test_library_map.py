"""A map of a library, without a command."""

from __future__ import annotations

import pytest

from deejai_core import LibraryError, MapError, NotAnalysedError, OptionError, analyse, similar, write_playlist
from deejai_core.features.map.library_map import library_map, write_library_map
from deejai_core.models.musicnn.model import MusiCNN


@pytest.fixture
def analysed(music):
    analyse(music)
    return music


def test_a_map_of_a_folder(analysed, tmp_path):
    playlist = write_playlist(similar(analysed, ["Aisle"]), tmp_path / "like.m3u")
    drawn = library_map(analysed, MusiCNN(), "Aisle", color="length", playlists=[playlist])
    data = drawn.data
    assert data["ids"] == analysed.ids()
    assert [data["titles"][place] for place in data["shown"]] == ["Aisle"]
    assert data["titles"][data["paths"][0]["tracks"][0]] == "Aisle"
    assert data["color"] == "length"
    assert drawn.remarks == ["1 track in colour: what matches Aisle"]


@pytest.mark.parametrize(("name", "beginning"), [("map.html", b"<!doctype html>"), ("map.svg", b"<?xml")])
def test_a_page_or_a_picture(analysed, tmp_path, name, beginning):
    write_library_map(analysed, library_map(analysed, MusiCNN()), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(beginning)


def test_what_cannot_be_drawn(analysed, tmp_path):
    for color, hint in (("mood", "list fields"), ("jazz", "tag")):
        with pytest.raises(OptionError, match=f"color {color}: no analysed track has this field") as error:
            library_map(analysed, MusiCNN(), color=color)
        assert error.value.hint == hint
    with pytest.raises(LibraryError, match="nowhere: matches nothing") as error:
        library_map(analysed, MusiCNN(), "nowhere")
    assert error.value.hint == "query"
    with pytest.raises(MapError, match=r"map\.pdf: a map is a page"):
        write_library_map(analysed, library_map(analysed, MusiCNN()), tmp_path / "map.pdf")


def test_before_any_analysis(music):
    with pytest.raises(NotAnalysedError) as error:
        library_map(music, MusiCNN())
    assert error.value.hint == "analyse"
