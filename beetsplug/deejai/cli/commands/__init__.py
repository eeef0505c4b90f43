"""The verbs of `beet deejai`, their options, and their output."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..command import HELP, NAME
from ..group import VerbsCommand
from . import analysis, blind, care, discovery, drawing, history, lists, live, mix, models, shell, subsonic, training, web

if TYPE_CHECKING:
    import confuse
    from beets.logging import BeetsLogger

MODULES = (analysis, lists, mix, drawing, web, subsonic, live, blind, history, discovery, training, models, care)


def deejai_command(config: confuse.Subview, log: BeetsLogger) -> VerbsCommand:
    """Return `beet deejai`. Every verb reads its configuration when it runs, so an error in it is one line to the user."""
    verbs = [verb for module in MODULES for verb in module.verbs()]
    command = VerbsCommand(NAME, verbs, HELP)
    command.add(*shell.verbs(command))
    command.func = partial(command.call, config, log)
    return command
