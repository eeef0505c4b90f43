"""The commands that help to use the others."""

from __future__ import annotations

from functools import partial

from beets import ui
from beets.exceptions import UserError

from ..call import Call
from ..group import Verb, VerbsCommand

SHELLS = ("bash", "zsh", "fish")  # those of `completion`, which takes long to import


def verbs(command: VerbsCommand) -> list[Verb]:
    """Return the verbs. command: the one whose verbs are completed and explained."""
    help_ = Verb("help", partial(run_help, command), "list all commands, or the options of one", takes="[COMMAND]")
    help_.words = tuple(verb.name for verb in command.verbs)
    completion = Verb(
        "completion",
        partial(run_completion, command),
        "print a script that completes commands and options in your shell",
        takes="|".join(SHELLS),
    )
    completion.words = SHELLS
    return [help_, completion]


def run_help(command: VerbsCommand, call: Call) -> None:
    meant: ui.Subcommand = command
    for number, word in enumerate(call.args):
        if not isinstance(meant, VerbsCommand):
            raise UserError(f"{' '.join(call.args[:number])} has no commands of its own")
        meant = meant.verb(word)
    meant.print_help()


def run_completion(command: VerbsCommand, call: Call) -> None:
    from ..completion import script

    if len(call.args) != 1 or call.args[0] not in SHELLS:
        raise UserError(f"completion for which shell? Name one of {', '.join(SHELLS)}")
    ui.print_(script(call.args[0], command), end="")
