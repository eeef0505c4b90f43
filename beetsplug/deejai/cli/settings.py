"""The configuration, and values given for one command or list, read as the options that the core declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import beets
import confuse
from beets.exceptions import UserError

from deejai_core.options.analysis import Analysis
from deejai_core.options.lists import BlindTest, Comparison, Counts, Rules, Walk
from deejai_core.options.option import options_of
from deejai_core.options.output import Output
from deejai_core.options.values import Value

from .defaults import COUNTS, DEFAULTS, GROUPS, OPTIONS


@dataclass(frozen=True)
class Settings:
    """Every option that one command needs, checked. docs/configuration.md explains each."""

    model: str | None = None
    analysis: Analysis = Analysis()
    walk: Walk = Walk()
    rules: Rules = Rules()
    comparison: Comparison = Comparison()
    counts: Counts = Counts()
    output: Output = Output()
    blind: BlindTest = BlindTest()
    playlist_dir: Path = field(default_factory=Path.cwd)
    format: str | None = None
    web_write: bool = True  # whether the page may write playlists

    def value(self, name: str) -> Any:
        """Return the value of an option."""
        of = next((group for group, cls in GROUPS.items() if name in {each.name for each in fields(cls)}), None)
        return getattr(getattr(self, of), name) if of else getattr(self, name)

    def change(self, group: str, **values: Any) -> Settings:
        """Return the same settings with some options of a group changed."""
        return replace(self, **{group: replace(getattr(self, group), **values)})


class GivenError(confuse.ConfigValueError):
    """A value that was given for one command or list, rather than configured, is not allowed."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name  # of the option, as in `DEFAULTS`
        self.problem = problem


class Checked(confuse.Template[Any]):
    """The allowed values of an option, as a template for confuse."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self._value = value

    def convert(self, value: object, view: confuse.ConfigView) -> Any:
        try:
            return self._value.read(value)
        except ValueError as error:
            self.fail(str(error), view)


def models_folder() -> Path:
    """Return the folder of trained, imported and downloaded models, each in a folder of its name."""
    return Path(beets.config.config_dir()) / "deejai" / "models"


def unknown_options(config: confuse.Subview) -> list[str]:
    """Return keys in the plugin's section that are not options: most likely misspelt."""
    return sorted(set(map(str, config.keys())) - DEFAULTS.keys())


def given_options(options: object) -> dict[str, object]:
    """Return what was given on the command line: attributes named like options that are not None.

    Raises GivenError, and UserError for two that contradict each other.
    """
    given = {name: value for name in DEFAULTS if (value := getattr(options, name, None)) is not None}
    if "minutes" in given and given.keys() & set(COUNTS):
        raise UserError("-n and --minutes both set the length of the list; give only one of them")
    if given.get("minutes", 1) <= 0:  # in the configuration, 0 means none, but a list without length makes no sense here
        raise GivenError("minutes", f"must be more than 0, not {given['minutes']:g}")
    return given


def read_settings(config: confuse.Subview, given: Mapping[str, object] = MappingProxyType({})) -> Settings:
    """Return the configuration, overridden by values that were given for one command or list.

    Raises GivenError if a given value is not allowed, and confuse.ConfigError if a configured one is not; beets shows both
    as one line that names the option.
    """
    given = dict(given)
    if given.keys() & set(COUNTS) and "minutes" not in given:
        given["minutes"] = 0  # a given number takes precedence over configured minutes
    with overridden(config, given), _blaming(config, given):
        read = {name: config[name].get(Checked(one.value)) for name, one in OPTIONS.items()}
        if isinstance(read["relative_to"], Path):
            read["relative_to"] = config["relative_to"].as_path()  # in the configuration, it is relative to its folder
        groups = {group: cls(**{name: read[name] for name in options_of(cls)}) for group, cls in GROUPS.items()}
        return Settings(
            model=read["model"],
            playlist_dir=_playlist_dir(config["playlist_dir"]),
            format=read["format"],
            web_write=config["web"]["write"].get(bool),
            **groups,
        )


def _playlist_dir(view: confuse.Subview) -> Path:
    """Return our own folder, else that of another playlist plugin, else the current one."""
    if view.get() is not None:
        return view.as_path()
    for plugin in ("smartplaylist", "playlist"):
        folder = beets.config[plugin]["playlist_dir"]
        if folder.exists() and folder.get() not in (None, "."):  # "." is those plugins' default
            return folder.as_path()
    return Path.cwd()


@contextmanager
def overridden(config: confuse.Subview, values: Mapping[str, object]) -> Iterator[None]:
    """Run the block with other values in the configuration."""
    config.exists()  # makes sure that the configuration's files have been read
    sources = config.root().sources
    before = list(sources)
    config.set(dict(values))
    try:
        yield
    finally:
        sources[:] = before


@contextmanager
def _blaming(config: confuse.Subview, given: Mapping[str, object]) -> Iterator[None]:
    """Turn the error of a given value into a GivenError."""
    try:
        yield
    except confuse.ConfigError as error:
        view, _, problem = str(error).partition(": ")
        name = view.removeprefix(f"{config.name}.")
        if name in given:
            raise GivenError(name, problem) from error
        raise
