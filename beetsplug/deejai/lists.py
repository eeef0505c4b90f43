"""The lists that the commands make: from words to members in an order, with what is to be said of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from beets import ui
from beets.dbcore.query import StringQuery
from beets.library import Album, Item

from deejai_core.embedding.tag_digits import FIELD
from deejai_core.formats.entries import Header, one_line
from deejai_core.models.vocabulary import TAGS, tags_in
from deejai_core.playlists.candidates import Candidates, Pick, sounding_most
from deejai_core.playlists.geometry import angles, blend
from deejai_core.playlists.journey import certify, journey
from deejai_core.playlists.order import shortest_path
from deejai_core.playlists.playlist import duration, similar

from .listed import left_out, read_listed
from .options import BETWEEN, MINUTES, RULES, VARIATION, WALK
from .queries import Found, NoMatchError, albums_of, find, find_matches, meant_playlist, playlist_at
from .reasons import relaxed, unlike, why_journey, why_walk
from .settings import Settings
from .space import Match, Member, Space
from .waypoints import find_waypoint, known_members, noun, words_for
from .wishes import Wishes, header_of, recipe_of
from .words import counted

if TYPE_CHECKING:
    from .library.beets_library import BeetsLibrary

MOST_REORDERED = 10_000  # tracks, whose distances from each other take a gigabyte
NAMED = 3  # members that a list is named after
SOUNDING = 3  # seeds of a list that begins with what sounds like some words


@dataclass(frozen=True)
class Entry:
    """A member at its place in a list."""

    label: str  # "seed", "waypoint", or its number
    member: Member
    similarity: float | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class MadeList:
    """A list that is not yet written."""

    title: str
    entries: list[Entry]
    header: Header
    remarks: list[str] = field(default_factory=list)  # what there is to say of it
    warnings: list[str] = field(default_factory=list)  # what could not be done
    source: Path | None = None  # the playlist that it was made from
    lost: int = 0  # tracks of that playlist which are not in the list


def make_similar(library: BeetsLibrary, words: list[str], settings: Settings, wishes: Wishes) -> MadeList:
    """The list of what sounds like the tracks, albums or files that `words` name."""
    kind = Album if wishes.albums else Item
    unwanted = find_matches(library, [wishes.less], kind) if wishes.less else []
    try:
        found, error = find(library, words, kind), None
    except NoMatchError as none:
        if tags_in(" ".join(words)) is None:
            raise
        if not library.field(FIELD):
            raise ui.UserError(f"{none}; to find songs by these tags, run `beet deejai tag` first") from none
        found, error = Found([]), none
    space = Space(library, settings, albums=wishes.albums)
    if error:
        seeds, remark = _sounding(space, words, error)
        remarks, warnings = [remark], []
    else:
        seeds, warnings = known_members(space, found.matches, found.listed)
        warnings += left_out(found.lost)
        seeds = _one_of_each_song(seeds) if settings.fold_versions else seeds
        remarks = []
    less = known_members(space, unwanted)[0] if unwanted else []
    seconds = settings.minutes * 60 if settings.minutes else None
    taken = duration(seed.song for seed in seeds) if settings.list_seeds else 0
    if seconds and taken > seconds:
        raise ui.UserError(
            f"the seeds alone take {_minutes(taken)} of the {_minutes(seconds)} asked for; choose fewer, or give --no-seeds"
        )
    settings, rng = _seeded(settings)
    candidates = space.candidates(timed=seconds is not None)
    songs = [seed.song for seed in seeds]
    count = settings.albums if wishes.albums else settings.number
    picks = similar(
        candidates,
        songs,
        count=None if seconds else count,
        seconds=seconds,
        keep_on=settings.keep_on,
        stay=settings.stay,
        floor=settings.floor,
        drunk=settings.drunk,
        less=[member.song for member in less],
        listed=settings.list_seeds,
        rng=rng,
        choose=_chooser(space, wishes),
    )
    members = space.members([pick.position for pick in picks])
    timed = candidates.of_known_length() if seconds else candidates
    whys = why_walk(space, timed, seeds, less, picks, settings) if wishes.why else {}
    entries = [Entry("seed", seed) for seed in seeds] if settings.list_seeds else []
    entries += [
        Entry(str(number), members[pick.position], pick.similarity, whys.get(pick.place, ()))
        for number, pick in enumerate(picks, 1)
        if pick.position in members
    ]
    warnings += relaxed(picks)
    if not settings.drunk:  # a list that strays is asked to
        remarks += unlike([pick.similarity for pick in picks], space.alike)
    if not wishes.choose:
        listed = taken + duration(members[pick.position].song for pick in picks if pick.position in members)
        over = f"no other has a similarity of {settings.floor:g}" if settings.floor else "the library has no more"
        if seconds is None and len(picks) < count:
            warnings.append(f"{over}: {counted(len(picks), noun(kind))} instead of {count}")
        elif seconds is not None and _ran_short(listed, seconds, candidates, entries):
            warnings.append(f"{over}: {_minutes(listed)} instead of {_minutes(seconds)}")
    title = f"Similar to {_few([seed.name for seed in seeds])}"
    wanted = (replace(WALK[0], name="albums"), *WALK[1:]) if wishes.albums else WALK
    recipe = recipe_of("similar", words, (*wanted, *VARIATION, *RULES), settings, wishes)
    return MadeList(
        title, entries, header_of(space, title, recipe, settings, wishes), [*remarks, *_drawn(settings)], warnings
    )


def make_journey(library: BeetsLibrary, waypoints: list[str], settings: Settings, wishes: Wishes) -> MadeList:
    """The list that leads from each waypoint to the next."""
    kind = Album if wishes.albums else Item
    unwanted = find_matches(library, [wishes.less], kind) if wishes.less else []
    named, lost = _named_waypoints(library, waypoints, kind)
    space = Space(library, settings, albums=wishes.albums)
    stops, directions, words, remarks, warnings = [], [], [], [], []
    for text, matches, listed in named:
        try:
            waypoint = find_waypoint(space, text, matches, stops, wishes)
        except ui.UserError as error:
            if not listed:
                raise
            lost.append(str(error))
            continue
        if listed and waypoint.member.song.vector.tobytes() in {
            stop.song.vector.tobytes() for stop in (stops if wishes.best_order else stops[-1:])
        }:
            lost.append(f"{waypoint.member.name}: the same waypoint twice in a row")
            continue
        stops.append(waypoint.member)
        directions.append(waypoint.direction)
        words.append(waypoint.text)
        remarks += waypoint.remarks
        warnings += waypoint.warnings
    warnings += left_out(lost)
    if len(stops) < 2:
        raise ui.UserError(lost[0] if lost else "a journey needs two waypoints or more")
    if wishes.best_order:
        order = _best_order(directions, wishes)
        stops, directions, words = ([some[number] for number in order] for some in (stops, directions, words))
    for stop, next_ in pairwise(stops):
        if stop.song.vector.tobytes() == next_.song.vector.tobytes():
            raise ui.UserError(f"{next_.name}: the same waypoint twice in a row; a journey leads from one to another")
    less = known_members(space, unwanted)[0] if unwanted else []
    seconds = settings.minutes * 60 if settings.minutes else None
    taken = duration(stop.song for stop in stops)
    if seconds and taken > seconds:
        raise ui.UserError(f"the waypoints alone take {_minutes(taken)}, more than the {_minutes(seconds)} asked for")
    settings, rng = _seeded(settings)
    candidates = space.candidates(timed=seconds is not None)
    songs = [stop.song for stop in stops]
    legs = journey(
        candidates,
        songs,
        between=None if seconds else settings.between,
        seconds=seconds,
        drunk=settings.drunk,
        rng=rng,
        choose=_chooser(space, wishes),
        directions=directions,
        less=[member.song for member in less],
    )
    picks = [pick for leg in legs for pick in leg]
    members = space.members([pick.position for pick in picks])
    timed = candidates.of_known_length() if seconds else candidates
    whys = why_journey(space, timed, stops, less, legs) if wishes.why else {}
    entries, places, number = [Entry("waypoint", stops[0])], [0], 0
    for leg, stop in zip(legs, stops[1:], strict=True):
        for pick in leg:
            if pick.position in members:
                number += 1
                entries.append(Entry(str(number), members[pick.position], pick.similarity, whys.get(pick.place, ())))
        places.append(len(entries))
        entries.append(Entry("waypoint", stop))
    warnings += relaxed(picks)
    if not wishes.choose:
        listed = taken + duration(members[pick.position].song for pick in picks if pick.position in members)
        missing = 0 if seconds else settings.between * len(legs) - len(picks)
        if missing:
            warnings.append(f"the library has no more: {counted(missing, noun(kind))} fewer than asked for")
        elif seconds and _ran_short(listed, seconds, candidates, entries):
            warnings.append(f"the library has no more: {_minutes(listed)} instead of {_minutes(seconds)}")
    title = "Journey from " + " to ".join((stop.tracks[0].title if kind is Item else "") or stop.name for stop in stops)
    shown = replace(wishes, best_order=False, keep_first=False, keep_last=False)  # the waypoints are in their order now
    recipe = recipe_of("journey", words, (BETWEEN, MINUTES, *VARIATION, *RULES), settings, shown)
    remarks += [*_certificate(entries, places), *_drawn(settings)]
    return MadeList(title, entries, header_of(space, title, recipe, settings, wishes), remarks, warnings)


def make_reordered(library: BeetsLibrary, words: list[str], settings: Settings, wishes: Wishes) -> MadeList:
    """A playlist, or what a query finds, in an order that flows."""
    playlist = meant_playlist(words[0]) if len(words) == 1 else None
    if playlist:
        held = read_listed(library, playlist)
        matches, lost = held.matches, held.lost
        if not matches and not lost:
            raise ui.UserError(f"{playlist}: an empty playlist")
    else:
        found = find(library, words)
        matches, lost = found.matches, list(found.lost)
    space = Space(library, settings)
    members = []
    for match in matches:
        try:
            member = space.member(match)
        except ui.UserError as error:  # a file that cannot be heard
            member, reason = None, str(error)
        else:
            reason = None if member else space.why_not(match)
        if member:
            members.append(member)
        else:
            lost.append(reason)
    if len(members) < 2:
        raise ui.UserError(lost[0] if lost else "there is nothing to reorder; give two tracks or more")
    vectors = np.stack([member.song.vector for member in members])
    order = _best_order(vectors, wishes)
    in_order = [members[place] for place in order]
    steps = [None, *(float(one.song.vector @ next_.song.vector) for one, next_ in pairwise(in_order))]
    entries = [
        Entry(str(number), member, step) for number, (member, step) in enumerate(zip(in_order, steps, strict=True), 1)
    ]
    before, after = (np.degrees(angles(some[:-1], some[1:]).mean()) for some in (vectors, vectors[order]))
    warnings = left_out(lost)
    name = playlist.stem if playlist else " ".join(words)
    title = f"{one_line(name)}, reordered"
    recipe = recipe_of("reorder", words, (), settings, wishes)
    remarks = [f"The mean step is {after:.0f}°; before, it was {before:.0f}°."]
    header = header_of(space, title, recipe, settings, wishes)
    return MadeList(title, entries, header, remarks, warnings, source=playlist, lost=len(lost))


def similar_artists(library: BeetsLibrary, words: list[str], settings: Settings) -> list[tuple[str, float, int]]:
    """Artists whose tracks sound like those that `words` name: (name, similarity, tracks), nearest first."""
    exact = list(library.lib.items(StringQuery("artist", " ".join(words))))
    meant = Found(exact) if exact else find(library, words)
    space = Space(library, settings, whole=True)
    seeds, _ = known_members(space, meant.matches, meant.listed)
    allowed = space.allowed()
    codes = np.where(True if allowed is None else allowed, space.catalogue.artist_codes[0], -1)
    own = {seed.song.artist for seed in seeds}
    numbers = np.unique(codes[codes >= 0])
    target = blend([seed.song.vector for seed in seeds])
    found = []
    for number in numbers.tolist():
        tracks = np.flatnonzero(codes == number)
        if space.catalogue.song(int(tracks[0]), space.index.vectors[tracks[0]]).artist in own:
            continue
        names = [space.catalogue.artist[track] for track in tracks.tolist()]
        direction = blend(space.index.vectors[tracks])
        found.append((one_line(max(names, key=names.count)), float(direction @ target), len(tracks)))
    return sorted(found, key=lambda artist: (-artist[1], artist[0]))[: settings.number]


def _sounding(space: Space, words: Sequence[str], error: NoMatchError) -> tuple[list[Member], str]:
    """The members that sound most like words which are tags and match nothing, and a remark that says so."""
    text = " ".join(words)
    tags = tags_in(text)
    found = sounding_most(space.tags, tags, SOUNDING, space.allowed())
    if not len(found):
        raise ui.UserError(f"{error}; to find songs by these tags, run `beet deejai tag` for them") from error
    members = space.members(found.tolist())
    kind = "track" if space.kind is Item else "album"
    remark = f"no {kind} is called {text!r}: starting from what sounds most like {', '.join(TAGS[tag] for tag in tags)}"
    return [members[position] for position in found.tolist() if position in members], remark


def _one_of_each_song(members: Sequence[Member]) -> list[Member]:
    names: set[str] = set()
    once = []
    for member in members:
        if names.isdisjoint(member.song.names):
            once.append(member)
            names |= member.song.names
    return once


def _named_waypoints(
    library: BeetsLibrary, texts: Sequence[str], kind: type[Item] | type[Album]
) -> tuple[list[tuple[str, list[Match], bool]], list[str]]:
    """Each waypoint's words, what they mean, and whether it stands in a playlist; and why other entries are no tracks."""
    named, lost = [], []
    for text in texts:
        playlist = playlist_at(text)
        if playlist is None:
            named.append((text, find_matches(library, [text], kind), False))
            continue
        held = read_listed(library, playlist)
        lost += held.lost
        matches = held.matches if kind is Item else albums_of(held.matches)
        named += [(words_for(match), [match], True) for match in matches]
    return named, lost


def _best_order(vectors: Sequence[np.ndarray], wishes: Wishes) -> list[int]:
    if len(vectors) > MOST_REORDERED:
        raise ui.UserError(f"{len(vectors):,} are too many to reorder; give {MOST_REORDERED:,} at most")
    units = np.stack(vectors).astype(np.float32)
    distances = np.arccos(np.clip(units @ units.T, -1, 1))
    np.fill_diagonal(distances, 0)
    last = len(units) - 1
    return shortest_path(distances, first=0 if wishes.keep_first else None, last=last if wishes.keep_last else None)


def _seeded(settings: Settings) -> tuple[Settings, np.random.Generator | None]:
    """Settings with a seed for the random numbers, if there are to be any."""
    if not settings.drunk:
        return settings, None
    seed = secrets.randbelow(2**31) if settings.seed is None else settings.seed
    return replace(settings, seed=seed), np.random.default_rng(seed)


def _chooser(space: Space, wishes: Wishes) -> Callable[[Iterator[Pick]], Pick | None] | None:
    return (lambda offers: wishes.choose(space, offers)) if wishes.choose else None


def _ran_short(made: float, seconds: float, candidates: Candidates, entries: Sequence[Entry]) -> bool:
    """Whether a list ended farther from what was asked for than half of any track that might have come next."""
    catalogue, rules = candidates.catalogue, candidates.rules
    left = catalogue.length <= rules.max_length
    if candidates.allowed is not None:
        left &= candidates.allowed
    left[[entry.member.song.position for entry in entries if entry.member.song.position is not None]] = False
    return seconds - made > max(catalogue.length[left], default=0.0) / 2


def _certificate(entries: list[Entry], places: list[int]) -> list[str]:
    """How smoothly a journey goes, by the tracks that are played."""
    certificate = certify(np.stack([entry.member.song.vector for entry in entries]), places)
    names = " to ".join(entry.member.name for entry in entries[certificate.largest_at : certificate.largest_at + 2])
    backward = f"{certificate.backward or 'none'} {'lead' if certificate.backward > 1 else 'leads'} back"
    return [
        f"The largest step is {certificate.largest:.0f}° ({names}), the mean {certificate.mean:.0f}°.",
        f"Steps vary by {100 * certificate.unevenness:.0f} % on average; {backward}.",
    ]


def _drawn(settings: Settings) -> list[str]:
    return [f"to make this list again: --seed {settings.seed}"] if settings.drunk else []


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 600 else f"{seconds / 60:.1f} minutes"


def _few(names: list[str]) -> str:
    """The first names of a list, and how many more there are."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
