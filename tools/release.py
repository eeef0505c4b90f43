"""What must be true before a version is published, and its tag. Nothing is uploaded and nothing pushed.

python -m tools.release --check
python -m tools.release --tag
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from deejai_core.version import __version__

CHANGELOG = Path(__file__).parent.parent / "CHANGELOG.md"


def faults(version: str, changelog: str, *, changed: str, tags: list[str]) -> Iterator[str]:
    """What keeps a version from being published. changed: what git says of files that are not committed."""
    if changed:
        yield f"commit or remove what has changed:\n{changed}"
    if tag_of(version) in tags:
        yield f"{tag_of(version)} is tagged already; raise the version in deejai_core/version.py"
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    headings = [section.partition("\n")[0] for section in sections]
    if not re.fullmatch(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d", headings[1] if len(headings) > 1 else ""):
        yield f'CHANGELOG.md: the second heading must be "## {version} - YEAR-MONTH-DAY"'
    if headings[:1] != ["Unreleased"] or sections[0].partition("\n")[2].strip():
        yield 'CHANGELOG.md: the first heading must be "## Unreleased", with nothing below it'


def tag_of(version: str) -> str:
    return f"v{version}"


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=CHANGELOG.parent, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def main() -> None:
    changelog = CHANGELOG.read_text(encoding="utf-8")
    found = list(faults(__version__, changelog, changed=git("status", "--porcelain"), tags=git("tag").split()))
    if found:
        sys.exit("\n".join(found))
    if "--tag" in sys.argv:
        git("tag", "--annotate", "--message", f"deejai {__version__}", tag_of(__version__))
        print(f"tagged {tag_of(__version__)}; now push the tag, and upload dist/ (CONTRIBUTING.md)")


if __name__ == "__main__":
    main()
