"""What prints the figures still runs: each benchmark is imported, the one that most others need is run."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import sys
from pathlib import Path

import numpy as np
import pytest

import benchmarks
from benchmarks import gpu, objectives
from benchmarks.analysers import stages
from benchmarks.usage import FailedError, forget_peak, measure, peak
from tests.sounds import chirp, write_audio


@pytest.mark.parametrize("name", sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__)))
def test_it_can_be_imported(name):
    importlib.import_module(f"benchmarks.{name}")


@pytest.mark.parametrize("path", sorted(Path(benchmarks.__path__[0]).glob("*.py")), ids=lambda path: path.stem)
def test_one_that_needs_more_than_the_public_api_says_why(path):
    tree = ast.parse(path.read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    # How `beet` runs the core is the benchmarks' own business; whose model or error it is, everybody's.
    open_to_all = ("deejai_core.models.musicnn.model", "deejai_core.errors")
    internals = [name for name in modules if name.startswith("deejai_core.") and name not in open_to_all]
    assert ("Imports internals: " in (ast.get_docstring(tree) or "")) == bool(internals)


def test_the_stages_of_analysis(tmp_path):
    paths = [write_audio(tmp_path / f"{seconds}.ogg", chirp(seconds, 44_100, 2), 44_100) for seconds in (10, 12)]
    spent = stages(paths, windows=2)
    assert list(spent) == ["packets and their key", "decode", "resample", "spectrogram", "network"]
    assert all(stage.seconds > 0 and stage.limit > 0 for stage in spent.values())


needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")


@needs_linux
def test_a_program_is_as_large_as_itself_not_as_what_starts_it():
    held = np.ones(40_000_000)  # 320 MB
    assert measure([sys.executable, "-c", "pass"]).memory < 50 < held.nbytes / 1e6
    assert 200 < measure([sys.executable, "-c", "held = b'x' * 200_000_000"]).memory < 250


@needs_linux
def test_processes_at_once_are_added_up():
    hold = "import time; held = b'x' * 100_000_000; time.sleep(1)"
    two = f"""
import subprocess, sys
children = [subprocess.Popen([sys.executable, "-c", {hold!r}]) for _ in range(2)]
for child in children: child.wait()
"""
    assert 200 < measure([sys.executable, "-c", two]).memory < 300


@needs_linux
def test_the_peak_of_a_process_begins_anew():
    np.ones(20_000_000).sum()  # 160 MB, and gone again
    before = peak()
    forget_peak()
    assert peak() < before - 100


def test_a_program_that_fails():
    with pytest.raises(FailedError, match="no music here") as caught:
        measure([sys.executable, "-c", "import sys; sys.exit('no music here')"])
    assert caught.value.status == 1


def test_a_graphics_card_against_the_cpu(tmp_path, capsys):
    """Here the CPU is both: torch's networks are what the models put out, and figures of each kind are there."""
    gpu.main(["--device", "cpu", "--quick", "--json", str(tmp_path / "gpu.json")])
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert [line[4:] for line in capsys.readouterr().out.splitlines() if line.startswith("### ")] == list(found)
    exact = [row for row in found["Agreement with the CPU"] if row["computed in"] == "float32"]
    assert [row["network"] for row in exact] == ["MusiCNN", "Deej-A.I."]
    assert all(row["largest difference"] < 1e-4 and row["1 - cosine, tracks"] < 1e-9 for row in exact)
    rough = [row for row in found["Agreement with the CPU"] if row["computed in"] == "bfloat16"]
    assert all(1e-9 < row["1 - cosine, tracks"] < 0.1 for row in rough)
    rates = [value for row in found["Songs a second"] for value in row.values() if isinstance(value, float)]
    assert all(rate > 0 for rate in rates)
    assert found["An epoch of training"][0]["loss"] > 0


def test_a_card_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit, match="device: torch finds no cuda here; choose auto or cpu"):
        gpu.main(["--device", "cuda"])


class TestObjectives:
    def test_figures_count_neighbours_that_share_an_artist_or_a_soundtrack(self):
        """Two soundtracks of twelve, each by two artists; in the first one artist is all on its own."""
        vectors = np.repeat(np.eye(3, dtype=np.float32), [6, 6, 12], axis=0)
        artists = np.array([*["a"] * 6, *["b"] * 6, *["c"] * 6, *["d"] * 5, ""])
        soundtracks = np.array([*["x"] * 12, *["y"] * 12])
        hit, precision, by_others = objectives.figures(vectors, artists, soundtracks)
        assert hit[:6].tolist() == [1] * 6
        assert np.isnan(hit[-1])  # by nobody known
        assert precision[12:].tolist() == [1] * 12
        assert by_others[12:18].tolist() == [0.5] * 6  # five of another artist lie there, and all else is as near
        assert np.isnan(by_others[-1])

    def test_no_artist_is_in_both_folds(self):
        soundtracks = np.array(["w", "x", "x", "y", "y", "z"])
        artists = np.array(["", "a", "b", "b", "", "c"])
        none = np.zeros(0)
        music = objectives.Music(none, none, none, none, artists, soundtracks)
        assert music.folds.tolist() in ([1, 0, 0, 0, 0, 1], [0, 1, 1, 1, 1, 0])
