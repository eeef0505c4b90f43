"""Which model a library uses, what a folder of models may be done to, and vectors that come from elsewhere."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from deejai_core.audio.limits import Limits
from deejai_core.data_folder import choice_path
from deejai_core.embedding.library_models import choose, list_models, name_in_use, use_model
from deejai_core.embedding.library_pickles import import_vectors
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import ModelError, StoreError
from deejai_core.folder import FolderLibrary
from deejai_core.models.deejai.model import Speccy
from deejai_core.models.folders import (
    describe,
    import_model,
    new_model_folder,
    removable_folder,
    remove_model,
    replacing_model,
    unfinished_names,
)
from deejai_core.models.registry import CHECKPOINT, kept_name, load_model, same_model, tagging_model, trunk_source
from deejai_core.options.analysis import Analysis
from tests.core.test_head import save
from tests.library_conformance import SONGS, identify
from tests.songs import write_song


class Model:
    """Hears slice vectors as they are."""

    name, trunk_name = "model-1", "trunk"
    trunk_size = dimension = 4
    epsilon = 0.1

    def project(self, trunk: np.ndarray) -> np.ndarray:
        return trunk.astype(np.float32)


def speccy() -> Speccy:
    return Speccy(kind="1d", scaling="minmax", dimension=4, width=8, digest="", read=dict)


@pytest.fixture
def library(tmp_path) -> FolderLibrary:
    for number, song in enumerate(SONGS):
        write_song(tmp_path / "music" / song["name"], number, artist=song["artist"], title=song["title"])
    library = FolderLibrary(tmp_path / "music")
    library.refresh()
    return library


@pytest.fixture
def models(tmp_path) -> Path:
    """Models: mine, a head on the bundled one; net, an unfinished training."""
    save(tmp_path / "models/mine")
    (tmp_path / "models/net").mkdir()
    (tmp_path / "models/net" / CHECKPOINT).touch()
    return tmp_path / "models"


def problem(error: ModelError) -> tuple[str, str | None, str]:
    return str(error), error.hint, error.about


class TestChoice:
    def test_what_is_preferred_what_is_chosen_what_is_bundled(self, library):
        assert name_in_use(library) == "musicnn"
        choose(library, "mine")
        assert name_in_use(library) == "mine"
        assert name_in_use(library, "other") == "other"

    def test_a_choice_that_cannot_be_read(self, library):
        library.folder.mkdir(exist_ok=True)
        choice_path(library).write_bytes(b"\xff")
        with pytest.raises(ModelError, match="model: cannot be read") as caught:
            name_in_use(library)
        assert caught.value.hint == "choose a model"
        choose(library, "mine")
        assert name_in_use(library) == "mine"

    def test_tracks_get_what_vectors_can_be_made_of_what_is_stored(self, library):
        one, other, third = library.ids()
        recordings = identify(library)
        with open_slices(library) as store:
            for id_ in (one, other):
                store.put(recordings[id_], Model.trunk_name, np.eye(4, dtype=np.float16)[:2])
        told = []
        work, given = use_model(library, "mine", Model(), Analysis(), on_chosen=told.append)
        assert (work.to_weight, work.to_embed, given) == ([one, other], [third], 2)
        assert told == [work]
        assert name_in_use(library) == "mine"
        assert library.models() == {"model-1": 2}
        assert use_model(library, "mine", Model(), Analysis())[1] == 0


class TestFolder:
    def test_models_are_listed_with_what_the_library_has_of_them(self, library, models):
        recordings = identify(library)
        with open_slices(library) as store:
            store.put(recordings[library.ids()[0]], "musicnn-msd-1", np.ones((2, 200), np.float16))
        listed = list_models(library, models, "gone")
        assert [(one.name, one.in_use, one.tracks, one.recordings) for one in listed] == [
            ("musicnn", False, 0, 1),
            ("mine", False, 0, 1),
            ("gone", True, 0, 0),
        ]
        assert "unknown model 'gone'" in str(listed[-1].problem)
        assert [one.model.name for one in listed[:2]] == ["musicnn-msd-1", load_model("mine", models).name]
        assert unfinished_names(models) == ["net"]

    @pytest.mark.parametrize(
        ("name", "options", "told", "hint"),
        [
            ("musicnn", {}, "'musicnn' cannot be the name of a model", None),
            ("a/b", {}, "'a/b' cannot be the name of a model", None),
            ("mine", {}, "a model mine already exists", "replace"),
            ("net", {}, "the training of net is not finished", "finish or replace"),
            ("trunk", {"replace": True}, "top needs trunk; remove top first, or choose another name", None),
        ],
    )
    def test_names_that_will_not_do(self, models, name, options, told, hint):
        save(models / "trunk")
        save(models / "top", trunk="trunk")
        with pytest.raises(ModelError) as caught:
            new_model_folder(name, models, **{"replace": False, **options})
        text, named, about = problem(caught.value)
        assert told in text
        assert (named, about) == (hint, name if hint == "finish or replace" else "")

    def test_names_that_will_do(self, models):
        assert new_model_folder("new", models, replace=False) == models / "new"
        assert new_model_folder("mine", models, replace=True) == models / "mine"
        assert new_model_folder("net", models, replace=False, resume=True) == models / "net"

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("musicnn", ("musicnn is part of deejai and cannot be removed", None, "")),
            ("trunk", ("top needs trunk; remove top first", None, "")),
            ("used", ("used is in use", "use another model", "musicnn")),
            ("gone", ("no model 'gone' in {}", "list models", "")),
            ("../music", ("no model '../music' in {}", "list models", "")),
            ("", ("no model '' in {}", "list models", "")),
        ],
    )
    def test_what_may_not_be_removed(self, models, name, expected):
        for folder in ("trunk", "used"):
            save(models / folder)
        save(models / "top", trunk="trunk")
        with pytest.raises(ModelError) as caught:
            removable_folder(name, models, in_use="used")
        text, *rest = expected
        assert problem(caught.value) == (text.format(models), *rest)

    def test_what_is_removed_is_gone(self, models):
        remove_model(removable_folder("mine", models, in_use="musicnn"))
        assert [path.name for path in models.iterdir()] == ["net"]
        with pytest.raises(ModelError, match="mine: cannot be removed"):
            remove_model(models / "mine")

    def test_a_model_that_fails_leaves_the_old_one(self, models):
        def fail() -> None:
            with replacing_model(models / "mine") as temporary:
                (temporary / "half").touch()
                raise OSError(28, "No space left on device")

        before = sorted(path.name for path in (models / "mine").iterdir())
        with pytest.raises(ModelError, match="mine: cannot be written"):
            fail()
        assert sorted(path.name for path in (models / "mine").iterdir()) == before
        assert sorted(path.name for path in models.iterdir()) == ["mine", "net"]

    def test_a_folder_of_something_else_is_never_replaced(self, tmp_path):
        (tmp_path / "Music").mkdir()
        (tmp_path / "Music/song.mp3").write_bytes(b"dear")
        with (
            pytest.raises(ModelError, match="Music: this is not a model's folder; choose another one"),
            replacing_model(tmp_path / "Music"),
        ):
            pass
        assert [path.name for path in tmp_path.iterdir()] == ["Music"]
        assert (tmp_path / "Music/song.mp3").read_bytes() == b"dear"

    def test_names_and_paths_of_one_model(self, models, tmp_path, monkeypatch):
        save(tmp_path / "elsewhere")
        monkeypatch.chdir(tmp_path)
        assert kept_name("mine", models) == kept_name("./models/mine", models) == "mine"
        assert kept_name("./elsewhere", models) == str(tmp_path / "elsewhere")
        assert kept_name("owner/name", models) == "owner/name"
        assert same_model("mine", str(models / "mine"), models)
        assert not same_model("mine", "net", models)

    def test_what_there_is_to_know_of_a_model(self, models):
        assert describe("musicnn", models).folder is None
        described = describe("mine", models)
        assert (described.folder, described.origin, described.trained) == (models / "mine", None, {"lists": "4"})
        assert tagging_model(described.model) is described.model
        assert tagging_model(speccy()).name == "musicnn-msd-1"
        assert trunk_source("mine", models) == "musicnn"
        save(models / "top", trunk="mine")
        assert trunk_source("top", models) == str(models / "mine")

    @pytest.mark.parametrize(
        ("name", "told", "hint"),
        [
            ("owner/name", "owner/name: not downloaded yet", "download"),
            ("net", "net: its training is not finished", "finish training"),
        ],
    )
    def test_what_is_not_there_yet(self, models, name, told, hint):
        with pytest.raises(ModelError) as caught:
            describe(name, models)
        assert problem(caught.value) == (told, hint, name)

    def test_a_folder_is_taken_over_whole_or_not_at_all(self, models, tmp_path):
        save(tmp_path / "theirs")
        (tmp_path / "theirs/notes.txt").touch()
        import_model(tmp_path / "theirs", models / "ours")
        assert sorted(path.name for path in (models / "ours").iterdir()) == ["config.json", "model.safetensors"]
        (tmp_path / "theirs/config.json").write_text("{")
        (tmp_path / "empty").mkdir()
        for source, told in (("theirs", "config.json: cannot be read"), ("empty", "no model in it"), ("x", "no such file")):
            with pytest.raises(ModelError, match=f"{tmp_path / source}.*{told}"):
                import_model(tmp_path / source, models / "other")
        assert sorted(path.name for path in models.iterdir()) == ["mine", "net", "ours"]


class TestVectors:
    def pickle(self, folder: Path, **vectors: np.ndarray) -> Path:
        folder.mkdir()
        for number, (path, values) in enumerate(vectors.items()):
            (folder / f"{number}.p").write_bytes(pickle.dumps((path, values)))
        return folder

    def test_they_are_kept_as_what_the_model_has_heard(self, library, tmp_path):
        wren = library.music_folder / "Hazel/wren.flac"
        folder = self.pickle(
            tmp_path / "pickles",
            **{
                "/then/Hazel/wren.flac": np.ones((2, 4), np.float32),
                "/then/Police/z.flac": np.zeros((2, 4), np.float32),
                "/then/Police/b.flac": np.ones((2, 5), np.float32),
                "/then/gone.flac": np.ones((2, 4), np.float32),
            },
        )
        (folder / "9.p").write_bytes(b"damaged")
        warnings = []
        given = {"limits": Limits(), "moved": ("/then", str(library.music_folder)), "on_warning": warnings.append}
        result = import_vectors(library, speccy(), [folder], **given)
        assert (result.stored, result.known) == (1, 0)
        assert result.elsewhere == ["/then/gone.flac"]
        assert result.unusable == ["/then/Police/z.flac"]
        assert len(warnings) == 2
        assert "5 numbers a vector" in warnings[0]
        key = library.recordings()[library.at([wren])[wren]]
        with open_slices(library) as store:
            assert dict(store.get({key}, speccy().trunk_name, 4))[key].tolist() == [[1, 1, 1, 1]] * 2
        assert import_vectors(library, speccy(), [folder], **given).known == 1

    def test_what_cannot_be_taken_over(self, library, tmp_path):
        given = {"limits": Limits(), "on_warning": pytest.fail}
        with pytest.raises(ModelError, match="is not a network of Deej-A") as caught:
            import_vectors(library, Model(), [tmp_path], **given)
        assert caught.value.hint == "import a network"
        with pytest.raises(StoreError, match="no pickle"):
            import_vectors(library, speccy(), [tmp_path / "gone"], **given)
