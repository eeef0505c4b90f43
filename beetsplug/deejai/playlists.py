"""`similar` and `journey`: from queries and files to a playlist on the terminal and on disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from beets import ui
from beets.dbcore.query import InvalidQueryError, PathQuery, StringQuery
from beets.util import sanitize_path

from deejai_core.audio.tags import read_tags
from deejai_core.errors import AudioError
from deejai_core.models.registry import Model, load_model
from deejai_core.playlists.journey import Waypoint, journey
from deejai_core.playlists.m3u import M3UStyle, Track, format_m3u, one_line, write_m3u
from deejai_core.playlists.playlist import Pick, similar
from deejai_core.space.index import Index, open_index

from .analysis import file_path, hear_outsider
from .fields import KEY
from .library import attribute_values, data_folder, items_by_id, read_vectors

if TYPE_CHECKING:
    from beets.library import Item, Library
    from beets.logging import BeetsLogger

    from .settings import Settings

NAMED = 3  # seeds that a playlist is named after
SHOWN = 10  # matches listed before "and N more"
LONGEST_NAME = 200  # bytes of a playlist's name: file systems allow 255, with a suffix


@dataclass(frozen=True)
class Seed:
    """A track to start from, in the library or not."""

    track: Track
    vector: np.ndarray
    position: int | None  # in the index, if the library has it


class Space:
    """The vectors of a library, opened for one command."""

    def __init__(self, lib: Library, settings: Settings) -> None:
        self.lib = lib
        self.settings = settings
        self.model: Model = load_model(settings.model)
        self.ids, vectors = read_vectors(lib, self.model.name, self.model.dimension)
        if not self.ids:
            raise ui.UserError(f"nothing analysed yet with {self.model.name}; run `beet deejai analyze`")
        self.index: Index = open_index(data_folder(lib), vectors)
        self._position = {id_: position for position, id_ in enumerate(self.ids)}

    def seeds(self, items: Sequence[Item]) -> list[Seed]:
        """Those of the tracks that have a vector."""
        found = [(item, self._position[item.id]) for item in items if item.id in self._position]
        return [Seed(_track(item), self.index.vectors[position], position) for item, position in found]

    def outsider(self, path: Path) -> Seed:
        """A file as a seed; if the library has the same recording elsewhere, that one."""
        try:
            key, vector = hear_outsider(self.lib, path, self.model, self.settings)
        except AudioError as error:
            raise ui.UserError(f"{path}: not analysed: {error}") from error
        twins = [id_ for id_, other in attribute_values(self.lib, KEY).items() if other == key]
        if seeds := self.seeds(items_by_id(self.lib, twins)):
            return seeds[0]
        tags = read_tags(path)
        return Seed(Track(path, tags.artist, tags.title, tags.length), vector, None)

    def tracks(self, picks: Sequence[Pick]) -> list[tuple[Pick, Track]]:
        """The picked tracks; one that another beet has removed meanwhile is left out."""
        found = {item.id: item for item in items_by_id(self.lib, [self.ids[pick.position] for pick in picks])}
        return [(pick, _track(found[id_])) for pick in picks if (id_ := self.ids[pick.position]) in found]


def make_similar(lib: Library, words: list[str], settings: Settings, log: BeetsLogger, output: str | None) -> None:
    """The playlist of what sounds like the tracks and files that `words` name."""
    items, files = _matches(lib, words)
    space = Space(lib, settings)
    seeds = space.seeds(items)
    if items and not seeds and not files:
        raise ui.UserError(f"{_name(_track(items[0]))}: not analysed yet; run `beet deejai analyze`")
    if len(seeds) < len(items):
        log.warning("{} of {} matches not analysed yet, left out as seeds", len(items) - len(seeds), len(items))
    seeds += [space.outsider(file) for file in files]
    once: dict[bytes, Seed] = {}
    for seed in seeds:
        once.setdefault(seed.vector.tobytes(), seed)
    seeds = list(once.values())

    own = [seed.position for seed in seeds if seed.position is not None]
    picks = similar(space.index, [seed.vector for seed in seeds], without=own, count=settings.number)
    chosen = space.tracks(picks)

    playlist = [seed.track for seed in seeds] + [track for _, track in chosen]
    written = _write(lib, playlist, settings, f"Similar to {_few([_name(seed.track) for seed in seeds])}", output)
    for seed in seeds[:SHOWN]:
        ui.print_(f"seed        {_name(seed.track)}")
    if len(seeds) > SHOWN:
        ui.print_(f"seed        ... and {len(seeds) - SHOWN} more")
    for number, (pick, track) in enumerate(chosen, 1):
        ui.print_(_numbered(number, pick, track))
    ui.print_(written)
    if len(chosen) < settings.number:
        log.warning("the library has no more: {} tracks instead of {}", len(chosen), settings.number)


def make_journey(lib: Library, waypoints: list[str], settings: Settings, log: BeetsLogger, output: str | None) -> None:
    """The playlist that leads from each waypoint to the next."""
    named = [_waypoint(lib, text) for text in waypoints]
    space = Space(lib, settings)
    stops = []
    for match in named:
        if isinstance(match, Path):
            stops.append(space.outsider(match))
        elif seeds := space.seeds([match]):
            stops.append(seeds[0])
        else:
            raise ui.UserError(f"{_name(_track(match))}: not analysed yet; run `beet deejai analyze`")

    for number, stop in enumerate(stops):
        if any(np.array_equal(stop.vector, other.vector) for other in stops[:number]):
            raise ui.UserError(f"{_name(stop.track)}: a waypoint twice; a journey repeats nothing")
    legs = journey(space.index, [Waypoint(stop.vector, stop.position) for stop in stops], settings.between)
    playlist = [stops[0].track]
    lines = [f"waypoint    {_name(stops[0].track)}"]
    for leg, stop in zip(legs, stops[1:], strict=True):
        for pick, track in space.tracks(leg):
            lines.append(_numbered(len(playlist), pick, track))
            playlist.append(track)
        lines.append(f"waypoint    {_name(stop.track)}")
        playlist.append(stop.track)
    name = "Journey from " + " to ".join(stop.track.title for stop in stops)
    written = _write(lib, playlist, settings, name, output)
    for line in [*lines, written]:
        ui.print_(line)
    if missing := settings.between * len(legs) - sum(map(len, legs)):
        log.warning("the library has no more: {} tracks fewer than asked for", missing)


def _matches(lib: Library, words: list[str]) -> tuple[list[Item], list[Path]]:
    """The tracks and the files outside the library that the words of a command name; never nothing."""
    if not "".join(words).strip():
        raise ui.UserError("an empty query finds nothing in particular; give a title, a query or an audio file")
    files, items, query = [], [], []
    for word in words:
        path = _path(word)
        if not _is_file(path):
            query.append(word)
        elif inside := list(lib.items(PathQuery("path", os.fsencode(path.absolute())))):
            items += inside
        else:
            files.append(path.absolute())
    if query:
        found = _query(lib, query)
        if not found:
            raise ui.UserError(_no_match(query))
        items += found
    return items, files


def _waypoint(lib: Library, text: str) -> Item | Path:
    """The one track or file that a waypoint names."""
    items, files = _matches(lib, [text])
    if len(items) > 1:
        choices = "".join(f"\n    id:{item.id}  {_name(_track(item))}" for item in items[:SHOWN])
        more = f"\n    ... and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
        raise ui.UserError(f"waypoint {text!r} matches {len(items)} tracks; name one of them:{choices}{more}")
    return (files or items)[0]


def _query(lib: Library, words: list[str]) -> list[Item]:
    """Tracks whose title is just these words; if there are none, what they find as a beets query."""
    title = " ".join(words)
    # Before the words are parsed: "Re: Stacks" is a title, though it looks like a field's name.
    if exact := list(lib.items(StringQuery("title", title))):
        return exact
    found = list(lib.items(words))
    if not found and len(words) == 1 and " " in title:
        # Several terms in one argument: journey "artist:Sting title:Roxanne" ...
        with contextlib.suppress(InvalidQueryError):  # an apostrophe is no quote that must be closed
            found = list(lib.items(title))
    return found


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text))  # noqa: PTH111 (pathlib's raises where there is no such user)


def _is_file(path: Path) -> bool:
    try:
        return bool(path.suffix or len(path.parts) > 1) and path.is_file()
    except (OSError, ValueError):
        return False  # too long for a name, or with a NUL: a query


def _no_match(words: list[str]) -> str:
    text = " ".join(words)
    if os.sep in text and Path(text).suffix:
        return f"{text}: no such file, and no track matches"
    hint = f'; for a title with a colon, try title:"{text}"' if ":" in text else "; `beet ls` shows what a query finds"
    return f"no track matches {text!r}{hint}"


def _write(lib: Library, tracks: list[Track], settings: Settings, name: str, output: str | None) -> str:
    """Write the playlist; returns the line that says where."""
    path = _path(output).absolute() if output else settings.playlist_dir / f"{_file_name(lib, name)}.m3u"
    bases = {"library": Path(os.fsdecode(lib.directory)), "playlist": path.parent}
    style = M3UStyle(
        extended=settings.output_format == "extm3u",
        relative_to=bases.get(settings.relative_to, settings.relative_to),
        forward_slash=settings.forward_slash,
        urlencode=settings.urlencode,
        prefix=settings.prefix,
    )
    write_m3u(path, format_m3u(tracks, style))
    return f"{len(tracks)} tracks written to {path}"


def _file_name(lib: Library, name: str) -> str:
    name = sanitize_path(one_line(name).replace("/", "_").replace("\\", "_"), lib.replacements)
    return os.fsencode(name)[:LONGEST_NAME].decode("utf-8", "ignore").rstrip()


def _track(item: Item) -> Track:
    return Track(file_path(item), item.artist, item.title, item.length)


def _numbered(number: int, pick: Pick, track: Track) -> str:
    return f"{number:4}  {pick.similarity:.3f} {_name(track)}"


def _few(names: list[str]) -> str:
    """The first names of a list, and how many more there are."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


def _name(track: Track) -> str:
    return " - ".join(filter(None, (one_line(track.artist), one_line(track.title) or track.path.name)))
