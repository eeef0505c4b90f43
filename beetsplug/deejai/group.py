"""`beet NAME VERB [ARGS...]`: one beets command with verbs of its own, which beets itself does not offer."""

from __future__ import annotations

import optparse
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from beets import ui
from beets.dbcore.query import ParsingError

from deejai_core.errors import DeejaiError

if TYPE_CHECKING:
    from beets.library import Library


class Verb(ui.Subcommand):
    """An ordinary subcommand whose expected errors reach the user as one line."""

    def __init__(
        self, name: str, run: Callable, help: str, *, usage: str = "%prog [options]", aliases: tuple[str, ...] = ()
    ) -> None:
        super().__init__(name, ui.CommonOptionsParser(usage=usage, description=f"{help}."), help, aliases)
        self.run = run

    def func(self, lib: Library, opts: optparse.Values, args: list[str]) -> None:
        try:
            self.run(lib, opts, args)
        except DeejaiError as error:
            raise ui.UserError(str(error)) from error
        except ParsingError as error:  # beets itself only expects one of its kinds
            raise ui.UserError(f"invalid query: {error}") from error
        except sqlite3.OperationalError as error:
            busy = "; if another beet is running, try again when it has finished" if "locked" in str(error) else ""
            raise ui.UserError(f"library database: {error}{busy}") from error


class VerbsCommand(ui.Subcommand):
    """A command that does nothing but hand its arguments to one of its verbs, which may be such a command itself."""

    def __init__(self, name: str, verbs: list[Verb], help: str) -> None:
        parser = ui.SubcommandsOptionParser(usage="%prog COMMAND [ARGS...]")
        parser.add_option("-h", "--help", action="help", help="show this help message and exit")
        super().__init__(name, parser, help)
        self.verbs = verbs
        parser.add_subcommand(*verbs)

    @property
    def root_parser(self) -> optparse.OptionParser | None:
        return self._root_parser

    @root_parser.setter
    def root_parser(self, parser: optparse.OptionParser) -> None:
        ui.Subcommand.root_parser.fset(self, parser)
        for verb in self.verbs:  # their usage lines begin with this command's name, which is known only now
            verb.root_parser = self.parser

    def parse_args(self, args: list[str]) -> tuple[optparse.Values, list[str]]:
        opts, words = self.parser.parse_args(args)
        opts.verb = None
        if words:
            if not any(words[0] in (verb.name, *verb.aliases) for verb in self.verbs):
                raise ui.UserError(f"unknown command {words[0]!r}; `{self.parser.get_prog_name()} -h` shows what there is")
            opts.verb, opts.of_verb, words = self.parser.parse_subcommand(words)
        return opts, words

    def func(self, lib: Library, opts: optparse.Values, args: list[str]) -> None:
        if opts.verb is None:
            self.print_help()
        else:
            opts.verb.func(lib, opts.of_verb, args)
