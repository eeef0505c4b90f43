"""Playlists of Windows' players: ASX, WPL and ZPL. They are only read."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from deejai_core.errors import PlaylistError
from deejai_core.formats.entries import Entry, Listing
from deejai_core.formats.markup import first, local_name, parse_markup, texts
from deejai_core.formats.text import as_bytes


def parse_asx(data: bytes) -> Listing:
    """Return the content of a playlist. Raises PlaylistError if it is not one."""
    root = parse_markup(data, any_case=True)
    if local_name(root) != "asx":
        raise PlaylistError("it is not ASX")
    return Listing([_asx_entry(entry) for entry in root.iter("entry")], first(texts(root), "title"))


def parse_wpl(data: bytes) -> Listing:
    """Return the content of a playlist. Raises PlaylistError if it is not one."""
    root = parse_markup(data)
    if local_name(root) != "smil":
        raise PlaylistError("it is not WPL")
    title = next((first(texts(child), "title") for child in root if local_name(child) == "head"), "")
    media = [element for element in root.iter() if local_name(element) == "media"]
    entries = [_wpl_entry(element) for element in media if element.get("src")]
    return Listing(entries, title, odd=len(media) - len(entries))


def _asx_entry(entry: Element) -> Entry:
    told = texts(entry)
    hrefs = (ref.get("href", "").strip() for ref in entry.iter("ref"))
    return Entry(tuple(map(as_bytes, filter(None, hrefs))), first(told, "author"), first(told, "title"))


def _wpl_entry(media: Element) -> Entry:
    artist = media.get("trackArtist") or media.get("albumArtist") or ""
    return Entry((as_bytes(media.get("src", "")),), artist, media.get("trackTitle", ""), media.get("albumTitle", ""))
