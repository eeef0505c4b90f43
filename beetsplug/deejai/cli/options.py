"""The options of the commands that make lists, on the command line and in a list's recipe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from optparse import SUPPRESS_HELP
from typing import Any

from deejai_core.options.lists import Rules
from deejai_core.options.option import Option, options_of

from .defaults import OPTIONS
from .group import Verb
from .settings import Settings


def _options(*names: str) -> tuple[Option, ...]:
    return tuple(OPTIONS[name] for name in names)


WALK = _options("number", "minutes", "keep_on", "stay", "floor", "list_seeds")
VARIATION = _options("space", "drunk", "seed")
RULES = _options(*options_of(Rules))
OUTPUT = _options("playlist_dir", "output_format", "relative_to", "forward_slash", "urlencode", "prefix", "format")
JOURNEY = _options("between", "minutes")
BLIND = _options("blind_tracks", "blind_rounds", "keep_on", "stay", "seed")
ARTISTS = (replace(OPTIONS["number"], help="artists to show"), *_options("space", "candidates"))
LESS = "move away from what matches this query, and never pick it"  # help of --less
TYPES = {"text": "string", "int": "int", "float": "float"}  # optparse's, by the form of a value


def add_options(verb: Verb, options: Iterable[Option]) -> None:
    """Give a verb these options. None of them has a default: options that are not given come from the configuration."""
    for option in options:
        flags = [flag for flag in (option.short, option.flag) if flag]
        if option.is_switch:
            _add_switch(verb, option, flags)
            continue
        told = "" if option.default in (None, "", {}) else f" (default: {option.default})"
        choices: dict[str, Any] = {"choices": option.value.choices} if option.value.choices else {}
        verb.parser.add_option(
            *flags,
            dest=option.name,
            action="append" if option.value.many else "store",
            type="choice" if choices else TYPES[option.value.form],
            metavar=option.metavar,
            help=option.help + told,
            **choices,
        )


def add_address(verb: Verb, *, port: int) -> None:
    """Give a verb the options for its address."""
    verb.parser.add_option("--host", default="127.0.0.1", help="address to listen on (default: %default)")
    verb.parser.add_option("--port", type="int", default=port, help="port to listen on (default: %default)")


def _add_switch(verb: Verb, option: Option, flags: list[str]) -> None:
    """Add a switch, its opposite, and the former names of both; only the first one is in the help."""
    away, back = ("store_false", "store_true") if option.default else ("store_true", "store_false")
    verb.parser.add_option(*flags, dest=option.name, action=away, default=None, help=option.help)
    hidden = [(option.opposite, back), *zip(option.replaced, (away, back), strict=False)]
    for flag, action in hidden:
        verb.parser.add_option(flag, dest=option.name, action=action, default=None, help=SUPPRESS_HELP)


def recipe_words(options: Iterable[Option], settings: Settings, *others: Settings) -> list[str]:
    """Return the command-line options that turn any of the `others` into `settings`: all that differ from one of them."""
    words = []
    for option in options:
        value = settings.value(option.name)
        alike = all(value == other.value(option.name) for other in others)
        if option.flag == "--number":
            # It also removes configured minutes; with minutes, it has no effect.
            if settings.walk.minutes or (alike and not any(other.walk.minutes for other in others)):
                continue
        elif (alike and not option.recorded) or (option.name == "minutes" and value is None):
            continue
        if option.is_switch:
            words.append(option.opposite if value == option.default else option.flag)
        else:
            words += [word for written in option.value.words(value) for word in (option.flag, written)]
    return words
