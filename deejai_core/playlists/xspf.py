"""Playlists in the formats XSPF (https://xspf.org/spec) and JSPF (https://xspf.org/jspf)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

from deejai_core.errors import PlaylistError
from deejai_core.playlists.tracks import Entry, Header, Style, Track, location, one_line, urlencoded

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RECORDING = re.compile(rf"musicbrainz\.org/recording/({_UUID.pattern})")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

NAMESPACE = "http://xspf.org/ns/0/"


def format_xspf(tracks: Iterable[Track], style: Style, header: Header) -> bytes:
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.Element(f"{{{NAMESPACE}}}playlist", version="1")
    _fill(root, _head(header))
    entries = ElementTree.SubElement(root, f"{{{NAMESPACE}}}trackList")
    for track in tracks:
        _fill(ElementTree.SubElement(entries, f"{{{NAMESPACE}}}track"), _entry(track, style))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def format_jspf(tracks: Iterable[Track], style: Style, header: Header) -> bytes:
    entries = [_entry(track, style) for track in tracks]
    for entry in entries:
        entry |= {name: [entry[name]] for name in ("location", "identifier") if name in entry}  # lists in JSPF
    return json.dumps({"playlist": _head(header) | {"track": entries}}, ensure_ascii=False, indent=1).encode() + b"\n"


def parse_xspf(data: bytes) -> tuple[str, str, list[Entry]]:
    """A playlist's title and date, if it tells them, and its entries.

    A document type is refused: with it come entities, which can make a small file fill the memory, and no playlist needs
    one. Raises PlaylistError for that, and for what is no XSPF.
    """
    try:
        root = ElementTree.fromstring(data, ElementTree.XMLParser(target=_Builder()))  # noqa: S314 (no document type)
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # of an unknown encoding, too
        raise PlaylistError(f"this is not an XSPF playlist ({error})") from error
    if _local(root) != "playlist":
        raise PlaylistError("this is not an XSPF playlist")
    tracks = (track for tracks in root if _local(tracks) == "trackList" for track in tracks if _local(track) == "track")
    return (*_read_head(_texts(root)), [_read_entry(_texts(track)) for track in tracks])


def parse_jspf(data: bytes) -> tuple[str, str, list[Entry]]:
    """The same of a JSPF."""
    try:
        playlist = json.loads(data)["playlist"]
        tracks = playlist.get("track") or []
        entries = [_read_entry({name: _as_list(value) for name, value in track.items()}) for track in tracks]
        return (*_read_head({name: _as_list(value) for name, value in playlist.items()}), entries)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise PlaylistError("this is not a JSPF playlist") from error


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, *_: object) -> None:
        raise PlaylistError("this playlist has a document type, which may be harmful")


def _local(element: ElementTree.Element) -> str:
    """An element's name without its namespace, which some programs forget."""
    return element.tag.rpartition("}")[2]


def _texts(element: ElementTree.Element) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for child in element:
        texts.setdefault(_local(child), []).append((child.text or "").strip())
    return texts


def _as_list(value: object) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _read_head(texts: dict[str, list[str]]) -> tuple[str, str]:
    date = _first(texts, "date")[:10]
    return _first(texts, "title"), date if _DAY.fullmatch(date) else ""


def _read_entry(texts: dict[str, list[str]]) -> Entry:
    recordings = (_RECORDING.search(text) for text in texts.get("identifier", ()))
    location = _first(texts, "location").encode("utf-8", "surrogateescape")
    return Entry(
        location if b":/" in location else unquote_to_bytes(location),  # relative ones are encoded, too
        _first(texts, "creator"),
        _first(texts, "title"),
        _first(texts, "album"),
        next((found[1].lower() for found in recordings if found), ""),
    )


def _first(texts: dict[str, list[str]], name: str) -> str:
    return next(iter(texts.get(name, ())), "")


def _head(header: Header) -> dict[str, str]:
    fields = {"title": header.title, "annotation": "; ".join(header.recipe), "date": header.date}
    return {name: _clean(text) for name, text in fields.items() if text}


def _entry(track: Track, style: Style) -> dict[str, str | int]:
    fields = {
        "location": _uri(track.path, style),
        "identifier": f"https://musicbrainz.org/recording/{track.recording}" if _UUID.fullmatch(track.recording) else "",
        "title": _clean(track.title),
        "creator": _clean(track.artist),
        "album": _clean(track.album),
        "duration": round(1000 * track.length) if track.length else "",  # milliseconds
    }
    return {name: value for name, value in fields.items() if value}


def _uri(path: Path, style: Style) -> str:
    """Always URL-encoded, as these formats ask for."""
    name = urlencoded(location(path, style)).decode()
    if style.prefix or style.relative_to:
        return _clean(style.prefix) + name
    return ("file:///" if os.name == "nt" else "file://") + name


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return re.sub("[\ud800-\udfff\ufffe\uffff]", "\ufffd", one_line(text))


def _fill(element: ElementTree.Element, fields: dict[str, str | int]) -> None:
    for name, value in fields.items():
        ElementTree.SubElement(element, f"{{{NAMESPACE}}}{name}").text = str(value)
