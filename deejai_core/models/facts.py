"""What there is to know of a model, in words."""

from __future__ import annotations

from collections.abc import Mapping

from deejai_core.errors import HINTS
from deejai_core.models.deejai.model import Speccy
from deejai_core.models.folders import Description
from deejai_core.models.head import Head
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.protocol import Model


def kind(model: Model) -> str:
    """What sort of model it is, in few words."""
    if not isinstance(model, Head):
        if isinstance(model, Speccy) and model.untrained:
            return "network with random weights"
        return "bundled" if isinstance(model, MusiCNN) else "network"
    weight = model.config.weight
    return f"learned from lists, on {model.trunk_name}" + ("" if weight == 1 else f", weighing {weight:.0%} beside it")


def facts(name: str, described: Description, words: Mapping[str, str] = HINTS) -> dict[str, str]:
    """What there is to say of a model, by label. words: for what would help, by its name in `HINTS`."""
    model = described.model
    found = {
        "model": name,
        "vectors": f"{model.name}, {model.dimension} dimensions, epsilon {model.epsilon:.3g}",
        "trunk": f"{model.trunk_name}, {model.trunk_size} numbers per slice of {model.window / model.sample_rate:.1f} s",
        "kind": kind(model),
        "tags": "yes" if model.tag_set else f"no; {words['tag by the bundled model']}",
    }
    if described.folder:
        found["folder"] = str(described.folder)
    if described.origin:
        found["from"] = "{}, revision {}".format(*described.origin)
    return found | described.trained
