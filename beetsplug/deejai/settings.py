"""The plugin's options: their defaults, and their values once read and checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import beets
import confuse

from deejai_core.models.device import DEVICES
from deejai_core.models.vocabulary import TAGS, close_tags, tag_number
from deejai_core.playlists.options import MILD, Rules, Walk

if TYPE_CHECKING:
    from deejai_core.embedding.library_analysis import Analysis

DEFAULTS = {
    "auto": True,
    "tags": False,
    "model": None,
    "windows": 16,
    "epsilon": None,
    "threads": None,
    "device": "cpu",
    "time_limit": 300,
    "memory_limit": 2000,
    "retries": 2,
    "index": "auto",
    "number": 20,
    "albums": 5,
    "between": 5,
    "minutes": None,
    "keep_on": 3,
    "stay": 0.4,
    "floor": 0,
    "drunk": 0,
    "space": "sound",
    "seed": None,
    "list_seeds": True,
    "candidates": "",
    "artist_separation": "mild",
    "album_separation": 0,
    "min_length": 0,
    "max_length": "10:00",
    "fold_versions": True,
    "duplicate_epsilon": None,
    "not_played_days": None,
    "prefer_played": 0,
    "avoid_skipped": 0,
    "mood": {},
    "mix_in_key": False,
    "segue": False,
    "correct_hubs": True,
    "playlist_dir": None,
    "output_format": "extm3u",
    "relative_to": None,
    "forward_slash": False,
    "urlencode": False,
    "prefix": "",
    "format": None,
    "playlists": [],
    "playlists_auto": False,
    "lastfm_key": None,
    "web": {"write": True},
}
FORMATS = ("m3u", "extm3u", "pls", "xspf", "jspf")
SPACES = ("sound", "track2vec")
COUNTS = ("number", "albums", "between")  # how long a list is; on the command line all are --number
SEARCHES = ("auto", "annoy", "exact")
HEAVIEST = 10  # weight of a tag in a mood; two already outweigh any similarity


@dataclass(frozen=True)
class Settings:
    """Every option that one command needs, checked. docs/configuration.md says what each is for."""

    model: str | None  # None: what `model use` chose
    windows: int
    epsilon: float | None  # None: the model's own
    tags: bool
    threads: int | None  # None: one for each core, one less during an import
    device: str  # where the network runs
    time_limit: float  # seconds that a file may take
    memory_limit: int  # MB that a file may take
    retries: int
    index: str  # how neighbours are found, one of `SEARCHES`
    number: int
    albums: int
    between: int
    minutes: float | None
    keep_on: int
    stay: float
    floor: float  # 0: none
    drunk: float
    space: str  # one of `SPACES`
    seed: int | None
    list_seeds: bool
    candidates: str  # a query; empty: all
    artist_separation: float | str  # infinite: once only; or `MILD`
    album_separation: float
    min_length: float  # seconds
    max_length: float  # seconds
    fold_versions: bool
    duplicate_epsilon: float | None  # None: the model's own
    not_played_days: float | None
    prefer_played: float
    avoid_skipped: float
    mood: tuple[tuple[str, float], ...]  # tags with their weights, in the order of `vocabulary.TAGS`
    mix_in_key: bool
    segue: bool
    correct_hubs: bool
    playlist_dir: Path
    output_format: str
    relative_to: Path | str | None  # "library", "playlist", a folder, or None for absolute paths
    forward_slash: bool
    urlencode: bool
    prefix: str
    format: str | None  # a template of beets for the lines that are printed; None: similarity, artist and title
    web_write: bool  # whether the page may write playlists and have music analysed

    @property
    def rules(self) -> Rules:
        """Which tracks lists may take, and which they prefer."""
        return Rules(**{field: getattr(self, field) for field in Rules.__dataclass_fields__})

    def walk(self, count: int) -> Walk:
        """How lists go on; `count` tracks at a time."""
        same = Walk.__dataclass_fields__.keys() - {"count"}
        return Walk(count=count, **{field: getattr(self, field) for field in same})

    @property
    def analysis(self) -> Analysis:
        """How files are analysed."""
        from deejai_core.embedding.library_analysis import Analysis  # with numpy

        return Analysis(**{field: getattr(self, field) for field in Analysis.__dataclass_fields__})


class GivenError(confuse.ConfigValueError):
    """A value is not allowed that was given for one command or list, rather than configured for all."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name  # of the option, as in `DEFAULTS`
        self.problem = problem


def unknown_options(config: confuse.Subview) -> list[str]:
    """What stands in the plugin's section of the configuration and is no option: most likely misspelt."""
    return sorted(set(map(str, config.keys())) - DEFAULTS.keys())


def given_options(options: object) -> dict[str, object]:
    """What was given on the command line: attributes that are named as options are, and not None. Raises GivenError."""
    given = {name: value for name in DEFAULTS if (value := getattr(options, name, None)) is not None}
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
        return Settings(
            model=config["model"].get(confuse.Optional(str)),
            windows=config["windows"].get(AtLeast(2)),
            epsilon=config["epsilon"].get(confuse.Optional(Epsilon())),
            tags=config["tags"].get(bool),
            threads=config["threads"].get(confuse.Optional(AtLeast(1))),
            device=config["device"].as_choice(DEVICES),
            time_limit=config["time_limit"].get(Within(1)),
            memory_limit=config["memory_limit"].get(AtLeast(500)),
            retries=config["retries"].get(AtLeast(0)),
            index=config["index"].as_choice(SEARCHES),
            number=config["number"].get(AtLeast(1)),
            albums=config["albums"].get(AtLeast(1)),
            between=config["between"].get(AtLeast(0)),
            minutes=config["minutes"].get(confuse.Optional(Within(0))) or None,
            keep_on=config["keep_on"].get(AtLeast(0)),
            stay=config["stay"].get(Within(0, 1)),
            floor=config["floor"].get(confuse.Optional(Within(0, 1))) or 0.0,
            drunk=config["drunk"].get(Within(0, 1)),
            space=config["space"].as_choice(SPACES),
            seed=config["seed"].get(confuse.Optional(AtLeast(0))),
            list_seeds=config["list_seeds"].get(bool),
            candidates=" ".join(config["candidates"].as_str_seq(split=False)),
            artist_separation=config["artist_separation"].get(Separation(MILD)),
            album_separation=config["album_separation"].get(Separation()),
            min_length=config["min_length"].get(confuse.Optional(Length())) or 0.0,
            max_length=config["max_length"].get(confuse.Optional(Length())) or math.inf,
            fold_versions=config["fold_versions"].get(bool),
            duplicate_epsilon=config["duplicate_epsilon"].get(confuse.Optional(Within(0, 1))),
            not_played_days=config["not_played_days"].get(confuse.Optional(Within(0))) or None,
            prefer_played=config["prefer_played"].get(Within(0, 1)),
            avoid_skipped=config["avoid_skipped"].get(Within(0, 1)),
            mood=config["mood"].get(Mood()),
            mix_in_key=config["mix_in_key"].get(bool),
            segue=config["segue"].get(bool),
            correct_hubs=config["correct_hubs"].get(bool),
            playlist_dir=_playlist_dir(config),
            output_format=config["output_format"].as_choice(FORMATS),
            relative_to=_relative_to(config["relative_to"]),
            forward_slash=config["forward_slash"].get(bool),
            urlencode=config["urlencode"].get(bool),
            prefix=config["prefix"].as_str(),
            format=config["format"].get(confuse.Optional(str)),
            web_write=config["web"]["write"].get(bool),
        )


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


class Within(confuse.Number):
    """A number between two limits, or not below one."""

    def __init__(self, lowest: float, highest: float = math.inf) -> None:
        super().__init__()
        self.lowest = lowest
        self.highest = highest

    def convert(self, value: object, view: confuse.ConfigView) -> float:
        number = super().convert(value, view)
        if not (self.lowest <= number <= self.highest and number < math.inf):
            above = f"a finite number of at least {self.lowest}"
            limits = above if self.highest == math.inf else f"from {self.lowest} to {self.highest}"
            self.fail(f"must be {limits}, not {number:g}", view)
        return float(number)


class Epsilon(confuse.Number):
    """A cosine distance: the two ends, nothing alike and everything alike, would make all slices count the same."""

    @staticmethod
    def problem(number: float) -> str:
        """What is wrong with a number as an epsilon; empty: nothing."""
        return "" if 0 < number < 2 else f"must be between 0 and 2, not {number:g}"

    def convert(self, value: object, view: confuse.ConfigView) -> float:
        number = super().convert(value, view)
        if problem := self.problem(number):
            self.fail(problem, view)
        return float(number)


class Separation(confuse.Template):
    """A number of tracks, or "once", or another word that is allowed."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.words = words

    def convert(self, value: object, view: confuse.ConfigView) -> float | str:
        word = str(value).lower()
        if word == "once":
            return math.inf
        if word in self.words:
            return word
        try:
            number = int(str(value))
        except ValueError:
            number = -1
        if number < 0:
            words = "".join(f", `{word}`" for word in self.words)
            self.fail(f"must be a number of tracks{words} or `once`, not {value!r}", view)
        return number


class Length(confuse.Template):
    """Seconds, or minutes and seconds (10:00), or hours too (1:10:00)."""

    def convert(self, value: object, view: confuse.ConfigView) -> float:
        try:
            parts = [float(part) for part in str(value).split(":")]
        except ValueError:
            parts = [math.nan]
        seconds = sum(part * 60**power for power, part in enumerate(reversed(parts)))
        if not 0 <= seconds < math.inf or len(parts) > 3:
            self.fail(f"must be a length such as 10:00, not {value!r}", view)
        return seconds


class Mood(confuse.Template):
    """Tags with weights: a mapping, or a list of TAG=WEIGHT as it is on the command line."""

    def convert(self, value: object, view: confuse.ConfigView) -> tuple[tuple[str, float], ...]:
        pairs = value.items() if isinstance(value, Mapping) else self._pairs(value, view)
        weights: dict[int, float] = {}
        for tag, weight in pairs:
            number = tag_number(str(tag))
            if number is None:
                self.fail(f"no tag is called {str(tag)!r}; choose one of: {', '.join(close_tags(str(tag)))}", view)
            weights[number] = self._weight(tag, weight, view)
        return tuple((TAGS[number], weights[number]) for number in sorted(weights) if weights[number])

    def _pairs(self, value: object, view: confuse.ConfigView) -> Iterator[tuple[str, str]]:
        """What the command line says; an empty text is no tag at all, and lifts what is configured."""
        for text in filter(None, value if isinstance(value, list) else [value]):
            tag, sign, weight = str(text).partition("=")
            if not sign:
                self.fail(f"must be tags with weights, such as happy=+0.5, not {str(text)!r}", view)
            yield tag, weight

    def _weight(self, tag: object, weight: object, view: confuse.ConfigView) -> float:
        try:
            number = math.nan if isinstance(weight, bool) else float(weight)
        except (TypeError, ValueError):
            number = math.nan
        if not abs(number) <= HEAVIEST:
            self.fail(f"the weight of {str(tag)!r} must be from -{HEAVIEST} to {HEAVIEST}, not {str(weight)!r}", view)
        return number
