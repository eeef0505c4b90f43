"""Playlists in the formats XSPF (https://xspf.org/spec) and JSPF (https://xspf.org/jspf)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from deejai_core.playlists.tracks import Header, Style, Track, location, one_line, urlencoded

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

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
