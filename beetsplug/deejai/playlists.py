"""`similar` and `journey`: from queries and files to a playlist on the terminal and on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from beets import ui
from beets.util import sanitize_path

from deejai_core.audio.tags import read_tags
from deejai_core.errors import AudioError
from deejai_core.models.registry import Model, load_model
from deejai_core.playlists.journey import Waypoint, journey
from deejai_core.playlists.m3u import M3UStyle, Track, format_m3u, one_line, write_m3u
from deejai_core.playlists.playlist import Pick, similar
from deejai_core.space.index import Index, open_index

from .analysis import hear_outsider
from .fields import KEY
from .library import (
    as_track,
    attribute_values,
    data_folder,
    display_name,
    file_path,
    items_by_id,
    open_store,
    read_vectors,
    store_path,
)
from .queries import SHOWN, find_matches, find_waypoint, user_path

if TYPE_CHECKING:
    from beets.library import Item, Library
    from beets.logging import BeetsLogger

    from .settings import Settings

NAMED = 3  # seeds that a playlist is named after
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

    def seed(self, match: Item | Path) -> Seed | None:
        """A track or file to start from; None for a track that has no vector."""
        if isinstance(match, Path):
            return self._outsider(match)
        position = self._position.get(match.id)
        return None if position is None else Seed(as_track(match), self.index.vectors[position], position)

    def why_not(self, item: Item) -> str:
        """Why a track has no vector, and what to do about it."""
        name = display_name(as_track(item))
        if store_path(self.lib).exists():
            with open_store(self.lib) as store:
                failure = store.failures().get(file_path(item))
            if failure and failure.still_stands():
                return f"{name}: cannot be analysed: {one_line(os.fspath(failure.path))}: {failure.reason}"
        return f"{name}: not analysed yet; run `beet deejai analyze`"

    def _outsider(self, path: Path) -> Seed:
        """A file as a seed; if the library has the same recording elsewhere, that one."""
        try:
            key, vector = hear_outsider(self.lib, path, self.model, self.settings)
        except AudioError as error:
            raise ui.UserError(f"{one_line(os.fspath(path))}: not analysed: {error}") from error
        twins = [id_ for id_, other in attribute_values(self.lib, KEY).items() if other == key]
        for twin in items_by_id(self.lib, twins):
            if seed := self.seed(twin):
                return seed
        tags = read_tags(path)
        return Seed(Track(path, tags.artist, tags.title, tags.length), vector, None)

    def tracks(self, picks: Sequence[Pick]) -> list[tuple[Pick, Track]]:
        """The picked tracks; one that another beet has removed meanwhile is left out."""
        found = {item.id: item for item in items_by_id(self.lib, [self.ids[pick.position] for pick in picks])}
        return [(pick, as_track(found[id_])) for pick in picks if (id_ := self.ids[pick.position]) in found]


def make_similar(lib: Library, words: list[str], settings: Settings, log: BeetsLogger, output: str | None) -> None:
    """The playlist of what sounds like the tracks and files that `words` name."""
    matches = find_matches(lib, words)
    space = Space(lib, settings)
    seeds = [seed for match in matches if (seed := space.seed(match))]
    if not seeds:
        raise ui.UserError(space.why_not(matches[0]))
    if len(seeds) < len(matches):
        log.warning("{} of {} matches not analysed yet, left out as seeds", len(matches) - len(seeds), len(matches))
    once: dict[bytes, Seed] = {}
    for seed in seeds:
        once.setdefault(seed.vector.tobytes(), seed)
    seeds = list(once.values())

    own = [seed.position for seed in seeds if seed.position is not None]
    picks = similar(space.index, [seed.vector for seed in seeds], without=own, count=settings.number)
    chosen = space.tracks(picks)

    playlist = [seed.track for seed in seeds] + [track for _, track in chosen]
    written = _write(lib, playlist, settings, f"Similar to {_few([display_name(seed.track) for seed in seeds])}", output)
    for seed in seeds[:SHOWN]:
        ui.print_(f"seed        {display_name(seed.track)}")
    if len(seeds) > SHOWN:
        ui.print_(f"seed        ... and {len(seeds) - SHOWN} more")
    for number, (pick, track) in enumerate(chosen, 1):
        ui.print_(_numbered(number, pick, track))
    ui.print_(written)
    if len(chosen) < settings.number:
        log.warning("the library has no more: {} tracks instead of {}", len(chosen), settings.number)


def make_journey(lib: Library, waypoints: list[str], settings: Settings, log: BeetsLogger, output: str | None) -> None:
    """The playlist that leads from each waypoint to the next."""
    named = [find_waypoint(lib, text) for text in waypoints]
    space = Space(lib, settings)
    stops = []
    for match in named:
        stop = space.seed(match)
        if stop is None:
            raise ui.UserError(space.why_not(match))
        stops.append(stop)
    for number, stop in enumerate(stops):
        if any(np.array_equal(stop.vector, other.vector) for other in stops[:number]):
            raise ui.UserError(f"{display_name(stop.track)}: a waypoint twice; a journey repeats nothing")
    legs = journey(space.index, [Waypoint(stop.vector, stop.position) for stop in stops], settings.between)
    playlist = [stops[0].track]
    lines = [f"waypoint    {display_name(stops[0].track)}"]
    for leg, stop in zip(legs, stops[1:], strict=True):
        for pick, track in space.tracks(leg):
            lines.append(_numbered(len(playlist), pick, track))
            playlist.append(track)
        lines.append(f"waypoint    {display_name(stop.track)}")
        playlist.append(stop.track)
    name = "Journey from " + " to ".join(stop.track.title for stop in stops)
    written = _write(lib, playlist, settings, name, output)
    for line in [*lines, written]:
        ui.print_(line)
    if missing := settings.between * len(legs) - sum(map(len, legs)):
        log.warning("the library has no more: {} tracks fewer than asked for", missing)


def _write(lib: Library, tracks: list[Track], settings: Settings, name: str, output: str | None) -> str:
    """Write the playlist; returns the line that says where."""
    path = user_path(output).absolute() if output else settings.playlist_dir / f"{_file_name(lib, name)}.m3u"
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


def _numbered(number: int, pick: Pick, track: Track) -> str:
    return f"{number:4}  {pick.similarity:.3f} {display_name(track)}"


def _few(names: list[str]) -> str:
    """The first names of a list, and how many more there are."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
