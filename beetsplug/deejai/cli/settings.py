"""The configuration, and what is given for one command or list, read as the options that the core declares."""

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
    """Every option that one command needs, checked. docs/configuration.md says what each is for."""

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
        """The value of an option."""
        of = next((group for group, cls in GROUPS.items() if name in {each.name for each in fields(cls)}), None)
        return getattr(getattr(self, of), name) if of else getattr(self, name)

    def change(self, group: str, **values: Any) -> Settings:
        """The same but for some options of a group."""
        return replace(self, **{group: replace(getattr(self, group), **values)})


class GivenError(confuse.ConfigValueError):
    """A value is not allowed that was given for one command or list, rather than configured for all."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name  # of the option, as in `DEFAULTS`
        self.problem = problem


class Checked(confuse.Template[Any]):
    """What an option may be, for confuse to check."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self._value = value

    def convert(self, value: object, view: confuse.ConfigView) -> Any:
        try:
            return self._value.read(value)
        except ValueError as error:
            self.fail(str(error), view)


def models_folder() -> Path:
    """Where trained, imported and fetched models lie, each in a folder of its name."""
    return Path(beets.config.config_dir()) / "deejai" / "models"


def unknown_options(config: confuse.Subview) -> list[str]:
    """What stands in the plugin's section of the configuration and is no option: most likely misspelt."""
    return sorted(set(map(str, config.keys())) - DEFAULTS.keys())


def given_options(options: object) -> dict[str, object]:
    """What was given on the command line: attributes that are named as options are, and not None.

    Raises GivenError, and UserError for two that do not go together.
    """
    given = {name: value for name in DEFAULTS if (value := getattr(options, name, None)) is not None}
    if "minutes" in given and given.keys() & set(COUNTS):
        raise UserError("-n and --minutes both set the length of the list; give only one of them")
    if given.get("minutes", 1) <= 0:  # in the configuration 0 means none, but nobody asks for a list of no length
        raise GivenError("minutes", f"must be more than 0, not {given['minutes']:g}")
    return given


def read_settings(config: confuse.Subview, given: Mapping[str, object] = MappingProxyType({})) -> Settings:
    """The configuration, overridden by what was given for one command or list.

    Raises GivenError if a value that was given is not allowed, and confuse.ConfigError if a configured one is not; beets
    shows both as one line that names the option.
    """
    given = dict(given)
    if given.keys() & set(COUNTS) and "minutes" not in given:
        given["minutes"] = 0  # a number asked for wins over minutes that are configured
    with overridden(config, given), _blaming(config, given):
        read = {name: config[name].get(Checked(one.value)) for name, one in OPTIONS.items()}
        if isinstance(read["relative_to"], Path):
            read["relative_to"] = config["relative_to"].as_path()  # of the configuration: relative to its folder
        groups = {group: cls(**{name: read[name] for name in options_of(cls)}) for group, cls in GROUPS.items()}
        return Settings(
            model=read["model"],
            playlist_dir=_playlist_dir(config["playlist_dir"]),
            format=read["format"],
            web_write=config["web"]["write"].get(bool),
            **groups,
        )


def _playlist_dir(view: confuse.Subview) -> Path:
    """Our own folder, else the one that the user gave another playlist plugin, else the current one."""
    if view.get() is not None:
        return view.as_path()
    for plugin in ("smartplaylist", "playlist"):
        folder = beets.config[plugin]["playlist_dir"]
        if folder.exists() and folder.get() not in (None, "."):  # "." is those plugins' default
            return folder.as_path()
    return Path.cwd()


@contextmanager
def overridden(config: confuse.Subview, values: Mapping[str, object]) -> Iterator[None]:
    """The configuration with other values, for as long as the context lasts."""
    config.exists()  # only now are the configuration's files read for certain
    sources = config.root().sources
    before = list(sources)
    config.set(dict(values))
    try:
        yield
    finally:
        sources[:] = before


@contextmanager
def _blaming(config: confuse.Subview, given: Mapping[str, object]) -> Iterator[None]:
    """Turns the error of a value that was given into a GivenError."""
    try:
        yield
    except confuse.ConfigError as error:
        view, _, problem = str(error).partition(": ")
        name = view.removeprefix(f"{config.name}.")
        if name in given:
            raise GivenError(name, problem) from error
        raise
