"""The model that the configuration and the library choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deejai_core.embedding import library_models
from deejai_core.models.protocol import Model
from deejai_core.models.registry import load_model

from .settings import models_folder

if TYPE_CHECKING:
    from ..library.beets_library import BeetsLibrary
    from .settings import Settings


def name_in_use(library: BeetsLibrary, settings: Settings) -> str:
    """Return the configured model, else the one that `model use` chose for this library, else the bundled one."""
    return library_models.name_in_use(library, settings.model)


def model_called(name: str) -> Model:
    """Return a model by its name. Raises ModelError if there is none, or it cannot be loaded."""
    return load_model(name, models_folder(), download=False)


def model_in_use(library: BeetsLibrary, settings: Settings) -> Model:
    """Return the model in use. Raises ModelError if it cannot be loaded."""
    return load_model(name_in_use(library, settings), models_folder())
