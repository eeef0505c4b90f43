"""The command that teaches a model from the history."""

from __future__ import annotations

import optparse
import os
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from deejai_core.extras import extra
from deejai_core.lists.lookup import user_path
from deejai_core.words import counted

from ..group import Verb
from ..settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    import confuse
    from beets.logging import BeetsLogger

    from deejai_core.history.library_history import History
    from deejai_core.training.library_training import Coverage, Songs
    from deejai_core.training.network import TrainingData

    from ...library.beets_library import BeetsLibrary
    from ..settings import Settings

EPOCHS = 100  # of a network
LARGEST_SEED = 10**9  # numpy's, of which Track2Vec needs four for each of ours, end at 2**32


def verbs(config: confuse.Subview, log: BeetsLogger) -> list[Verb]:
    train = Verb(
        "train",
        partial(run_train, config, log),
        "train a model on your playlists",
        usage="%prog [options] NAME",
    )
    train.parser.add_option(
        "--head", action="store_true", help="train a small network on the stored analysis (the default)"
    )
    train.parser.add_option(
        "--alone", action="store_true", help="compare tracks only by what was learned, not by the original vectors as well"
    )
    train.parser.add_option("--track2vec", action="store_true", help="only learn the lists, for --space track2vec; no NAME")
    train.parser.add_option(
        "--network", choices=("2d", "1d"), help="train the whole network of Deej-A.I. from the audio: 2d or 1d"
    )
    train.parser.add_option("--epochs", type="int", help="most epochs of --network (default: 100)")
    train.parser.add_option(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        help="device that computes --network: auto, cpu, cuda, mps",
    )
    train.parser.add_option(
        "--vectors", metavar="FILE", help="take Track2Vec's vectors from this Parquet file instead of learning them"
    )
    train.parser.add_option("--use", action="store_true", help="use the model at once")
    train.parser.add_option("--seed", type="int", default=1, help="seed of the random numbers (default: 1)")
    train.parser.add_option("-f", "--force", action="store_true", help="replace a model of this name")
    return [train]


def run_train(
    config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary, opts: optparse.Values, args: list[str]
) -> None:
    from deejai_core.history.library_history import read_history
    from deejai_core.models.folders import new_model_folder

    from ...library.items import require_tracks
    from ..models import models_folder

    settings = read_settings(config)
    if not 0 <= opts.seed <= LARGEST_SEED:
        raise ui.UserError(f"--seed: must be from 0 to {LARGEST_SEED}, not {opts.seed}")
    if opts.track2vec:
        if args or opts.use or opts.alone or opts.network or opts.head:
            raise ui.UserError("--track2vec only learns the lists; it takes no NAME, --head, --network, --use or --alone")
    elif len(args) != 1:
        raise ui.UserError("train what? Give the model a name, such as: beet deejai train taste")
    elif opts.use and settings.model and settings.model != args[0]:
        raise ui.UserError(
            f"--use: the configuration says `model: {settings.model}`, which takes precedence; change it there"
        )
    if opts.network and opts.head:
        raise ui.UserError("--head and --network train different models; give only one of them")
    if opts.network and opts.alone:
        raise ui.UserError("--alone does not apply to --network, which never uses the original vectors")
    if not opts.network and (opts.epochs is not None or opts.device is not None):
        raise ui.UserError("--epochs and --device need --network")
    if opts.epochs is not None and opts.epochs < 1:
        raise ui.UserError(f"--epochs: must be at least 1, not {opts.epochs}")
    if not opts.track2vec:
        with extra("train"):
            import torch  # noqa: F401  # now, and not after hours in which songs are learned and files decoded
    if opts.network:
        from deejai_core.models.device import pick_device

        opts.device = pick_device(opts.device or "auto")
    require_tracks(library)
    folder = None
    if not opts.track2vec:
        folder = new_model_folder(args[0], models_folder(), replace=bool(opts.force), resume=bool(opts.network))
    with read_history(library) as history:
        _train(library, settings, history, folder, opts, log)


def _train(
    library: BeetsLibrary,
    settings: Settings,
    history: History,
    folder: Path | None,
    opts: optparse.Values,
    log: BeetsLogger,
) -> None:
    from deejai_core.models.registry import same_model
    from deejai_core.training.library_training import coverage, keep_songs, learn_songs

    from ..models import models_folder, name_in_use
    from ..progress import Progress
    from .models import switch

    ui.print_(f"history    {_in_short(coverage(history))}")
    vectors = user_path(opts.vectors) if opts.vectors else None
    if not vectors:
        log.info("learning which songs appear together...")
    with Progress(None, log, "entries of lists") as progress:
        songs = learn_songs(history, seed=opts.seed, vectors=vectors, progress=progress.reach)
    ui.print_(f"track2vec  {counted(songs.known, 'song')} learned, {len(songs.words):,} of them in the library")
    if folder is None:
        keep_songs(library, songs)
        return
    train = _train_network if opts.network else _train_head
    for label, told in train(library, settings, history, songs, folder, opts, log).items():
        ui.print_(f"{label:<10} {told}")
    used = opts.use or same_model(folder.name, name_in_use(library, settings), models_folder())
    ui.print_(f"saved to {folder}" + ("" if used else f"; `beet deejai model use {folder.name}` switches to it"))
    keep_songs(library, songs)
    if used:
        switch(library, settings, folder.name, log)


def _in_short(coverage: Coverage) -> str:
    """How much of the lists is in the library."""
    lists, songs, found, share = coverage
    what = f"{counted(lists, 'list')} of {counted(songs, 'song')}"
    return f"{what}; your library has {found:,} of them, {share:.0%} of all entries"


def _train_head(
    library: BeetsLibrary,
    settings: Settings,
    history: History,
    songs: Songs,
    folder: Path,
    opts: optparse.Values,
    log: BeetsLogger,
) -> dict[str, str]:
    from deejai_core.models.registry import load_model, trunk_of
    from deejai_core.training.head import EPOCHS as MOST_EPOCHS
    from deejai_core.training.library_training import gather_examples, keep_head, report, train_on
    from deejai_core.training.validation import Epoch

    from ..models import models_folder, name_in_use
    from ..progress import Progress

    trunk = trunk_of(name_in_use(library, settings), models_folder())  # without loading the head, which may be damaged
    model = load_model(trunk, models_folder())
    examples = gather_examples(library, history, songs, model)
    log.info("training on {}...", counted(len(examples.trunks), "track"))
    with Progress(None, log, "epochs", at_most=True) as progress:

        def on_epoch(epoch: Epoch) -> None:
            log.debug("loss {:.4f}, validation cosine {:.4f}", epoch.loss, epoch.validation)
            progress.reach(progress.done + 1, MOST_EPOCHS)

        progress.reach(0, MOST_EPOCHS)
        trained = train_on(examples, model, alone=bool(opts.alone), seed=opts.seed, on_epoch=on_epoch)
    if not trained.progress.learned_something:
        log.warning("The model predicts no better than a constant vector; more lists may help.")
    told = report(examples, trained, seed=opts.seed)
    keep_head(folder, trained, trunk, model, told)
    return told


def _train_network(
    library: BeetsLibrary,
    settings: Settings,
    history: History,
    songs: Songs,
    folder: Path,
    opts: optparse.Values,
    log: BeetsLogger,
) -> dict[str, str]:
    from deejai_core.models.registry import CHECKPOINT
    from deejai_core.training.library_network import train_into
    from deejai_core.training.network import Course
    from deejai_core.training.validation import Epoch

    from ..progress import Progress

    course = Course(kind=opts.network, epochs=opts.epochs or EPOCHS, seed=opts.seed, device=opts.device)
    if opts.force:
        (folder / CHECKPOINT).unlink(missing_ok=True)
    data = _gather_training_data(library, settings, songs, opts.seed, log)
    log.info("training on {}, by {}...", counted(len(data.slices), "track"), course.device)
    try:
        with Progress(None, log, "batches", at_most=True) as progress:

            def on_epoch(epoch: Epoch) -> None:
                progress.say("loss {:.4f}, validation cosine {:.4f}", epoch.loss, epoch.validation)

            return train_into(folder, data, course, on_epoch=on_epoch, on_step=progress.reach)
    except KeyboardInterrupt:
        if (folder / CHECKPOINT).exists():
            log.warning("stopped; run the same command again, without --force, to go on from the last checkpoint")
        raise


def _gather_training_data(
    library: BeetsLibrary, settings: Settings, songs: Songs, seed: int, log: BeetsLogger
) -> TrainingData:
    from deejai_core.embedding.analysis import Embedded, NotEmbedded, default_threads
    from deejai_core.formats.entries import one_line
    from deejai_core.training.library_network import gather_training_data

    from ..progress import Progress

    with ExitStack() as shown:
        progress: Progress | None = None

        def on_planned(files: int) -> None:
            nonlocal progress
            progress = shown.enter_context(Progress(files, log))

        def on_result(result: Embedded | NotEmbedded) -> None:
            if isinstance(result, NotEmbedded):
                progress.warn("{}: left out: {}", one_line(os.fspath(result.path)), result.reason)
            progress.step()

        return gather_training_data(
            library,
            songs,
            windows=settings.windows,
            threads=settings.threads or default_threads(),
            limits=settings.analysis.limits,
            seed=seed,
            on_planned=on_planned,
            on_result=on_result,
        )
