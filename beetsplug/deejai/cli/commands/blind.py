"""The command that lets listeners judge two ways to make lists without knowing which is which."""

from __future__ import annotations

from functools import partial

from beets import ui

from deejai_core.words import counted

from ..call import Call, print_lines
from ..group import Verb
from ..options import BLIND, RULES, add_options


def verbs() -> list[Verb]:
    blind = Verb(
        "blind",
        run_blind,
        "compare two ways to make lists by ear, without knowing which is which",
        takes="[options] [A B [QUERY...]]",
    )
    add_options(blind, (*BLIND, *RULES))
    blind.switch("--play", "play both lists of each round with the player of beets' play plugin")
    blind.parser.add_option("--export", metavar="FILE", help="write all votes to this file")
    blind.parser.add_option("--merge", metavar="FILE", help="add the votes of a file that --export wrote")
    return [blind]


def run_blind(call: Call) -> None:
    from deejai_core.features.blind.dialogue import verdict_lines, verdicts
    from deejai_core.features.blind.votes import export_votes, merge_votes, read_votes
    from deejai_core.lists.lookup import user_path

    opts, library = call.opts, call.library
    if opts.merge:
        new, all_ = merge_votes(library, user_path(opts.merge))
        ui.print_(f"{counted(new, 'new vote')} of {all_:,} in {opts.merge}")
    if opts.export:
        path = user_path(opts.export).absolute()
        ui.print_(f"{counted(export_votes(library, path), 'vote')} written to {path}")
    if len(call.args) == 1:
        raise ui.UserError("compare it with what? Give two: beet deejai blind sound random QUERY")
    if call.args:
        _hold(call)
    elif not (opts.merge or opts.export):
        kept = verdicts(read_votes(library))
        for sides, verdict in kept.items():
            print_lines(verdict_lines(sides, verdict))
        if not kept:
            ui.print_(
                "no votes yet; `beet deejai blind A B QUERY` asks for them, such as: beet deejai blind sound random jazz"
            )


def _hold(call: Call) -> None:
    """A test, and what all votes for these two say by now."""
    import numpy as np

    from deejai_core.features.blind.dialogue import hold_test, result_lines, reveal_lines
    from deejai_core.features.blind.rounds import find_seeds, rounds
    from deejai_core.features.blind.sides import open_pair
    from deejai_core.features.blind.votes import keep_votes, read_votes

    from ..making import request_for
    from ..models import model_called
    from ..output import play
    from ..terminal import ask_line

    library, settings, (one, other, *words) = call.library, call.settings, call.args
    read_votes(library)  # a damaged file is found out before anybody has listened to anything
    pair = open_pair(library, call.load_model(), model_called, (one, other), request_for("similar", settings), call.teller)
    made = rounds(pair, find_seeds(pair, words), settings.blind.blind_tracks, np.random.default_rng(settings.walk.seed))
    voted = hold_test(
        made,
        settings.blind.blind_rounds,
        say=ui.print_,
        ask=ask_line,
        keep=lambda vote: keep_votes(library, [vote]),
        play=partial(play, log=call.log) if call.opts.play else None,
    )
    print_lines(reveal_lines(voted))
    print_lines(result_lines(pair.labels, read_votes(library)))
