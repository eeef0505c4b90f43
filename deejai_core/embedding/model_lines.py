"""Messages about a library that gets another model, or vectors from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from deejai_core.embedding.library_analysis import Work
from deejai_core.embedding.library_models import use_model
from deejai_core.embedding.library_pickles import Imported
from deejai_core.errors import HINTS, ModelError
from deejai_core.library import Library
from deejai_core.models.protocol import Model
from deejai_core.options.analysis import Analysis
from deejai_core.progress import Teller
from deejai_core.words import counted


def switch_model(
    library: Library, name: str, model: Model, analysis: Analysis, teller: Teller, words: Mapping[str, str] = HINTS
) -> None:
    """Use another model from now on, see `use_model`, and report what happens to the tracks' vectors.

    words: gives the advice for a name in `HINTS`.
    """
    weighting = False

    def chosen(work: Work) -> None:
        nonlocal weighting
        weighting = bool(work.to_weight)
        teller.tell(f"{name} is in use: {model.name}, {model.dimension} dimensions")
        if weighting:
            teller.tell(f"computing the vectors of {counted(len(work.to_weight), 'track')} from the stored analysis...")

    try:
        work, given = use_model(library, name, model, analysis, on_chosen=chosen)
    except BaseException as error:  # ctrl-C, a full disk
        if weighting and not isinstance(error, ModelError):  # the model has no projection, and its error says what it needs
            teller.warn(f"stopped; {words['compute the rest']}")
        raise
    if weighting:
        teller.tell(f"Computed the vectors of {counted(given, 'track')} with {model.name}.")
    if work.to_embed:
        teller.tell(f"{counted(len(work.to_embed), 'track')} not analysed with it yet; {words['analyse']}")
    if work.failed:
        teller.tell(f"{counted(len(work.failed), 'track')} failed before; {words['list the failures']}")


def tell_import(imported: Imported, name: str, teller: Teller, words: Mapping[str, str] = HINTS) -> None:
    """Report the import of vectors for a model of this name."""
    teller.say(f"{counted(imported.stored, 'recording')} imported, {imported.known:,} already known")
    for paths, why in (
        (imported.elsewhere, f"the files are not in the library ({words['say where files were']})"),
        (imported.unusable, f"the vectors are zero or contain NaN ({words['make new vectors']})"),
    ):
        if paths:
            teller.warn(f"Left out {counted(len(paths), 'recording')} because {why}; the first is {paths[0]}")
    if imported.stored:
        teller.say(words["give tracks these vectors"].format(about=name))
