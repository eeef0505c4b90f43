"""What an installation brings."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SETUP = Path(__file__).parent.parent / "setup.py"


@pytest.fixture
def described(monkeypatch) -> dict:
    """What setup.py tells setuptools."""
    told = {}
    monkeypatch.setattr(setuptools, "setup", lambda **options: told.update(options))
    monkeypatch.chdir(SETUP.parent)
    runpy.run_path(str(SETUP))
    return told


def names(requirements: list[str], **machine: str) -> set[str]:
    """Of the requirements those that count on a machine."""
    parsed = [Requirement(text) for text in requirements]
    return {canonicalize_name(each.name) for each in parsed if each.marker is None or each.marker.evaluate(machine)}


PLAIN_LACKS = {"torch", "librosa", "gensim", "scipy", "matplotlib", "opentsne", "pyarrow", "h5py", "flask"}


def test_what_only_some_commands_need_is_left_to_extras(described):
    assert not names(described["install_requires"]) & PLAIN_LACKS


@pytest.mark.parametrize("extra", ["train", "network", "gpu", "hub", "keras"])
def test_torch_comes_with_what_needs_it(described, extra):
    assert "torch" in names(described["extras_require"][extra])


def test_history_and_pages_need_no_torch(described):
    for extra in ("history", "web", "map", "mix", "listen", "mpd", "dask", "spark"):
        assert "torch" not in names(described["extras_require"][extra])


def test_all_is_all_that_commands_need(described):
    extras = described["extras_require"]
    commands = extras.keys() - {"all", "annoy", "weights", "bench", "test", "release", "docs", "mutants", "mopidy"}
    assert names(extras["all"]) == {name for extra in commands for name in names(extras[extra])}
    assert names(extras["all"]) < names(extras["test"])


@pytest.mark.parametrize(
    ("machine", "plain", "extra"),
    [
        (("3.10", "linux", "x86_64"), {"annoy-mm"}, set()),
        (("3.13", "linux", "aarch64"), {"annoy-mm"}, set()),
        (("3.12", "darwin", "arm64"), {"annoy-mm"}, set()),
        (("3.12", "win32", "AMD64"), {"annoy-mm"}, set()),
        (("3.14", "linux", "x86_64"), set(), {"annoy"}),
        (("3.11", "linux", "armv7l"), set(), {"annoy"}),
        (("3.11", "darwin", "x86_64"), set(), {"annoy"}),
        (("3.11", "freebsd14", "amd64"), set(), {"annoy"}),
    ],
)
def test_a_plain_installation_never_compiles_annoy(described, machine, plain, extra):
    version, platform, processor = machine
    on = {"python_version": version, "sys_platform": platform, "platform_machine": processor}
    annoy = {"annoy", "annoy-mm"}
    assert names(described["install_requires"], **on) & annoy == plain
    assert names(described["extras_require"]["annoy"], **on) & annoy == extra
