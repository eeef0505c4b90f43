"""The last seconds of a sound in the room, embedded again and again as songs are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from deejai_core.audio.decode import window_starts
from deejai_core.models.protocol import Model
from deejai_core.playlists.segue import ENDS

WINDOW = 30  # seconds that are embedded together
# The networks are sensitive to loudness, and a microphone's level says nothing about a song's: the sound is embedded at two
# levels of songs, and the vector nearer to the library counts. Measured, see docs/listen.md.
LOUDNESSES = (-12.0, -18.0)  # dBFS
QUIETEST = -120.0  # dBFS, for silence
BLOCK = 4096  # tracks whose beginnings are projected at once


@dataclass(frozen=True, eq=False)
class Moment:
    """What was heard at some time of a stream."""

    at: float  # seconds since the stream began
    level: float  # dBFS, of the new part
    samples: np.ndarray  # (n,) mono, the last seconds; empty if silent


def level(samples: np.ndarray) -> float:
    """Return the mean level of samples, in dBFS (a full-scale square wave has 0)."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return max(QUIETEST, 10 * math.log10(max(power, 1e-30)))


def moments(
    blocks: Iterable[np.ndarray],
    sample_rate: int,
    *,
    every: float,
    silence: float,
    on_level: Callable[[float, float], None] = lambda at, level: None,
) -> Iterator[Moment]:
    """Yield a moment for each `every` seconds of the stream, and one at its end.

    blocks: mono samples at `sample_rate` (Hz). silence: dBFS below which there is no music; it also ends what was heard
    before, since another song may begin after it. on_level: called with the time and the level of each block.
    """
    window = np.zeros(0, np.float32)
    new = total = 0

    def moment() -> Moment:
        fresh = level(window[-new:])
        return Moment(total / sample_rate, fresh, window if fresh > silence else window[:0])

    for block in blocks:
        if not len(block):
            continue
        total += len(block)
        new = min(new + len(block), WINDOW * sample_rate)
        window = np.concatenate([window, block])[-WINDOW * sample_rate :]
        on_level(total / sample_rate, level(block))
        if new >= every * sample_rate:
            now = moment()
            window, new = now.samples, 0
            yield now
    if new:
        yield moment()


def directions(samples: np.ndarray, model: Model) -> np.ndarray:
    """Return the vectors of samples at each of LOUDNESSES: unit vectors (loudnesses, dimension) float32.

    Each is the plain mean of the unit slices, evenly over the samples, which are not silent. Mp3ToVec's weights, when
    measured, did not find the song more often, and would need all slices of the library.
    """
    starts = window_starts(len(samples), model.window, len(samples) // model.window + 1)
    windows = np.stack([np.resize(samples[start : start + model.window], model.window) for start in starts])
    gains = [10 ** ((wanted - level(samples)) / 20) for wanted in LOUDNESSES]
    slices = [_units(model.project(model.embed((gain * windows).astype(np.float32)))) for gain in gains]
    return _units(np.stack([units.mean(axis=0) for units in slices]))


def closest(directions: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return the one of several directions (m, dimension) that comes closest to any of the vectors (n, dimension)."""
    return np.asarray(directions[np.argmax((directions @ vectors.T).max(axis=1))])


def beginnings(trunks: Iterable[tuple[int, np.ndarray]], tracks: int, model: Model) -> np.ndarray:
    """Return the vectors of songs' beginnings: unit vectors (tracks, dimension) float32, zero for those without slices.

    trunks: track and trunk output (slices, trunk_size), of which only the first ones are kept: two slices each of some
    tracks at a time, and a vector of each track.
    """
    found = np.zeros((tracks, model.dimension), np.float32)
    rows: list[int] = []
    firsts: list[np.ndarray] = []

    def project() -> None:
        lengths = [len(first) for first in firsts]
        units = _units(model.project(np.concatenate(firsts)))
        found[rows] = _units(np.add.reduceat(units, np.cumsum([0, *lengths[:-1]])))

    for row, trunk in trunks:
        rows.append(row)
        firsts.append(trunk[:ENDS].copy())
        if len(rows) == BLOCK:
            project()
            rows, firsts = [], []
    if rows:
        project()
    return found


def _units(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))
