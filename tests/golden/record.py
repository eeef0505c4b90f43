"""What the code says and does, as texts that a diff shows well.

Each recording is two texts: what is decided (tracks, orders, similarities, ids, numbers), and in which words it is told. A
change of wording shows in the second alone.
"""

from __future__ import annotations

import difflib
import json
import platform
import re
import shlex
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import threadpoolctl

if TYPE_CHECKING:
    from tests.plugin.conftest import Beets

DATA = Path(__file__).with_name("data")
MACHINE = DATA / "machine.json"
WORDS = ".words.txt"  # suffix of the files that hold wording

MEMBER = re.compile(r"(seed|waypoint) {3,}| *\d+ {2}(-?\d\.\d{3}| {5}) ")  # begins a line of a list
NUMBER = r"(?<![\w-])-?\d+(?:[.,:]\d+)*(?:°| %)?"
VOLATILE = (
    (r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:[+-]\d\d:\d\d|Z))?", "DATE"),
    (r"(?m)^.*\d+/\d+ tracks, .* left$", ""),  # progress, as often as it took a while
    (r"deejai \d+\.\d+\.\d+", "deejai VERSION"),
    (r"\d[\d.,]* [KMGT]B", "SIZE"),
    (r"built \d+ (s|min|h) ago", "built AGE ago"),
    (r"(dependencies|matrix products|computed by)  ?.*", r"\1 VERSIONS"),
)
TOLERANCE = 0.0011  # of what is told with decimals, where another machine has computed it


def machine() -> dict[str, object]:
    """What the last bit of a vector depends on: where this differs, bits may."""
    blas = [
        {name: pool.get(name) for name in ("internal_api", "version", "architecture")}
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas" and "numpy" in pool["filepath"]
    ]
    features = np.show_config(mode="dicts")["SIMD Extensions"]
    libraries = {name: version(name) for name in ("numpy", "soxr", "soundfile", "av")}
    return {"machine": platform.machine(), "libc": platform.libc_ver()[1], "simd": features, "blas": blas, **libraries}


def made_here() -> bool:
    """Whether the golden files were made on a machine like this one."""
    return json.loads(MACHINE.read_text()) == json.loads(json.dumps(machine()))


def masked(text: str, beets: Beets, music: Path) -> str:
    """Text without what differs from run to run: dates, sizes, and the folders of the library and its music."""
    text = text.replace(str(beets.folder), "FOLDER").replace(str(music), "MUSIC")
    for pattern, replacement in VOLATILE:
        text = re.sub(pattern, replacement, text)
    return text


class Recording:
    """What was decided in a library, and in which words.

    names: of tracks and albums, which belong to what is decided wherever they stand.
    """

    def __init__(self, beets: Beets, music: Path, names: list[str]) -> None:
        self._beets, self._music = beets, music
        alternatives = sorted(map(re.escape, names), key=len, reverse=True)
        self._figures = re.compile("|".join([*alternatives, NUMBER]))
        self._decided: list[str] = []
        self._words: list[str] = []

    def begin(self, title: str) -> None:
        for lines in (self._decided, self._words):
            lines += [*([""] if lines else []), f"## {title}"]

    def command(self, command: str) -> None:
        """Run `beet deejai COMMAND`, and record what it says."""
        for lines in (self._decided, self._words):
            lines.append(f"$ {command}")
        result = self._beets.deejai(*shlex.split(command), status=None)
        if "--json" in command:
            self.json(result.out)
        else:
            self.said(result.out)
        self.said(result.err, "!")
        if result.status:
            self.decided(f"status {result.status}")

    def json(self, text: str, hidden: Iterable[str] = ()) -> None:
        """A JSON object, with a line for each element of a list in it; sentences are words.

        hidden: names of what differs by more than rounding from machine to machine, of which the length is told.
        """
        for name, value in json.loads(masked(text, self._beets, self._music)).items():
            if name in hidden:
                value = f"{len(value)} long"
            elements = value if isinstance(value, list) and value and isinstance(value[0], dict | list) else None
            if name in ("error", "hints"):
                self.said("\n".join([value] if isinstance(value, str) else value))
            elif elements:
                self.decided(f"{name}:")
                self._elements(elements, "  ")
            else:
                self.decided(f"{name}: {json.dumps(value, ensure_ascii=False)}")

    def _elements(self, elements: list, indent: str) -> None:
        for element in elements:
            if isinstance(element, list):
                self.decided(f"{indent}--")
                self._elements(element, indent + "  ")
                continue
            rest = {name: value for name, value in element.items() if name != "broken"}
            self.decided(f"{indent}{json.dumps(rest, ensure_ascii=False)}")
            self.said("\n".join(element.get("broken", ())))

    def decided(self, line: object) -> None:
        self._decided.append(str(line))

    def said(self, text: str, mark: str = "~") -> None:
        """Text of lines. Members of lists are decisions; of all else, the figures and tracks in it are."""
        for line in filter(str.strip, masked(text, self._beets, self._music).splitlines()):
            if MEMBER.match(line):
                self._decided.append(line)
            else:
                self._decided.append(" ".join([mark, *(f"[{found}]" for found in self._figures.findall(line))]))
                self._words.append(f"{mark} {line}")

    def files(self, name: str) -> dict[str, str]:
        return {f"{name}.txt": "\n".join(self._decided) + "\n", f"{name}{WORDS}": "\n".join(self._words) + "\n"}


def difference(found: str, golden: str, name: str, *, exact: bool) -> str:
    """A unified diff of two texts, empty if they agree. exact: else numbers with decimals may differ by rounding."""
    if found == golden or (not exact and _agree(found, golden)):
        return ""
    pair = golden.splitlines(), found.splitlines()
    return "\n".join(difflib.unified_diff(*pair, f"golden {name}", f"found {name}", lineterm=""))


def _agree(found: str, golden: str) -> bool:
    measured = r"-?\d+\.\d+|\d+(?=°| %)"
    if re.sub(measured, "", found) != re.sub(measured, "", golden):
        return False
    pairs = zip(re.findall(measured, found), re.findall(measured, golden), strict=True)
    return all(abs(float(one) - float(other)) <= (TOLERANCE if "." in one else 1) for one, other in pairs)
