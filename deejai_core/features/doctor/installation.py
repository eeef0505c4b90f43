"""Checks whether the installation works."""

from __future__ import annotations

import re
import tempfile
import wave
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np

from deejai_core.embedding.analysis import embed_file
from deejai_core.features.doctor.finding import Finding
from deejai_core.models.onnx.model import OnnxModel
from deejai_core.models.protocol import Companion, Model
from deejai_core.options.analysis import Analysis
from deejai_core.words import counted

NEEDED = ("numpy", "safetensors", "soundfile", "soxr", "av", "mediafile", "mutagen", "filelock", "threadpoolctl")
OPTIONAL = ("annoy", "annoy-mm", "torch", "onnxruntime", "onnxruntime-gpu")  # named if they are installed
OLDEST_MOPIDY = [3, 4]
SLOW = {"blas", "cblas", "netlib", "none"}  # numpy's names for reference implementations of BLAS, and its own loops


def dependencies(needed: Sequence[str] = ()) -> Finding:
    """Check the libraries without which nothing works. needed: further ones."""
    found, missing = [], []
    for name in (*needed, *NEEDED, *OPTIONAL):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing += [name] if name not in OPTIONAL else []
    if missing:
        return Finding("dependencies", f"not installed: {', '.join(missing)}; reinstall beets-deejai", wrong=True)
    return Finding("dependencies", ", ".join(found))


def extension() -> Finding | None:
    """Check whether Mopidy, if installed, can load the extension. None: it is not installed, or not visible from here."""
    try:
        version = metadata.version("mopidy")
    except metadata.PackageNotFoundError:
        return None
    if [int(number) for number in re.findall(r"\d+", version)[:2]] < OLDEST_MOPIDY:
        return Finding("mopidy", f"Mopidy {version} is too old for the extension: it needs 3.4", wrong=True)
    if not metadata.entry_points(group="mopidy.ext", name="deejai"):
        told = f"Mopidy {version} does not find the extension; reinstall beets-deejai"
        return Finding("mopidy", told, wrong=True)
    return Finding("mopidy", f"Mopidy {version} loads the extension")


def matrix_products() -> Finding:
    """Check whether numpy has a fast BLAS: Debian's reference one took ten times as long as OpenBLAS."""
    from threadpoolctl import threadpool_info

    used = [f"{each['internal_api']} {each['version']}" for each in threadpool_info() if each["user_api"] == "blas"]
    built = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {}).get("name") or "none"
    if used or built not in SLOW:  # threadpoolctl does not know all others
        return Finding("matrix products", f"computed by {', '.join(used) or built}")
    told = f"numpy uses a slow BLAS ({built}): MusiCNN takes ten times as long; install a numpy with OpenBLAS, as pip does"
    return Finding("matrix products", told, wrong=True)


def weights(name: str, network: Model | Companion) -> Finding:
    """Check whether the weights of a model, or of one of its companions, are intact."""
    if network.is_intact():
        return Finding("model", f"{name}, weights intact")
    if isinstance(network, OnnxModel):
        return Finding("model", f"{network.folder}: not the network that was imported; import it again", wrong=True)
    return Finding("model", f"{name}: its weights are damaged; reinstall beets-deejai", wrong=True)


def embedding(model: Model, analysis: Analysis) -> Finding:
    """Embed a file, through all steps of an analysis."""
    tone = (8000 * np.sin(np.arange(16_000 * 4) / 5)).astype("<i2")
    with tempfile.TemporaryDirectory() as folder, analysis.limits.decoder() as decoder:
        path = Path(folder) / "tone.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(tone.tobytes())
        trunk = embed_file(path, model, decoder, windows=2).trunk
    slices = 0 if trunk is None else len(trunk)
    return Finding("analysis", f"decoded and analysed a test tone, {counted(slices, 'slice')}")
