"""What is told while work goes on: in the core's own words, where a program has none."""

from __future__ import annotations

from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from deejai_core import progress
from deejai_core.embedding.analysis import NotEmbedded
from deejai_core.embedding.analysis_lines import AnalysisText, analyse_and_tell, tag_and_tell, weight_and_tell
from deejai_core.embedding.library_analysis import Work
from deejai_core.embedding.library_pickles import Imported
from deejai_core.embedding.library_vectors import Weighted
from deejai_core.embedding.model_lines import switch_model, tell_import
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import HINTS, HistoryError
from deejai_core.features.evaluation_lines import sweep_and_tell
from deejai_core.features.map.library_map import LONG, laying_out
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.registry import CHECKPOINT
from deejai_core.options.analysis import Analysis
from deejai_core.progress import Progress, Teller
from deejai_core.training.library_training import check_export
from deejai_core.training.training_lines import TrainingText
from deejai_core.training.validation import Epoch
from tests.core.test_library_models import Model
from tests.library_conformance import identify


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def teller(told, monkeypatch) -> Teller:
    """Writes down each line behind what kind of line it is; of progress each step."""
    monkeypatch.setattr(progress, "INTERVAL", 0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=count().__next__))
    say, tell, warn, detail = (lambda line, kind=kind: told.append(f"{kind}: {line}") for kind in KINDS)
    return Teller(say, tell, warn, detail, lambda total, what="tracks", **given: Progress(total, tell, warn, what, **given))


KINDS = ("say", "tell", "warn", "detail")


def test_a_layout_that_takes_long_is_told_of(told, teller):
    with laying_out(LONG - 1, teller) as report:
        report(1, 2)
    assert told == []
    with laying_out(LONG, teller) as report:
        report(1, 2)
    assert told == ["tell: laying out 2,000 tracks...", "tell: 1/2 steps, 1.0 a second, 1 s left"]


class TestAnalysis:
    def test_its_way(self, told, teller):
        with AnalysisText(teller, SimpleNamespace(name="model-1")) as text:
            text.planned(Work([1, 2], [], []), 1)
            text.result(NotEmbedded(Path("/a.mp3"), "no sound", lasting=True))
            text.stopped("go on")
            text.weighting()
            text.weighted(Weighted(2, 3, fitted=2_000), 2)
            text.weighted(Weighted(0, 1, (0.2, 0.1)), 0)
            text.tagged(0)
            text.tagged(1)
        assert (text.done, AnalysisText(teller, SimpleNamespace(name="model-1")).done) == (1, 0)
        assert told == [
            "tell: 1 file changed; those with another song are analysed again",
            "warn: /a.mp3: not analysed: no sound",
            "tell: 1/2 tracks, 1.0 a second, 1 s left",
            "warn: stopped: 1 of 2 tracks analysed and kept; go on",
            "tell: weighting the vectors against the library as it is now...",
            "tell: Fitted the projection to 2,000 slices; it no longer changes.",
            "tell: Computed the vectors of 2 tracks with model-1.",
            "tell: Updated the vectors of 3 other tracks, because the library changed.",
            "tell: Updated the vectors of 1 track, because epsilon is 0.1 now, not 0.2.",
            "tell: Tagged 1 track.",
        ]

    def test_what_is_stopped_is_what_was_counted_last(self, told, teller):
        with AnalysisText(teller, SimpleNamespace(name="model-1")) as text:
            text.stopped("nothing has begun")
            text.planned(Work([1, 2], [], []), 0)
            text.hearing(3)
            text.result(NotEmbedded(Path("/a.mp3"), "no sound", lasting=True))
            text.stopped("go on")
        assert told[-1] == "warn: stopped: 1 of 3 files heard and kept; go on"
        assert len(told) == 3

    def test_of_a_library(self, told, teller, music):
        model, analysis = MusiCNN(), Analysis()
        tracks = len(music.ids())
        assert not analyse_and_tell(music, model, model, analysis, teller).failed
        assert f"tell: Computed the vectors of {tracks} tracks with musicnn-msd-1." in told
        assert analyse_and_tell(music, model, model, analysis, teller).idle
        assert told[-1] == "tell: nothing to do: every track has a vector of musicnn-msd-1"
        told.clear()
        assert tag_and_tell(music, model, analysis, None, teller, pretend=True) == 0
        assert len(told) == tracks
        assert told[0].startswith("say: ")
        told.clear()
        tag_and_tell(music, model, analysis, None, teller, force=True)
        tag_and_tell(music, model, analysis, None, teller)
        assert told == [
            f"tell: Tagged {tracks} tracks.",
            f"tell: nothing to do: every track has tags; {HINTS['tag again']}",
        ]
        told.clear()
        weight_and_tell(music, model, Analysis(epsilon=0.3), teller, kept=False)
        assert told == [
            f"tell: Updated the vectors of {tracks} tracks (musicnn-msd-1).",
            "tell: To keep it, analyse with epsilon 0.3 from now on.",
        ]
        told.clear()
        sweep_and_tell(music, model, [0.2], 0.1, teller)
        assert sorted(told[:2]) == ["tell: weighting with epsilon 0.1...", "tell: weighting with epsilon 0.2..."]
        assert all(line.startswith("say: ") for line in told[2:])


class TestTraining:
    def test_its_way(self, told, teller, tmp_path):
        with TrainingText(teller, tmp_path, used=False) as text:
            text.told("lists", "4")
            text.began("files", 1, "decoding...")
            text.decoded(NotEmbedded(Path("/a.mp3"), "no sound", lasting=True))
            text.began("epochs", 2)
            text.epoch(Epoch(0.5, 0.25))
            text.learned_nothing()
            text.saved(tmp_path / "taste")
        assert told == [
            "say: lists      4",
            "tell: decoding...",
            "warn: /a.mp3: left out: no sound",
            "tell: 1/1 tracks, 1.0 a second, 0 s left",
            "detail: loss 0.5000, validation cosine 0.2500",
            "tell: 1/2 epochs, 1.0 a second, 1 s left at most",
            "warn: The model does no better than a constant vector or random weights; more lists may help.",
            f"say: saved to {tmp_path}/taste; taste can be used from now on",
        ]

    def test_one_that_is_stopped_can_go_on(self, told, teller, tmp_path):
        (tmp_path / CHECKPOINT).touch()
        text = TrainingText(teller, tmp_path, used=True)
        text.began("batches", 2)
        text.epoch(Epoch(0.5, 0.25))
        text.__exit__(KeyboardInterrupt)
        assert told == [
            "tell: loss 0.5000, validation cosine 0.2500",
            f"warn: stopped; {HINTS['go on from the checkpoint']}",
        ]


class TestModels:
    def test_another_model(self, told, teller, music):
        ids = music.ids()
        recordings = identify(music)
        with open_slices(music) as store:
            store.put(recordings[ids[0]], Model.trunk_name, np.eye(4, dtype=np.float16)[:2])
        switch = partial(switch_model, music, "mine", Model(), Analysis(), teller)
        switch()
        lacking = f"tell: {len(ids) - 1} tracks not analysed with it yet; {HINTS['analyse']}"
        assert told == [
            "tell: mine is in use: model-1, 4 dimensions",
            "tell: computing the vectors of 1 track from the stored analysis...",
            "tell: Computed the vectors of 1 track with model-1.",
            lacking,
        ]
        told.clear()
        switch({**HINTS, "analyse": "go"})
        assert told == ["tell: mine is in use: model-1, 4 dimensions", lacking.replace(HINTS["analyse"], "go")]

    def test_vectors_from_elsewhere(self, told, teller):
        moved, new = HINTS["say where files were"], HINTS["make new vectors"]
        tell_import(Imported(2, 1_000, ["/x", "/y"], ["/z"]), "net", teller)
        assert told == [
            "say: 2 recordings imported, 1,000 already known",
            f"warn: Left out 2 recordings because the files are not in the library ({moved}); the first is /x",
            f"warn: Left out 1 recording because the vectors are zero or contain NaN ({new}); the first is /z",
            "say: use net to give the tracks these vectors",
        ]
        told.clear()
        tell_import(Imported(), "net", teller)
        assert told == ["say: 0 recordings imported, 0 already known"]


@pytest.mark.parametrize(
    ("name", "problem"), [("lists.csv", "name a .parquet file"), ("no/way/l.parquet", "there is no folder")]
)
def test_where_lists_cannot_be_written(tmp_path, name, problem):
    with pytest.raises(HistoryError, match=problem):
        check_export(tmp_path / name)
    check_export(tmp_path / "lists.parquet")
