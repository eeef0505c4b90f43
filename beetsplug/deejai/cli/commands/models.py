"""The commands for models: the list of models, and the one in use."""

from __future__ import annotations

from beets import ui
from beets.exceptions import UserError

from ..call import Call
from ..group import Verb, VerbsCommand
from ..hints import WORDS, in_words
from ..settings import models_folder


def verbs() -> list[VerbsCommand]:
    list_ = Verb("list", run_list, "list the models, and how many tracks have been analysed with each")
    info = Verb("info", run_info, "show what a model is", takes="[NAME]")
    use = Verb("use", run_use, "switch to another model", takes="NAME")
    remove = Verb("remove", run_remove, "remove a model", takes="[options] NAME")
    remove.switch("-y", "--yes", "do not ask for confirmation")
    refit = Verb("refit", run_refit, "fit the projection of an imported network again", takes="NAME")
    import_ = Verb(
        "import",
        run_import,
        "import a network from an ONNX file, a Keras file or a folder",
        takes="[options] FILE.onnx|FILE.h5|FOLDER NAME",
    )
    import_.parser.add_option(
        "--config", metavar="FILE.json", help="JSON file that describes the input and output of an ONNX network"
    )
    import_.switch("-f", "--force", "replace a model of this name")
    vectors = Verb(
        "import-vectors",
        run_import_vectors,
        "import the vectors of an existing Deej-A.I. from its pickles",
        takes="[options] NAME FOLDER|FILE.p...",
    )
    vectors.parser.add_option("--moved", nargs=2, metavar="OLD NEW", help="the old folder of the music, and its new one")
    return [
        VerbsCommand("model", [list_, info, use, remove, import_, refit, vectors], "list, switch, import and remove models")
    ]


def run_list(call: Call) -> None:
    from deejai_core.embedding.library_models import list_models
    from deejai_core.models.folders import unfinished_names

    call.refuse_words("model list takes no arguments")
    for listed in list_models(call.library, models_folder(), call.model_name):
        told = in_words(listed.problem) if listed.problem else listed.text
        ui.print_(f"{'*' if listed.in_use else ' '} {listed.name:<20} {told}")
    for name in unfinished_names(models_folder()):
        ui.print_(f"  {name:<20} an unfinished training; `beet deejai train` continues it")


def run_info(call: Call) -> None:
    from deejai_core.models.facts import facts
    from deejai_core.models.folders import describe

    if len(call.args) > 1:
        raise UserError("info about which model? Give one name")
    name = call.args[0] if call.args else call.model_name
    for label, text in facts(name, describe(name, models_folder()), WORDS).items():
        ui.print_(f"{label:<10} {text}")


def run_use(call: Call) -> None:
    from deejai_core.models.registry import kept_name

    if len(call.args) != 1:
        raise UserError("use which model? Give one name; `beet deejai model list` shows them")
    configured = call.configured.model
    if configured and configured != call.args[0]:
        raise UserError(
            f"the configuration says `model: {configured}`, which takes precedence; change it or remove it there"
        )
    switch(call, kept_name(call.args[0], models_folder()))


def switch(call: Call, name: str) -> None:
    """Use another model from now on, and report what happens to the tracks' vectors."""
    from deejai_core.embedding.model_lines import switch_model
    from deejai_core.models.registry import load_model

    switch_model(call.library, name, load_model(name, models_folder()), call.configured.analysis, call.teller, WORDS)


def run_remove(call: Call) -> None:
    from deejai_core.models.folders import removable_folder, remove_model

    if len(call.args) != 1:
        raise UserError("remove which model? Give one name; `beet deejai model list` shows them")
    folder = removable_folder(call.args[0], models_folder(), in_use=call.model_name)
    if call.opts.yes or ui.input_yn(f"Remove {folder} (y/N)?", require=True):
        remove_model(folder)
        ui.print_(f"{call.args[0]}: removed")


def run_import(call: Call) -> None:
    from deejai_core.lists.lookup import user_path
    from deejai_core.models.folders import import_model, new_model_folder
    from deejai_core.models.registry import same_model

    if len(call.args) != 2:
        raise UserError("import what? Give an ONNX or Keras file or a model's folder, and a name for it here")
    source, name = call.args
    folder = new_model_folder(name, models_folder(), replace=bool(call.opts.force))
    import_model(user_path(source), folder, user_path(call.opts.config) if call.opts.config else None)
    if same_model(folder.name, call.model_name, models_folder()):
        switch(call, folder.name)
    else:
        ui.print_(f"saved to {folder}; `beet deejai model use {name}` switches to it")


def run_refit(call: Call) -> None:
    from deejai_core.embedding.projections import refit
    from deejai_core.models.registry import load_model, same_model

    if len(call.args) != 1:
        raise UserError("refit which model? Give one name; `beet deejai model list` shows them")
    name = call.args[0]
    slices = refit(call.library, load_model(name, models_folder(), download=False))
    ui.print_(f"{name}: fitted to {slices:,} slices")
    if same_model(name, call.model_name, models_folder()):
        switch(call, name)


def run_import_vectors(call: Call) -> None:
    from deejai_core.embedding.library_pickles import import_vectors
    from deejai_core.embedding.model_lines import tell_import
    from deejai_core.lists.lookup import user_path
    from deejai_core.models.registry import load_model

    if len(call.args) < 2:
        raise UserError("import vectors of which model, from where? Give its name and the folder of the pickles")
    result = import_vectors(
        call.library,
        load_model(call.args[0], models_folder(), download=False),
        [user_path(word) for word in call.args[1:]],
        limits=call.configured.analysis.limits,
        moved=call.opts.moved,
        on_warning=call.teller.warn,
    )
    tell_import(result, call.args[0], call.teller, WORDS)
