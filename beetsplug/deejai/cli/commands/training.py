"""The command that trains a model on the history."""

from __future__ import annotations

from beets.exceptions import UserError

from deejai_core.models.objectives import OBJECTIVES

from ..call import Call, check_range
from ..group import Verb
from ..hints import WORDS
from ..settings import models_folder

LARGEST_SEED = 10**9  # numpy's seeds, of which Track2Vec needs four for each of ours, end at 2**32


def verbs() -> list[Verb]:
    train = Verb("train", run_train, "train a model on your playlists", takes="[options] NAME")
    train.switch("--head", "train a small network on the stored analysis (the default)")
    train.switch("--alone", "compare tracks only by what was learned, without the original vectors")
    train.switch("--track2vec", "only learn Track2Vec's vectors, for --space track2vec; takes no NAME")
    train.parser.add_option(
        "--network", choices=("2d", "1d"), help="train the whole network of Deej-A.I. from the audio: 2d or 1d"
    )
    train.parser.add_option(
        "--objective",
        choices=OBJECTIVES,
        help="what to learn: lists (the default), siamese, and with --network also autoencoder, variational",
    )
    train.parser.add_option(
        "--epochs",
        type="int",
        help="maximum number of epochs of --network (default: 100); 0 keeps the random weights, as a baseline",
    )
    train.parser.add_option(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        help="device that trains --network: auto, cpu, cuda, mps",
    )
    train.parser.add_option(
        "--vectors", metavar="FILE", help="take Track2Vec's vectors from this Parquet file instead of learning them"
    )
    train.switch("--use", "use the model at once")
    train.parser.add_option("--seed", type="int", default=1, help="random seed (default: 1)")
    train.switch("-f", "--force", "replace a model of this name")
    return [train]


def run_train(call: Call) -> None:
    from deejai_core.lists.lookup import user_path
    from deejai_core.models.folders import new_model_folder
    from deejai_core.models.registry import same_model
    from deejai_core.training.train import Training, train
    from deejai_core.training.training_lines import TrainingText

    from .models import switch

    opts = call.opts
    _check(call)
    call.require_tracks()
    folder, used = None, False
    if not opts.track2vec:
        resume = bool(opts.network) and opts.epochs != 0
        folder = new_model_folder(call.args[0], models_folder(), replace=bool(opts.force), resume=resume)
        used = opts.use or same_model(folder.name, call.model_name, models_folder())
    training = Training(
        network=opts.network,
        objective=opts.objective or Training.objective,
        alone=bool(opts.alone),
        vectors=user_path(opts.vectors) if opts.vectors else None,
        epochs=Training.epochs if opts.epochs is None else opts.epochs,
        device=opts.device or Training.device,
        seed=opts.seed,
        afresh=bool(opts.force),
    )
    with TrainingText(call.teller, folder, used=used, words=WORDS) as text:
        train(call.library, training, call.configured.analysis, folder, base=call.model_name, observer=text)
    if folder and used:
        switch(call, folder.name)


def _check(call: Call) -> None:
    """Raise UserError for contradictory options."""
    opts, configured = call.opts, call.configured.model
    check_range("--seed", opts.seed, 0, LARGEST_SEED)
    if opts.track2vec:
        if call.args or opts.use or opts.alone or opts.network or opts.head or opts.objective:
            raise UserError(
                "--track2vec only learns the lists; it takes no NAME, --head, --network, --objective, --use or --alone"
            )
    elif len(call.args) != 1:
        raise UserError("train what? Give the model a name, such as: beet deejai train taste")
    elif opts.use and configured and configured != call.args[0]:
        raise UserError(f"--use: the configuration says `model: {configured}`, which takes precedence; change it there")
    if opts.network and opts.head:
        raise UserError("--head and --network train different models; give only one of them")
    if opts.network and opts.alone:
        raise UserError("--alone does not apply to --network, which never uses the original vectors")
    if opts.objective in ("autoencoder", "variational") and not opts.network:
        raise UserError(f"--objective {opts.objective} trains a whole network; say which: --network 2d or 1d")
    if opts.objective not in (None, "lists") and opts.vectors:
        raise UserError(f"--vectors are for --objective lists; --objective {opts.objective} learns nothing from them")
    if opts.objective and opts.epochs == 0:
        raise UserError("--objective does not apply to --epochs 0, which learns nothing")
    if not opts.network and (opts.epochs is not None or opts.device is not None):
        raise UserError("--epochs and --device need --network")
    check_range("--epochs", opts.epochs, 0)
