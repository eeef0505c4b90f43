"""`beet deejai` as every `beet` command loads it: its name and a line of help. Its verbs are created when needed."""

from __future__ import annotations

import optparse
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from beets import ui

if TYPE_CHECKING:
    from beets.library import Library

NAME, HELP = "deejai", "playlists of songs that sound alike"


class LazyCommand(ui.Subcommand):
    """A command that is created only when it is called, or its help is shown. make: creates it."""

    def __init__(self, name: str, help: str, make: Callable[[], ui.Subcommand]) -> None:
        super().__init__(name, help=help)
        self._make = make

    @cached_property
    def _made(self) -> ui.Subcommand:
        command = self._make()
        if self.root_parser:
            command.root_parser = self.root_parser
        return command

    def print_help(self) -> None:
        self._made.print_help()

    def parse_args(self, args: list[str]) -> tuple[optparse.Values, list[str]]:
        return self._made.parse_args(args)

    def func(self, library: Library, opts: optparse.Values, args: list[str]) -> None:
        self._made.func(library, opts, args)
