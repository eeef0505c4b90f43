"""The options of the commands that make lists, on the command line and in a list's recipe."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from optparse import SUPPRESS_HELP

from .group import Verb
from .settings import OPTIONS, Option, Settings


def _of(group: str) -> tuple[Option, ...]:
    return tuple(option for option in OPTIONS.values() if option.group == group)


WALK, VARIATION, RULES, OUTPUT = map(_of, ("walk", "variation", "rules", "output"))
JOURNEY = (*_of("journey"), OPTIONS["minutes"])
ARTISTS = (replace(OPTIONS["number"], help="artists to show"), OPTIONS["space"], OPTIONS["candidates"])
LESS = "less like what matches this query"  # help of --less


def add_options(verb: Verb, options: Iterable[Option]) -> None:
    """Give a verb these options. None of them has a default: what is not given is left to the configuration."""
    for option in options:
        flags = [flag for flag in (option.short, option.flag) if flag]
        default = option.default
        if option.kind is None:
            action = "store_true" if option.turns else "store_false"
            verb.parser.add_option(*flags, dest=option.name, action=action, default=None, help=option.help)
            back = "store_false" if option.turns else "store_true"
            verb.parser.add_option(option.opposite, dest=option.name, action=back, default=None, help=SUPPRESS_HELP)
            continue
        told = "" if default in (None, "", {}) else f" (default: {default})"
        choices = {"choices": option.choices} if option.choices else {}
        action = "append" if isinstance(default, dict) else "store"
        verb.parser.add_option(
            *flags,
            dest=option.name,
            action=action,
            type=option.kind,
            metavar=option.metavar,
            help=option.help + told,
            **choices,
        )


def recipe_words(options: Iterable[Option], settings: Settings, *others: Settings) -> list[str]:
    """The command-line options that make `settings` of any of the `others`: all in which it differs from one of them."""
    words = []
    for option in options:
        value = getattr(settings, option.name)
        alike = all(value == getattr(other, option.name) for other in others)
        if option.flag == "--number":
            # It also lifts minutes that are configured; with minutes, it means nothing.
            if settings.minutes or (alike and not any(other.minutes for other in others)):
                continue
        elif (alike and not option.recorded) or (option.name == "minutes" and value is None):
            continue
        if option.kind is None:
            words.append(option.flag if value == option.turns else option.opposite)
        elif isinstance(value, tuple):
            words += [word for tag, weight in value for word in (option.flag, f"{tag}={weight:+}")]
        else:
            words += [option.flag, _written(option.name, value)]
    return words


def _written(name: str, value: object) -> str:
    if value in (None, math.inf):
        return "once" if name.endswith("separation") else "0"
    return str(value).removesuffix(".0")
