"""The table of licences in docs/licences.md, made anew from the metadata of what is installed.

    python -m tools.licences

Every requirement in setup.py must be installed, those of all extras included. If any is missing, this names it and
changes nothing.
"""

from __future__ import annotations

import runpy
import sys
from collections import defaultdict
from email.message import Message
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from unittest import mock

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/licences.md"
HEADING = "| package | needed by | licence |\n|---|---|---|\n"
ALWAYS = "every installation"
LONGEST = 60  # characters of what may be the name of a licence; some packages have all its text there
COLLECTIONS = {"all", "test"}  # extras of what other extras need


def needed_by() -> dict[str, list[str]]:
    """The direct requirements by name, and which extras ask for each; `ALWAYS` for those of a plain installation."""
    with mock.patch("setuptools.setup") as setup:
        runpy.run_path(str(ROOT / "setup.py"))
    options = setup.call_args.kwargs
    extras = options["extras_require"]
    found: dict[str, list[str]] = defaultdict(list)
    for extra, requirements in [(ALWAYS, options["install_requires"]), *extras.items()]:
        for name in {canonicalize_name(Requirement(text).name) for text in requirements}:
            found[name].append(extra)
    return {name: _narrow(extras) for name, extras in sorted(found.items())}


def _narrow(extras: list[str]) -> list[str]:
    """Without the extras that follow from others."""
    if ALWAYS in extras:
        return [ALWAYS]
    return [extra for extra in extras if extra not in COLLECTIONS] or extras


def licence(metadata: Message) -> str:
    """What a package's metadata call its licence: as an expression, in a few words, or as a classifier."""
    classifiers = [text.rpartition(" :: ")[2] for text in metadata.get_all("Classifier", []) if "License ::" in text]
    words = metadata.get("License", "").partition("\n")[0].strip()
    short = words if 0 < len(words) <= LONGEST else ""
    return metadata.get("License-Expression") or short or ", ".join(classifiers)


def name_in_text(name: str) -> str:
    """The first line of a package's licence file, for those whose metadata name none."""
    files = [file for file in distribution(name).files or [] if file.stem.upper() in ("LICENSE", "LICENCE", "COPYING")]
    return files[0].read_text().strip().partition("\n")[0].strip() if files else ""


def main() -> None:
    rows, missing = [], []
    for name, extras in needed_by().items():
        try:
            metadata = distribution(name).metadata
        except PackageNotFoundError:
            missing.append(name)
        else:
            needs = ", ".join(extra if extra == ALWAYS else f"`{extra}`" for extra in extras)
            rows.append(f"| {name} | {needs} | {licence(metadata) or name_in_text(name)} |")
    if missing:
        sys.exit(f"not installed: {' '.join(missing)}; install them (--no-deps will do) and start again")
    before, _, after = PAGE.read_text(encoding="utf-8").partition(HEADING)
    rest = after.partition("\n\n")[2]
    PAGE.write_text(f"{before}{HEADING}{chr(10).join(rows)}\n\n{rest}", encoding="utf-8")


if __name__ == "__main__":
    main()
