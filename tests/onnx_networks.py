"""Small networks as ONNX files: exported from torch, and put together by hand where no exporter would make them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

RATE = 16_000


class Wave(torch.nn.Module):
    """A waveform in, a row of numbers out."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.filters = torch.nn.Conv1d(1, 64, 200, 50)
        self.dense = torch.nn.Linear(64, numbers)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        return self.dense(torch.relu(self.filters(audio[:, None])).mean(2))


class Spectrogram(torch.nn.Module):
    """A mel spectrogram (1, 1, bands, frames) in, a row of numbers for each quarter of the frames and three tags out."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = torch.nn.Conv2d(1, 16, 5, 2)
        self.dense = torch.nn.Linear(16, 120)
        self.tags = torch.nn.Linear(120, 3)

    def forward(self, mel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.relu(self.filters(mel)).mean(2)  # (1, 16, frames)
        rows = self.dense(x.permute(0, 2, 1))  # (1, frames, 120)
        return rows, self.tags(torch.relu(rows.mean(1)))


def export(network: torch.nn.Module, shape: tuple[int, ...], path: Path, *, outputs: list[str]) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about itself
        torch.onnx.export(
            network.eval(),
            (torch.zeros(shape),),
            path,
            input_names=["audio"],
            output_names=outputs,
            external_data=False,
            verbose=False,
        )
    return path


def waveform_network(
    folder: Path, *, window: int = 8_000, numbers: int = 128, **configuration: object
) -> tuple[Path, Path]:
    """A network of waveforms, and its configuration."""
    torch.manual_seed(0)
    network = export(Wave(numbers), (1, window), folder / "wave.onnx", outputs=["row"])
    return network, write_config(
        folder / "wave.json", {"kind": "waveform", "rate": RATE, "window": window}, **configuration
    )


MEL = {"kind": "mel", "rate": RATE, "window": 16_384, "fft": 512, "hop": 256, "bands": 64, "log": "ln", "highest": 7_600}
MEL["axes"] = ["batch", 1, "band", "frame"]  # (1, 1, 64, 63)
ROWS = {"name": "rows", "axes": ["batch", "pool", "feature"], "pool": "mean"}
TAGS = {"name": "tags", "names": ["calm", "loud", "Hip-Hop"], "values": "logits"}


def mel_network(folder: Path, **configuration: object) -> tuple[Path, Path, Spectrogram]:
    """A network of mel spectrograms with tags, its configuration, and the same network in torch."""
    torch.manual_seed(0)
    network = Spectrogram()
    path = export(network, (1, 1, 64, 63), folder / "mel.onnx", outputs=["rows", "tags"])
    said = {"output": ROWS, "tags": TAGS, **configuration}
    return path, write_config(folder / "mel.json", MEL, **said), network


def write_config(path: Path, input_: dict, **more: object) -> Path:
    path.write_text(json.dumps({"input": input_, **more}))
    return path


def by_hand(path: Path, nodes: list, *, constants: list = (), inputs: dict | None = None, window: int = 1_000) -> Path:
    """A network of these nodes, from `audio` (1, window) and other inputs, by name with type and shape, to `row`."""
    put_in = [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [1, window])]
    put_in += [helper.make_tensor_value_info(name, type_, shape) for name, (type_, shape) in (inputs or {}).items()]
    put_out = [helper.make_tensor_value_info("row", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "graph", put_in, put_out, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def tensor(name: str, values: object, type_: type = np.float32) -> TensorProto:
    return numpy_helper.from_array(np.asarray(values, type_), name)


def endless(path: Path) -> Path:
    """A network that counts to 2 ** 62."""
    step = [
        helper.make_node("Identity", ["going"], ["goes_on"]),
        helper.make_node("Neg", ["x"], ["y"]),
    ]
    kinds = {"number": (TensorProto.INT64, []), "going": (TensorProto.BOOL, []), "x": (TensorProto.FLOAT, [1, 1_000])}
    body = helper.make_graph(
        step,
        "body",
        [helper.make_tensor_value_info(name, *kind) for name, kind in kinds.items()],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1_000]),
        ],
    )
    loop = helper.make_node("Loop", ["times", "yes", "audio"], ["row"], body=body)
    return by_hand(path, [loop], constants=[tensor("times", 2**62, np.int64), tensor("yes", True, bool)])


def huge(path: Path) -> Path:
    """A network that wants 40 GB once it sees a window."""
    nodes = [
        helper.make_node("Shape", ["audio"], ["shape"]),
        helper.make_node("Mul", ["shape", "factors"], ["sizes"]),
        helper.make_node("ConstantOfShape", ["sizes"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros", "axes"], ["sum"], keepdims=1),
        helper.make_node("Add", ["audio", "sum"], ["row"]),
    ]
    return by_hand(
        path,
        nodes,
        constants=[tensor("factors", [100_000, 100], np.int64), tensor("axes", [0, 1], np.int64)],
    )


def with_external(path: Path, where: str) -> Path:
    """A network with a tensor that lies in /etc/hostname: where is initializer, attribute, body, sparse or function."""
    outside = tensor("outside", [0.0])
    external = onnx.TensorProto()
    external.CopyFrom(outside)
    external.ClearField("raw_data")
    external.data_location = TensorProto.EXTERNAL
    entry = external.external_data.add()
    entry.key, entry.value = "location", "../../etc/hostname"
    constant = helper.make_node("Constant", [], ["outside"], value=outside)
    constant.attribute[0].t.CopyFrom(external)
    add = helper.make_node("Add", ["audio", "outside"], ["row"])
    if where == "initializer":
        return by_hand(path, [add], constants=[external])
    if where == "attribute":
        return by_hand(path, [constant, add])
    if where == "body":
        out = [helper.make_tensor_value_info("outside", TensorProto.FLOAT, [1])]
        body = helper.make_graph([constant], "body", [], out)
        branch = helper.make_node("If", ["yes"], ["chosen"], then_branch=body, else_branch=body)
        return by_hand(
            path,
            [branch, helper.make_node("Add", ["audio", "chosen"], ["row"])],
            constants=[tensor("yes", True, bool)],
        )
    plain = onnx.load(by_hand(path, [add], constants=[outside]))
    if where == "sparse":
        sparse = plain.graph.sparse_initializer.add()
        sparse.values.CopyFrom(external)
    else:
        plain.functions.append(helper.make_function("own", "f", [], ["outside"], [constant], [helper.make_opsetid("", 17)]))
    path.write_bytes(plain.SerializeToString())
    return path


def plain(path: Path) -> Path:
    """A network that puts out a part of what it sees."""
    cut = helper.make_node("Slice", ["audio", "from", "to", "axis"], ["row"])
    numbers = {"from": [0], "to": [150], "axis": [1]}
    return by_hand(path, [cut], constants=[tensor(name, value, np.int64) for name, value in numbers.items()])
