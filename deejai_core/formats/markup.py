"""XML from anybody: without harm, and with the slips that programs make when they write it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from deejai_core.errors import PlaylistError
from deejai_core.formats.text import as_text, without_mark

# Compiled when they are needed: that takes longer than to import all the rest.
_BARE_AMPERSAND = r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)"
_NOT_ALLOWED = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_NOT_ALLOWED_NUMBER = r"&#(?:0*(?:[0-8]|1[1-24-9]|2\d|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
_TAG = re.compile(r"</?[A-Za-z]+\b")
_HREF = re.compile(r"\bhref\b", re.IGNORECASE)


def parse_markup(data: bytes, *, any_case: bool = False) -> ElementTree.Element:
    """The root of an XML document; bare ampersands and characters that XML forbids are let pass.

    any_case: tags may be in any case, as ASX has them; they are lower case then, and so is "href".

    A document type is refused: with it come entities, which can make a small file fill the memory, and no playlist needs
    one. Raises PlaylistError for that, and for what is no XML.
    """
    if not any_case:
        try:
            return _parse(data)
        except (ElementTree.ParseError, ValueError, LookupError):  # of an unknown encoding, too
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
    """An element's name without its namespace, which some programs forget."""
    return element.tag.rpartition("}")[2]


def texts(element: ElementTree.Element) -> dict[str, list[str]]:
    """What stands in an element's children, by their names; empty ones are left out."""
    found: dict[str, list[str]] = {}
    for child in element:
        if text := (child.text or "").strip():
            found.setdefault(local_name(child), []).append(text)
    return found


def first(found: dict[str, list[str]], name: str) -> str:
    """The first of the texts of this name; "" if there is none."""
    return next(iter(found.get(name, ())), "")


def _parse(data: bytes | str) -> ElementTree.Element:
    return ElementTree.fromstring(data, ElementTree.XMLParser(target=_Builder()))  # noqa: S314 (no document type)


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, *_: object) -> None:
        raise PlaylistError("it has a document type, which deejai refuses for safety")
