"""The commands that the documentation shows: all of them parse, and those of the tutorial and the how-to guides run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from beetsplug.deejai.cli.commands import deejai_command
from beetsplug.deejai.cli.defaults import DEFAULTS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GUIDES = sorted((ROOT / "docs/how-to").glob("*.md"))
BEET = ("beet", "deejai")

# What other tests run, since it needs a server, other machines, a download, or hours of music.
ELSEWHERE = {
    ("radio",): "test_radio.py",
    ("web",): "test_web.py",
    ("subsonic", "--host"): "test_subsonic.py",
    ("analyze", "--dask"): "test_dask.py",
    ("model", "use", "teticio/audio-encoder"): "test_hub.py",
    ("model", "import"): "test_library_models.py",
    ("model", "import-vectors"): "test_library_models.py",
    ("model", "use", "speccy"): "test_library_models.py",
    ("model", "use", "ear"): "test_onnx.py",
    ("history", "add", "lastfm:me"): "test_lastfm.py",
    ("train",): "test_training.py",
    ("similar", "Low Fence", "--space"): "test_training.py",
    ("blind",): "test_blind.py",
}


def commands(page: Path) -> Iterator[list[str]]:
    """The lines of a page's code that call beet, in words."""
    for line in re.findall(r"^(?:    +|\$ |)((?:\w+=\S+ )?beet .*)$", page.read_text(), re.MULTILINE):
        try:
            words = shlex.split(line.split(" | ")[0], comments=True)
        except ValueError:
            continue  # prose
        yield words[words.index("beet") :]


def shown(pages: list[Path]) -> list[tuple[str, list[str]]]:
    return [(page.name, words) for page in pages for words in commands(page) if tuple(words[:2]) == BEET]


def test_every_command_has_options_that_there_are():
    verbs = {name: verb for verb in deejai_command(config=None, log=None).verbs for name in (verb.name, *verb.aliases)}
    seen = 0
    for page, (_, _, *words) in shown(PAGES):
        if not words or words[0] == "COMMAND":
            continue
        assert words[0] in verbs, (page, words)
        try:
            if hasattr(verbs[words[0]], "verbs"):  # `model use`
                verbs[words[0]].parse_args(words[1:])
            else:
                verbs[words[0]].parser.parse_args(words[1:])
        except SystemExit as error:
            raise AssertionError(f"{page}: beet deejai {shlex.join(words)}") from error
        seen += 1
    assert seen > 150


@pytest.fixture
def place(analysed, tmp_path) -> Path:
    """The folder that commands run in, with what they find there: playlists at home, and the file for a mix."""
    for folder in (".mpd/playlists", "Music/Playlists"):
        (tmp_path / folder).mkdir(parents=True)
    songs = analysed.run("ls", "-f", "$path").lines
    (tmp_path / "Music/Playlists/mine.m3u").write_text("\n".join(songs[:5]))
    return tmp_path


def run_all(library, page: Path, place: Path, here: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Run a page's commands in their order, but for those that other tests run; returns the verbs that ran.

    here: songs of the library, by the ones that they stand for.
    """
    ran = []
    for words in commands(page):
        if any(words[2 : 2 + len(start)] == list(start) for start in ELSEWHERE):
            continue
        home = [here.get(word, word.replace("~/", f"{place}/")) for word in words[1:]]
        library.run(*home, cwd=place)
        ran.append(words[2] if tuple(words[:2]) == BEET else words[1])
    return ran


def test_the_readme(analysed, place):
    songs = dict(zip(("Code Monkey", "Roxanne", "Blue in Green", "Windowlicker"), analysed.field("title"), strict=False))
    assert run_all(analysed, ROOT / "README.md", place, songs) == ["analyze", "similar", "similar", "journey"]


def test_the_tutorial(analysed, place):
    assert {"status", "similar", "tag", "journey", "reorder", "mix"} <= {
        *run_all(analysed, ROOT / "docs/tutorial.md", place)
    }
    assert all((place / name).is_file() for name in ("evening.m3u", "trip.m3u", "smooth.m3u", "trip.mp3", "trip.cue"))


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide(analysed, place, page):
    configured = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)]
    options = {key: value for block in configured for key, value in block.get("deejai", {}).items()}
    assert options.keys() <= DEFAULTS.keys()
    analysed.configure(**options | {"playlist_dir": str(place)})
    assert run_all(analysed, page, place)


def test_what_other_tests_run_has_its_tests():
    for name in {*ELSEWHERE.values()}:
        assert list((ROOT / "tests").rglob(name)), name
