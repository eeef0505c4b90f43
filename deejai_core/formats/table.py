"""The formats of playlists: which are read, which are written, and how a file's format is recognised."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from deejai_core.formats.entries import Header, Listing, Style, Track
from deejai_core.formats.m3u import HEADER, format_m3u, parse_m3u
from deejai_core.formats.pls import SECTION, format_pls, parse_pls
from deejai_core.formats.text import without_mark
from deejai_core.formats.windows_media import parse_asx, parse_wpl
from deejai_core.formats.xspf import format_jspf, format_xspf, parse_jspf, parse_xspf


@dataclass(frozen=True)
class Format:
    """A playlist format."""

    name: str  # as in the option `output_format`
    suffixes: tuple[str, ...]  # of its files; the first one is used for writing
    parse: Callable[[bytes], Listing]
    write: Callable[[list[Track], Style, Header], bytes] | None = None  # None: the format is only read
    beginning: re.Pattern[bytes] | None = None  # the beginning of its files, if no other format's files begin like this


def _tag(name: str) -> re.Pattern[bytes]:
    """Return a pattern for XML documents whose first element is this."""
    return re.compile(rf"(?:<[?!][^>]*>\s*)*<(?:\w+:)?{name}\b".encode(), re.IGNORECASE)


TABLE = (
    Format("extm3u", (".m3u", ".m3u8"), parse_m3u, format_m3u, re.compile(re.escape(HEADER), re.IGNORECASE)),
    Format("m3u", (".m3u",), parse_m3u, lambda tracks, style, _: format_m3u(tracks, style)),
    Format("pls", (".pls",), parse_pls, format_pls, re.compile(re.escape(SECTION), re.IGNORECASE)),
    Format("xspf", (".xspf",), parse_xspf, format_xspf, _tag("playlist")),
    Format("jspf", (".jspf",), parse_jspf, format_jspf, re.compile(rb'\{[^{}\[\]]*"playlist"\s*:\s*\{')),
    Format("asx", (".asx", ".wax", ".wvx"), parse_asx, None, _tag("asx")),
    Format("wpl", (".wpl", ".zpl"), parse_wpl, None, _tag("smil")),
)
SUFFIXES = tuple(dict.fromkeys(suffix for format_ in TABLE for suffix in format_.suffixes))
PLAIN = ".txt"  # for a list of files, one per line
MAYBE = (".json", ".xml", "")  # for playlists, but also for much else: the content decides

BEGINNING = 4000  # bytes that are examined


def by_content(data: bytes) -> Format | None:
    """Return the format of files with this beginning; None if it may be any, or none."""
    beginning = without_mark(data[:BEGINNING]).lstrip()
    return next((format_ for format_ in TABLE if format_.beginning and format_.beginning.match(beginning)), None)


def by_suffix(suffix: str) -> Format | None:
    """Return the format of files whose names end like this, or None."""
    return next((format_ for format_ in TABLE if suffix.lower() in format_.suffixes), None)
