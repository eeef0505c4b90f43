"""The model that a library uses, and what the library has of each model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deejai_core.data_folder import alone, choice_path, slices_path
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import DeejaiError, MissingError, ModelError
from deejai_core.files import replacing
from deejai_core.library import Library
from deejai_core.models.protocol import Model
from deejai_core.models.registry import BUNDLED, load_model, model_folder, model_folders, same_model
from deejai_core.options.analysis import Analysis
from deejai_core.refusals import OWN, reason_of, refusal
from deejai_core.words import counted

if TYPE_CHECKING:
    from deejai_core.embedding.library_analysis import Work


def name_in_use(library: Library, preferred: str | None = None) -> str:
    """Return the name of a model: `preferred`, else the one that was chosen for this library, else the bundled one.

    Raises ModelError if the choice cannot be read.
    """
    return preferred or _chosen_name(library) or BUNDLED


def _chosen_name(library: Library) -> str | None:
    path = choice_path(library)
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({reason_of(error)})", hint="choose a model") from error


def choose(library: Library, name: str) -> None:
    """Use this model for the library from now on. Raises ModelError if the choice cannot be written."""
    path = choice_path(library)
    try:
        library.folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(f"{name}\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(refusal(path, "cannot be written", error, OWN)) from error


def use_model(
    library: Library, name: str, model: Model, analysis: Analysis, *, on_chosen: Callable[[Work], None] = lambda work: None
) -> tuple[Work, int]:
    """Use another model from now on, and give the tracks the vectors that can be computed from the stored slices.

    on_chosen: receives what the tracks lack, when the choice is stored and before any vector is. Returns the same, and how
    many tracks got a vector. The next analysis continues an interrupted call. Raises LibraryError if one is running.
    """
    # Every list calls this module for the model in use, and needs none of these imports.
    from deejai_core.embedding.library_analysis import plan
    from deejai_core.embedding.library_vectors import weight_tracks

    with open_slices(library) as store, alone(library):
        work = plan(library, model, store, analysis)
        choose(library, name)
        on_chosen(work)
        if not work.to_weight:
            return work, 0
        return work, weight_tracks(library, work.to_weight, model, analysis.epsilon_for(model), store).given


@dataclass(frozen=True)
class ListedModel:
    """A model, and what a library has of it."""

    name: str
    in_use: bool
    model: Model | None  # None: it cannot be loaded
    problem: DeejaiError | None  # why
    tracks: int = 0  # tracks that have its vector
    recordings: int = 0  # recordings that its trunk has embedded

    @property
    def text(self) -> str:
        """Kind and size of the model, and what the library has of it; empty if it cannot be loaded."""
        from deejai_core.models.facts import kind

        if self.model is None:
            return ""
        here = f"{counted(self.tracks, 'vector')}, {counted(self.recordings, 'recording')} analysed"
        return f"{kind(self.model)}, {self.model.dimension} dimensions; here {here}"


def list_models(library: Library, folder: Path, in_use: str) -> list[ListedModel]:
    """Return the bundled model, and those in the folder of models; always including the one in use."""
    names = [BUNDLED, *(path.name for path in model_folders(folder))]
    if in_use not in names and model_folder(in_use, folder).name not in names:
        names.append(in_use)
    tracks = library.models()
    listed = []
    for name in names:
        used = same_model(name, in_use, folder)
        try:
            model = load_model(name, folder, download=False)
        except (ModelError, MissingError) as error:
            listed.append(ListedModel(name, used, None, error))
        else:
            embedded = _recordings(library, model)
            listed.append(ListedModel(name, used, model, None, tracks.get(model.name, 0), embedded))
    return listed


def _recordings(library: Library, model: Model) -> int:
    if not slices_path(library).exists():
        return 0
    with open_slices(library) as store:
        return len(store.keys(model.trunk_name))
