"""The commands that help to type the others."""

from __future__ import annotations

import optparse
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from ..group import Verb, VerbsCommand

if TYPE_CHECKING:
    from beets.library import Library


def verbs(command: VerbsCommand) -> list[Verb]:
    """command: the one whose verbs are to be typed."""
    return [Verb("help", partial(run_help, command), "show the verbs, or the options of one", usage="%prog [VERB]")]


def run_help(command: VerbsCommand, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    for number, word in enumerate(args):
        if not isinstance(command, VerbsCommand):
            raise ui.UserError(f"{' '.join(args[:number])} has no verbs of its own")
        command = command.verb(word)
    command.print_help()
