"""The options of the commands that make lists: on the command line, in the configuration, and in a list's recipe."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from optparse import SUPPRESS_HELP

from .group import Verb
from .settings import DEFAULTS, FORMATS, SPACES, Settings


@dataclass(frozen=True)
class Option:
    """An option on the command line whose value is also one of the configuration's, under `name`."""

    name: str
    flag: str
    help: str
    kind: str | None = None  # optparse's type of its value; None: a switch
    metavar: str | None = None
    short: str | None = None
    turns: bool = True  # what a switch sets the option to
    choices: tuple[str, ...] = ()  # of a kind "choice"
    recorded: bool = False  # always in a recipe: its default was another one once, and may change again

    @property
    def opposite(self) -> str:
        """The flag that turns a switch the other way, should the configuration have set it."""
        return f"--{self.flag.removeprefix('--no-')}" if self.flag.startswith("--no-") else f"--no-{self.flag[2:]}"


NUMBER = Option("number", "--number", "tracks to add after the seeds", "int", "N", short="-n")
ARTISTS = Option("number", "--number", "artists to show", "int", "N", short="-n")
BETWEEN = Option("between", "--number", "tracks between neighbouring waypoints", "int", "N", short="-n")
MINUTES = Option("minutes", "--minutes", "length of the whole list, instead of a number", "float", "M")
CANDIDATES = Option("candidates", "--from", "pick only what matches this query", "string", "QUERY")
WALK = (
    NUMBER,
    MINUTES,
    Option("keep_on", "--keep-on", "each track is near the last K; 0: near the seeds", "int", "K"),
    Option("stay", "--stay", "weight of the seeds against the last tracks, 0 to 1", "float", "X", recorded=True),
    Option("floor", "--floor", "end the list when nothing is at least this similar; 0: never", "float", "X"),
    Option("list_seeds", "--no-seeds", "leave the seeds out of the list", turns=False),
)
SPACE = Option("space", "--space", "compare tracks by sound, or by your lists (track2vec)", "choice", choices=SPACES)
VARIATION = (
    SPACE,
    Option("drunk", "--drunk", "how far to stray, from 0 (sober) to 1 (in any direction)", "float", "X"),
    Option("seed", "--seed", "seed of the random numbers: the same seed makes the same list", "int", "N"),
)
RULES = (
    CANDIDATES,
    Option(
        "artist_separation",
        "--artist-separation",
        "tracks between two of an artist, or `once`; `mild`: 2, where others sound alike",
        "string",
        "N",
        recorded=True,
    ),
    Option("album_separation", "--album-separation", "tracks between two of an album, or `once`", "string", "N"),
    Option("min_length", "--min-length", "shortest track, such as 1:30", "string", "LENGTH"),
    Option("max_length", "--max-length", "longest track; 0: any", "string", "LENGTH"),
    Option("fold_versions", "--versions", "let other versions of a song count as other songs", turns=False),
    Option(
        "duplicate_epsilon", "--duplicate-epsilon", "cosine distance of tracks that count as one; 0: none", "float", "E"
    ),
    Option("not_played_days", "--not-played-days", "no track that was played in the last N days", "float", "N"),
    Option("prefer_played", "--prefer-played", "how much similarity a track loses that was never played", "float", "X"),
    Option("avoid_skipped", "--avoid-skipped", "how much similarity a track loses that is always skipped", "float", "X"),
    Option("mood", "--mood", "lean to a tag, or away from it (sad=-0.3); repeatable", "string", "TAG=+X"),
    Option("mix_in_key", "--mix-in-key", "keep tempo and key close from track to track"),
    Option("segue", "--segue", "choose among nearly equal tracks by how well they follow each other"),
    Option("correct_hubs", "--hubs", "do not correct for hubs, tracks that would turn up in every list", turns=False),
)
LESS = "less like what matches this query"  # help of --less
OUTPUT = (
    Option(
        "playlist_dir", "--playlist-dir", "write the list to this folder, named after its tracks", "string", "DIR", "-d"
    ),
    Option("output_format", "--output-format", ", ".join(FORMATS), "choice", choices=FORMATS),
    Option("relative_to", "--relative-to", "paths relative to DIR, or to the `library` or the `playlist`", "string", "DIR"),
    Option("forward_slash", "--forward-slash", "forward slashes in paths"),
    Option("urlencode", "--urlencode", "URL-encode paths"),
    Option("prefix", "--prefix", "text in front of each path", "string"),
    Option("format", "--format", "print each track by this template of beets", "string", "FORMAT", "-f"),
)


def add_options(verb: Verb, options: Iterable[Option]) -> None:
    """Give a verb these options. None of them has a default: what is not given is left to the configuration."""
    for option in options:
        flags = [flag for flag in (option.short, option.flag) if flag]
        default = DEFAULTS[option.name]
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
