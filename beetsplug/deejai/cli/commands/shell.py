"""The commands that help to type the others."""

from __future__ import annotations

import optparse
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from ..completion import SCRIPTS
from ..group import Verb, VerbsCommand

if TYPE_CHECKING:
    from ...library.beets_library import BeetsLibrary


def verbs(command: VerbsCommand) -> list[Verb]:
    """command: the one whose verbs are to be typed."""
    help_ = Verb("help", partial(run_help, command), "show the verbs, or the options of one", usage="%prog [VERB]")
    help_.words = tuple(verb.name for verb in command.verbs)
    completion = Verb(
        "completion",
        partial(run_completion, command),
        "print a script that completes verbs and options in your shell",
        usage=f"%prog {'|'.join(SCRIPTS)}",
    )
    completion.words = tuple(SCRIPTS)
    return [help_, completion]


def run_help(command: VerbsCommand, library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    for number, word in enumerate(args):
        if not isinstance(command, VerbsCommand):
            raise ui.UserError(f"{' '.join(args[:number])} has no verbs of its own")
        command = command.verb(word)
    command.print_help()


def run_completion(command: VerbsCommand, library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    if len(args) != 1 or args[0] not in SCRIPTS:
        raise ui.UserError(f"completion for which shell? Name one of {', '.join(SCRIPTS)}")
    ui.print_(SCRIPTS[args[0]](command), end="")
