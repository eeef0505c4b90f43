"""A process that runs a network of unknown origin, so that the network cannot harm any other process.

`deejai_core.models.onnx.network` starts it. Requests are lines: one of JSON, and for a window a second one with its numbers
in base64. The first request says what to load. Answers are as `deejai_core.audio.child.answer` sends them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deejai_core.audio.child import answer, confine
from deejai_core.models.onnx.network import MOST_NUMBERS

if TYPE_CHECKING:
    import onnxruntime

TYPES = {  # of inputs: onnxruntime's names, and numpy's
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int16)": "int16",
    "tensor(bool)": "bool",
}


def main() -> None:
    answers, lines = confine(int(sys.argv[1]))
    os.environ.pop("ORT_LOAD_CONFIG_FROM_MODEL", None)  # a file must not influence how it is run
    from deejai_core.errors import MissingError
    from deejai_core.extras import extra

    try:
        with extra("onnx"):
            import onnxruntime  # noqa: F401
    except MissingError as error:
        answer(answers, {"missing": str(error)})
        return
    answer(answers, {"ready": True})
    session: Session | None = None
    for line in lines:
        request = json.loads(line)
        try:
            if "load" in request:
                session = Session(request)
                told, data = session.shapes(), b""
            elif session:
                told, data = session.run(request["shape"], next(lines))
        except MemoryError:
            told, data = {"error": "memory"}, b""
        except Exception as error:  # of onnxruntime, whose errors have no common base class
            text = " ".join(str(error).split())
            no_memory = any(words in text for words in ("Failed to allocate", "bad_alloc", "bad allocation"))
            told, data = {"error": "memory" if no_memory else text[:300] or type(error).__name__}, b""
        answer(answers, told, data)


class Session:
    """A loaded network. wanted: as `network.Network` sends it: path, digest, provider, constants and so on."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        import numpy as np
        import onnxruntime

        from deejai_core.models.onnx.graph import check_network

        data = Path(os.fsdecode(bytes.fromhex(wanted["load"]))).read_bytes()
        if hashlib.sha256(data).hexdigest() != wanted["sha256"]:
            raise ValueError("it is not the file that was imported")
        check_network(data)
        self._session = onnxruntime.InferenceSession(data, _options(), providers=wanted["providers"])
        self._input = wanted["input"]
        self._outputs = wanted["outputs"] or None
        kinds = {each.name: each.type for each in self._session.get_inputs()}
        self._type = TYPES.get(kinds.get(self._input, ""), "float32")
        self._constants = {
            name: np.asarray(value, TYPES.get(kinds.get(name, ""))).reshape(shape)
            for name, (value, shape) in wanted["constants"].items()
        }

    def shapes(self) -> dict[str, Any]:
        """Return the inputs and outputs: names, types and shapes, with text for sizes that are not fixed."""
        puts = {"inputs": self._session.get_inputs(), "outputs": self._session.get_outputs()}
        return {kind: [[each.name, each.type, list(each.shape or [])] for each in of] for kind, of in puts.items()}

    def run(self, shape: list[int], line: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the outputs for one window: their shapes, and their numbers one after the other."""
        import numpy as np

        numbers = np.frombuffer(base64.b64decode(line), np.float32).reshape(shape).astype(self._type)
        found = self._session.run(self._outputs, {self._input: numbers, **self._constants})
        arrays = [np.ascontiguousarray(array, np.float32) for array in found]
        if sum(array.size for array in arrays) > MOST_NUMBERS:
            raise ValueError(f"it puts out more than {MOST_NUMBERS:,} numbers")
        return {"shapes": [list(array.shape) for array in arrays]}, b"".join(array.tobytes() for array in arrays)


def _options() -> onnxruntime.SessionOptions:
    """Return options with one thread: numbers must not depend on cores, and files must not compete for them."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return options


if __name__ == "__main__":
    main()
