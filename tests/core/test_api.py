"""What programs use of the package, without beets."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import deejai_core
from deejai_core import Rules, Walk, analyse, api, draw_map, errors, evaluate, journey, reorder, similar, write_playlist

ROOT = Path(__file__).parent.parent.parent
PUBLIC = {
    *("FolderLibrary", "Library", "Model", "load_model"),
    *("Analysis", "Observer", "analyse"),
    *("Entry", "MadeList", "Member", "Space", "open_space"),
    *("MILD", "ONCE", "Rules", "Style", "Walk"),
    *("journey", "reorder", "similar", "write_playlist"),
    *("draw_map", "evaluate"),
}
FUNCTIONS = sorted(name for name in PUBLIC if inspect.isfunction(getattr(api, name)))


def test_the_names_that_programs_may_use():
    of_errors = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    assert set(deejai_core.__all__) == PUBLIC | of_errors
    assert set(api.__all__) == PUBLIC
    assert all(getattr(deejai_core, name) is not None for name in deejai_core.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Roxanne'"):
        _ = deejai_core.Roxanne


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_what_each_parameter_is(name):
    said = inspect.getdoc(getattr(api, name))
    assert [parameter for parameter in inspect.signature(getattr(api, name)).parameters if parameter not in said] == []


def test_to_import_it_takes_neither_numpy_nor_beets():
    program = "import deejai_core, sys; deejai_core.QueryError; print({'numpy', 'beets'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_list_of_a_folder(music, tmp_path):
    outcome = analyse(music)
    assert outcome.failed == 0
    assert outcome.weighted.given == outcome.wanted == len(music.ids())
    assert analyse(music).idle

    made = similar(music, ["Aisle"], Walk(count=5), Rules(artist_separation=1), why=True)
    assert [entry.label for entry in made.entries] == ["seed", "1", "2", "3", "4", "5"]
    assert made.entries[0].member.tracks[0].title == "Aisle"
    assert all(entry.why for entry in made.entries[1:])

    path = write_playlist(made, tmp_path / "like.m3u")
    paths = [Path(line) for line in path.read_text().splitlines() if not line.startswith("#")]
    assert paths == [track.path for entry in made.entries for track in entry.member.tracks]


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_what_the_docs_show(page, music, tmp_path, monkeypatch, capsys):
    """Run as it stands there, with songs that are here."""
    (program,) = re.findall(r"```python\n(from deejai_core.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert len(program.splitlines()) <= 10
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Playlists").mkdir()
    here = {'"~/Music"': repr(str(music.music_folder)), "Roxanne": "Aisle", "Nightswimming": "Dust in Light", "~/Pl": "Pl"}
    for there, word in here.items():
        program = program.replace(there, word)
    exec(compile(program, page, "exec"), {})  # noqa: S102 (ours)
    (written,) = [*tmp_path.glob("*.m3u"), *tmp_path.glob("Playlists/*")]
    assert "Aisle" in written.read_text()
    assert ("near" in capsys.readouterr().out) == ("why" in program)


def test_a_journey_and_an_order(music):
    analyse(music)
    first, *_, last = (track.title for track in music.tracks(music.ids()).values())
    way = journey(music, [first, last], Walk(count=2))
    assert [entry.label for entry in way.entries] == ["waypoint", "1", "2", "waypoint"]
    assert [way.entries[place].member.tracks[0].title for place in (0, -1)] == [first, last]
    ordered = reorder(music, ["Nave"], keep_first=True)
    assert len(ordered.entries) > 1


def test_how_good_the_vectors_are(music):
    analyse(music)
    report = evaluate(music, ["format"], 2)
    artist, *_, format_ = report.figures()["fields"]
    assert artist["hit_rate"]["vectors"] > artist["hit_rate"]["chance"]
    assert format_["field"] == "format"
    with pytest.raises(deejai_core.OptionError, match="k: must be at least 1, not 0"):
        evaluate(music, k=0)


def test_a_map(music, tmp_path):
    analyse(music)
    drawn = draw_map(music, tmp_path / "map.html", "Aisle", color="artist")
    assert drawn.remarks == ["1 track in colour: what matches Aisle"]
    assert (tmp_path / "map.html").read_bytes().startswith(b"<!doctype html>")
    with pytest.raises(deejai_core.MapError, match="is a page"):
        draw_map(music, tmp_path / "map.pdf")


def test_words_that_name_nothing_are_an_error_with_a_hint(music):
    analyse(music)
    with pytest.raises(deejai_core.NoMatchError) as caught:
        similar(music, ["Aislle"])
    assert (caught.value.near, caught.value.hint) == ("Aisle", None)
    with pytest.raises(deejai_core.NoMatchError) as caught:
        similar(music, ["nothing of the kind"])
    assert caught.value.hint == "query"


def test_a_library_that_is_not_analysed_is_an_error_with_a_hint(music):
    with pytest.raises(deejai_core.NotAnalysedError) as caught:
        similar(music, ["Aisle"])
    assert caught.value.hint == "analyse"
