"""A distribution as a user gets it: installed into an empty environment, on a machine that cannot compile, and used.

    python tools/smoke.py FILE [PIP OPTIONS]

FILE: a wheel or an sdist. Nothing is taken from this checkout but the demo, which composes the music.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

DEMO = Path(__file__).parent.parent / "demo/demo.py"
NO_COMPILER = {"CC": "false", "CXX": "false"}

# What a program does with it: README has the same in more words.
PROGRAM = """
import sys
from importlib.metadata import entry_points, version
from pathlib import Path
import deejai_core
from deejai_core import FolderLibrary, Walk, analyse, similar, write_playlist

assert Path(deejai_core.__file__).is_relative_to(sys.prefix), deejai_core.__file__
assert version("beets-deejai") == deejai_core.__version__ == sys.argv[1]
assert [entry.value for entry in entry_points(group="mopidy.ext")] == ["mopidy_deejai.extension:Extension"]
library = FolderLibrary(sys.argv[2])
library.refresh()
analyse(library)
write_playlist(similar(library, ["Aisle"], Walk(count=3)), "three.m3u")
print(Path("three.m3u").read_text())
"""


def main() -> None:
    package, options = Path(sys.argv[1]).absolute(), sys.argv[2:]
    version = re.split(r"-|\.tar", package.name)[1]
    with tempfile.TemporaryDirectory() as folder:
        programs = install(package, options, Path(folder) / "environment")
        use(programs, version, Path(folder))


def install(package: Path, options: list[str], environment: Path) -> Path:
    """Returns the folder of the environment's programs."""
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    pip = [programs / "python", "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", *options, package], env=os.environ | NO_COMPILER)
    run([*pip, "check"])
    return programs


def use(programs: Path, version: str, folder: Path) -> None:
    run([programs / "python", DEMO], cwd=folder)  # composes, imports, analyses, makes a list
    library = folder / "demo-library/composed"
    env = os.environ | {"BEETSDIR": str(library)}
    for words in (
        ["tag"],
        ["similar", "--words", "calm piano"],
        ["journey", "-n", "3", "Aisle", "Surge"],
        ["completion", "bash"],
    ):
        run([programs / "beet", "deejai", *words], cwd=folder, env=env, quiet=True)
    run([programs / "beet", "deejai", "doctor"], cwd=folder, env=env)
    run([programs / "python", "-c", PROGRAM, version, library / "songs/Nave"], cwd=folder)


def run(arguments: list[str | Path], *, quiet: bool = False, **options: object) -> None:
    """Run a program; ends this one with its status if that is not 0."""
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(arguments, stdout=output, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments[:4]))}: ended with status {done.returncode}")


if __name__ == "__main__":
    main()
