"""Write the bundled network as if somebody else had made it: `musicnn.onnx`, `musicnn.json` and its projection.

    python tools/export_musicnn.py FOLDER
    beet deejai model import FOLDER/musicnn.onnx same --config FOLDER/musicnn.json

What was imported so gives the vectors that the bundled network gives: the tests of networks from ONNX compare them. It also
is an example of a configuration, with a mel spectrogram, tags, and a projection of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.numpy import load_file, save_file

from deejai_core.models.musicnn import torch_layers
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.musicnn.network import WEIGHTS

CONFIGURATION = {
    "about": "MusiCNN (Pons and Serra, 2019), as beets-deejai has it; ISC licence",
    "input": {
        "kind": "mel",
        "rate": 16_000,
        "window": 48_128,
        "fft": 512,
        "hop": 256,
        "bands": 96,
        "multiply": 10_000,
        "add": 1,
        "log": "log10",
        "axes": ["batch", "frame", "band"],
    },
    "output": {"name": "penultimate"},
    "tags": {"name": "tags", "values": "probabilities", "names": list(MusiCNN.tag_set.names)},
    "projection": "musicnn-projection.safetensors",
    "epsilon": MusiCNN.epsilon,
}


def main(folder: Path) -> None:
    numbers = load_file(WEIGHTS / f"{MusiCNN.trunk_name}.safetensors")
    weights = {name: torch.from_numpy(values) for name, values in numbers.items()}

    class WithTags(torch.nn.Module):
        def forward(self, mel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            penultimate = torch_layers.trunk(mel, weights)
            return penultimate, torch.sigmoid(penultimate @ weights["tags.weight"] + weights["tags.bias"])

    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        WithTags().eval(),
        (torch.zeros(1, 187, 96),),
        folder / "musicnn.onnx",
        input_names=["mel"],
        output_names=["penultimate", "tags"],
        external_data=False,
        verbose=False,
    )
    projection = {name: numbers[f"projection.{name}"] for name in ("mean", "matrix")}
    save_file(projection, folder / CONFIGURATION["projection"])
    (folder / "musicnn.json").write_text(json.dumps(CONFIGURATION, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
