"""From music to a playlist, with the real commands, in a throw-away library that leaves the music as it is.

    python demo/demo.py [MUSIC]

Without MUSIC a small collection is composed first. Interrupted and started again, it goes on where it was.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from composer import ARTISTS, compose

FOLDER = Path("demo-library").absolute() / ("composed" if len(sys.argv) < 2 else "yours")
BEET = Path(sys.executable).with_name("beet")

CONFIG = """\
directory: {folder}/music
library: {folder}/library.db
plugins: deejai
import:
    copy: no
    write: no
    incremental: yes
create_backup_before_migrations: no
deejai:
    playlist_dir: {folder}
"""


def beet(*args: str, quiet: bool = False) -> str:
    """Show a command and run it; returns what it printed."""
    if not quiet:
        print(f"\n$ beet {' '.join(f'{arg!r}' if ' ' in arg else arg for arg in args)}", flush=True)
    process = subprocess.run(
        [BEET, *args], env=os.environ | {"BEETSDIR": str(FOLDER)}, stdout=subprocess.PIPE, text=True, errors="replace"
    )
    if not quiet:
        print(process.stdout, end="", flush=True)
    if process.returncode:
        sys.exit(process.returncode)
    return process.stdout


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "config.yaml").write_text(CONFIG.format(folder=FOLDER))
    if len(sys.argv) > 1:
        music = Path(sys.argv[1]).expanduser()
        if not music.is_dir():
            sys.exit(f"{music}: no such folder; give the one that your music is in: make demo MUSIC=~/Music")
        seed = None
    else:
        music = FOLDER / "songs"
        if not music.exists():
            print(f"composing {len(ARTISTS)} artists with {len(ARTISTS[0].titles)} songs each...", flush=True)
            unfinished = FOLDER / "unfinished"
            compose(unfinished)
            unfinished.rename(music)
        seed = "Low Fence"

    beet("import", "-q", "-A", str(music))
    here = f"path:{music.absolute()}"  # there may be other music in the library, from an earlier run
    if not beet("ls", here, quiet=True):
        sys.exit(f"{music}: beets found no music there")
    beet("deejai", "analyze", here)  # what an earlier run was interrupted in
    if seed is None:
        ids = beet("ls", "-f", "$id", here, "deejai_vector::.", quiet=True).split()
        if not ids:
            sys.exit(f"{music}: none of the music there could be analysed")
        seed = f"id:{random.choice(ids)}"
    lines = beet("deejai", "similar", seed).splitlines()
    playlist = Path(lines[-1].split(" tracks written to ", 1)[1])
    print(f"\n$ cat {str(playlist)!r}\n{playlist.read_text(errors='replace')}")
    print(f"Your playlist: {playlist}\nIt plays in any player. `make clean` removes the demo and .venv.")


if __name__ == "__main__":
    main()
