"""`eval` and `reweigh --sweep`: how good the space is in which a library's tracks lie, by figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from beets import ui

from deejai_core.data_folder import slices_path
from deejai_core.embedding.slices import open_slices
from deejai_core.embedding.weighting import weigh_only
from deejai_core.errors import MissingError
from deejai_core.index.evaluation import (
    Agreement,
    Hubs,
    Labels,
    Quality,
    Rates,
    choose_queries,
    measure,
    recall,
    shuffled,
)
from deejai_core.index.hubs import densities, handicaps
from deejai_core.index.neighbours import Index
from deejai_core.words import counted

from .labels import field_labels, genres, lists, who_and_where
from .making import open_space_of
from .models import model_in_use
from .settings import Epsilon, GivenError

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from .library.beets_library import BeetsLibrary
    from .settings import Settings

SEED = 0  # of the sample and the shuffling: the same library gives the same figures
NEIGHBOURS = 10
NEIGHBOURS_OF_INDEX = 20  # of each, as many as a list has tracks
ASKED_OF_INDEX = 500  # tracks whose neighbours the index is to find: each costs a comparison with all others

FEW = 30  # tracks: a rate of fewer may be off by 18 points of a hundred
BETTER = 3  # times chance: what any music reaches whose artists have a sound of their own
FOUND = 0.99  # of the tracks that are in a list at all when lists are drawn at random, 1 - exp(-k), are to be in one
MUCH = 0.25  # of the library: so many neighbours are right by chance alone
RECALL = 0.99  # of the neighbours are to be found by the index
SWEEP = "0.05,0.1,0.2,0.4"


@dataclass(frozen=True)
class Report:
    """What `eval` found."""

    model: str
    tracks: int  # analysed
    queries: int  # tracks whose neighbours were looked at
    k: int
    labels: Sequence[Labels]
    quality: Quality
    shuffled: Sequence[Rates]  # one for each of the labels
    recall: float | None  # of the index; None: it compares all
    correct_hubs: bool


def evaluate(library: BeetsLibrary, settings: Settings, fields: Iterable[str], k: int, log: BeetsLogger) -> Report:
    """Measure the vectors that a library's tracks have. fields: names of fields, besides artist, album and genres."""
    space = open_space_of(library, settings, whole=True)
    vectors, catalogue = space.index.vectors, space.catalogue
    labels = [*who_and_where(catalogue), genres(library, space.ids)]
    try:
        labels += filter(None, [lists(library, space.ids)])
    except MissingError as error:
        log.warning("lists of the history not measured: {}", error)
    for name in fields:
        found = field_labels(library, space.ids, name)
        labels += [found] if found.name not in [known.name for known in labels] else []
    rng = np.random.default_rng(SEED)
    queries = choose_queries(len(vectors), rng)
    log.debug("looking for the neighbours of {} of {} tracks", len(queries), len(vectors))
    artists, _ = catalogue.artist_codes
    handicap = handicaps(space.densities)
    return Report(
        space.name,
        len(vectors),
        len(queries),
        k,
        labels,
        measure(vectors, labels, artists, handicap, k, queries),
        shuffled(vectors, labels, artists, k, queries, rng),
        _recall(space.index, rng.permutation(queries)[:ASKED_OF_INDEX]),
        settings.correct_hubs,
    )


def _recall(index: Index, queries: np.ndarray) -> float | None:
    return None if index.is_exact else recall(index, NEIGHBOURS_OF_INDEX, queries)


def as_json(report: Report) -> dict:
    """The report as JSON has it. A figure that could not be measured is null."""
    return {
        "model": report.model,
        "tracks": report.tracks,
        "queries": report.queries,
        "seed": SEED,
        "k": report.k,
        "fields": [
            {
                "field": kind.name,
                "artist_filter": kind.by_others,
                "tracks": found.tracks,
                **{
                    name: {
                        "vectors": _figure(getattr(found.found, figure)),
                        "chance": _figure(getattr(found.chance, figure)),
                        "shuffled": _figure(getattr(dealt, figure)),
                    }
                    for name, figure in (("hit_rate", "hit"), ("precision", "precision"))
                },
            }
            for kind, found, dealt in zip(report.labels, report.quality.agreements, report.shuffled, strict=True)
        ],
        "hubs": {
            name: {"reachable": hubs.reachable, "largest": hubs.largest, "skewness": hubs.skewness}
            for name, hubs in (("uncorrected", report.quality.plain), ("corrected", report.quality.corrected))
        },
        "index": {
            "exact": report.recall is None,
            "k": NEIGHBOURS_OF_INDEX,
            "recall": 1.0 if report.recall is None else _figure(report.recall),
        },
        "hints": hints(report),
    }


def as_lines(report: Report) -> list[str]:
    """The report as a person reads it."""
    k = report.k
    agreements = [
        [
            _same(kind),
            f"{found.tracks:,}",
            *(_percent(rates.hit) for rates in (found.found, found.chance, dealt)),
            *(_percent(rates.precision) for rates in (found.found, found.chance, dealt)),
        ]
        for kind, found, dealt in zip(report.labels, report.quality.agreements, report.shuffled, strict=True)
    ]
    plain, corrected = report.quality.plain, report.quality.corrected
    return [
        f"{_asked(report.queries, report.tracks)}, and the {k} nearest to each by {report.model}",
        "",
        *_table(
            ["neighbours with the same", "tracks", *["vectors", "chance", "shuffled"] * 2],
            agreements,
            [("", 1), ("", 1), (f"at least 1 of the {k}", 3), (f"share of the {k}", 3)],
        ),
        "",
        "tracks    those for which the library has such a neighbour",
        "chance    the rate of neighbours drawn at random",
        "shuffled  the rate if every track had another's vector; it must be close to chance, or the figures are wrong",
        "",
        *_table(
            [f"of all lists of the {k} nearest", "uncorrected", "correct_hubs"],
            [
                ["tracks that are in one at least", _percent(plain.reachable), _percent(corrected.reachable)],
                ["most lists that one track is in", f"{plain.largest:,}", f"{corrected.largest:,}"],
                ["skewness of that (0: even; large: hubs)", _number(plain.skewness), _number(corrected.skewness)],
            ],
        ),
        *_sample_note(report.queries, report.tracks),
        "",
        "index     "
        + (
            "exact search"
            if report.recall is None
            else f"finds {_percent(report.recall)} of the {NEIGHBOURS_OF_INDEX} true nearest (recall)"
        ),
        "",
        *hints(report),
    ]


def hints(report: Report) -> list[str]:
    """What to change, going by the figures: one line, or two."""
    return _hints(report)[:2] or ["nothing needs to be changed"]


def _hints(report: Report) -> list[str]:
    found = []
    by_name = {kind.name: result for kind, result in zip(report.labels, report.quality.agreements, strict=True)}
    few = [name for name, result in by_name.items() if result.tracks < FEW]
    if len(few) == len(by_name):
        found.append(f"fewer than {FEW} tracks are counted in every line: the figures mean little")
    elif "artist" not in few and not _recognised(by_name["artist"]):
        found.append(
            "the vectors hardly tell artists apart: see in `beet deejai status` whether all tracks are analysed, or try "
            f"epsilons with `beet deejai reweigh --sweep {SWEEP}`"
        )
    if report.k > MUCH * report.tracks:
        found.append(
            f"{counted(report.k, 'neighbour')} of {counted(report.tracks, 'track')} are too many to tell much: "
            f"use -k {max(1, report.tracks // 10)}"
        )
    plain, corrected = report.quality.plain.reachable, report.quality.corrected.reachable
    if plain < FOUND * -math.expm1(-min(report.k, report.tracks)) and corrected > plain:
        found.append(
            f"{'keep' if report.correct_hubs else 'set'} `correct_hubs: yes`: with it {_percent(corrected)} of the tracks "
            f"are in a list, without it {_percent(plain)}"
        )
    if report.recall is not None and report.recall < RECALL:
        found.append("the index misses neighbours: set `index: exact` to compare all tracks")
    if few and len(few) < len(by_name):
        found.append(f"fewer than {FEW} tracks are counted for {', '.join(few)}: those figures mean little")
    return found


def _recognised(artists: Agreement) -> bool:
    """Whether neighbours are by the same artist far more often than by chance; where that is beyond 1, half-way to it."""
    chance = artists.chance.hit
    return artists.found.hit > min(BETTER * chance, (1 + chance) / 2) or chance > 1 - MUCH


def parse_epsilons(text: str) -> list[float]:
    """The epsilons of a sweep, each once. Raises GivenError."""
    epsilons = []
    for word in text.split(","):
        try:
            epsilons.append(float(word))
        except ValueError:
            problem = f"{word.strip()!r} is not a number; give epsilons with commas, such as {SWEEP}"
            raise GivenError("sweep", problem) from None
        if problem := Epsilon.problem(epsilons[-1]):
            raise GivenError("sweep", problem)
    return list(dict.fromkeys(epsilons))


def sweep(library: BeetsLibrary, settings: Settings, epsilons: Sequence[float], log: BeetsLogger) -> list[str]:
    """The figures of the library weighed with each of these epsilons, and with that of the settings, as lines.

    Nothing is changed. Raises UserError if nothing is there to be weighed.
    """
    model = model_in_use(library, settings)
    current = model.epsilon if settings.epsilon is None else settings.epsilon
    keys = library.recordings()
    if not keys:
        raise ui.UserError("nothing analysed yet; run `beet deejai analyze`")
    heard = set()
    if slices_path(library).exists():
        with open_slices(library) as store:
            heard = store.keys(model.trunk_name) & set(keys.values())
    ids = [id_ for id_, key in keys.items() if key in heard]
    if not ids:
        raise ui.UserError(f"no analysis by {model.trunk_name} is stored; `beet deejai analyze --force` analyses again")
    if len(ids) < len(keys):
        log.warning(
            "Left out {} of {} tracks, because their analysis is not stored; `beet deejai analyze --force` analyses again.",
            len(keys) - len(ids),
            len(keys),
        )
    catalogue = library.columns(ids)
    labels = [*who_and_where(catalogue), genres(library, ids)]
    artists, _ = catalogue.artist_codes
    queries = choose_queries(len(ids), np.random.default_rng(SEED))
    qualities = {}
    for epsilon in epsilons if current in epsilons else [*epsilons, current]:
        log.info("weighting with epsilon {}...", epsilon)
        with open_slices(library) as store:
            recordings, vectors = weigh_only(store, model, epsilon, heard)
        row = {key: number for number, key in enumerate(recordings)}
        vectors = vectors[[row[keys[id_]] for id_ in ids]]  # a recording that the library has twice has one vector
        qualities[epsilon] = measure(vectors, labels, artists, handicaps(densities(vectors)), NEIGHBOURS, queries)
    return _sweep_lines(qualities, current, labels, len(queries), len(ids))


def _sweep_lines(
    qualities: dict[float, Quality], current: float, labels: Sequence[Labels], queries: int, tracks: int
) -> list[str]:
    names = {epsilon: f"{epsilon:g}" + (" (now)" if epsilon == current else "") for epsilon in sorted(qualities)}
    chance = [result.chance for result in qualities[current].agreements]
    agreements = [
        [name, *_rates(result.found for result in qualities[epsilon].agreements)] for epsilon, name in names.items()
    ]
    spread = [
        [name, *(text for hubs in (qualities[epsilon].plain, qualities[epsilon].corrected) for text in _hubs(hubs))]
        for epsilon, name in names.items()
    ]
    tracks_counted = [text for result in qualities[current].agreements for text in (f"{result.tracks:,}", "")]
    return [
        f"{_asked(queries, tracks)}, and the {NEIGHBOURS} nearest to each, weighted with each epsilon; nothing is changed",
        "",
        *_table(
            ["epsilon", *["at least 1", "share"] * 3],
            [*agreements, ["chance", *_rates(chance)], ["tracks counted", *tracks_counted]],
            [("with the same", 1), *((_same(kind), 2) for kind in labels)],
        ),
        "",
        *_table(
            ["epsilon", *["in one", "most", "skewness"] * 2],
            spread,
            [("of all lists", 1), ("uncorrected", 3), ("correct_hubs", 3)],
        ),
        *_sample_note(queries, tracks),
        "",
        "in one    tracks that are in one list at least",
        "most      most lists that one track is in",
        "skewness  of that; 0: even, large: hubs",
    ]


def _rates(rates: Iterable[Rates]) -> list[str]:
    return [_percent(figure) for rate in rates for figure in (rate.hit, rate.precision)]


def _hubs(hubs: Hubs) -> list[str]:
    return [_percent(hubs.reachable), f"{hubs.largest:,}", _number(hubs.skewness)]


def _asked(queries: int, tracks: int) -> str:
    return counted(tracks, "track") if queries == tracks else f"{queries:,} of {tracks:,} tracks, drawn with seed {SEED}"


def _sample_note(queries: int, tracks: int) -> list[str]:
    return [] if queries == tracks else [f"(hubs: as if the {queries:,} tracks drawn were the library)"]


def _same(kind: Labels) -> str:
    return f"{kind.name}, other artist" if kind.by_others else kind.name


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.1%}"


def _number(number: float) -> str:
    return f"{number:.2f}"


def _figure(number: float) -> float | None:
    return None if math.isnan(number) else number


def _table(head: list[str], rows: list[list[str]], groups: Sequence[tuple[str, int]] = ()) -> list[str]:
    """Lines with their columns aligned, the first one to the left. groups: names, each above so many of the columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    spans, first = [], 0
    for name, span in groups:
        if first and span > 1:
            widths[first] += 2  # a wider gap sets groups apart
        widths[first] += max(0, len(name) - _width(widths[first : first + span]))
        spans.append(_width(widths[first : first + span]))
        first += span
    lines = [_line(row, widths) for row in (head, *rows)]
    return [_line([name for name, _ in groups], spans), *lines] if groups else lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]).rstrip()


def _width(columns: Sequence[int]) -> int:
    return sum(columns) + 2 * (len(columns) - 1)
