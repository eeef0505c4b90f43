"""All lists: from words to members in an order, with remarks about them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from deejai_core.errors import DeejaiError, NoMatchError, OptionError, PlaylistError
from deejai_core.library import Kind, Library
from deejai_core.lists.listed import left_out, missing_files, not_found, read_listed
from deejai_core.lists.lookup import Found, Match, albums_of, find, find_matches, meant_playlist, playlist_at
from deejai_core.lists.reasons import WalkReasons, relaxed, unlike, why_journey
from deejai_core.lists.request import Entry, MadeList, Request
from deejai_core.lists.sounding import Description, describe, sounding
from deejai_core.lists.space import Member
from deejai_core.lists.waypoints import find_waypoint, known_members, words_for
from deejai_core.models.protocol import Model
from deejai_core.models.registry import vocabulary
from deejai_core.options.lists import Walk
from deejai_core.playlists.candidates import Candidates
from deejai_core.playlists.geometry import angles, blend
from deejai_core.playlists.journey import journey, step_statistics
from deejai_core.playlists.order import shortest_path
from deejai_core.playlists.playlist import duration, similar
from deejai_core.playlists.rules import Length
from deejai_core.words import counted, one_line

MOST_REORDERED = 10_000  # tracks, whose pairwise distances take a gigabyte
NAMED = 3  # members that the title of a list names


def make_similar(library: Library, model: Model, words: Sequence[str], request: Request) -> MadeList:
    """Make a list of tracks, albums or files that sound like those that `words` name."""
    walk, rules = _seeded(request.walk), request.rules
    remarks: list[str] = []
    warnings: list[str] = []
    unwanted = find_matches(library, [request.less], request.kind) if request.less else []
    found = _described_or_found(library, model, words, request)
    space = request.open(library, model)
    leaning = None
    if isinstance(found, Description):
        seeds, leaning, remarks = sounding(space, rules, found)
    else:
        seeds, warnings = known_members(space, found.matches, found.listed)
        warnings += left_out(found.lost)
        seeds = _one_of_each_song(seeds) if rules.fold_versions else seeds
    less = known_members(space, unwanted)[0] if unwanted else []
    taken = duration(seed.song for seed in seeds) if walk.list_seeds else 0
    if walk.seconds and taken > walk.seconds:
        raise OptionError(
            "minutes",
            f"the seeds alone take {_minutes(taken)} of the {_minutes(walk.seconds)} asked for; choose fewer, or leave "
            "them out of the list",
        )
    candidates = space.candidates(rules, timed=walk.seconds is not None, leaning=leaning)
    reasons = WalkReasons(space, seeds) if request.why else None
    picks = similar(
        candidates,
        [seed.song for seed in seeds],
        count=None if walk.seconds else walk.count,
        seconds=walk.seconds,
        keep_on=walk.keep_on,
        stay=walk.stay,
        floor=walk.floor,
        drunk=walk.drunk,
        less=[member.song for member in less],
        listed=walk.list_seeds,
        rng=np.random.default_rng(walk.seed) if walk.drunk else None,
        choose=request.chooser(space),
        watch=reasons,
    )
    members = space.members([pick.position for pick in picks])
    entries = [Entry("seed", seed) for seed in seeds] if walk.list_seeds else []
    entries += [
        Entry(str(number), members[pick.position], pick.similarity, reasons.lines[pick.place] if reasons else ())
        for number, pick in enumerate(picks, 1)
        if pick.position in members
    ]
    warnings += relaxed(picks, space.kind)
    if not walk.drunk:  # a list that strays on purpose is not warned about
        remarks += unlike([pick.similarity for pick in picks], space.alike, space.kind)
    if not request.choose:
        listed = taken + duration(members[pick.position].song for pick in picks if pick.position in members)
        over = f"no other has a similarity of {walk.floor:g} or more" if walk.floor else "no others fit"
        if walk.seconds is None and len(picks) < walk.count:
            warnings.append(f"{over}: {counted(len(picks), space.kind)} instead of {walk.count}")
        elif walk.seconds is not None and _ran_short(listed, walk.seconds, candidates, entries):
            warnings.append(f"{over}: {_minutes(listed)} instead of {_minutes(walk.seconds)}")
    title = f"Similar to {_few([seed.name for seed in seeds])}"
    return MadeList(title, entries, space.name, space.kind, words, _drawn(walk), remarks, warnings)


def make_journey(library: Library, model: Model, waypoints: Sequence[str], request: Request) -> MadeList:
    """Make a list that leads from each waypoint to the next."""
    walk, rules, kind = _seeded(request.walk), request.rules, request.kind
    unwanted = find_matches(library, [request.less], kind) if request.less else []
    named, lost = _named_waypoints(library, waypoints, kind)
    space = request.open(library, model)
    stops: list[Member] = []
    directions: list[np.ndarray] = []
    words: list[str] = []
    remarks: list[str] = []
    warnings: list[str] = []
    for text, matches, listed in named:
        try:
            waypoint = find_waypoint(space, text, matches, stops, request.choose_waypoint)
        except DeejaiError as error:
            if not listed:
                raise
            lost.append(str(error))
            continue
        if listed and waypoint.member.song.vector.tobytes() in {
            stop.song.vector.tobytes() for stop in (stops if request.best_order else stops[-1:])
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
        playlists = [playlist for text in waypoints if (playlist := playlist_at(text))]
        in_them = [match for _, matches, listed in named if listed for match in matches]
        if len(playlists) == 1 and (gone := missing_files(in_them)):
            raise not_found(playlists[0], gone, len(in_them))
        raise PlaylistError(lost[0] if lost else "a journey needs two waypoints or more")
    if request.best_order:
        order = _best_order(directions, request)
        stops, directions = [stops[number] for number in order], [directions[number] for number in order]
        words = [words[number] for number in order]
    for stop, next_ in pairwise(stops):
        if stop.song.vector.tobytes() == next_.song.vector.tobytes():
            raise PlaylistError(f"{next_.name}: the same waypoint twice in a row; a journey leads from one to another")
    less = known_members(space, unwanted)[0] if unwanted else []
    taken = duration(stop.song for stop in stops)
    if walk.seconds and taken > walk.seconds:
        raise OptionError(
            "minutes", f"the waypoints alone take {_minutes(taken)}, more than the {_minutes(walk.seconds)} asked for"
        )
    candidates = space.candidates(rules, timed=walk.seconds is not None)
    legs = journey(
        candidates,
        [stop.song for stop in stops],
        between=walk.count,
        seconds=walk.seconds,
        drunk=walk.drunk,
        rng=np.random.default_rng(walk.seed) if walk.drunk else None,
        choose=request.chooser(space),
        directions=directions,
        less=[member.song for member in less],
    )
    picks = [pick for leg in legs for pick in leg]
    members = space.members([pick.position for pick in picks])
    timed = candidates.of_known_length() if walk.seconds else candidates
    whys = why_journey(space, timed, stops, less, legs) if request.why else {}
    entries, places, number = [Entry("waypoint", stops[0])], [0], 0
    for leg, stop in zip(legs, stops[1:], strict=True):
        for pick in leg:
            if pick.position in members:
                number += 1
                entries.append(Entry(str(number), members[pick.position], pick.similarity, whys.get(pick.place, ())))
        places.append(len(entries))
        entries.append(Entry("waypoint", stop))
    warnings += relaxed(picks, space.kind)
    if not request.choose:
        total = taken + duration(members[pick.position].song for pick in picks if pick.position in members)
        missing = 0 if walk.seconds else walk.count * len(legs) - len(picks)
        if missing:
            warnings.append(f"no others fit: {counted(missing, kind)} fewer than you asked for")
        elif walk.seconds and _ran_short(total, walk.seconds, candidates, entries):
            warnings.append(f"no others fit: {_minutes(total)} instead of {_minutes(walk.seconds)}")
    title = "Journey from " + " to ".join((stop.tracks[0].title if kind == "track" else "") or stop.name for stop in stops)
    return MadeList(
        title, entries, space.name, space.kind, words, _drawn(walk), [*remarks, *_steps(entries, places)], warnings
    )


def make_reordered(library: Library, model: Model, words: Sequence[str], request: Request) -> MadeList:
    """Reorder a playlist, or what a query finds, so that it flows."""
    playlist = meant_playlist(words[0]) if len(words) == 1 else None
    if playlist:
        held = read_listed(library, playlist)
        matches, lost = held.matches, held.lost
        if not matches and not lost:
            raise PlaylistError(f"{playlist}: an empty playlist")
    else:
        found = find(library, words)
        matches, lost = found.matches, list(found.lost)
    space = request.open(library, model)
    there = space.members_of([match for match in matches if not isinstance(match, Path)])
    members: list[Member] = []
    for match in matches:
        try:
            members.append(there[match] if match in there else space.member(match))
        except DeejaiError as error:  # not analysed, or a file that cannot be analysed
            lost.append(str(error))
    if len(members) < 2:
        if playlist and (gone := missing_files(matches)):
            raise not_found(playlist, gone, len(matches))
        raise PlaylistError(lost[0] if lost else "there is nothing to reorder; give two tracks or more")
    vectors = np.stack([member.song.vector for member in members])
    order = _best_order(vectors, request)
    in_order = [members[place] for place in order]
    steps = [None, *(float(one.song.vector @ next_.song.vector) for one, next_ in pairwise(in_order))]
    entries = [
        Entry(str(number), member, step) for number, (member, step) in enumerate(zip(in_order, steps, strict=True), 1)
    ]
    before, after = (np.degrees(angles(some[:-1], some[1:]).mean()) for some in (vectors, vectors[order]))
    name = playlist.stem if playlist else " ".join(words)
    remarks = [f"The mean step is {after:.0f}°; before, it was {before:.0f}°."]
    title = f"{one_line(name)}, reordered"
    return MadeList(
        title, entries, space.name, space.kind, words, None, remarks, left_out(lost), source=playlist, lost=len(lost)
    )


def similar_artists(library: Library, model: Model, words: Sequence[str], request: Request) -> list[tuple[str, float, int]]:
    """Return artists whose tracks sound like those that `words` name: (name, similarity, tracks), nearest first."""
    exact = library.by_artist(" ".join(words))
    meant = Found([*exact]) if exact else find(library, words)
    space = request.open(library, model, whole=True)
    seeds, _ = known_members(space, meant.matches, meant.listed)
    allowed = space.allowed(request.rules)
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
    return sorted(found, key=lambda artist: (-artist[1], artist[0]))[: request.walk.count]


MAKERS = {"similar": make_similar, "journey": make_journey, "reorder": make_reordered}


def _described_or_found(library: Library, model: Model, words: Sequence[str], request: Request) -> Description | Found:
    """Return what words name; or, if they name nothing or are meant as a description, what they say about sound."""
    tags = vocabulary(model)
    if request.by_words:
        return describe(library, tags, words, None)
    try:
        return find(library, words, request.kind)
    except NoMatchError as error:
        return describe(library, tags, words, error)


def _one_of_each_song(members: Sequence[Member]) -> list[Member]:
    names: set[str] = set()
    once = []
    for member in members:
        if names.isdisjoint(member.song.names):
            once.append(member)
            names |= member.song.names
    return once


def _named_waypoints(
    library: Library, texts: Sequence[str], kind: Kind
) -> tuple[list[tuple[str, list[Match], bool]], list[str]]:
    """Return each waypoint's words, matches, and whether it is in a playlist; and why other entries are not tracks."""
    named, lost = [], []
    for text in texts:
        playlist = playlist_at(text)
        if playlist is None:
            named.append((text, find_matches(library, [text], kind), False))
            continue
        held = read_listed(library, playlist)
        lost += held.lost
        matches = held.matches if kind == "track" else albums_of(library, held.matches)
        named += [(words_for(match), [match], True) for match in matches]
    return named, lost


def _best_order(vectors: Sequence[np.ndarray] | np.ndarray, request: Request) -> list[int]:
    if len(vectors) > MOST_REORDERED:
        raise PlaylistError(f"{len(vectors):,} are too many to reorder; give at most {MOST_REORDERED:,}")
    units = np.asarray(vectors, np.float32)
    distances = np.arccos(np.clip(units @ units.T, -1, 1))
    np.fill_diagonal(distances, 0)
    last = len(units) - 1
    return shortest_path(distances, first=0 if request.keep_first else None, last=last if request.keep_last else None)


def _seeded(walk: Walk) -> Walk:
    """Set a seed for the random numbers, if a list needs any."""
    return replace(walk, seed=secrets.randbelow(2**31)) if walk.drunk and walk.seed is None else walk


def _drawn(walk: Walk) -> int | None:
    return walk.seed if walk.drunk else None


def _ran_short(made: float, seconds: float, candidates: Candidates, entries: Sequence[Entry]) -> bool:
    """Return whether a list ended farther from its target than half of all tracks that could have come next."""
    catalogue = candidates.catalogue
    left = catalogue.length <= candidates.rules.get(Length).max_length
    if candidates.allowed is not None:
        left &= candidates.allowed
    left[[entry.member.song.position for entry in entries if entry.member.song.position is not None]] = False
    return seconds - made > max(catalogue.length[left], default=0.0) / 2


def _steps(entries: list[Entry], places: list[int]) -> list[str]:
    """Return how even the steps of a journey are, by the tracks that are played."""
    steps = step_statistics(np.stack([entry.member.song.vector for entry in entries]), places)
    names = " to ".join(entry.member.name for entry in entries[steps.largest_at : steps.largest_at + 2])
    backward = f"{steps.backward or 'no'} {'steps lead' if steps.backward > 1 else 'step leads'} back"
    return [
        f"The largest step is {steps.largest:.0f}° ({names}), the mean {steps.mean:.0f}°.",
        f"On average, the list is {100 * steps.unevenness:.0f} % of the way off even steps; {backward}.",
    ]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 600 else f"{seconds / 60:.1f} minutes"


def _few(names: list[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
