"""Checks the built documentation: no page loads anything from elsewhere, and no link within it leads nowhere.

    python -m tools.site build/docs

Sphinx looks after links from Markdown; this also sees what themes and raw HTML add.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = ("src", "poster", "data")  # attributes that name what a page loads
LINKS_OF_METADATA = {"canonical", "next", "prev", "search", "index", "author", "license", "help", "alternate"}
IN_STYLES = re.compile(r"""(?:@import\s+|url\()\s*["']?((?:https?:)?//[^"')\s]+)""")


class Page(HTMLParser):
    """What one page loads and links to, and the places that can be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors = {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors.update(filter(None, (values.get("id"), values.get("name"))))
        self.loaded += [values[name] for name in LOADED if name in values]
        self.loaded += [each.split()[0] for each in values.get("srcset", "").split(",") if each.strip()]
        self.loaded += IN_STYLES.findall(values.get("style", ""))
        if tag == "link" and not LINKS_OF_METADATA & set(values.get("rel", "").split()):
            self.loaded.append(values.get("href", ""))
        if tag == "a" and "href" in values:
            self.links.append(values["href"])

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style":
            self.loaded += IN_STYLES.findall(data)


def faults(site: Path) -> Iterator[str]:
    """What is wrong with a site, a line each."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
    if not pages:
        yield f"{site}: no pages; run make docs"
    for path, page in pages.items():
        shown = path.relative_to(site.resolve())
        yield from (f"{shown}: loads {url}" for url in page.loaded if is_elsewhere(url))
        yield from (f"{shown}: {link} leads nowhere" for link in page.links if not leads_somewhere(link, path, pages))
    for path in sorted(site.rglob("*.css")):
        found = IN_STYLES.findall(path.read_text(encoding="utf-8"))
        yield from (f"{path.relative_to(site)}: loads {url}" for url in found)


def is_elsewhere(url: str) -> bool:
    return urlsplit(url).netloc != ""


def leads_somewhere(link: str, path: Path, pages: dict[Path, Page]) -> bool:
    """Whether a link within the site has a target; those that leave it are not looked at."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.is_file()
    return unquote(parts.fragment) in pages[target].anchors


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1])))
    print("\n".join(found) or "The site loads nothing from elsewhere, and its links lead somewhere.")
    sys.exit(bool(found))
