"""An evaluation of a library's space, and a sweep of epsilons, in lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from deejai_core.errors import HINTS
from deejai_core.features.evaluation import FEW, NEIGHBOURS, NEIGHBOURS_OF_INDEX, SEED, Concern, Report, Sweep, sweep
from deejai_core.index.evaluation import Hubs, Labels, Rates
from deejai_core.library import Library
from deejai_core.models.protocol import Model
from deejai_core.progress import Teller
from deejai_core.words import counted


def evaluation_lines(report: Report, *, correct_hubs: bool, words: Mapping[str, str] = HINTS) -> list[str]:
    """Return an evaluation for people.

    correct_hubs: whether lists correct them. words: gives the advice for a name in `HINTS`.
    """
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
                ["tracks that are in at least one", _percent(plain.reachable), _percent(corrected.reachable)],
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
        *advice(report, correct_hubs=correct_hubs, words=words),
    ]


def advice(report: Report, *, correct_hubs: bool, words: Mapping[str, str] = HINTS) -> list[str]:
    """Return advice based on the figures: one line, or two. See `evaluation_lines`."""
    concerns = report.concerns[:2]
    return [_advice(concern, report, correct_hubs, words) for concern in concerns] or ["nothing needs to be changed"]


def _advice(concern: Concern, report: Report, correct_hubs: bool, words: Mapping[str, str]) -> str:
    match concern:
        case "few tracks":
            return f"fewer than {FEW} tracks are counted in every line: the figures mean little"
        case "artists":
            return f"the vectors hardly tell artists apart: {words['analyse all or sweep']}"
        case "too many neighbours":
            return (
                f"{counted(report.k, 'neighbour')} of {counted(report.tracks, 'track')} are too many to tell much: "
                + words["fewer neighbours"].format(about=max(1, report.tracks // 10))
            )
        case "hubs":
            plain, corrected = report.quality.plain.reachable, report.quality.corrected.reachable
            correct = words["go on correcting hubs" if correct_hubs else "correct hubs"]
            return f"{correct}: with it {_percent(corrected)} of the tracks are in a list, without it {_percent(plain)}"
        case "index":
            return f"the index misses neighbours: {words['compare all tracks']}"
    few = ", ".join(report.fields_of_few)
    return f"fewer than {FEW} tracks are counted for {few}: those figures mean little"


def sweep_and_tell(
    library: Library,
    model: Model,
    epsilons: Sequence[float],
    current: float,
    teller: Teller,
    words: Mapping[str, str] = HINTS,
) -> None:
    """Measure a library weighted with several epsilons, see `sweep`. words: gives the advice for a name in `HINTS`."""
    weighting = "weighting with epsilon {}...".format
    found = sweep(library, model, epsilons, current, on_epsilon=lambda epsilon: teller.tell(weighting(epsilon)))
    if found.left_out:
        all_ = found.tracks + found.left_out
        teller.warn(
            f"Left out {found.left_out} of {all_} tracks, because their analysis is not stored; {words['analyse again']}."
        )
    for line in sweep_lines(found):
        teller.say(line)


def sweep_lines(found: Sweep) -> list[str]:
    """Return the figures of each epsilon, with the current one marked."""
    qualities, labels, current = found.qualities, found.labels, found.current
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
    nearest = f"the {NEIGHBOURS} nearest to each, weighted with each epsilon; nothing is changed"
    return [
        f"{_asked(found.queries, found.tracks)}, and {nearest}",
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
        *_sample_note(found.queries, found.tracks),
        "",
        "in one    tracks that are in at least one list",
        "most      most lists that one track is in",
        "skewness  of that; 0: even, large: hubs",
    ]


def _rates(rates: Iterable[Rates]) -> list[str]:
    return [_percent(figure) for rate in rates for figure in (rate.hit, rate.precision)]


def _hubs(hubs: Hubs) -> list[str]:
    return [_percent(hubs.reachable), f"{hubs.largest:,}", _number(hubs.skewness)]


def _asked(queries: int, tracks: int) -> str:
    return counted(tracks, "track") if queries == tracks else f"{queries:,} of {tracks:,} tracks, random seed {SEED}"


def _sample_note(queries: int, tracks: int) -> list[str]:
    return [] if queries == tracks else [f"(hubs: as if the {queries:,} tracks drawn were the library)"]


def _same(kind: Labels) -> str:
    return f"{kind.name}, other artist" if kind.by_others else kind.name


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.1%}"


def _number(number: float) -> str:
    return f"{number:.2f}"


def _table(head: list[str], rows: list[list[str]], groups: Sequence[tuple[str, int]] = ()) -> list[str]:
    """Return lines with aligned columns, the first one to the left. groups: names, each above its number of columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    spans, first = [], 0
    for name, span in groups:
        if first and span > 1:
            widths[first] += 2  # a wider gap separates groups
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
