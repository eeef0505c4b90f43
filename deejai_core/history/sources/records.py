"""Reads the records in a JSON file of any size, one after another."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from deejai_core.extras import extra
from deejai_core.history.sources.files import BUFFER, UnreadableError, encoding_of

# Real data stay far below these: a list of 100,000 songs has 10 MB and some 500,000 values.
LARGEST = 32_000_000  # bytes of a record
MOST_VALUES = 2_000_000  # in a record; each takes some 70 bytes of memory, however short its text
DEEPEST = 50  # values within values
LONGEST_TEXT = 2_000_000  # bytes of a name, a number, or white space
FIRST = 1_000_000  # bytes of a first line that may show that a file is in lines
_NO_JSON = object()
# With more digits than any clock or counter has. The parser could not continue after one.
_LONG_NUMBER = re.compile(r"(?<=[\s:,\[-])([0-9]{18})[0-9]+")


def records(data: BinaryIO, *, in_lines: bool) -> Iterator[object]:
    """Yield the records of a JSON file: its lines, the elements of its array, or the playlists of its object.

    A line that is not JSON gives None. in_lines: known to be in lines; otherwise the first line decides. Raises
    UnreadableError, at once or while reading.
    """
    line = b"\n"
    while line.isspace():
        line = data.readline(LARGEST if in_lines else FIRST)
    if not line:
        raise UnreadableError("it is empty")
    if not in_lines and _parsed(line) is _NO_JSON:
        yield from _streamed(line, data)
        return
    while line:
        if len(line) == LARGEST and not line.endswith(b"\n"):
            raise UnreadableError(f"one of its lines is longer than {LARGEST // 1_000_000} MB")
        if not line.isspace():
            value = _parsed(line)
            yield from [None] if value is _NO_JSON else _elements(value)
        line = data.readline(LARGEST)


def _parsed(line: bytes) -> object:
    if sum(map(line.count, (b",", b"[", b"{"))) > MOST_VALUES:  # each value except the first follows one of these
        return _NO_JSON
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _NO_JSON


def _elements(value: object) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("playlists"), list):
        value = value["playlists"]
    return value if isinstance(value, list) else [value]


def _streamed(beginning: bytes, data: BinaryIO) -> Iterator[object]:
    """Yield the same from JSON that is not in lines, which is never in memory as a whole."""
    listing = None  # the container whose elements are records
    containers: list[dict[str, Any] | list[Any]] = []  # from the outermost to the innermost, each with its key
    keys: list[str] = []
    count = size = 0  # values and bytes since the last record
    for event, value in _events(beginning, data):
        count += 1
        if event == "chunk":
            size += value
        elif event == "map_key":
            keys[-1] = value
        elif event in ("start_map", "start_array"):
            containers.append({} if event == "start_map" else [])
            if event == "start_array" and keys in ([], ["playlists"]):
                listing = containers[-1]
            keys.append("")
        else:
            if event in ("end_map", "end_array"):
                keys.pop()
                value = containers.pop()
            parent = containers[-1] if containers else None
            if parent is listing:
                count = size = 0
                yield value
            elif isinstance(parent, list):
                parent.append(value)
            elif parent is not None:
                parent[keys[-1]] = value
            else:
                listing = None  # its elements were the records
        if len(containers) > DEEPEST:
            raise UnreadableError("its JSON is nested too deeply")
        if count > MOST_VALUES or size > LARGEST:
            raise UnreadableError(f"one of its entries has more than {MOST_VALUES:,} values or {LARGEST // 1_000_000} MB")


def _events(beginning: bytes, data: BinaryIO) -> Iterator[tuple[str, Any]]:
    """Yield the parser's events, and ("chunk", its length) for each piece that was read."""
    with extra("history"):
        import ijson
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events, multiple_values=True, use_float=True)
    silent = 0
    try:
        for chunk in filter(None, _chunks(beginning, data)):  # an empty one would be the end
            parser.send(chunk)
            silent = 0 if events else silent + len(chunk)
            if silent > LONGEST_TEXT:  # the parser copies what it has of it repeatedly
                raise UnreadableError(f"one of its texts is longer than {LONGEST_TEXT // 1_000_000} MB")
            yield "chunk", len(chunk)
            yield from events
            events.clear()
        parser.close()
    except ijson.JSONError as error:
        yield from events
        raise UnreadableError("it is incomplete, or not valid JSON") from error


def _chunks(beginning: bytes, data: BinaryIO) -> Iterator[bytes]:
    """Yield a file's bytes as UTF-8, without numbers that are too long for the parser."""
    decoder = codecs.getincrementaldecoder(encoding_of(beginning))("replace")
    rest, chunk = "", beginning
    while chunk:
        text = rest + decoder.decode(chunk)
        end = max(map(text.rfind, ",:["))  # what follows may be a number that continues
        if end < 0 or len(text) - end > BUFFER:
            end = len(text)
        yield _LONG_NUMBER.sub(r"\1", text[:end]).encode()
        rest = text[end:]
        chunk = data.read(BUFFER)
    yield _LONG_NUMBER.sub(r"\1", rest + decoder.decode(b"", final=True)).encode()
