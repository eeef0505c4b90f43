"""What prints the figures still runs: each benchmark is imported, the one that most others need is run."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import benchmarks
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
