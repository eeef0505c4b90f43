"""The plugin's options: their defaults, and their values once read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import beets
import confuse

DEFAULTS = {
    "auto": True,
    "model": "musicnn",
    "windows": 16,
    "epsilon": None,
    "threads": None,
    "number": 20,
    "between": 5,
    "playlist_dir": None,
    "output_format": "extm3u",
    "relative_to": None,
    "forward_slash": False,
    "urlencode": False,
    "prefix": "",
}


@dataclass(frozen=True)
class Settings:
    """Every option but `auto`, checked. docs/configuration.md says what each is for."""

    model: str
    windows: int
    epsilon: float | None  # None: the model's own
    threads: int | None  # None: one for each core, one less during an import
    number: int
    between: int
    playlist_dir: Path
    output_format: str
    relative_to: Path | str | None  # "library", "playlist", a folder, or None for absolute paths
    forward_slash: bool
    urlencode: bool
    prefix: str


def read_settings(config: confuse.Subview, options: object = None) -> Settings:
    """The configuration, overridden by what was given on the command line (an attribute of the same name, not None).

    Raises confuse.ConfigError, which beets shows as one line that names the option.
    """
    config.set({name: value for name in DEFAULTS if (value := getattr(options, name, None)) is not None})
    return Settings(
        model=config["model"].as_str(),
        windows=config["windows"].get(AtLeast(2)),
        epsilon=config["epsilon"].get(confuse.Optional(Epsilon())),
        threads=config["threads"].get(confuse.Optional(AtLeast(1))),
        number=config["number"].get(AtLeast(1)),
        between=config["between"].get(AtLeast(0)),
        playlist_dir=_playlist_dir(config),
        output_format=config["output_format"].as_choice(["m3u", "extm3u"]),
        relative_to=_relative_to(config["relative_to"]),
        forward_slash=config["forward_slash"].get(bool),
        urlencode=config["urlencode"].get(bool),
        prefix=config["prefix"].as_str(),
    )


def _playlist_dir(config: confuse.Subview) -> Path:
    """Our own folder, else the one that the user gave another playlist plugin, else the current one."""
    if config["playlist_dir"].get() is not None:
        return config["playlist_dir"].as_path()
    for plugin in ("smartplaylist", "playlist"):
        folder = beets.config[plugin]["playlist_dir"]
        if folder.exists() and folder.get() not in (None, "."):  # "." is those plugins' default
            return folder.as_path()
    return Path.cwd()


def _relative_to(view: confuse.Subview) -> Path | str | None:
    value = view.get(confuse.Optional(str))
    return value if value in (None, "library", "playlist") else view.as_path()


class AtLeast(confuse.Integer):
    """A whole number not below a limit."""

    def __init__(self, lowest: int) -> None:
        super().__init__()
        self.lowest = lowest

    def convert(self, value: object, view: confuse.ConfigView) -> int:
        number = super().convert(value, view)
        if number != value:  # confuse would cut off a fraction
            self.fail(f"must be a whole number, not {value}", view)
        if number < self.lowest:
            self.fail(f"must be at least {self.lowest}, not {number}", view)
        return number


class Epsilon(confuse.Number):
    """A cosine distance: the two ends, nothing alike and everything alike, would make all slices count the same."""

    def convert(self, value: object, view: confuse.ConfigView) -> float:
        number = super().convert(value, view)
        if not 0 < number < 2:
            self.fail(f"must be between 0 and 2, not {number}", view)
        return float(number)
