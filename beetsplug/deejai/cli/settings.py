"""The options: each is declared here once. Defaults, what values may be, flags, help and recipes follow from that."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import beets
import confuse

from deejai_core.models.device import DEVICES
from deejai_core.playlists.options import MILD, Rules, Walk

from .templates import AtLeast, Epsilon, Length, Mood, Separation, Within

if TYPE_CHECKING:
    from deejai_core.embedding.library_analysis import Analysis

FORMATS = ("m3u", "extm3u", "pls", "xspf", "jspf")
SPACES = ("sound", "track2vec")
SEARCHES = ("auto", "annoy", "exact")
COUNTS = ("number", "albums", "between")  # how long a list is; on the command line all are --number

Read = Callable[[confuse.Subview], Any]


@dataclass(frozen=True)
class Option:
    """An option of the configuration, which may be one on the command line, too.

    name: its key in the configuration. read: its value, checked. group: the commands that have it, see `options`. listed:
    whether playlists of the configuration may have it. The rest is for the command line: kind: optparse's type of its
    value, None for a switch; turns: what a switch sets it to; recorded: always in a recipe, since its default was another
    one once, and may change again.
    """

    name: str
    default: object
    read: Read
    group: str = ""
    listed: bool = True
    flag: str = ""
    help: str = ""
    kind: str | None = None
    metavar: str | None = None
    short: str | None = None
    turns: bool = True
    choices: tuple[str, ...] = ()  # of a kind "choice"
    recorded: bool = False

    @property
    def opposite(self) -> str:
        """The flag that turns a switch the other way, should the configuration have set it."""
        return f"--{self.flag.removeprefix('--no-')}" if self.flag.startswith("--no-") else f"--no-{self.flag[2:]}"


def _option(name: str, default: object, template: object, **more: Any) -> Any:
    """A field of `Settings`. template: of confuse, or a function that reads the option."""
    read = template if callable(template) and not isinstance(template, type) else lambda view: view.get(template)
    return field(metadata={"option": Option(name, default, read, **more)})


def _maybe(template: object, empty: object = None) -> Read:
    """An option that may be null, or 0 for `empty`."""
    return lambda view: view.get(confuse.Optional(template)) or empty


def _null(template: object) -> Read:
    """An option that may be null."""
    return lambda view: view.get(confuse.Optional(template))


def _one_of(choices: tuple[str, ...]) -> Read:
    return lambda view: view.as_choice(choices)


def _playlist_dir(view: confuse.Subview) -> Path:
    """Our own folder, else the one that the user gave another playlist plugin, else the current one."""
    if view.get() is not None:
        return view.as_path()
    for plugin in ("smartplaylist", "playlist"):
        folder = beets.config[plugin]["playlist_dir"]
        if folder.exists() and folder.get() not in (None, "."):  # "." is those plugins' default
            return folder.as_path()
    return Path.cwd()


def _relative_to(view: confuse.Subview) -> Path | str | None:
    value = view.get(confuse.Optional(str))
    return value if value in (None, "library", "playlist") else view.as_path()


@dataclass(frozen=True)
class Settings:
    """Every option that one command needs, checked. docs/configuration.md says what each is for."""

    model: str | None = _option("model", None, _null(str), listed=False)  # None: what `model use` chose
    windows: int = _option("windows", 16, AtLeast(2), listed=False)
    epsilon: float | None = _option("epsilon", None, _null(Epsilon()), listed=False)
    tags: bool = _option("tags", False, bool, listed=False)
    threads: int | None = _option("threads", None, _null(AtLeast(1)), listed=False)
    device: str = _option("device", "cpu", _one_of(DEVICES), listed=False)
    time_limit: float = _option("time_limit", 300, Within(1), listed=False)  # seconds
    memory_limit: int = _option("memory_limit", 2000, AtLeast(500), listed=False)  # MB
    retries: int = _option("retries", 2, AtLeast(0), listed=False)
    index: str = _option("index", "auto", _one_of(SEARCHES))

    number: int = _option(
        "number",
        20,
        AtLeast(1),
        group="walk",
        flag="--number",
        help="tracks to add after the seeds",
        kind="int",
        metavar="N",
        short="-n",
    )
    albums: int = _option("albums", 5, AtLeast(1))
    between: int = _option(
        "between",
        5,
        AtLeast(0),
        group="journey",
        flag="--number",
        help="tracks between neighbouring waypoints",
        kind="int",
        metavar="N",
        short="-n",
    )
    minutes: float | None = _option(
        "minutes",
        None,
        _maybe(Within(0)),
        group="walk",
        flag="--minutes",
        help="length of the whole list, instead of a number",
        kind="float",
        metavar="M",
    )
    keep_on: int = _option(
        "keep_on",
        Walk.keep_on,
        AtLeast(0),
        group="walk",
        flag="--keep-on",
        help="each track is near the last K; 0: near the seeds",
        kind="int",
        metavar="K",
    )
    stay: float = _option(
        "stay",
        Walk.stay,
        Within(0, 1),
        group="walk",
        flag="--stay",
        help="weight of the seeds against the last tracks, 0 to 1",
        kind="float",
        metavar="X",
        recorded=True,
    )
    floor: float = _option(
        "floor",
        0,
        _maybe(Within(0, 1), 0.0),
        group="walk",
        flag="--floor",
        help="end the list when nothing is at least this similar; 0: never",
        kind="float",
        metavar="X",
    )
    list_seeds: bool = _option(
        "list_seeds",
        Walk.list_seeds,
        bool,
        group="walk",
        flag="--no-seeds",
        help="leave the seeds out of the list",
        turns=False,
    )
    space: str = _option(
        "space",
        "sound",
        _one_of(SPACES),
        group="variation",
        flag="--space",
        help="compare tracks by sound, or by your lists (track2vec)",
        kind="choice",
        choices=SPACES,
    )
    drunk: float = _option(
        "drunk",
        0,
        Within(0, 1),
        group="variation",
        flag="--drunk",
        help="how far to stray, from 0 (sober) to 1 (in any direction)",
        kind="float",
        metavar="X",
    )
    seed: int | None = _option(
        "seed",
        None,
        _null(AtLeast(0)),
        group="variation",
        flag="--seed",
        help="seed of the random numbers: the same seed makes the same list",
        kind="int",
        metavar="N",
    )
    candidates: str = _option(  # a query; empty: all
        "candidates",
        "",
        lambda view: " ".join(view.as_str_seq(split=False)),
        group="rules",
        flag="--from",
        help="pick only what matches this query",
        kind="string",
        metavar="QUERY",
    )
    artist_separation: float | str = _option(  # infinite: once only; or `MILD`
        "artist_separation",
        Rules.artist_separation,
        Separation(MILD),
        group="rules",
        flag="--artist-separation",
        help="tracks between two of an artist, or `once`; `mild`: 2, where others sound alike",
        kind="string",
        metavar="N",
        recorded=True,
    )
    album_separation: float = _option(
        "album_separation",
        Rules.album_separation,
        Separation(),
        group="rules",
        flag="--album-separation",
        help="tracks between two of an album, or `once`",
        kind="string",
        metavar="N",
    )
    min_length: float = _option(  # seconds
        "min_length",
        0,
        _maybe(Length(), 0.0),
        group="rules",
        flag="--min-length",
        help="shortest track, such as 1:30",
        kind="string",
        metavar="LENGTH",
    )
    max_length: float = _option(  # seconds
        "max_length",
        "10:00",
        _maybe(Length(), math.inf),
        group="rules",
        flag="--max-length",
        help="longest track; 0: any",
        kind="string",
        metavar="LENGTH",
    )
    fold_versions: bool = _option(
        "fold_versions",
        Rules.fold_versions,
        bool,
        group="rules",
        flag="--versions",
        help="let other versions of a song count as other songs",
        turns=False,
    )
    duplicate_epsilon: float | None = _option(  # None: the model's own
        "duplicate_epsilon",
        None,
        _null(Within(0, 1)),
        group="rules",
        flag="--duplicate-epsilon",
        help="cosine distance of tracks that count as one; 0: none",
        kind="float",
        metavar="E",
    )
    not_played_days: float | None = _option(
        "not_played_days",
        None,
        _maybe(Within(0)),
        group="rules",
        flag="--not-played-days",
        help="no track that was played in the last N days",
        kind="float",
        metavar="N",
    )
    prefer_played: float = _option(
        "prefer_played",
        0,
        Within(0, 1),
        group="rules",
        flag="--prefer-played",
        help="how much similarity a track loses that was never played",
        kind="float",
        metavar="X",
    )
    avoid_skipped: float = _option(
        "avoid_skipped",
        0,
        Within(0, 1),
        group="rules",
        flag="--avoid-skipped",
        help="how much similarity a track loses that is always skipped",
        kind="float",
        metavar="X",
    )
    mood: tuple[tuple[str, float], ...] = _option(  # tags with their weights, in the order of `MSD_TAGS`
        "mood",
        {},
        Mood(),
        group="rules",
        flag="--mood",
        help="lean to a tag, or away from it (sad=-0.3); repeatable",
        kind="string",
        metavar="TAG=+X",
    )
    mix_in_key: bool = _option(
        "mix_in_key",
        Rules.mix_in_key,
        bool,
        group="rules",
        flag="--mix-in-key",
        help="keep tempo and key close from track to track",
    )
    segue: bool = _option(
        "segue",
        Rules.segue,
        bool,
        group="rules",
        flag="--segue",
        help="choose among nearly equal tracks by how well they follow each other",
    )
    correct_hubs: bool = _option(
        "correct_hubs",
        Rules.correct_hubs,
        bool,
        group="rules",
        flag="--hubs",
        help="do not correct for hubs, tracks that would turn up in every list",
        turns=False,
    )

    playlist_dir: Path = _option(
        "playlist_dir",
        None,
        _playlist_dir,
        group="output",
        flag="--playlist-dir",
        help="write the list to this folder, named after its tracks",
        kind="string",
        metavar="DIR",
        short="-d",
    )
    output_format: str = _option(
        "output_format",
        "extm3u",
        _one_of(FORMATS),
        group="output",
        flag="--output-format",
        help=", ".join(FORMATS),
        kind="choice",
        choices=FORMATS,
    )
    relative_to: Path | str | None = _option(  # "library", "playlist", a folder, or None for absolute paths
        "relative_to",
        None,
        _relative_to,
        group="output",
        flag="--relative-to",
        help="paths relative to DIR, or to the `library` or the `playlist`",
        kind="string",
        metavar="DIR",
    )
    forward_slash: bool = _option(
        "forward_slash", False, bool, group="output", flag="--forward-slash", help="forward slashes in paths"
    )
    urlencode: bool = _option("urlencode", False, bool, group="output", flag="--urlencode", help="URL-encode paths")
    prefix: str = _option(
        "prefix",
        "",
        lambda view: view.as_str(),
        group="output",
        flag="--prefix",
        help="text in front of each path",
        kind="string",
    )
    format: str | None = _option(  # a template of beets for the lines that are printed
        "format",
        None,
        _null(str),
        listed=False,
        group="output",
        flag="--format",
        help="print each track by this template of beets",
        kind="string",
        metavar="FORMAT",
        short="-f",
    )
    web_write: bool = _option("web", {"write": True}, lambda view: view["write"].get(bool))

    @property
    def rules(self) -> Rules:
        """Which tracks lists may take, and which they prefer."""
        return Rules(**{name: getattr(self, name) for name in Rules.__dataclass_fields__})

    def walk(self, count: int) -> Walk:
        """How lists go on; `count` tracks at a time."""
        same = Walk.__dataclass_fields__.keys() - {"count"}
        return Walk(count=count, **{name: getattr(self, name) for name in same})

    @property
    def analysis(self) -> Analysis:
        """How files are analysed."""
        from deejai_core.embedding.library_analysis import Analysis  # with numpy

        return Analysis(**{name: getattr(self, name) for name in Analysis.__dataclass_fields__})


OPTIONS: Mapping[str, Option] = {kind.name: kind.metadata["option"] for kind in fields(Settings)}  # by field
OF_THE_PLUGIN = {"auto": True, "playlists": [], "playlists_auto": False, "lastfm_key": None}  # that it reads by itself
DEFAULTS = {option.name: option.default for option in OPTIONS.values()} | OF_THE_PLUGIN


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
        return Settings(**{name: option.read(config[option.name]) for name, option in OPTIONS.items()})


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
