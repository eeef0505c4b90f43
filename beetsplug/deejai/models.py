"""Which model a library uses, and where models lie."""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import beets
from beets.ui import UserError

from deejai_core.data_folder import open_slices, slices_path
from deejai_core.errors import MissingError, ModelError
from deejai_core.files import replacing
from deejai_core.models.deejai.folder import read_notes
from deejai_core.models.head import CONFIG, Head
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.protocol import Model
from deejai_core.models.registry import BUNDLED, CHECKPOINT, NAME, load_model, model_folder, model_folders, trunk_of

from .library.attributes import MODEL
from .words import counted

if TYPE_CHECKING:
    from .library.beets_library import BeetsLibrary
    from .settings import Settings


def models_folder() -> Path:
    """Where trained, imported and fetched models lie, each in a folder of its name."""
    return Path(beets.config.config_dir()) / "deejai" / "models"


def name_in_use(library: BeetsLibrary, settings: Settings) -> str:
    """What the configuration says, else what `model use` chose for this library, else the bundled model."""
    return settings.model or chosen_name(library) or BUNDLED


def model_in_use(library: BeetsLibrary, settings: Settings) -> Model:
    """Raises ModelError if it cannot be loaded."""
    return load_model(name_in_use(library, settings), models_folder())


def tagging_model(model: Model) -> Model:
    """The model itself if it knows tags, else the bundled one, whose slices may be stored from before."""
    return model if model.has_tags else MusiCNN()


def trunk_source(library: BeetsLibrary, settings: Settings) -> str:
    """What loads the model whose trunk is in use, on any machine where models lie as they do here."""
    name = trunk_of(name_in_use(library, settings), models_folder())
    return name if name == BUNDLED else str(model_folder(name, models_folder()).absolute())


def chosen_name(library: BeetsLibrary) -> str | None:
    try:
        return _choice_path(library).read_text(encoding="utf-8").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ModelError(f"{_choice_path(library)}: cannot be read ({error}); `beet deejai model use` writes it") from error


def choose(library: BeetsLibrary, name: str) -> None:
    """Use this model for the library from now on. Raises ModelError if that cannot be written."""
    try:
        library.folder.mkdir(parents=True, exist_ok=True)
        with replacing(_choice_path(library)) as temporary:
            temporary.write_text(f"{name}\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{_choice_path(library)}: cannot be written ({error.strerror})") from error


def given_name(text: str) -> str:
    """A model's name as it is kept: the path of a folder is made absolute."""
    path = model_folder(text, models_folder())
    if not path.is_dir() or path.parent == models_folder():
        return text
    path = path.resolve()
    return path.name if path.parent == models_folder().resolve() else str(path)


def model_lines(library: BeetsLibrary, settings: Settings) -> list[str]:
    """A line for each model: whether it is in use, its name, kind and size, and what the library has of it."""
    in_use = name_in_use(library, settings)
    names = [BUNDLED, *(folder.name for folder in model_folders(models_folder()))]
    if in_use not in names and model_folder(in_use, models_folder()).name not in names:
        names.append(in_use)
    tracks = Counter(library.field(MODEL).values())
    lines = [_model_line(library, name, tracks, in_use=same_model(name, in_use)) for name in names]
    return lines + [
        f"  {path.parent.name:<20} an unfinished training; `beet deejai train` goes on with it"
        for path in sorted(models_folder().glob(f"*/{CHECKPOINT}"))
    ]


def same_model(name: str, other: str) -> bool:
    """Whether two names are those of one model."""
    return name == other or model_folder(name, models_folder()) == model_folder(other, models_folder())


def _model_line(library: BeetsLibrary, name: str, tracks: Counter[str], *, in_use: bool) -> str:
    try:
        model = load_model(name, models_folder(), download=False)
    except (ModelError, MissingError) as error:
        return f"{'*' if in_use else ' '} {name:<20} {error}"
    heard = 0
    if slices_path(library).exists():
        with open_slices(library) as store:
            heard = len(store.keys(model.trunk_name))
    here = f"{counted(tracks[model.name], 'vector')}, {counted(heard, 'recording')} analysed"
    return f"{'*' if in_use else ' '} {name:<20} {kind(model)}, {model.dimension} dimensions; here {here}"


def kind(model: Model) -> str:
    """What sort of model it is, in few words."""
    if not isinstance(model, Head):
        return "bundled" if isinstance(model, MusiCNN) else "network"
    weight = model.config.weight
    return f"learned from lists, on {model.trunk_name}" + ("" if weight == 1 else f", weighing {weight:.0%} beside it")


def info_lines(library: BeetsLibrary, name: str) -> list[str]:
    """What there is to know of a model. Raises ModelError if there is none of this name."""
    model = load_model(name, models_folder(), download=False)
    lines = [
        f"model      {name}",
        f"vectors    {model.name}, {model.dimension} dimensions, epsilon {model.epsilon:.3g}",
        f"trunk      {model.trunk_name}, {model.trunk_size} numbers per slice of {model.span / model.sample_rate:.1f} s",
        f"kind       {kind(model)}",
        f"tags       {'yes' if model.has_tags else 'no; `tag` uses those of the bundled model'}",
    ]
    if name != BUNDLED:
        folder = model_folder(name, models_folder())
        lines.append(f"folder     {folder}")
        notes = read_notes(folder)
        if "repo" in notes and "revision" in notes:
            lines.append(f"from       {notes['repo']}, revision {notes['revision']}")
    return [*lines, *(f"{label:<10} {told}" for label, told in _trained(model, name).items())]


def _trained(model: Model, name: str) -> dict[str, str]:
    """How well it did when it was trained, by label; empty if it was not trained here."""
    if isinstance(model, Head):
        return model.config.trained
    return {} if name == BUNDLED else read_notes(model_folder(name, models_folder())).get("trained", {})


def new_folder(name: str, *, replace: bool, resume: bool = False) -> Path:
    """Where a model of this name is to be written. Raises UserError if the name will not do, is taken, or needed.

    resume: a training that was not finished is to be gone on with.
    """
    folder = models_folder() / name
    if not NAME.fullmatch(name) or name == BUNDLED:
        raise UserError(f"{name!r} cannot be the name of a model; use letters, digits, dots and hyphens, but not {BUNDLED}")
    if is_unfinished(folder) and not replace and not resume:
        raise UserError(
            f"{name} is an unfinished training; `beet deejai train {name} --network ...` goes on with it, "
            "--force replaces it"
        )
    if (folder / CONFIG).exists() and not replace and not is_unfinished(folder):
        raise UserError(f"there is a model {name} already; --force replaces it")
    if (folder / CONFIG).exists() and (heads := _standing_on(name)):
        raise UserError(f"{heads[0]} needs {name}; remove {heads[0]} first, or choose another name")
    return folder


def is_unfinished(folder: Path) -> bool:
    """Whether a training of a network into this folder was stopped."""
    return (folder / CHECKPOINT).exists()


@contextmanager
def replacing_model(folder: Path) -> Iterator[Path]:
    """A temporary folder for a model, which takes the place of `folder` if nothing fails. Raises ModelError."""
    temporary, old = (folder.with_name(f".{folder.name}-{secrets.token_hex(4)}") for _ in range(2))
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from error
    finally:
        for leftover in (temporary, old if folder.exists() else temporary):
            shutil.rmtree(leftover, ignore_errors=True)


def _standing_on(name: str) -> list[str]:
    """The models that stand on the trunk of this one."""
    found = []
    for folder in model_folders(models_folder()):
        try:
            trunk = trunk_of(folder.name, models_folder())
        except ModelError:
            continue  # a damaged one stands on nothing
        if trunk != folder.name and same_model(trunk, name):
            found.append(folder.name)
    return found


def removable_folder(library: BeetsLibrary, settings: Settings, name: str) -> Path:
    """The folder of a model that nothing needs. Raises UserError if it may not be removed."""
    folder = model_folder(name, models_folder())
    if name == BUNDLED:
        raise UserError("musicnn is part of the plugin and cannot be removed")
    if not name or not NAME.fullmatch(folder.name) or folder.parent != models_folder() or not folder.is_dir():
        raise UserError(f"no model {name!r} in {models_folder()}; `beet deejai model list` shows what there is")
    if same_model(name, name_in_use(library, settings)):
        raise UserError(f"{name} is in use; `beet deejai model use {BUNDLED}` (or another one) first")
    if heads := _standing_on(name):
        raise UserError(f"{heads[0]} needs {name}; remove {heads[0]} first")
    return folder


def remove(folder: Path) -> None:
    """Remove a model: at once for whoever looks, whatever becomes of the rest. Raises ModelError."""
    try:
        doomed = folder.rename(folder.with_name(f".{folder.name}-{secrets.token_hex(4)}"))
        shutil.rmtree(doomed)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be removed ({error.strerror})") from error


def _choice_path(library: BeetsLibrary) -> Path:
    return library.folder / "model"
