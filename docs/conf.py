"""How Sphinx builds the documentation: `make docs` writes it to build/docs. It asks for nothing from the network."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import deejai_core  # noqa: E402
from tools.messages import messages_as_markdown  # noqa: E402
from tools.options import options_as_markdown  # noqa: E402

project = "deejai"
copyright = "the deejai authors"  # noqa: A001 (Sphinx's name)
version = release = deejai_core.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
autosummary_generate = False  # numpydoc brings it, and no page uses it
source_suffix = {".md": "markdown"}
exclude_patterns = ["compiler.txt"]
nitpicky = True  # a link to what is not there is a warning, and `make docs` fails at one
nitpick_ignore_regex = [("py:.*", ".*")]  # but for types in signatures, most of which are other libraries'

myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
suppress_warnings = ["myst.xref_ambiguous"]
smartquotes = False  # it would make one dash of the two of --force

default_role = "code"  # what docstrings put between backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
numpydoc_show_class_members = False

html_theme = "furo"
html_title = "deejai"
html_static_path: list[str] = []
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

ABOVE = {
    "README.md": "first-minute.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "SECURITY.md": "security.md",
}
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def prepare(app: Sphinx, docname: str, source: list[str]) -> None:
    """Show the pages above this folder, lead links to them there, and write what comes from the code into its pages."""
    page = ROOT / "docs" / f"{docname}.md"
    origin = next((ROOT / above for above, below in ABOVE.items() if page == ROOT / "docs" / below), page)
    text = origin.read_text(encoding="utf-8")
    made = {"troubleshooting": messages_as_markdown, "options": options_as_markdown}.get(docname)
    text = made(text) if made else text
    source[0] = LINK.sub(lambda link: f"]({in_site(link[1], origin, page)}", text)


def in_site(target: str, origin: Path, page: Path) -> str:
    """A link of one page as another one has it; what is no page of the site becomes a download."""
    path = Path(os.path.normpath(origin.parent / target))
    if path.parent == ROOT and path.name in ABOVE:
        path = ROOT / "docs" / ABOVE[path.name]
    relative = Path(os.path.relpath(path, page.parent)).as_posix()
    return relative if path.is_relative_to(ROOT / "docs") else f"path:{relative}"


def setup(app: Sphinx) -> None:
    app.connect("source-read", prepare)
