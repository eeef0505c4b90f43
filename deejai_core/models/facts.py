"""Facts about a model, in words."""

from __future__ import annotations

from collections.abc import Mapping

from deejai_core.errors import HINTS
from deejai_core.models.deejai.model import Speccy
from deejai_core.models.folders import Description
from deejai_core.models.head import Head
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.objectives import Objective
from deejai_core.models.onnx.model import OnnxModel
from deejai_core.models.protocol import Model


def objective_of(model: Model) -> Objective | None:
    """Return what a model was trained to do here; None if it was not trained here, or that is unknown."""
    if isinstance(model, Head):
        return model.config.objective
    return model.objective if isinstance(model, Speccy) else None


def kind(model: Model) -> str:
    """Return the kind of a model, in few words."""
    if not isinstance(model, Head):
        if isinstance(model, Speccy) and model.untrained:
            return "network with random weights"
        if isinstance(model, OnnxModel):
            return "ONNX network"
        if isinstance(model, MusiCNN):
            return "bundled"
        return f"network, objective {objective_of(model)}" if objective_of(model) else "network"
    weight, objective = model.config.weight, objective_of(model)
    how = "learned from lists" if objective == "lists" else f"learned, objective {objective}"
    return f"{how}, on {model.trunk_name}" + ("" if weight == 1 else f", with {weight:.0%} of the weight")


def facts(name: str, described: Description, words: Mapping[str, str] = HINTS) -> dict[str, str]:
    """Return the facts about a model, by label. words: gives the advice for a name in `HINTS`."""
    model = described.model
    found = {
        "model": name,
        "vectors": f"{model.name}, {model.dimension} dimensions, epsilon {model.epsilon:.3g}",
        "trunk": f"{model.trunk_name}, {model.trunk_size} numbers per slice of {model.window / model.sample_rate:.1f} s",
        "kind": kind(model),
        "tags": "yes" if model.tag_set else f"no; {words['tag by the bundled model']}",
    }
    if isinstance(model, OnnxModel):
        found |= _of_onnx(model, words)
    if described.folder:
        found["folder"] = str(described.folder)
    if described.origin:
        found["from"] = "{}, revision {}".format(*described.origin)
    return found | described.trained


def _of_onnx(model: OnnxModel, words: Mapping[str, str]) -> dict[str, str]:
    """Yield the facts about a network that a user brought."""
    audio = model.config.input
    what = (
        f"mel spectrogram, {audio.frames} frames of {audio.bands} bands"
        if audio.is_mel
        else f"waveform, {audio.window} samples"
    )
    if model.is_unfitted:
        projection = f"none yet; {words['analyse to project']}"
    elif model.projection is None:
        projection = "none, by its configuration"
    else:
        source = f"fitted to {model.kept.slices:,} slices" if model.kept.slices else "its own"
        projection = f"{model.kept.numbers} numbers to {model.dimension}, {source}"
    return {"input": f"{what}, at {audio.rate:,} Hz", "projection": projection}
