"""What programs use of the package, without beets."""

from __future__ import annotations

import contextlib
import inspect
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import deejai_core
from deejai_core import (
    FolderLibrary,
    Radio,
    RadioObserver,
    Rules,
    Walk,
    analyse,
    api,
    draw_map,
    errors,
    evaluate,
    fill,
    find,
    journey,
    open_space,
    plan_mix,
    reorder,
    similar,
    train,
    write_mix,
    write_playlist,
)
from tests.djpage import free_port
from tests.players import FakePlayer

ROOT = Path(__file__).parent.parent.parent
PUBLIC = {
    *("FolderLibrary", "Library", "Model", "load_model"),
    *("Analysis", "AnalysisObserver", "analyse"),
    *("Entry", "MadeList", "Member", "Space", "open_space"),
    *("MILD", "ONCE", "Rules", "Style", "Walk"),
    *("journey", "reorder", "similar", "write_playlist"),
    *("FoundArtist", "FoundSong", "discover", "discover_artists"),
    *("draw_map", "evaluate"),
    *("Training", "TrainingObserver", "train"),
    *("fill", "find", "serve"),
    *("Address", "Mpd", "Player", "QueueEntry", "Radio", "RadioObserver", "Snapshot"),
    *("Mix", "plan_mix", "write_mix"),
}
FUNCTIONS = sorted(name for name in PUBLIC if inspect.isfunction(getattr(api, name)))


@pytest.fixture(scope="module")
def once(composed, tmp_path_factory) -> Path:
    """The folder of an analysed library; not to be changed."""
    folder = shutil.copytree(composed, tmp_path_factory.mktemp("analysed") / "music")
    analyse(FolderLibrary(folder))
    return folder


@pytest.fixture
def analysed(once, tmp_path) -> FolderLibrary:
    """A library of a test's own that is analysed."""
    return FolderLibrary(shutil.copytree(once, tmp_path / "music"))


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


def shown(page: str) -> list[str]:
    """The programs on a page, with songs that are here."""
    programs = re.findall(r"```python\n(from deejai_core.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert all(len(program.splitlines()) <= 10 for program in programs)
    here = {"Roxanne": "Aisle", "Nightswimming": "Dust in Light", "~/Pl": "Pl"}
    return [re.sub("|".join(here), lambda found: here[found[0]], program) for program in programs]


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_what_the_docs_show_first(page, music, tmp_path, monkeypatch, capsys):
    """Run as it stands there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Playlists").mkdir()
    program, *_ = shown(page)
    program = program.replace('"~/Music"', repr(str(music.music_folder)))
    exec(compile(program, page, "exec"), {})  # noqa: S102 (ours)
    (written,) = [*tmp_path.glob("*.m3u"), *tmp_path.glob("Playlists/*")]
    assert "Aisle" in written.read_text()
    assert ("near" in capsys.readouterr().out) == ("why" in program)


@pytest.fixture
def example(analysed, tmp_path, monkeypatch):
    """Runs an example of docs/api.md, which goes on with a library that is analysed; returns what its names are then."""
    monkeypatch.chdir(tmp_path)

    def run(calls: str) -> dict:
        (program,) = [program for program in shown("docs/api.md")[1:] if calls in program]
        names = {"library": analysed}
        with contextlib.suppress(KeyboardInterrupt):
            exec(compile(program, "docs/api.md", "exec"), names)  # noqa: S102 (ours)
        return names

    return run


def test_a_queue_as_the_docs_show_it(example, capsys):
    names = example("fill(")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [place for place, *_ in lines] == ["1", "2", "4"]
    seed, pinned = names["seeds"][0].name, names["pinned"].name
    assert not {seed, pinned} & {" ".join(name) for _, *name, _ in lines}


def test_a_radio_as_the_docs_show_it(example, analysed, monkeypatch):
    class Player(FakePlayer):
        def wait(self) -> None:
            raise KeyboardInterrupt

    player = Player(analysed.music_folder)
    monkeypatch.setattr(api, "Mpd", lambda address, folder: player)
    example("Radio(")
    assert len(player.queue.songs) == 4
    assert "Aisle" in player.queue.songs[0][1]
    assert player.queue.state == "play"


def test_a_mix_as_the_docs_show_it(example, capsys, tmp_path):
    names = example("plan_mix(")
    *lines, warnings = capsys.readouterr().out.splitlines()
    assert warnings == ""
    assert [float(line.split()[0]) for line in lines] == [part.start / 48_000 for part in names["mix"].parts]
    assert (tmp_path / "party.opus").stat().st_size > 10_000
    assert (tmp_path / "party.cue").read_text().count("  TRACK") == 5


def test_the_page_as_the_docs_show_it(analysed):
    port = free_port()
    (program,) = [program for program in shown("docs/api.md") if "serve(" in program]
    program = program.replace("8050", str(port)).replace("ready=print", "ready=lambda url: print(url, flush=True)")
    program = f"from deejai_core import FolderLibrary; library = FolderLibrary({str(analysed.music_folder)!r})\n{program}"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            url = server.stdout.readline().strip()
            assert url == f"http://127.0.0.1:{port}/"
            with urllib.request.urlopen(url) as answer:  # noqa: S310 (ours)
                assert answer.status == 200
        finally:
            server.send_signal(signal.SIGINT)
    assert server.returncode == 0


def test_a_page_that_cannot_be(analysed):
    with pytest.raises(deejai_core.OptionError, match="token: 16 letters and digits at least"):
        deejai_core.serve(analysed, token="guess")  # noqa: S106 (none)
    with pytest.raises(deejai_core.OptionError, match="port: must be from 1 to 65535, not 0"):
        deejai_core.serve(analysed, port=0)
    with pytest.raises(deejai_core.DeejaiError, match="nothing of the kind"):
        deejai_core.serve(analysed, ["nothing of the kind"])


def test_places_of_a_queue_are_filled_alike_again(analysed):
    space = open_space(analysed)
    seeds = find(space, ["Aisle"])

    def filled(coming, **options) -> list:
        return [entry.member for entry in fill(space, seeds, coming, Walk(drunk=0.5, seed=1), **options)]

    def names(members) -> list[str]:
        return [member.name for member in members]

    first, second = filled([None, None])
    assert names(filled([None, second])) == names([first])
    assert first.name not in names(filled([None, None], unwanted=[first]))
    assert len(filled([None] * 50)) == len(space.ids) - 1
    with pytest.raises(deejai_core.OptionError, match="seeds: a queue needs at least one track") as caught:
        fill(space, [], [None])
    assert caught.value.hint == "name a seed"


def test_a_radio_tells_what_an_observer_wants_to_know(analysed):
    class Added(RadioObserver):
        def __init__(self) -> None:
            self.names = []

        def added(self, member, pick) -> None:
            self.names.append(member.name)

    player, observer, space = FakePlayer(analysed.music_folder), Added(), open_space(analysed)
    player.connect()
    radio = Radio(space, player, observer, seeds=find(space, ["Aisle"]))
    radio.start(play=True)
    player.queue.skip()  # of which this observer wants to know nothing
    radio.go_on()
    assert len(observer.names) >= 4


def test_a_mix_replaces_neither_tracks_nor_what_is_no_mix(music, tmp_path):
    path = tmp_path / "mix.flac"
    mix = plan_mix(music, ["Nave"], path, fade=1)
    assert (mix.title, mix.rate, len(mix.parts)) == ("Nave", 44_100, 2)
    assert write_mix(music, mix, path) == []
    assert write_mix(music, mix, path) == []  # over an older one
    with pytest.raises(deejai_core.MixError, match="takes 48000 Hz, the plan is for 44100; plan the mix for this file"):
        write_mix(music, mix, tmp_path / "mix.opus")
    track = mix.parts[0].track.path
    with pytest.raises(deejai_core.MixError, match="a track of the library"):
        write_mix(music, mix, track, replace_others=True)
    other = tmp_path / "other.flac"
    other.write_bytes(track.read_bytes())
    with pytest.raises(deejai_core.MixError, match="not a mix that deejai made"):
        write_mix(music, mix, other)
    with pytest.raises(deejai_core.MixError, match="one of the tracks to be mixed"):
        write_mix(music, plan_mix(music, [str(other)], fade=0), other, replace_others=True)
    assert write_mix(music, mix, other, replace_others=True) == []
    with pytest.raises(deejai_core.OptionError, match="fade: must be from 0 to 60 seconds, not -1"):
        plan_mix(music, ["Nave"], fade=-1)


def test_a_mix_tells_what_it_leaves_out(music, tmp_path):
    playlist = tmp_path / "some.m3u"
    here = music.paths()[music.ids()[0]]
    playlist.write_text(f"{here}\nhttp://radio.example/stream\n")
    mix = plan_mix(music, [str(playlist)])
    assert mix.warnings == ("left out: http://radio.example/stream: not a file, but a stream",)


def test_a_journey_and_an_order(analysed):
    first, *_, last = (track.title for track in analysed.tracks(analysed.ids()).values())
    way = journey(analysed, [first, last], Walk(count=2))
    assert [entry.label for entry in way.entries] == ["waypoint", "1", "2", "waypoint"]
    assert [way.entries[place].member.tracks[0].title for place in (0, -1)] == [first, last]
    ordered = reorder(analysed, ["Nave"], keep_first=True)
    assert len(ordered.entries) > 1


def test_how_good_the_vectors_are(analysed):
    report = evaluate(analysed, ["format"], 2)
    artist, *_, format_ = report.figures()["fields"]
    assert artist["hit_rate"]["vectors"] > artist["hit_rate"]["chance"]
    assert format_["field"] == "format"
    with pytest.raises(deejai_core.OptionError, match="k: must be at least 1, not 0"):
        evaluate(analysed, k=0)


def test_a_map(analysed, tmp_path):
    drawn = draw_map(analysed, tmp_path / "map.html", "Aisle", color="artist")
    assert drawn.remarks == ["1 track in colour: what matches Aisle"]
    assert (tmp_path / "map.html").read_bytes().startswith(b"<!doctype html>")
    with pytest.raises(deejai_core.MapError, match="is a page"):
        draw_map(analysed, tmp_path / "map.pdf")


def test_words_that_name_nothing_are_an_error_with_a_hint(analysed):
    with pytest.raises(deejai_core.NoMatchError) as caught:
        similar(analysed, ["Aislle"])
    assert (caught.value.near, caught.value.hint) == ("Aisle", None)
    with pytest.raises(deejai_core.NoMatchError) as caught:
        similar(analysed, ["nothing of the kind"])
    assert caught.value.hint == "query"


@pytest.mark.parametrize(
    ("words", "times"), [(["nothing of the kind"], 1), (["nothing", "here"], 1), (["Aisle", "xyz"], 2)]
)
def test_names_are_compared_once_with_each_spelling(analysed, monkeypatch, words, times):
    asked, titles = [], type(analysed).titles
    monkeypatch.setattr(type(analysed), "titles", lambda self, *of: asked.append(of) or titles(self, *of))
    with pytest.raises(deejai_core.NoMatchError):
        similar(analysed, words)
    assert len(asked) == times


def test_what_was_found_is_not_said_to_be_misspelt(analysed):
    title = max((names.title for names in analysed.names()), key=len)
    with pytest.raises(deejai_core.NoMatchError, match=f"'zz' matches nothing, '{title.lower()}' does") as caught:
        similar(analysed, [title.lower(), "zz"])
    assert caught.value.near is None
    with pytest.raises(deejai_core.NoMatchError) as caught:
        similar(analysed, [f"{title[:-1]}y"])
    assert caught.value.near == title


def test_a_library_that_is_not_analysed_is_an_error_with_a_hint(music):
    with pytest.raises(deejai_core.NotAnalysedError) as caught:
        similar(music, ["Aisle"])
    assert caught.value.hint == "analyse"


def test_a_training_needs_a_history(analysed):
    with pytest.raises(errors.HistoryError):
        train(analysed)
