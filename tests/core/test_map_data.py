"""What a map shows, and the files it is written to."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from deejai_core.errors import MapError
from deejai_core.features.map.data import (
    MOST_COLOURS,
    OTHER,
    SHADES,
    STYLES,
    category_field,
    map_data,
    scale_field,
    text_field,
)
from deejai_core.features.map.files import INK, map_page, map_picture, write_map

EVIL = "</script><img src=x onerror=alert(1)>"


def small_map(title: str = "Song", **options) -> dict:
    places = np.array([(0, 0), (4, 0), (4, 2)], np.float32)
    genres = category_field("genre", [("Rock",), ("Jazz", "Rock"), ()])
    return map_data(
        places, [7, 8, 9], [title, "Other", ""], [genres, text_field("album", ["A", "A", ""])], "genre", **options
    )


def colours(field) -> list[int | None]:
    return [field.colours[value] for value in field.of]


def test_the_most_frequent_words_have_colours():
    labels = [(f"genre {number}",) for number in range(15) for _ in range(15 - number)]
    field = category_field("genre", labels)
    assert field.names == [f"genre {number}" for number in range(MOST_COLOURS)]
    assert colours(field)[0] == 0
    assert colours(field)[-1] == OTHER


def test_a_track_has_the_colour_of_its_first_word_that_has_one():
    labels = [(f"frequent {number}",) for number in range(MOST_COLOURS) for _ in range(3)]
    field = category_field("genre", [*labels, ("rare", "frequent 4", "frequent 2"), ("rare",), ()])
    assert [field.names[colours(field)[-3]], *colours(field)[-2:]] == ["frequent 4", OTHER, None]
    assert field.values[field.of[-3]] == "rare, frequent 4, frequent 2"


def test_spellings_of_a_word_are_one_and_the_usual_one_is_shown():
    field = category_field("genre", [("rock",), ("Rock",), ("Rock",), ("Jazz",)])
    assert field.names == ["Rock", "Jazz"]
    assert colours(field) == [0, 0, 0, 1]
    assert field.values[field.of[0]] == "rock"


def test_decades_stand_in_their_order():
    years = [("1969",), ("1985",), ("1981",), ("1987",), ()]
    field = category_field("year", years, category=lambda year: f"{year[:3]}0s", legend="decade", in_order=True)
    assert field.names == ["1960s", "1980s"]
    assert colours(field) == [0, 1, 1, 1, None]
    assert field.values[field.of[1]] == "1985"


def test_numbers_are_on_a_scale_that_an_outlier_does_not_stretch():
    field = scale_field("bpm", [*range(100, 200), None, 9999], lambda number: f"{number:.0f}")
    shades = [field.shades[value] for value in field.of]
    assert shades[0] == 0
    assert shades[50] == pytest.approx(SHADES / 2, abs=6)
    assert shades[-2:] == [None, SHADES]
    assert field.scale == ("102", "198")


def test_places_keep_their_proportions():
    data = small_map()
    assert data["x"] == [0, 65535, 65535]
    assert data["y"] == [16384, 16384, 49151]
    one = map_data(np.zeros((1, 2)), [1], ["Song"], [text_field("album", ["A"])], "genre")
    assert (one["x"], one["y"]) == ([32768], [32768])


def test_no_tag_reaches_the_page_as_html():
    page = map_page(small_map(EVIL), EVIL).decode()
    assert "<img" not in page
    assert page.count("</script>") == 3  # those of the page itself
    (embedded,) = re.findall(r'id="data">(.*?)</script>', page)
    assert json.loads(embedded)["titles"][0] == EVIL
    assert "http" not in page.replace("http-equiv", "")  # works offline


@pytest.mark.parametrize(
    "options", [{}, {"shown": [1]}, {"paths": {"$x_1": [0, 2], "long": [0, 1] * 50}}, {"title": "$a^"}, {"title": "\udcff"}]
)
def test_a_picture(options):
    data = small_map(**options)
    assert map_picture(data, "3 tracks").startswith(b"\x89PNG")
    assert map_page(data, "3 tracks")


def test_a_picture_of_a_scale():
    field = scale_field("bpm", [100, None, 120], str)
    data = map_data(np.eye(3)[:, :2], [1, 2, 3], ["a", "b", "c"], [field], "bpm", shown=[0, 1])
    assert map_picture(data, "3 tracks").startswith(b"\x89PNG")


def test_playlists_in_a_picture_differ_in_colour_dashes_and_shape_and_are_named():
    paths = {f"Friday {number} & more": [number % 3, (number + 1) % 3] for number in range(len(STYLES))}
    picture = map_picture(small_map(paths=paths), "3 tracks", "svg").decode()
    for name in paths:
        assert f"{name.replace('&', '&amp;')} (2)" in picture
    drawn = re.findall(r'style="fill: none; (?:stroke-dasharray: ([\d., ]+); )?.*?stroke: (#\w+)', picture)
    lines = {(dashes, colour) for dashes, colour in drawn if colour in {style["colour"] or INK for style in STYLES}}
    assert len({dashes for dashes, _ in lines}) == len({colour for _, colour in lines}) == len(STYLES)
    assert len({(style["corners"], style["turn"]) for style in STYLES}) == len(STYLES)


def test_more_playlists_than_styles_are_drawn_too():
    paths = {str(number): [0, 1] for number in range(len(STYLES) + 1)}
    assert map_picture(small_map(paths=paths), "3 tracks").startswith(b"\x89PNG")


def test_the_same_map_is_the_same_picture():
    data = small_map(paths={"one": [0, 1]})
    assert map_picture(data, "map", "svg") == map_picture(data, "map", "svg")


def test_how_many_tracks_a_field_colours():
    assert category_field("genre", [("Rock",), (), (), ()]).share == 0.25
    assert category_field("genre", [(), ()]).share == 0
    assert scale_field("bpm", [100, None], str).share == 0.5
    assert text_field("album", ["A", "B"]).share == 0


@pytest.mark.parametrize(
    "content",
    [map_page(small_map(), "map"), map_picture(small_map(), "map"), map_picture(small_map(), "map", "svg")],
    ids=["page", "picture", "lines"],
)
def test_only_a_map_is_replaced(tmp_path, content):
    path = tmp_path / "folder" / "map"
    for _ in range(2):
        write_map(path, content)
        assert path.read_bytes() == content
    path.write_bytes(b"")
    write_map(path, content)
    path.write_text("<!doctype html><p>my homepage")
    with pytest.raises(MapError, match="not a map; choose another name"):
        write_map(path, content)
    assert "homepage" in path.read_text()


def test_a_map_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MapError, match="cannot write the map"):
        write_map(tmp_path / "file" / "map.html", b"")
