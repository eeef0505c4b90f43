"""Checks whether a network's file has tensors in other files, without any library that would open these.

An ONNX file is a message of protocol buffers. Of the fields that onnx.proto declares, those that can contain a tensor at
any depth are followed; all others are skipped by their length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

TENSOR = "tensor"
FOLLOWED = {  # message: {field: message}
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: TENSOR, 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: TENSOR, 6: "graph", 10: TENSOR, 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: TENSOR, 2: TENSOR},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
}
EXTERNAL_DATA, DATA_LOCATION = 13, 14  # fields of a tensor; the second is 0 if its numbers are in this file
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # wire types
DEEPEST = 64  # messages within messages
FLATBUFFER = b"ORTM"  # of onnxruntime's own format, at byte 4, which follows other rules


class Field(NamedTuple):
    """A field of a message. value: a number, or its bytes."""

    number: int
    value: int | memoryview


def check_network(data: bytes) -> None:
    """Raise ValueError for a file that is not ONNX, or has weights in other files."""
    if data[4:8] == FLATBUFFER:
        raise ValueError("it is in onnxruntime's own format; export it as ONNX")
    try:
        found = _has_external(memoryview(data), "model", DEEPEST)
        graphs = sum(field.number == 7 for field in _fields(memoryview(data)))
    except (IndexError, RecursionError) as error:
        raise ValueError("it is no ONNX file, or damaged") from error
    if not graphs:
        raise ValueError("it is no ONNX file")
    if found:
        raise ValueError("its weights lie in other files; export it as one file (under 2 GB)")


def _has_external(message: memoryview, kind: str, depth: int) -> bool:
    if depth == 0:
        raise RecursionError("messages within messages")
    if kind == TENSOR:
        return any(
            field.number == EXTERNAL_DATA or (field.number == DATA_LOCATION and field.value != 0)
            for field in _fields(message)
        )
    followed = FOLLOWED[kind]
    return any(
        _has_external(field.value, followed[field.number], depth - 1)
        for field in _fields(message)
        if field.number in followed and isinstance(field.value, memoryview)
    )


def _fields(message: memoryview) -> Iterator[Field]:
    """Yield the fields of a message. Raises IndexError if they do not fill it exactly."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        if tag >= 1 << 32:
            raise IndexError("a field of no possible number")
        wire = tag & 7
        value: int | memoryview
        if wire == VARINT:
            value, place = _varint(message, place)
        elif wire in (LENGTH, FIXED64, FIXED32):
            length = {FIXED64: 8, FIXED32: 4}.get(wire)
            if length is None:
                length, place = _varint(message, place)
            if place + length > len(message):
                raise IndexError("a field that is longer than its message")
            value, place = message[place : place + length], place + length
        else:
            raise IndexError("a field of no known type")
        yield Field(tag >> 3, value)


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return a number of variable length, and the place after it."""
    number = shift = 0
    while True:
        byte = message[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place
        if shift > 63:
            raise IndexError("a number of more than 64 bits")
