"""Whoever does not use the plugin does not pay for it, and the core does not know beets."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"numpy", "torch", "librosa", "annoy", "soundfile", "av", "soxr", "safetensors", "tqdm"}


def modules_after(beets, *args: str) -> set[str]:
    """Modules in memory after `beet ARGS`."""
    code = f"import sys, beets.ui\nbeets.ui._raw_main({list(args)!r})\nprint(*sys.modules, file=sys.stderr)"
    process = subprocess.run(
        [sys.executable, "-c", code], env={"BEETSDIR": str(beets.folder), "PATH": ""}, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return set(process.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("command", [["version"], ["ls"], ["ls", "deejai_happy:0.5.."], ["deejai"]])
def test_an_idle_plugin_imports_nothing_large(analysed, command):
    with_plugin = modules_after(analysed, *command)
    analysed.configure(plugins="")
    without = modules_after(analysed, "version" if command == ["deejai"] else command[0])
    assert "beetsplug" in with_plugin
    assert not (with_plugin - without) & HEAVY


def test_other_commands_load_names_and_defaults_alone(analysed):
    loaded = modules_after(analysed, "ls")
    ours = {name.removeprefix("beetsplug.deejai.") for name in loaded if name.startswith("beetsplug.deejai.")}
    assert ours == {"cli", "cli.command", "cli.defaults", "library", "library.attributes", "library.tag_fields"}
    core = {name.split(".")[1] for name in loaded if name.startswith("deejai_core.")}
    assert core == {"embedding", "errors", "extras", "models", "options", "version", "words"}


@pytest.mark.parametrize("command", [["similar", "Aisle"], ["analyze"], ["reweigh"], ["eval"], ["status"]])
def test_what_hears_nothing_new_needs_no_network(analysed, command):
    loaded = modules_after(analysed, "deejai", *command)
    assert not loaded & {"torch", "librosa", "soundfile", "av", "soxr", "scipy", "numba"}


def test_a_list_of_what_is_in_the_library_imports_no_analysis(analysed):
    loaded = modules_after(analysed, "deejai", "similar", "Aisle")
    assert "deejai_core.lists.space" in loaded
    assert not loaded & {
        "deejai_core.embedding.library_analysis",
        "deejai_core.embedding.mp3tovec",
        "deejai_core.models.facts",
    }


@pytest.mark.parametrize("command", [["deejai", "analyze"], ["import", "-qA", "{}"]])
def test_hearing_needs_no_torch(beets, collection, command):
    album = next(folder for folder in sorted(collection.rglob("*")) if folder.is_dir() and any(folder.glob("*.*")))
    if command[0] == "deejai":
        beets.configure(auto=False)
        beets.run("import", "-qA", album)
        beets.configure()
    loaded = modules_after(beets, *(word.format(album) for word in command))
    assert "numpy" in loaded
    assert "torch" not in loaded
    assert not loaded & {"deejai_core.embedding.cluster", "deejai_core.tracks.songs"}  # nobody's cluster, and no list
    assert "pending   0" in beets.deejai("status").lines


def test_the_core_does_without_beets():
    code = (
        "import sys, pkgutil\n"
        "sys.modules.update(beets=None, beetsplug=None, mediafile=None)\n"
        "import deejai_core\n"
        "for module in pkgutil.walk_packages(deejai_core.__path__, 'deejai_core.'):\n"
        "    __import__(module.name)\n"
        "print(*sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    loaded = {name.split(".")[0] for name in process.stdout.split()}
    assert "deejai_core" in loaded
    assert not loaded & {"torch", "librosa", "annoy", "soundfile", "av", "soxr"}
