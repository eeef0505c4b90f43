"""XML from any source: parsed safely, and with tolerance for the mistakes of programs that write it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from deejai_core.errors import PlaylistError
from deejai_core.formats.text import as_text, without_mark

# Compiled on first use, because that takes longer than importing everything else.
_BARE_AMPERSAND = r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)"
_NOT_ALLOWED = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_NOT_ALLOWED_NUMBER = r"&#(?:0*(?:[0-8]|1[1-24-9]|2\d|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
_TAG = re.compile(r"</?[A-Za-z]+\b")
_HREF = re.compile(r"\bhref\b", re.IGNORECASE)


def parse_markup(data: bytes, *, any_case: bool = False) -> ElementTree.Element:
    """Return the root of an XML document; bare ampersands and characters that XML forbids are accepted.

    any_case: tags may be in any case, as in ASX; they are returned in lower case, and so is "href".

    A document type is refused, because its entities can make a small file fill the memory, and no playlist needs one.
    Raises PlaylistError for that, and for anything that is not XML.
    """
    if not any_case:
        try:
            return _parse(data)
        except (ElementTree.ParseError, ValueError, LookupError):  # also for an unknown encoding
            pass
    text = re.sub(_NOT_ALLOWED_NUMBER, "", re.sub(_NOT_ALLOWED, "", as_text(without_mark(data))))
    text = re.sub(_BARE_AMPERSAND, "&amp;", text)
    if any_case:
        text = _HREF.sub("href", _TAG.sub(lambda tag: tag[0].lower(), text))
    try:
        return _parse(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise PlaylistError(f"it is not valid XML ({error})") from error


def local_name(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace, which some programs forget."""
    return element.tag.rpartition("}")[2]


def texts(element: ElementTree.Element) -> dict[str, list[str]]:
    """Return the texts of an element's children, by name, without empty ones."""
    found: dict[str, list[str]] = {}
    for child in element:
        if text := (child.text or "").strip():
            found.setdefault(local_name(child), []).append(text)
    return found


def first(found: dict[str, list[str]], name: str) -> str:
    """Return the first of the texts with this name, or ""."""
    return next(iter(found.get(name, ())), "")


def _parse(data: bytes | str) -> ElementTree.Element:
    return ElementTree.fromstring(data, ElementTree.XMLParser(target=_Builder()))  # noqa: S314 (no document type)


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, *_: object) -> None:
        raise PlaylistError("it has a document type, which deejai refuses for safety")
