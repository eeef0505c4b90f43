"""What an examination of a library finds, and that it can be repaired, without a command."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core import Analysis, ModelError, analyse
from deejai_core.features.doctor.examine import examine_installation, examine_library
from deejai_core.features.doctor.installation import extension
from deejai_core.models.musicnn.model import MusiCNN


@pytest.fixture
def analysed(music):
    analyse(music)
    return music


def examine(library) -> dict:
    """Findings by what was checked."""
    return {finding.what: finding for finding in examine_library(library, MusiCNN, Analysis())}


def test_a_healthy_library(analysed):
    found = examine(analysed)
    assert list(found) == [
        *("model", "analysis", "vectors", "slice store", "weights", "files", "index", "leftovers", "tracks", "disk")
    ]
    assert not any(finding.wrong for finding in found.values())
    tracks = len(analysed.ids())
    assert found["tracks"].told == f"{tracks} of {tracks} tracks analysed"


def test_before_any_analysis_it_says_what_to_do(music):
    tracks = examine(music)["tracks"]
    assert (tracks.wrong, tracks.hint) == (False, "analyse")
    assert not (music.folder / "slices.db").exists()


def test_a_vector_that_is_none_is_dropped_and_made_again(analysed):
    first = analysed.ids()[0]
    before = analysed.vectors("musicnn-msd-1", 100).vectors
    analysed.keep_vectors("musicnn-msd-1", {first: np.zeros(100, np.float32)}, analysed.recordings())
    found = examine(analysed)["vectors"]
    assert (found.told, found.wrong) == (f"1 damaged, of {len(before)}", True)
    repair = found.repair()
    assert (repair.told, repair.hint) == ("1 vector removed", "analyse to compute them again")
    analyse(analysed)
    assert not examine(analysed)["vectors"].wrong
    assert (analysed.vectors("musicnn-msd-1", 100).vectors == before).all()


def test_another_song_in_a_file_is_named(analysed):
    one, other, *_ = analysed.paths().values()
    one.write_bytes(other.read_bytes())
    found = examine(analysed)["files"]
    assert (found.wrong, found.hint, found.named) == (True, "analyse", str(one))


def test_without_a_model_there_is_nothing_more_to_check(music):
    def load():
        raise ModelError("there is none", hint="choose a model")

    (found,) = examine_library(music, load, Analysis())
    assert (found.what, found.told, found.wrong, found.error.hint) == ("model", "there is none", True, "choose a model")


def test_what_is_not_installed():
    assert not any(finding.wrong for finding in examine_installation())
    (found,) = examine_installation(["no-such-library"])
    assert found.wrong
    assert "not installed: no-such-library;" in found.told


@pytest.mark.parametrize(
    ("version", "said", "wrong"),
    [("3.4.1", "Mopidy 3.4.1 loads the extension", False), ("3.3.0", "Mopidy 3.3.0 is too old", True)],
)
def test_the_extension_of_mopidy_where_that_is_installed(tmp_path, monkeypatch, version, said, wrong):
    about = tmp_path / f"mopidy-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: Mopidy\nVersion: {version}\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = extension()
    assert found.told.startswith(said)
    assert found.wrong == wrong
