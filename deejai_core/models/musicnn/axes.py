"""The weights and quantiles of energy and valence, computed from tags. Written by `tools/build_axes.py`."""

from deejai_core.models.axes import Axis

# fmt: off
ENERGY = Axis(
    "energy",
    {
        "metal": 174,
        "hard rock": 184,
        "punk": 183,
        "party": 264,
        "dance": 152,
        "mellow": -244,
        "acoustic": -179,
        "ambient": -139,
        "chillout": -196,
        "beautiful": -268,
        "sad": -254,
    },
    (
        -19098561, -15377381, -13371526, -12168788, -11283600, -10569935, -9885319,
        -9233719, -8655938, -7808371, -7140638, -6279264, -5435441, -4294060,
        -3032836, -1871262, -615055, 862332, 3065992, 6239101, 11949747,
    ),
)
VALENCE = Axis(
    "valence",
    {
        "happy": 491,
        "party": 264,
        "soul": 174,
        "funk": 162,
        "oldies": 179,
        "metal": -174,
        "experimental": -220,
        "sad": -254,
        "ambient": -139,
    },
    (
        -10972890, -6876827, -5596804, -4867070, -4139663, -3521003, -2723616,
        -1955436, -1435782, -937388, -345074, 681816, 1512308, 2335575,
        3349165, 4118990, 5461285, 7280943, 9096242, 11524627, 14114255,
    ),
)
