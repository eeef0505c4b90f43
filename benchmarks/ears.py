"""What an ear is worth: whether neighbours share genre, artist and album, by epsilon, and by other ways to a vector.

    python -m benchmarks.ears epsilon|feel SLICES.npz...
    python -m benchmarks.ears embed MUSIC SLICES.npz

SLICES.npz holds trunk outputs `slices`, with `track`, and per track `genre`, `artist`, `album` (-1 or nothing: unknown).
Collections that `collection` names are measured apart. `embed` makes such a file of a folder of tagged tracks,
without those of less than half a minute; a track without an album is of the folder that it lies in. It also computes (by
librosa) what could stand beside the vector: energy, timbre, tempo.

In brackets is the difference to the first row in thousandths, and its standard error (paired, tracks drawn anew).

Imports internals: the projection, taken apart, and the weighting.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks.__main__ import SUFFIXES
from benchmarks.windows import spread
from deejai_core.audio.decode import read_windows
from deejai_core.embedding.mp3tovec import mp3tovec, unit
from deejai_core.errors import AudioError
from deejai_core.models.musicnn.model import MusiCNN

WINDOWS = 16  # of a track, as in an analysis
LEAST = 10  # windows of a track, without overlap
WITHIN = 10  # neighbours
EPSILONS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0, 1.9)
DRAWN = 2_000  # times that tracks are drawn, for a standard error
BESIDE = ("energy", "timbre", "tempo")
FIGURES = ("genre P@10", "artist hit@10", "artist first", "album hit@10", "album P@10", "other half")
MODEL = MusiCNN()

Slices = list[np.ndarray]  # of each track (n, numbers)


@dataclass(frozen=True, eq=False)
class Collection:
    """Tracks and their labels, "" where there is none."""

    name: str
    slices: Slices
    genre: np.ndarray
    artist: np.ndarray
    album: np.ndarray
    beside: dict[str, Slices] = field(default_factory=dict)  # what could stand beside the slices

    def half(self, second: bool) -> Collection:
        """Of each track only its first or second half."""

        def cut(tracks: Slices) -> Slices:
            return [some[len(some) // 2 :] if second else some[: len(some) // 2] for some in tracks]

        return replace(self, slices=cut(self.slices), beside={name: cut(tracks) for name, tracks in self.beside.items()})


Form = Callable[[Collection], np.ndarray]  # -> unit vectors (tracks, dimension)


def read(path: Path) -> list[Collection]:
    with np.load(path) as data:
        arrays = dict(data)

    def by_track(name: str) -> Slices:
        tracks = range(len(arrays["artist"]))
        return [spread(arrays[name][arrays["track"] == track], WINDOWS).astype(np.float32) for track in tracks]

    slices, beside = by_track("slices"), {name: by_track(name) for name in BESIDE if name in arrays}
    known = {name: np.where(arrays[name].astype(str) == "-1", "", arrays[name]) for name in ("genre", "artist", "album")}
    of = arrays.get("collection", np.full(len(slices), path.stem))
    found = []
    for name in np.unique(of):
        rows = np.flatnonzero(of == name)
        labels = {kind: values[rows] for kind, values in known.items()}
        heard = {kind: [tracks[row] for row in rows] for kind, tracks in beside.items()}
        found.append(Collection(name, [slices[row] for row in rows], **labels, beside=heard))
    return found


def figures(form: Form, collection: Collection) -> dict[str, np.ndarray]:
    """Of each track that a figure counts, its part of it, by the names of `FIGURES`."""
    similarity = similarities(form, collection)
    same_artist = _same(collection.artist)
    others = np.argsort(-np.where(same_artist, -np.inf, similarity), axis=1)[:, :WITHIN]
    order = np.argsort(-similarity, axis=1)[:, :-1]
    genre = np.take_along_axis(_same(collection.genre), others, axis=1)
    artist, album = (np.take_along_axis(_same(labels), order, axis=1) for labels in (collection.artist, collection.album))
    counted = {"genre": collection.genre != "", "artist": artist.any(axis=1), "album": album.any(axis=1)}
    return {
        "genre P@10": genre.mean(axis=1)[counted["genre"]],
        "artist hit@10": artist[:, :WITHIN].any(axis=1)[counted["artist"]],
        "artist first": 1 / (1 + artist.argmax(axis=1)[counted["artist"]]),
        "album hit@10": album[:, :WITHIN].any(axis=1)[counted["album"]],
        "album P@10": album[:, :WITHIN].mean(axis=1)[counted["album"]],
        "other half": _found_by_half(form, collection),
    }


def similarities(form: Form, collection: Collection) -> np.ndarray:
    """(tracks, tracks), none of a track with itself."""
    vectors = form(collection)
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return similarity


def _same(labels: np.ndarray) -> np.ndarray:
    """(tracks, tracks) bool."""
    return (labels[:, None] == labels) & (labels != "")


def _found_by_half(form: Form, collection: Collection) -> np.ndarray:
    """Of each track whether the nearest to its first half, among all second halves, is its own: the feel of this song."""
    first, second = (form(collection.half(second)) for second in (False, True))
    return (first @ second.T).argmax(axis=1) == np.arange(len(first))


def cell(values: np.ndarray, base: np.ndarray) -> str:
    if not len(values):
        return "-"
    if values is base:
        return f"{values.mean():.3f}"
    difference = values.astype(float) - base
    rng = np.random.default_rng(0)
    drawn = difference[rng.integers(len(difference), size=(DRAWN, len(difference)))].mean(axis=1)
    return f"{values.mean():.3f} ({1000 * difference.mean():+.0f} ± {1000 * drawn.std():.0f})"


def tfidf(epsilon: float, *, stored: type = np.float16) -> Form:
    """As the library is weighted; stored: the numbers that the slice store keeps."""
    return lambda collection: mp3tovec([MODEL.project(some.astype(stored)) for some in collection.slices], epsilon)


def mean(
    of: Callable[[np.ndarray], np.ndarray], *, units: bool = True, average: Callable[..., np.ndarray] = np.mean
) -> Form:
    """The direction of the mean of what becomes of a slice, each of unit length or as it is."""

    def vectors(collection: Collection) -> np.ndarray:
        found = map(of, collection.slices)
        return unit(np.array([average(unit(some) if units else some, axis=0) for some in found]))

    return vectors


def inner(form: Form) -> Form:
    """Without a track's first and last window, where it has more than four."""

    def cut(collection: Collection) -> np.ndarray:
        return form(replace(collection, slices=[some[1:-1] if len(some) > 4 else some for some in collection.slices]))

    return cut


def power(exponent: float) -> Callable[[np.ndarray], np.ndarray]:
    """The projection with variances divided out to another power: 0: not at all, 0.5: the model's, 1: white.

    The model's principal components are divided by the square root of their singular value, which is their length then.
    """
    matrix = MODEL._weights["projection.matrix"]
    matrix = matrix * np.linalg.norm(matrix, axis=0) ** (2 * exponent - 1)
    return lambda slices: (slices - MODEL._weights["projection.mean"]) @ matrix


def within_songs(fitted_on: Slices, exponent: float) -> Callable[[np.ndarray], np.ndarray]:
    """Principal components with the variance inside songs divided out instead, as it is in other collections."""
    components = power(0)
    centred = np.concatenate([components(some) - components(some).mean(axis=0) for some in fitted_on])
    covariance = np.cov(centred.T)
    covariance += 0.1 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    values, axes = np.linalg.eigh(covariance)
    matrix = (axes * values ** (-exponent / 2)) @ axes.T
    return lambda slices: components(slices) @ matrix


def beside(form: Form, other: Form, weight: float) -> Form:
    """Two vectors side by side: similarities become weighted means."""
    return lambda collection: np.hstack([np.sqrt(1 - weight) * form(collection), np.sqrt(weight) * other(collection)])


def deviations(fitted_on: Slices) -> Form:
    """How much a song changes: the logarithm of the deviation of its slices, standardised as in other collections."""
    components = power(0.5)

    def of(slices: Slices) -> np.ndarray:
        return np.log(1e-3 + np.array([components(some).std(axis=0) for some in slices]))

    known = of(fitted_on)
    return lambda collection: unit((of(collection.slices) - known.mean(axis=0)) / known.std(axis=0))


def squares(fitted_on: Slices) -> Form:
    """The mean of squares, which a slice could have beside itself; standardised as in other collections."""
    components = power(0.5)
    known = unit(components(np.concatenate(fitted_on))) ** 2
    centre, scale = known.mean(axis=0), known.std(axis=0)
    return mean(lambda slices: (unit(components(slices)) ** 2 - centre) / scale, units=False)


def tags(fitted_on: Slices) -> Callable[[np.ndarray], np.ndarray]:
    """The probabilities of the model's tags, standardised as in other collections."""
    known = MODEL.tags(np.concatenate(fitted_on))
    centre, scale = known.mean(axis=0), known.std(axis=0)
    return lambda slices: (MODEL.tags(slices) - centre) / scale


def heard(name: str) -> Form:
    """The mean of what was computed from the audio, standardised."""

    def of(collection: Collection) -> np.ndarray:
        numbers = np.array([some.mean(axis=0) for some in collection.beside[name]])
        return unit((numbers - numbers.mean(axis=0)) / (numbers.std(axis=0) + 1e-9))

    return of


def by_epsilon() -> dict[str, Form]:
    return {
        "mean of unit slices": mean(MODEL.project),
        "mean of slices as they are": mean(MODEL.project, units=False),
        "the same, 32 bits stored": tfidf(1e-9, stored=np.float32),
        "without the first and last": inner(mean(MODEL.project)),
        **{f"epsilon {epsilon:g}": tfidf(epsilon) for epsilon in EPSILONS},
    }


def by_feel(collection: Collection, others: Slices) -> dict[str, Form]:
    now = mean(power(0.5))
    forms = {f"power {exponent:g}": mean(power(exponent)) for exponent in (0.5, -0.25, 0, 0.25, 0.75, 1, 1.25)}
    forms["0.5, median of slices"] = mean(power(0.5), average=np.median)
    for weight in (0.1, 0.2, 0.35):
        for name in collection.beside:
            forms[f"0.5, and {weight:g} of {name}"] = beside(now, heard(name), weight)
    if others:
        forms |= {
            "tags alone": mean(tags(others)),
            "power 0, and 0.2 of tags": beside(mean(power(0)), mean(tags(others)), 0.2),
            "0.5, and 0.2 of deviations": beside(now, deviations(others), 0.2),
            "power 1, and 0.2 of deviations": beside(mean(power(1)), deviations(others), 0.2),
            "0.5, and 0.3 of squares": beside(now, squares(others), 0.3),
            **{f"within songs, power {exponent:g}": mean(within_songs(others, exponent)) for exponent in (0.5, 1, 1.5)},
        }
    return forms


def shared(form: Form, other: Form, collection: Collection) -> float:
    """The share of the nearest of a track that are its nearest by the other form, too."""
    nearest = [np.argsort(-similarities(one, collection), axis=1)[:, :WITHIN] for one in (form, other)]
    return float(np.mean([len(np.intersect1d(*pair)) for pair in zip(*nearest, strict=True)]) / WITHIN)


def report(collection: Collection, forms: dict[str, Form]) -> None:
    counts = {kind: int((getattr(collection, kind) != "").sum()) for kind in ("genre", "artist", "album")}
    known = ", ".join(f"{count} with {kind}" for kind, count in counts.items())
    print(f"\n{collection.name}: {len(collection.slices)} tracks, {known}\n")
    print(f"| {collection.name} | {' | '.join(FIGURES)} | shared |")
    print("|---" * (2 + len(FIGURES)) + "|")
    first = next(iter(forms.values()))
    base = figures(first, collection)
    for name, form in forms.items():
        found = base if form is first else figures(form, collection)
        cells = [cell(found[figure], base[figure]) for figure in FIGURES]
        print(f"| {name} | {' | '.join(cells)} | {shared(form, first, collection):.2f} |", flush=True)


def embed(music: Path, target: Path) -> None:
    """Write the slices, labels and what could stand beside the vector of all tracks of a folder."""
    import mutagen

    rows = []
    for file in sorted(path for path in music.rglob("*") if path.suffix.lower() in SUFFIXES):
        try:
            windows = read_windows(file, sample_rate=MODEL.sample_rate, length=MODEL.window, limit=WINDOWS)
        except AudioError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        if len(windows) >= LEAST:
            told = mutagen.File(file, easy=True)
            labels = {kind: (told.get(kind) or [""])[0] for kind in ("genre", "artist", "album")}
            rows.append((MODEL.embed(windows), labels | {"album": labels["album"] or file.parent.name}, listen(windows)))
    slices, labels, numbers = zip(*rows, strict=True)
    np.savez(
        target,
        slices=np.concatenate(slices),
        track=np.repeat(np.arange(len(slices)), [len(some) for some in slices]),
        **{kind: np.array([row[kind] for row in labels]) for kind in labels[0]},
        **{kind: np.concatenate([row[kind] for row in numbers]) for kind in BESIDE},
    )


def listen(windows: np.ndarray) -> dict[str, np.ndarray]:
    """Of each window (windows, numbers): level and attacks; the spectrum's shape and its changes; the attacks' rhythm."""
    import librosa

    found = []
    for window in windows:
        mel = librosa.feature.melspectrogram(y=window, sr=MODEL.sample_rate, n_fft=512, hop_length=256, n_mels=40)
        decibels = librosa.power_to_db(mel)
        cepstrum = librosa.feature.mfcc(S=decibels, n_mfcc=20)
        attacks = librosa.onset.onset_strength(S=decibels, sr=MODEL.sample_rate, hop_length=256)
        level = np.sqrt(np.square(window).mean())
        rhythm = librosa.autocorrelate(attacks - attacks.mean(), max_size=130)[10:]
        crest = level / (np.abs(window).max() + 1e-6)
        found.append(
            (
                [np.log10(level + 1e-6), crest, attacks.mean(), attacks.std()],
                [*cepstrum.mean(axis=1), *cepstrum.std(axis=1)],
                rhythm / (np.abs(rhythm).max() + 1e-9),
            )
        )
    return dict(zip(BESIDE, map(np.array, zip(*found, strict=True)), strict=True))


def main(arguments: list[str]) -> None:
    what, *paths = arguments or [""]
    if what == "embed" and len(paths) == 2:
        embed(*map(Path, paths))
    elif what in ("epsilon", "feel") and paths:
        try:
            collections = [collection for path in paths for collection in read(Path(path))]
        except (OSError, KeyError, ValueError) as error:
            sys.exit(f"{error}; `python -m benchmarks.ears embed MUSIC SLICES.npz` makes such a file of your music")
        for collection in collections:
            others = [some for other in collections if other is not collection for some in other.slices]
            report(collection, by_epsilon() if what == "epsilon" else by_feel(collection, others))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
