"""Playlists in the formats XSPF (https://xspf.org/spec) and JSPF (https://xspf.org/jspf)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from deejai_core.errors import PlaylistError
from deejai_core.formats.entries import Entry, Header, Listing, Style, Track, location, urlencoded
from deejai_core.formats.markup import first, local_name, parse_markup, texts
from deejai_core.formats.text import as_bytes, as_text, without_mark
from deejai_core.words import one_line

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RECORDING = re.compile(rf"musicbrainz\.org/recording/({_UUID.pattern})")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

NAMESPACE = "http://xspf.org/ns/0/"
IN_LISTS = ("location", "identifier")  # in JSPF, these are lists

Fields = Mapping[str, str | int]


def format_xspf(tracks: Iterable[Track], style: Style, header: Header) -> bytes:
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.Element(f"{{{NAMESPACE}}}playlist", version="1")
    _fill(root, _head(header))
    entries = ElementTree.SubElement(root, f"{{{NAMESPACE}}}trackList")
    for track in tracks:
        _fill(ElementTree.SubElement(entries, f"{{{NAMESPACE}}}track"), _entry(track, style))
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def format_jspf(tracks: Iterable[Track], style: Style, header: Header) -> bytes:
    return _jspf([_entry(track, style) for track in tracks], header)


def format_jspf_names(entries: Iterable[Entry], header: Header) -> bytes:
    """Return a JSPF playlist of songs by name, without files."""
    return _jspf([_filled(_names(entry)) for entry in entries], header)


def _jspf(entries: Iterable[Fields], header: Header) -> bytes:
    tracks = [{name: [value] if name in IN_LISTS else value for name, value in entry.items()} for entry in entries]
    return json.dumps({"playlist": {**_head(header), "track": tracks}}, ensure_ascii=False, indent=1).encode() + b"\n"


def parse_xspf(data: bytes) -> Listing:
    """Return the content of a playlist. Raises PlaylistError if it is not one, see `parse_markup`."""
    root = parse_markup(data)
    if local_name(root) != "playlist":
        raise PlaylistError("it is not XSPF")
    lists = (child for child in root if local_name(child) == "trackList")
    entries = [_read_entry(texts(track)) for tracks in lists for track in tracks if local_name(track) == "track"]
    return Listing(entries, *_read_head(texts(root)))


def parse_jspf(data: bytes) -> Listing:
    """Return the content of a playlist. Raises PlaylistError if it is not one."""
    try:
        # Its numbers do not matter, and one with thousands of digits would be an error.
        document = json.loads(as_text(without_mark(data)), parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise PlaylistError("it is not valid JSON") from error
    playlist = document.get("playlist") if isinstance(document, dict) else None
    if not isinstance(playlist, dict):
        raise PlaylistError("it is not JSPF")
    tracks = playlist.get("track") or []
    if not isinstance(tracks, list):
        tracks = [tracks]
    entries = [_read_entry(_lists(track)) for track in tracks if isinstance(track, dict)]
    return Listing(entries, *_read_head(_lists(playlist)), odd=len(tracks) - len(entries))


def _lists(fields: dict[str, object]) -> dict[str, list[str]]:
    return {name: _as_list(value) for name, value in fields.items()}


def _as_list(value: object) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str) and text]


def _read_head(told: dict[str, list[str]]) -> tuple[str, str]:
    date = first(told, "date")[:10]
    return first(told, "title"), date if _DAY.fullmatch(date) else ""


def _read_entry(told: dict[str, list[str]]) -> Entry:
    recordings = (_RECORDING.search(text) for text in told.get("identifier", ()))
    return Entry(
        tuple(map(as_bytes, told.get("location", ()))),
        first(told, "creator"),
        first(told, "title"),
        first(told, "album"),
        next((found[1].lower() for found in recordings if found), ""),
        encoded=True,
    )


def _head(header: Header) -> dict[str, str]:
    fields = {"title": header.title, "annotation": "; ".join(header.recipe), "date": header.date}
    return {name: _clean(text) for name, text in fields.items() if text}


def _entry(track: Track, style: Style) -> Fields:
    length = round(1000 * track.length) if track.length else ""  # milliseconds
    return _filled({"location": _uri(track.path, style), **_names(track), "duration": length})


def _names(track: Track | Entry) -> dict[str, str]:
    return {
        "identifier": f"https://musicbrainz.org/recording/{track.recording}" if _UUID.fullmatch(track.recording) else "",
        "title": _clean(track.title),
        "creator": _clean(track.artist),
        "album": _clean(track.album),
    }


def _filled(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value}


def _uri(path: Path, style: Style) -> str:
    """Return a URL, always encoded, as these formats require."""
    name = urlencoded(location(path, style)).decode()
    if style.prefix or style.relative_to:
        return _clean(style.prefix) + name
    return ("file:///" if os.name == "nt" else "file://") + name


def _clean(text: str) -> str:
    """Return text without the characters that XML forbids."""
    return re.sub("[\ud800-\udfff\ufffe\uffff]", "\ufffd", one_line(text))


def _fill(element: ElementTree.Element, fields: Fields) -> None:
    for name, value in fields.items():
        ElementTree.SubElement(element, f"{{{NAMESPACE}}}{name}").text = str(value)
