"""`beet NAME VERB [ARGS...]`: one beets command with verbs, which beets itself does not offer."""

from __future__ import annotations

import optparse
import sqlite3
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from beets import ui
from beets.dbcore.db import DBAccessError
from beets.dbcore.query import ParsingError
from beets.exceptions import UserError

from deejai_core.errors import DeejaiError, OptionError
from deejai_core.refusals import OWN, with_remedy

from .call import Call
from .defaults import COUNTS
from .hints import in_words, problem_in_words
from .settings import GivenError

if TYPE_CHECKING:
    import confuse
    from beets.library import Library
    from beets.logging import BeetsLogger


class UnknownOptionError(optparse.BadOptionError):
    """A verb does not have this option; the error suggests the one that was most likely meant."""

    def __init__(self, flag: str, known: Iterable[str]) -> None:
        super().__init__(flag)
        self.hint = did_you_mean(flag, known)

    def __str__(self) -> str:
        return f"{super().__str__()}{self.hint}"


class VerbParser(ui.CommonOptionsParser):
    """Parses what follows a verb; a misspelt option gets a hint."""

    def _match_long_opt(self, opt: str) -> str:
        try:
            return super()._match_long_opt(opt)
        except optparse.AmbiguousOptionError:
            raise
        except optparse.BadOptionError as error:
            shown = [option for option in self.option_list if option.help != optparse.SUPPRESS_HELP]
            raise UnknownOptionError(opt, (flag for option in shown for flag in option._long_opts)) from error


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word: a suggestion, or nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


class Verb(ui.Subcommand):
    """A subcommand whose expected errors reach the user as one line. takes: its arguments, for the help."""

    words: tuple[str, ...] = ()  # its possible arguments, if these are all

    def __init__(
        self,
        name: str,
        run: Callable[[Call], None],
        help: str,
        *,
        takes: str = "[options]",
        aliases: tuple[str, ...] = (),
    ) -> None:
        super().__init__(
            name, VerbParser(usage=f"%prog {takes}", description=f"{help[0].upper()}{help[1:]}."), help, aliases
        )
        self.run = run

    def switch(self, *flags: str) -> None:
        """Add an option without a value: its flags, then its help."""
        self.parser.add_option(*flags[:-1], action="store_true", help=flags[-1])

    def call(
        self, config: confuse.Subview, log: BeetsLogger, library: Library, opts: optparse.Values, args: list[str]
    ) -> None:
        from ..library.beets_library import BeetsLibrary  # imports numpy

        try:
            self.run(Call(config, log, BeetsLibrary(library), opts, args))
        except OptionError as error:
            given = f"{self._flag(error.option)} {error.value}".rstrip()
            raise UserError(f"{given}: {problem_in_words(error)}") from error
        except DeejaiError as error:
            raise UserError(in_words(error)) from error
        except GivenError as error:
            raise UserError(f"{self._flag(error.name)}: {error.problem}") from error
        except ParsingError as error:  # beets itself only expects one of these kinds
            raise UserError(f"invalid query: {error}") from error
        except OverflowError as error:
            if "SQLite" not in str(error):
                raise
            raise UserError("invalid query: a number in it is too large for the library") from error
        except DBAccessError as error:  # a library that cannot be written
            raise UserError(f"library database: {error}") from error
        except BrokenPipeError:
            raise  # beets handles it
        except OSError as error:  # an unexpected error of a disk: full, or no longer readable
            raise UserError(in_words(error)) from error
        except sqlite3.OperationalError as error:
            raise UserError(with_remedy(f"library database: {error}", error, OWN)) from error

    def _flag(self, name: str) -> str:
        """Return the flag that sets an option, as its name is in the configuration."""
        names = COUNTS if name in COUNTS else (name,)
        options = self.parser.option_list
        flags = (each.get_opt_string() for each in options if each.dest in names or f"--{name}" in each._long_opts)
        return next(flags, f"deejai.{name}")


class VerbsCommand(ui.Subcommand):
    """A command that only passes its arguments to one of its verbs, which may be such a command itself."""

    def __init__(self, name: str, verbs: Iterable[ui.Subcommand], help: str) -> None:
        parser = ui.SubcommandsOptionParser(usage="%prog COMMAND [ARGS...]")
        parser.add_option("-h", "--help", action="help", help="show this help message and exit")
        super().__init__(name, parser, help)
        self._parser = parser
        self.verbs: list[ui.Subcommand] = []
        self.add(*verbs)

    def add(self, *verbs: ui.Subcommand) -> None:
        self.verbs += verbs
        self._parser.add_subcommand(*verbs)

    def verb(self, word: str) -> ui.Subcommand:
        """Return the verb with this name or alias. Raises UserError if there is none."""
        for verb in self.verbs:
            if word in (verb.name, *verb.aliases):
                return verb
        name = self.parser.get_prog_name()
        hint = did_you_mean(word, (verb.name for verb in self.verbs))
        raise UserError(f"{name} has no command {word!r}{hint or f'; `{name} -h` lists them'}")

    @property
    def root_parser(self) -> optparse.OptionParser | None:
        return self._root_parser

    @root_parser.setter
    def root_parser(self, parser: optparse.OptionParser) -> None:
        vars(ui.Subcommand)["root_parser"].fset(self, parser)
        for verb in self.verbs:  # their usage lines begin with this command's name, which is only known now
            verb.root_parser = self.parser

    def parse_args(self, args: list[str]) -> tuple[optparse.Values, list[str]]:
        opts, words = self.parser.parse_args(args)
        opts.verb = None
        if words:
            self.verb(words[0])
            opts.verb, opts.of_verb, words = self._parser.parse_subcommand(words)
        return opts, words

    def call(
        self, config: confuse.Subview, log: BeetsLogger, library: Library, opts: optparse.Values, args: list[str]
    ) -> None:
        if opts.verb is None:
            self.print_help()
        else:
            opts.verb.call(config, log, library, opts.of_verb, args)
