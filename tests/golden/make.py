"""Makes golden files anew: python -m tests.golden.make [NAME...]

NAME: walks, library, or a recording (lists, ...); all by default. CONTRIBUTING.md says when one may.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from demo.composer import compose
from tests.forkserver import forkserver
from tests.plugin.conftest import Beets

from . import walks
from .golden import RECORDINGS, dressed, plain
from .library import LIBRARY, make_rows
from .record import DATA, MACHINE, machine


def main(names: list[str]) -> None:
    known = ("walks", "library", *RECORDINGS)
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"{unknown[0]}: choose from {', '.join(known)}")
    wanted = names or known
    DATA.mkdir(exist_ok=True)
    if "walks" in wanted:
        walks.WALKS.write_text(walks.make())
    if set(wanted) - {"walks"}:
        MACHINE.write_text(json.dumps(machine(), indent=1) + "\n")
        with tempfile.TemporaryDirectory() as folder:
            record(Path(folder), wanted)
        forkserver().close()


def record(folder: Path, wanted: list[str]) -> None:
    music = folder / "music"
    compose(music, seconds=8)
    imported = Beets(folder / "imported")
    imported.run("import", "-qA", music)
    analysed = plain(imported, folder / "plain")
    if "library" in wanted:
        LIBRARY.write_text(make_rows(analysed))
    for name in filter(wanted.__contains__, RECORDINGS):
        library = analysed if RECORDINGS[name].plain else dressed(analysed, folder / name, music)
        for file, text in RECORDINGS[name].make(library, music).items():
            (DATA / file).parent.mkdir(exist_ok=True)
            (DATA / file).write_bytes(text.encode(errors="surrogateescape"))


if __name__ == "__main__":
    main(sys.argv[1:])
