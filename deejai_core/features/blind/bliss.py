"""Tracks by the features of bliss-audio, a side of blind tests for those who have it installed."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np

from deejai_core.audio.child import Child, NoAnswerError, ask, end_child, start_child
from deejai_core.audio.limits import Limits
from deejai_core.data_folder import bliss_path
from deejai_core.errors import LibraryError, MissingError, StoreError
from deejai_core.files import replacing
from deejai_core.library import Library
from deejai_core.progress import Teller
from deejai_core.refusals import OWN, refusal

WORKER = "deejai_core.features.blind.bliss_worker"
KEPT_AFTER = 100  # recordings: the most that a kill loses
MOST_SILENT = 3  # files in a row without an answer, after which the run gives up
FAR = 4.0  # distance of the sphere's centre from the plane of features, in units of their distance from their mean

Features = dict[str, np.ndarray]  # (n,) by audio key; NaN for a file that bliss-audio cannot read


def bliss_directions(library: Library, limits: Limits, teller: Teller) -> tuple[np.ndarray, np.ndarray]:
    """Return the tracks that bliss-audio has features of: (n,) int64 ids in order, and (n, dimension) float32 unit vectors.

    What it has not analysed yet is analysed now, and stored. Raises MissingError without bliss-audio, LibraryError if it
    can read nothing, StoreError if its results cannot be stored.
    """
    if importlib.util.find_spec("bliss_audio") is None:
        raise MissingError("bliss-audio is not installed; pip install bliss-audio")
    edition = f"bliss-audio {_version()}"
    recordings, path = library.recordings(), bliss_path(library)
    kept = _read(path, edition)
    files = {recordings[id_]: track.path for id_, track in library.tracks(recordings).items()}
    lacking = [key for key in files if key not in kept]
    if lacking:
        teller.tell(f"{edition} analyses the tracks that are new to it; the results are kept")
        with teller.progress(len(lacking), "recordings") as progress:
            try:
                for done, features in enumerate(_analyse([files[key] for key in lacking], limits)):
                    kept[lacking[done]] = features
                    progress.step()
                    if (done + 1) % KEPT_AFTER == 0:
                        _write(path, edition, kept)
            finally:
                if kept:
                    _write(path, edition, kept)
    found = {id_: kept[key] for id_, key in sorted(recordings.items()) if key in files and np.isfinite(kept[key]).all()}
    if not found:
        raise LibraryError(f"{edition} could not read any file of this library")
    return np.array(list(found), np.int64), directions(np.stack(list(found.values())))


def directions(features: np.ndarray) -> np.ndarray:
    """Turn (n, k) features into (n, k + 1) float32 unit vectors, whose angles have the same order as the distances.

    The features are points of a plane that touches a large sphere, seen from the sphere's centre.
    """
    centred = features - features.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=1).mean()) or 1.0
    points = np.concatenate([centred / (FAR * spread), np.ones((len(features), 1))], axis=1)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)


def _version() -> str:
    try:
        return metadata.version("bliss-audio")
    except metadata.PackageNotFoundError:  # somebody has built it themselves
        return "of an unknown version"


def _analyse(files: Sequence[Path], limits: Limits) -> Iterator[np.ndarray]:
    """Yield the features of each file; NaN for one that takes too long, or ends the process that reads it.

    Raises LibraryError if the first few files all do: then the files are not at fault.
    """
    process: Child | None = None
    silent = 0  # files so far, if there was no answer for any of them
    try:
        for number, file in enumerate(files):
            process = process or start_child(WORKER, str(limits.memory))
            try:
                request = json.dumps(os.fspath(file)).encode() + b"\n"
                told, _ = ask(process, request, seconds=limits.seconds, most=0)
            except NoAnswerError:
                end_child(process)
                process, told = None, {}
                silent += silent == number
            if silent == MOST_SILENT:
                raise LibraryError("bliss-audio crashed; it may have been built for another processor")
            yield np.array(told.get("features") or [np.nan])
    finally:
        if process:
            end_child(process)


def _read(path: Path, edition: str) -> Features:
    """Return the stored features of this version; none if they cannot be read, since they can be computed again."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            if str(kept["edition"]) == edition:
                return dict(zip(kept["keys"].tolist(), kept["features"], strict=True))
    except Exception:  # missing or damaged, in one of the many ways in which a zip file can be
        pass
    return {}


def _write(path: Path, edition: str, features: Features) -> None:
    width = max(len(values) for values in features.values())
    rows = np.full((len(features), width), np.nan)
    for row, values in zip(rows, features.values(), strict=True):
        row[: len(values)] = values
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, edition=edition, keys=np.array(list(features)), features=rows)
    except OSError as error:
        raise StoreError(refusal(path, "cannot be written", error, OWN)) from error
