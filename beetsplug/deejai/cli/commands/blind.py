"""The command that lets listeners judge two ways to make lists without knowing which is which."""

from __future__ import annotations

from functools import partial

from ..call import Call, print_lines
from ..group import Verb
from ..hints import WORDS
from ..options import BLIND, RULES, add_options


def verbs() -> list[Verb]:
    help_ = "compare two ways to make lists by ear, without knowing which is which"
    blind = Verb("blind", run_blind, help_, takes="[options] [A B [QUERY...]]")
    add_options(blind, (*BLIND, *RULES))
    blind.switch("--play", "play both lists of each round with the player of beets' play plugin")
    blind.parser.add_option("--export", metavar="FILE", help="write all votes to this file")
    blind.parser.add_option("--merge", metavar="FILE", help="add the votes of a file that --export wrote")
    return [blind]


def run_blind(call: Call) -> None:
    from deejai_core.features.blind.dialogue import exchange_votes, hold_and_tell, results_lines
    from deejai_core.features.blind.votes import read_votes

    from ..making import request_for
    from ..models import model_called
    from ..output import play
    from ..terminal import ask_line

    opts, library, settings, teller = call.opts, call.library, call.settings, call.teller
    exchange_votes(library, opts.merge, opts.export, teller)
    if call.args:
        request, player = request_for("similar", settings), partial(play, log=call.log) if opts.play else None
        hold_and_tell(
            library, call.load_model(), model_called, call.args, request, settings.blind, teller, ask_line, player
        )
    elif not (opts.merge or opts.export):
        print_lines(results_lines(read_votes(library), WORDS))
