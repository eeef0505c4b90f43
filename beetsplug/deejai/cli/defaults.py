"""All options of the plugin, and their defaults.

Every `beet` command loads this module; `settings` reads the options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deejai_core.options.analysis import Analysis
from deejai_core.options.lists import BlindTest, Comparison, Counts, Rules, Walk
from deejai_core.options.option import Option, option, options_of
from deejai_core.options.output import Output
from deejai_core.options.values import Maybe, Value

COUNTS = tuple(options_of(Counts))  # on the command line all are --number


@dataclass(frozen=True)
class OfBeets:
    """The options that only beets uses.

    model: None for the one that `model use` chose. playlist_dir: None for the folder of another playlist plugin, or else
    the current one. format: a template of beets for the lines that are printed.
    """

    model: str | None = option(None, Maybe(Value()), written=None, listed=False)
    playlist_dir: Path | None = option(
        None,
        Maybe(Value()),
        "write to this folder, not to the configured one",
        written=None,
        metavar="DIR",
        short="-d",
    )
    format: str | None = option(
        None,
        Maybe(Value()),
        "print each track with this beets template, and nothing else",
        written=None,
        metavar="FORMAT",
        short="-f",
        listed=False,
    )


GROUPS = {
    "analysis": Analysis,
    "walk": Walk,
    "rules": Rules,
    "comparison": Comparison,
    "counts": Counts,
    "output": Output,
    "blind": BlindTest,
}
OPTIONS: Mapping[str, Option] = {
    name: one for group in (OfBeets, *GROUPS.values()) for name, one in options_of(group).items()
}
OF_THE_PLUGIN = {  # the options that the plugin itself reads
    "auto": True,
    "playlists": [],
    "playlists_auto": False,
    "lastfm_key": None,
    "web": {"write": True},
    "subsonic_users": {},
    "subsonic_owner": None,
}
DEFAULTS = {one.name: one.default for one in OPTIONS.values()} | OF_THE_PLUGIN
