"""The folder of models: each is added or replaced atomically, and removed at once."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deejai_core.errors import ModelError
from deejai_core.models.deejai.folder import read_notes
from deejai_core.models.head import CONFIG, Head
from deejai_core.models.protocol import Model
from deejai_core.models.registry import (
    BUNDLED,
    CHECKPOINT,
    NAME,
    load_model,
    model_folder,
    model_folders,
    open_model_folder,
    same_model,
    trunk_of,
)
from deejai_core.refusals import OWN, refusal
from deejai_core.words import one_line

MODEL_FILES = (".json", ".safetensors", ".bin", ".onnx")
ONNX = ".onnx"  # the suffix of such networks


@dataclass(frozen=True)
class Description:
    """A description of a model."""

    model: Model
    folder: Path | None  # None: it is bundled
    origin: tuple[str, str] | None  # its repository on the hub, and its revision
    trained: dict[str, str]  # its evaluation when it was trained, by label; empty if it was not trained here


def describe(name: str, folder: Path) -> Description:
    """Describe a model; folder: of all models. Raises ModelError if there is none of this name."""
    model = load_model(name, folder, download=False)
    if name == BUNDLED:
        return Description(model, None, None, {})
    path = model_folder(name, folder)
    notes = read_notes(path)
    origin = (notes["repo"], notes["revision"]) if "repo" in notes and "revision" in notes else None
    trained = model.config.trained if isinstance(model, Head) else notes.get("trained", {})
    return Description(model, path, origin, trained)


def new_model_folder(name: str, folder: Path, *, replace: bool, resume: bool = False) -> Path:
    """Return the folder for a new model of this name.

    Raises ModelError if the name is not possible, is taken, or is needed.

    resume: an unfinished training should continue.
    """
    path = folder / name
    if not NAME.fullmatch(name) or name == BUNDLED:
        raise ModelError(
            f"{name!r} cannot be the name of a model; use letters, digits, dots and hyphens, but not {BUNDLED}"
        )
    if is_unfinished(path) and not replace and not resume:
        raise ModelError(f"the training of {name} is not finished", hint="finish or replace", about=name)
    if (path / CONFIG).exists() and not replace and not is_unfinished(path):
        raise ModelError(f"a model {name} already exists", hint="replace")
    if (path / CONFIG).exists() and (heads := _standing_on(name, folder)):
        raise ModelError(f"{heads[0]} needs {name}; remove {heads[0]} first, or choose another name")
    return path


def is_unfinished(path: Path) -> bool:
    """Return whether the training of a network into this folder was stopped."""
    return (path / CHECKPOINT).exists()


def unfinished_names(folder: Path) -> list[str]:
    """Return the models whose training was stopped."""
    return [path.parent.name for path in sorted(folder.glob(f"*/{CHECKPOINT}"))]


def check_replaceable(path: Path) -> None:
    """Raise ModelError if a model in the folder `path` would replace something else."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        kept = (path / CONFIG).exists() or is_unfinished(path)
        if path.exists() and not kept and (not path.is_dir() or any(path.iterdir())):
            raise ModelError(f"{path}: this is not a model's folder; choose another one")


@contextmanager
def replacing_model(path: Path) -> Iterator[Path]:
    """Yield a temporary folder for a model, which replaces `path` if nothing fails. Raises ModelError.

    What is already there is replaced only if it is a model, or an unfinished training of one.
    """
    check_replaceable(path)
    temporary, old = (path.with_name(f".{path.name}-{secrets.token_hex(4)}") for _ in range(2))
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if path.exists():
            path.rename(old)
        temporary.rename(path)
    except OSError as error:
        raise ModelError(refusal(path, "cannot be written", error, OWN)) from error
    finally:
        for leftover in (temporary, old if path.exists() else temporary):
            shutil.rmtree(leftover, ignore_errors=True)


def removable_folder(name: str, folder: Path, *, in_use: str) -> Path:
    """Return the folder of a model that no other needs. Raises ModelError if it may not be removed."""
    path = model_folder(name, folder)
    if name == BUNDLED:
        raise ModelError(f"{BUNDLED} is part of deejai and cannot be removed")
    if not name or not NAME.fullmatch(path.name) or path.parent != folder or not path.is_dir():
        raise ModelError(f"no model {name!r} in {folder}", hint="list models")
    if same_model(name, in_use, folder):
        raise ModelError(f"{name} is in use", hint="use another model", about=BUNDLED)
    if heads := _standing_on(name, folder):
        raise ModelError(f"{heads[0]} needs {name}; remove {heads[0]} first")
    return path


def remove_model(path: Path) -> None:
    """Remove a model: it disappears at once, even if deleting its files fails. Raises ModelError."""
    try:
        doomed = path.rename(path.with_name(f".{path.name}-{secrets.token_hex(4)}"))
        shutil.rmtree(doomed)
    except OSError as error:
        raise ModelError(refusal(path, "cannot be removed", error, OWN)) from error


def import_model(source: Path, path: Path, configuration: Path | None = None) -> None:
    """Import a network from a file of ONNX or Keras, or a model's folder, into the folder `path`, atomically.

    configuration: the file that describes the inputs and outputs of an ONNX network. Raises ModelError if the source is
    missing or none of these; MissingError if the library for it is not installed.
    """
    is_onnx = source.suffix.lower() == ONNX
    if is_onnx and not configuration:
        raise ModelError(
            f"{one_line(os.fspath(source))}: it needs a configuration that describes its input and output",
            hint="configure a network",
        )
    if configuration and not is_onnx:
        raise ModelError(f"{one_line(os.fspath(source))}: only a network in an {ONNX} file takes a configuration")
    if not source.is_dir() and not source.is_file():
        raise ModelError(f"{one_line(os.fspath(source))}: no such file or folder")
    if source.is_dir() and not (source / CONFIG).is_file():
        raise ModelError(f"{one_line(os.fspath(source))}: no model in it; it should have {CONFIG} and the weights")
    with replacing_model(path) as temporary:
        try:
            if source.is_dir():
                for file in source.iterdir():
                    if file.suffix in MODEL_FILES and file.is_file():
                        shutil.copy(file, temporary)
            elif configuration:
                from deejai_core.models.onnx.importing import import_onnx

                import_onnx(source, configuration, temporary)
            else:
                from deejai_core.models.deejai.keras import convert_keras

                convert_keras(source, temporary)
            open_model_folder(temporary)
        except ModelError as error:
            # It may contain names from the files, and these may contain line breaks.
            told = one_line(str(error).replace(os.fspath(temporary), os.fspath(source)))
            raise ModelError(told, hint=error.hint, about=error.about) from error


def _standing_on(name: str, folder: Path) -> list[str]:
    """Return the models that use the trunk of this one."""
    found = []
    for path in model_folders(folder):
        try:
            trunk = trunk_of(path.name, folder)
        except ModelError:
            continue  # a damaged one uses none
        if trunk != path.name and same_model(trunk, name, folder):
            found.append(path.name)
    return found
