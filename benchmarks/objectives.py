"""What a network should be trained to do, where there are a few hundred tracks and two cores: each objective on the same
music, held out by artist, against MusiCNN, heads on it, random weights and chance.

    python -m benchmarks.objectives embed MUSIC CACHE      # once: MUSIC/SOUNDTRACK/.../TRACK
    python -m benchmarks.objectives train CACHE ROW FOLD   # of ROWS and 0 or 1; goes on where it was stopped
    python -m benchmarks.objectives table CACHE FOLD...    # of what has been trained
    python -m benchmarks.objectives picture CACHE FILE     # the reconstructions of the variational autoencoder

Soundtracks are dealt to two folds, such that no artist is in both; what is trained on one is judged by the other, within
which tracks look for their neighbours. A track's vector is the mean of its unit slices in every space. Lists, where an
objective takes them, are the soundtracks of the fold that it is trained on.

Imports internals: training is no part of the public API.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mutagen
import numpy as np
import soxr
from PIL import Image

from deejai_core.audio.decode import read_windows
from deejai_core.errors import AudioError, TrainingError
from deejai_core.files import replacing
from deejai_core.models.deejai.model import SAMPLE_RATE, WINDOW, mel_slices
from deejai_core.models.device import use_one_thread
from deejai_core.models.head import unit
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.training.head import Examples
from deejai_core.training.library_training import train_on
from deejai_core.training.network import train_network, untrained
from deejai_core.training.objectives import Autoencoder, Course, TrainingData, task_of
from deejai_core.training.reconstruction import reconstruction_picture
from deejai_core.training.spectrograms import STEPS
from deejai_core.training.track2vec import learn
from deejai_core.training.validation import split

SUFFIXES = {".mp3", ".ogg", ".opus", ".flac", ".m4a"}
WINDOWS = 12  # of a track at most
MOST = 16  # tracks of a soundtrack
SHORTEST = 3  # windows; shorter sounds are no tracks
NOBODY = {"", "unknown", "<unknown>", "unknown artist"}
COURSE = Course(kind="1d", width=256, epochs=60, patience=20, batch=32, device="cpu")
ROWS = {  # network or head, objective, whether it is given the soundtracks as lists
    "random weights": ("1d", None, False),
    "random weights, standardised": ("1d", None, False),
    "lists": ("1d", "lists", True),
    "siamese, two windows of a track": ("1d", "siamese", False),
    "siamese, two songs of a soundtrack": ("1d", "siamese", True),
    "autoencoder": ("1d", "autoencoder", False),
    "variational": ("1d", "variational", False),
    "MusiCNN": ("head", None, False),
    "head on MusiCNN alone, lists": ("head", "lists", True),
    "head on MusiCNN alone, siamese, two windows of a track": ("head", "siamese", False),
    "head on MusiCNN alone, siamese, two songs of a soundtrack": ("head", "siamese", True),
}
BASE, STANDARDISED = "random weights", "random weights, standardised"
HIT, PRECISION = 5, 10
SAMPLES = 2_000  # of the bootstrap


@dataclass(frozen=True, eq=False)
class Music:
    pictures: np.ndarray  # (slices, 96, 216) uint8
    trunks: np.ndarray  # (windows, 200) of MusiCNN
    picture_of: np.ndarray  # (slices,) the track of each
    trunk_of: np.ndarray  # (windows,)
    artists: np.ndarray  # (tracks,) text; "" if unknown
    soundtracks: np.ndarray  # (tracks,) text

    @property
    def folds(self) -> np.ndarray:
        """(tracks,) 0 or 1. Soundtracks that have an artist in common are in the same, the largest are dealt first."""
        group = {name: name for name in np.unique(self.soundtracks).tolist()}
        for artist in np.unique(self.artists[self.artists != ""]).tolist():
            names = {group[name] for name in self.soundtracks[self.artists == artist].tolist()}
            group = {name: min(names) if root in names else root for name, root in group.items()}
        sizes = Counter(group[name] for name in self.soundtracks.tolist())
        fold, filled = {}, [0, 0]
        for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
            fold[name] = int(filled[1] < filled[0])
            filled[fold[name]] += size
        return np.array([fold[group[name]] for name in self.soundtracks.tolist()])

    def of(self, tracks: np.ndarray, *, trunks: bool = False) -> list[np.ndarray]:
        """Of each track its slices as pictures, or as MusiCNN's trunk has them."""
        values, of = (self.trunks, self.trunk_of) if trunks else (self.pictures, self.picture_of)
        starts, ends = np.searchsorted(of, tracks), np.searchsorted(of, tracks, "right")
        return [values[start:end] for start, end in zip(starts, ends, strict=True)]


def embed(folder: Path, cache: Path) -> None:
    """Decode the music once. What is there already stays. MusiCNN hears the first seconds of the same windows."""
    files = [path for soundtrack in sorted(folder.iterdir()) for path in _some(soundtrack)]
    parts = cache / "tracks"
    parts.mkdir(parents=True, exist_ok=True)
    model = MusiCNN()
    use_one_thread()
    for path in np.random.default_rng(0).permutation(files):
        target = parts / f"{hashlib.blake2b(os.fsencode(path.relative_to(folder)), digest_size=8).hexdigest()}.npz"
        if target.exists():
            continue
        try:
            windows = read_windows(path, sample_rate=SAMPLE_RATE, length=WINDOW, limit=WINDOWS)
        except AudioError as error:
            print(f"{path}: left out: {error}", file=sys.stderr)
            continue
        if len(windows) < SHORTEST:
            continue
        heard = [soxr.resample(window, SAMPLE_RATE, model.sample_rate)[: model.window] for window in windows]
        artist = ((mutagen.File(path, easy=True) or {}).get("artist") or [""])[0].strip()
        with replacing(target) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                pictures=(mel_slices(windows, "decibels") * STEPS).round().astype(np.uint8),
                trunks=model.embed(np.stack(heard)),
                artist="" if artist.lower() in NOBODY else artist,
                soundtrack=path.relative_to(folder).parts[0],
            )


def _some(folder: Path) -> list[Path]:
    files = np.array(sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES))
    return np.random.default_rng(0).permutation(files)[:MOST].tolist()


def read(cache: Path) -> Music:
    tracks = [np.load(path) for path in sorted((cache / "tracks").glob("*.npz"))]
    if not tracks:
        sys.exit(f"{cache}: nothing in it; `python -m benchmarks.objectives embed MUSIC {cache}` fills it")
    pictures, trunks = [track["pictures"] for track in tracks], [track["trunks"] for track in tracks]
    return Music(
        np.concatenate(pictures),
        np.concatenate(trunks).astype(np.float32),
        np.repeat(np.arange(len(tracks)), [len(some) for some in pictures]),
        np.repeat(np.arange(len(tracks)), [len(some) for some in trunks]),
        np.array([str(track["artist"]) for track in tracks]),
        np.array([str(track["soundtrack"]) for track in tracks]),
    )


def train(music: Music, cache: Path, row: str, fold: int) -> None:
    """Train on the other fold, and write the vectors of this one."""
    kind, objective, listed = ROWS[row]
    judged, taught = np.flatnonzero(music.folds == fold), np.flatnonzero(music.folds != fold)
    started = time.time()
    if kind == "head":
        project = _head(music, taught, objective, listed=listed)
        slices = [project(trunk) for trunk in music.of(judged, trunks=True)]
    else:
        course = Course(**{**vars(COURSE), "kind": kind, "objective": objective or "lists"})
        slices = _network(music, taught, judged, course, cache / f"{_name(row, fold)}.pt", taught_at_all=bool(objective))
    vectors = unit(np.stack([unit(some).mean(axis=0) for some in slices]))
    with replacing(cache / f"{_name(row, fold)}.npy") as temporary, temporary.open("wb") as file:
        np.save(file, vectors)
    print(f"{row}, fold {fold}: {time.time() - started:.0f} s", flush=True)


def _network(
    music: Music, taught: np.ndarray, judged: np.ndarray, course: Course, checkpoint: Path, *, taught_at_all: bool
) -> list[np.ndarray]:
    import torch

    from deejai_core.models.deejai.network import build_network

    torch.set_num_threads(1)
    if taught_at_all:
        data = _data(music, taught, course.objective, listed=ROWS[_row(checkpoint)][2])
        weights, progress = train_network(
            data, course, checkpoint, on_epoch=lambda epoch: print(f"{epoch.loss:.4f} {epoch.validation:.4f}", flush=True)
        )
        task = task_of(data, course)
        print(f"{_row(checkpoint)}: {task.judged(progress)} (epoch {progress.best + 1} of {len(progress.epochs)})")
        if course.objective == "variational":
            print(f"KL: {task.divergence(weights)}")
        network = build_network(course.kind, width=course.width)
        network.load_state_dict(dict(task.network(weights)))
    else:
        network = untrained(course)
    network.eval()

    def slices(tracks: np.ndarray) -> list[np.ndarray]:
        with torch.inference_mode():
            return [network(torch.from_numpy(some / np.float32(STEPS))).numpy() for some in music.of(tracks)]

    if _row(checkpoint) == STANDARDISED:  # else all of its vectors point nearly the same way
        known = np.concatenate(slices(taught))
        return [(some - known.mean(axis=0)) / known.std(axis=0) for some in slices(judged)]
    return slices(judged)


def _data(music: Music, taught: np.ndarray, objective: str, *, listed: bool) -> TrainingData:
    held_out = split(_artist_codes(music, taught), np.random.default_rng(COURSE.seed))
    lists = _lists(music, taught) if listed else []
    targets = _directions(music, taught) if objective == "lists" else None
    return TrainingData(music.of(taught), targets, held_out, lists if objective == "siamese" else [])


def _head(music: Music, taught: np.ndarray, objective: str | None, *, listed: bool) -> Callable[[np.ndarray], np.ndarray]:
    """From MusiCNN's trunk to slice vectors."""
    model = MusiCNN()
    if not objective:
        return model.project
    trunks = music.of(taught, trunks=True)
    own = unit(np.stack([unit(model.project(trunk)).sum(axis=0) for trunk in trunks]))
    targets = _directions(music, taught) if objective == "lists" else None
    lists = _lists(music, taught) if listed else []
    examples = Examples(trunks, own, targets, _artist_codes(music, taught), lists)
    for alone in (False, True):
        try:
            trained = train_on(examples, model, alone=alone, seed=COURSE.seed, objective=objective)
        except TrainingError as error:
            print(f"would not be kept: {error}", flush=True)
    print(f"weight {trained.weight}, validation {trained.progress.validation:.3f}, random {trained.progress.random:.3f}")
    return lambda trunk: unit(trained.weights.direct(trunk))


def _artist_codes(music: Music, tracks: np.ndarray) -> np.ndarray:
    """Tracks without an artist are their soundtrack's: whoever made it, is not to be on both sides."""
    names = np.where(music.artists == "", music.soundtracks, music.artists)
    return np.unique(names[tracks], return_inverse=True)[1]


def _lists(music: Music, tracks: np.ndarray) -> list[np.ndarray]:
    names = music.soundtracks[tracks]
    return [np.flatnonzero(names == name) for name in np.unique(names) if (names == name).sum() > 1]


def _directions(music: Music, tracks: np.ndarray) -> np.ndarray:
    """Where Track2Vec points that has the soundtracks for lists; at nothing in particular for what is in none."""
    learned = learn([[str(track) for track in listing] for listing in _lists(music, tracks)], seed=COURSE.seed)
    row = {int(word): vector for word, vector in zip(learned.words, learned.vectors, strict=True)}
    nothing = unit(learned.vectors.sum(axis=0))
    return np.stack([row.get(track, nothing) for track in range(len(tracks))]).astype(np.float32)


def _name(row: str, fold: int) -> str:
    return f"{row} {fold}"


def _row(checkpoint: Path) -> str:
    return checkpoint.stem.rpartition(" ")[0]


def figures(vectors: np.ndarray, artists: np.ndarray, soundtracks: np.ndarray) -> np.ndarray:
    """(3, tracks) of each track: a hit by artist, precision by soundtrack, and the same among others' tracks; or NaN.

    The last leaves out tracks by the same artist, and all whose artist is not known.
    """
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    known = artists != ""
    same_artist = (artists[:, None] == artists) & known & known[:, None]
    same_soundtrack = soundtracks[:, None] == soundtracks
    for same in (same_artist, same_soundtrack):
        np.fill_diagonal(same, False)
    nearest = np.argsort(-similarity, axis=1, kind="stable")
    hit = np.take_along_axis(same_artist, nearest[:, :HIT], axis=1).any(axis=1).astype(float)
    precision = np.take_along_axis(same_soundtrack, nearest[:, :PRECISION], axis=1).mean(axis=1)
    others = known & known[:, None] & (artists[:, None] != artists)
    by_others = np.argsort(-np.where(others, similarity, -np.inf), axis=1, kind="stable")[:, :PRECISION]
    of_others = np.take_along_axis(same_soundtrack, by_others, axis=1).mean(axis=1)
    counted = [same_artist.any(axis=1), same_soundtrack.any(axis=1), (same_soundtrack & others).any(axis=1)]
    return np.where(counted, [hit, precision, of_others], np.nan)


def chance(artists: np.ndarray, soundtracks: np.ndarray, deals: int = 200) -> np.ndarray:
    """(3, tracks) what the constant vector comes to: all are equally near, so neighbours are dealt."""
    rng = np.random.default_rng(0)
    return np.mean([figures(unit(rng.normal(size=(len(artists), 3))), artists, soundtracks) for _ in range(deals)], axis=0)


def table(music: Music, cache: Path, folds: list[int]) -> None:
    judged = [np.flatnonzero(music.folds == fold) for fold in folds]
    found: dict[str, np.ndarray] = {}
    for row in ROWS:
        paths = [cache / f"{_name(row, fold)}.npy" for fold in folds]
        if all(path.exists() for path in paths):
            by_fold = [
                figures(np.load(path), music.artists[tracks], music.soundtracks[tracks])
                for path, tracks in zip(paths, judged, strict=True)
            ]
            found[row] = np.concatenate(by_fold, axis=1)
    dealt = [chance(music.artists[tracks], music.soundtracks[tracks]) for tracks in judged]
    found["the constant vector"] = np.concatenate(dealt, axis=1)
    soundtracks = np.concatenate([music.soundtracks[tracks] for tracks in judged])
    counts = (~np.isnan(found[BASE])).sum(axis=1).tolist()
    print(f"{len(music.folds)} tracks, {len(soundtracks)} of {len(np.unique(soundtracks))} soundtracks judged: {counts}\n")
    print(f"| | artist hit@{HIT} | against {BASE} | soundtrack P@{PRECISION} | against {BASE} | by others, P@{PRECISION} |")
    print("|---|---|---|---|---|---|")
    for row, values in found.items():
        cells = []
        for figure in (0, 1):
            low, high = _interval(values[figure] - found[BASE][figure], soundtracks)
            cells += [f"{np.nanmean(values[figure]):.1%}", f"{100 * low:+.1f} to {100 * high:+.1f}"]
        print(f"| {row} | {' | '.join(cells)} | {np.nanmean(values[2]):.1%} |")


def _interval(differences: np.ndarray, soundtracks: np.ndarray) -> tuple[float, float]:
    """95 % of the mean difference: a bootstrap over soundtracks, since tracks of one are alike."""
    counted = ~np.isnan(differences)
    names, of = np.unique(soundtracks[counted], return_inverse=True)
    sums, sizes = np.bincount(of, differences[counted]), np.bincount(of)
    drawn = np.random.default_rng(0).integers(len(names), size=(SAMPLES, len(names)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return tuple(np.percentile(means, [2.5, 97.5]).tolist())


def picture(music: Music, cache: Path, file: Path) -> None:
    import torch

    course = Course(**{**vars(COURSE), "objective": "variational"})
    data = _data(music, np.flatnonzero(music.folds != 0), "variational", listed=False)
    state = torch.load(cache / f"{_name('variational', 0)}.pt", weights_only=True)
    task = task_of(data, course)
    assert isinstance(task, Autoencoder)
    drawn = Image.open(io.BytesIO(reconstruction_picture(*task.reconstructions(state["best"]))))
    drawn.convert("RGB").quantize(64).save(file, optimize=True)  # a third of the bytes, for the documentation


def main(arguments: list[str]) -> None:
    match arguments:
        case ["embed", music, cache]:
            embed(Path(music), Path(cache))
        case ["train", cache, row, fold] if row in ROWS and fold in ("0", "1"):
            train(read(Path(cache)), Path(cache), row, int(fold))
        case ["table", cache, *folds] if folds and set(folds) <= {"0", "1"}:
            table(read(Path(cache)), Path(cache), list(map(int, folds)))
        case ["picture", cache, file]:
            picture(read(Path(cache)), Path(cache), Path(file))
        case _:
            sys.exit(f"{__doc__}\nROWS: {', '.join(ROWS)}")


if __name__ == "__main__":
    main(sys.argv[1:])
