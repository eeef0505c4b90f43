"""The commands for models: which there are, and which one listens."""

from __future__ import annotations

import optparse
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from ..group import Verb, VerbsCommand
from ..settings import read_settings
from ..words import counted

if TYPE_CHECKING:
    import confuse
    from beets.logging import BeetsLogger

    from ..library.beets_library import BeetsLibrary
    from ..settings import Settings


def verbs(config: confuse.Subview, log: BeetsLogger) -> list[VerbsCommand]:
    list_ = Verb("list", partial(run_list, config), "list the models, and what the library has of each")
    info = Verb("info", partial(run_info, config), "show what a model is", usage="%prog [NAME]")
    use = Verb("use", partial(run_use, config, log), "switch to another model", usage="%prog NAME")
    remove = Verb("remove", partial(run_remove, config), "remove a model", usage="%prog [options] NAME")
    remove.parser.add_option("-y", "--yes", action="store_true", help="do not ask")
    import_ = Verb(
        "import",
        partial(run_import, config, log),
        "import a network from a Keras file or a folder",
        usage="%prog [options] FILE.h5|FOLDER NAME",
    )
    import_.parser.add_option("-f", "--force", action="store_true", help="replace a model of this name")
    vectors = Verb(
        "import-vectors",
        partial(run_import_vectors, config, log),
        "import the vectors of an existing Deej-A.I. from its pickles",
        usage="%prog [options] NAME FOLDER|FILE.p...",
    )
    vectors.parser.add_option(
        "--moved", nargs=2, metavar="OLD NEW", help="the folder that the music was in then, and the one it is in now"
    )
    return [VerbsCommand("model", [list_, info, use, remove, import_, vectors], "list, switch, import and remove models")]


def run_list(config: confuse.Subview, library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    from ..models import model_lines

    if args:
        raise ui.UserError("model list takes no arguments")
    for line in model_lines(library, read_settings(config)):
        ui.print_(line)


def run_info(config: confuse.Subview, library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    from ..models import info_lines, name_in_use

    if len(args) > 1:
        raise ui.UserError("info about which model? Give one name")
    settings = read_settings(config)
    for line in info_lines(library, args[0] if args else name_in_use(library, settings)):
        ui.print_(line)


def run_use(
    config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary, opts: optparse.Values, args: list[str]
) -> None:
    from ..models import given_name

    if len(args) != 1:
        raise ui.UserError("use which model? Give one name; `beet deejai model list` shows them")
    settings = read_settings(config)
    if settings.model and settings.model != args[0]:
        raise ui.UserError(
            f"the configuration says `model: {settings.model}`, which takes precedence; change it or remove it there"
        )
    switch(library, settings, given_name(args[0]), log)


def switch(library: BeetsLibrary, settings: Settings, name: str, log: BeetsLogger) -> None:
    """Use another model from now on, and give the tracks what vectors can be made of what is stored."""
    from deejai_core.data_folder import alone, open_slices
    from deejai_core.embedding.library_analysis import plan
    from deejai_core.embedding.library_vectors import weigh_tracks
    from deejai_core.models.registry import load_model

    from ..models import choose, models_folder

    model = load_model(name, models_folder())
    with open_slices(library) as store, alone(library):
        work = plan(library, model, store, settings.analysis)
        choose(library, name)
        log.info("{} is in use: {}, {} dimensions", name, model.name, model.dimension)
        if work.weigh:
            log.info("computing the vectors of {} from the stored analysis...", counted(len(work.weigh), "track"))
            try:
                given = weigh_tracks(library, work.weigh, model, settings.analysis.epsilon_for(model), store).given
            except BaseException:  # ctrl-C, a full disk
                log.warning("stopped; `beet deejai analyze` computes the rest")
                raise
            log.info("Computed the vectors of {} with {}.", counted(given, "track"), model.name)
    if work.hear:
        log.info("{} not analysed with it yet; run `beet deejai analyze`", counted(len(work.hear), "track"))
    if work.failed:
        log.info("{} failed before; `beet deejai failed` lists the failures", counted(len(work.failed), "track"))


def run_remove(config: confuse.Subview, library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    from ..models import removable_folder, remove

    if len(args) != 1:
        raise ui.UserError("remove which model? Give one name; `beet deejai model list` shows them")
    folder = removable_folder(library, read_settings(config), args[0])
    if opts.yes or ui.input_yn(f"Remove {folder} (y/N)?", require=True):
        remove(folder)
        ui.print_(f"{args[0]}: removed")


def run_import(
    config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary, opts: optparse.Values, args: list[str]
) -> None:
    from ..imports import import_model
    from ..models import name_in_use, new_folder, same_model
    from ..queries import user_path

    if len(args) != 2:
        raise ui.UserError("import what? Give a Keras file or a model's folder, and a name for it here")
    settings = read_settings(config)
    folder = new_folder(args[1], replace=bool(opts.force))
    import_model(user_path(args[0]), folder)
    if same_model(folder.name, name_in_use(library, settings)):
        switch(library, settings, folder.name, log)
    else:
        ui.print_(f"saved to {folder}; `beet deejai model use {args[1]}` switches to it")


def run_import_vectors(
    config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary, opts: optparse.Values, args: list[str]
) -> None:
    from deejai_core.models.registry import load_model

    from ..imports import import_vectors
    from ..models import models_folder
    from ..queries import user_path

    if len(args) < 2:
        raise ui.UserError("import vectors of which model, from where? Give its name and the folder of the pickles")
    model = load_model(args[0], models_folder(), download=False)
    sources = [user_path(word) for word in args[1:]]
    result = import_vectors(library, model, sources, read_settings(config), log, moved=opts.moved)
    ui.print_(f"{counted(result.stored, 'recording')} imported, {result.known:,} known before")
    for paths, why in (
        (result.elsewhere, "because the files are not in the library (if they were moved: --moved OLD NEW)"),
        (result.unusable, "because the vectors are zero or not numbers (`beet deejai analyze` makes new ones)"),
    ):
        if paths:
            log.warning("Left out {} {}; the first is {}", counted(len(paths), "recording"), why, paths[0])
    if result.stored:
        ui.print_(f"`beet deejai model use {args[0]}` gives the tracks these vectors")
