import os
from pathlib import Path

from setuptools import find_namespace_packages, setup

requirements = [
    "beets>=2.13",
    "confuse>=2.0",
    "mutagen>=1.46",
    "numpy>=2.0.2",
    "torch>=2.3",
    "safetensors>=0.4",
    "soundfile>=0.12.1",
    "soxr>=0.5",
    "av>=14",
    "tqdm>=4.60",
    "filelock>=3.12",
]
# annoy has no wheels: it is compiled on installation. Where there is no compiler it may be left out, from a source
# distribution at least, and exact search takes its place.
if not os.environ.get("DEEJAI_WITHOUT_ANNOY"):
    requirements.append("annoy>=1.17.3")

# The bundled weights are built with librosa's mel filter bank; only who builds them anew, or tests that, needs librosa.
build_weights = ["librosa>=0.10.2"]
test = [*build_weights, "pytest>=8.4", "hypothesis>=6.100", "ruff>=0.6"]

setup(
    name="beets-deejai",
    version="0.1.0",
    description="A beets plugin that keeps playing songs like this one: playlists and journeys by sound",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10,<3.15",
    packages=find_namespace_packages(include=["beetsplug.*", "deejai_core", "deejai_core.*"]),
    package_data={"deejai_core.models": ["weights/*"]},
    install_requires=requirements,
    extras_require={
        "weights": build_weights,
        "bench": ["bliss-audio>=0.2", "pymusly>=0.2"],
        "test": test,
    },
    classifiers=[
        "Environment :: Console",
        "License :: OSI Approved :: MIT License",
        "Programming Language :: Python :: 3",
        "Topic :: Multimedia :: Sound/Audio :: Analysis",
        "Topic :: Multimedia :: Sound/Audio :: Players",
    ],
)
