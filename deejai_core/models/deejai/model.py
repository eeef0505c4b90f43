"""The network of Deej-A.I.: from five seconds of music to a direction in the space of its Track2Vec.

Robert Dargavel Smith, "Deej-A.I." (2019): a network that was trained to predict, from a spectrogram alone, where listeners'
playlists place the track. This package does not contain its weights: they come from a folder (`folder.py`) or the hub
(`hub.py`).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.audio.spectrogram import mel_filters, power_mel
from deejai_core.errors import ModelError
from deejai_core.extras import extra
from deejai_core.models.deejai.network import FRAMES, MELS, build_network
from deejai_core.models.device import AT_ONCE, CPU, pick_device, use_one_thread
from deejai_core.models.objectives import Objective

if TYPE_CHECKING:
    import torch

SAMPLE_RATE = 22_050  # Hz, mono
N_FFT, HOP = 2048, 512
WINDOW = (FRAMES - 1) * HOP + N_FFT  # samples, 5.085 s: no frame reaches beyond it
RANGE = 80.0  # decibels below the loudest value that a mel slice distinguishes
SCALINGS = ("minmax", "decibels")

BATCH = 12  # mel slices through the network at once on the CPU: the same file always gets the same batches


class Speccy:
    """The network with its weights, which are loaded when something is embedded.

    kind: "2d" or "1d"; scaling: of SCALINGS the one that it was trained with; dimension, width: as in `build_network`;
    digest: the `weights_digest` of its weights; read: reads them, with the network's names; untrained: whether these are
    random; objective: what it was trained to do, if known.
    """

    sample_rate = SAMPLE_RATE
    window = WINDOW
    epsilon = 0.001  # cosine distance below which two slices are the same word in Mp3ToVec; the original's
    duplicate_epsilon = 0.001  # the original's
    alike = None
    tag_set = None
    more = ()
    pick_device = staticmethod(pick_device)

    def __init__(
        self,
        *,
        kind: str,
        scaling: str,
        dimension: int,
        width: int,
        digest: str,
        read: Callable[[], Mapping[str, torch.Tensor]],
        untrained: bool = False,
        objective: Objective | None = None,
    ) -> None:
        said = hashlib.blake2b(f"{kind} {scaling} {digest}".encode(), digest_size=4).hexdigest()
        self.name = f"speccy-{kind}-{said}"  # changes with every number that the model computes
        self.trunk_name = self.name  # the name under which slices are stored: the model is all trunk
        self.trunk_size = self.dimension = dimension
        self.scaling = scaling
        self.untrained = untrained
        self.objective = objective
        self._kind, self._width, self._digest = kind, width, digest
        self._read = read
        self._loading = threading.Lock()

    def is_intact(self) -> bool:
        """Return whether the weights are those that the model's name was computed from."""
        try:
            return weights_digest(self._read()) == self._digest
        except ModelError:
            return False

    @cached_property
    def _network(self) -> torch.nn.Module:
        import torch

        # A file's numbers must not depend on the number of cores, and files analysed in parallel would compete for them.
        torch.set_num_threads(1)
        with torch.device("meta"):  # no memory and no random numbers for weights that are replaced at once
            network = build_network(self._kind, dimension=self.dimension, width=self._width)
        network.load_state_dict(dict(self._read()), assign=True, strict=False)  # without the count of training batches
        # In half the time; torch's annotations lack this overload.
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network.eval()

    def load(self) -> None:
        use_one_thread()
        with self._loading:  # files are analysed in parallel, and the weights should be in memory once
            try:
                with extra("network"):
                    _ = self._network
            except OSError as error:  # one of torch's shared libraries is missing
                raise ModelError(f"cannot analyse audio: {error}; reinstall torch") from error

    def embed(self, windows: np.ndarray, *, device: str = CPU) -> np.ndarray:
        """Return slice vectors (n, `dimension`) of windows (n, `window`), both float32, with samples at `sample_rate`."""
        return self.trunk(self.mel(windows), device=device)

    def mel(self, windows: np.ndarray) -> np.ndarray:
        """Return the network's input for windows of audio, see `mel_slices`; does not need torch."""
        use_one_thread()
        return mel_slices(windows, self.scaling)

    def trunk(self, mel: np.ndarray, *, device: str = CPU) -> np.ndarray:
        """Return slice vectors (n, `dimension`) for mel slices (n, 96 mels, 216 frames), both float32; device: of torch."""
        self.load()
        import torch

        with self._loading:
            network = self._network.to(device)
        batches = torch.from_numpy(mel).split(BATCH if device == CPU else AT_ONCE)
        with torch.inference_mode():
            return np.concatenate([network(batch.to(device)).cpu().numpy() for batch in batches])

    def project(self, trunk: np.ndarray) -> np.ndarray:
        """Return slice vectors (..., `dimension`) float32, not normalised: the trunk's output unchanged."""
        return trunk.astype(np.float32)

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        """Return (n, 0): this model has no tags."""
        return np.empty((len(trunk), 0), np.float32)


def mel_slices(windows: np.ndarray, scaling: str) -> np.ndarray:
    """Return the network's input for windows of audio: (n, WINDOW) float32 -> (n, 96 mels, 216 frames) float32, 0 to 1.

    Decibels below the loudest value of the mel slice, down to -80, as librosa's `power_to_db(ref=np.max)`. Then "minmax",
    the original's scale, makes the lowest 0 and the highest 1; a mel slice with equal values everywhere is unchanged.
    "decibels", the published encoder's scale, makes -80 dB 0 and the loudest 1, in 255 steps.
    """
    filters = mel_filters(SAMPLE_RATE, n_fft=N_FFT, mels=MELS)
    slices = np.empty((len(windows), MELS, FRAMES), np.float32)
    for window, out in zip(windows, slices, strict=True):  # one at a time fits the cache: a third of the time
        # Quiet bands have a hundred-millionth of the power of loud ones, beside which float32 would round them visibly.
        power = power_mel(window.astype(np.float64), filters, n_fft=N_FFT, hop_length=HOP).T  # (mels, frames)
        out[:] = _scaled(power, scaling)
    return slices


def _scaled(power: np.ndarray, scaling: str) -> np.ndarray:
    decibels: np.ndarray = 10 * np.log10(np.maximum(power, 1e-10))
    decibels = np.maximum(decibels - decibels.max(), -RANGE)  # the loudest is 0
    if scaling == "decibels":
        return np.asarray(np.floor((decibels + RANGE) * (255 / RANGE) + 0.5) / 255)
    lowest = float(decibels.min())
    return np.asarray(1 - decibels / lowest) if lowest < 0 else decibels


def weights_digest(weights: Mapping[str, torch.Tensor]) -> str:
    """Return 32 hexadecimal digits of names, shapes and numbers, whatever file they come from."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(weights):
        digest.update(f" {name} {tuple(weights[name].shape)} ".encode())
        digest.update(weights[name].contiguous().numpy().data)
    return digest.hexdigest()
