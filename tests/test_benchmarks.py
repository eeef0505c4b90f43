"""What prints the figures still runs: each benchmark is imported, the one that most others need is run."""

from __future__ import annotations

import importlib
import json
import pkgutil

import pytest

import benchmarks
from benchmarks import gpu
from benchmarks.analysers import stages
from tests.sounds import chirp, write_audio


@pytest.mark.parametrize("name", sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__)))
def test_it_can_be_imported(name):
    importlib.import_module(f"benchmarks.{name}")


def test_the_stages_of_analysis(tmp_path):
    path = write_audio(tmp_path / "chirp.ogg", chirp(10, 44_100, 2), 44_100)
    spent = stages([path], windows=2)
    assert list(spent) == ["packets and their key", "decode", "resample", "spectrogram", "network"]
    assert spent["network"] > 0


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
    with pytest.raises(SystemExit, match="device: torch finds no cuda here; auto takes what there is"):
        gpu.main(["--device", "cuda"])
