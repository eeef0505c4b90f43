"""The flexible attributes of a track."""

from __future__ import annotations

import base64
import binascii

from beets.dbcore import types

VECTOR = "deejai_vector"  # the track's vector
MODEL = "deejai_model"  # name of its model: vectors of different models are never compared
KEY = "deejai_key"  # audio key, under which the slice store keeps the model's output

FLOAT_BYTES = 4


class Vector(types.Type):
    """A vector: little-endian float32 bytes in memory, base64 text in the database and wherever it is shown.

    It is text so that it reads the same through `beet export`, `info`, `modify` and `web`, with this plugin on or off.
    """

    model_type = bytes

    @property
    def null(self) -> None:
        return None

    def parse(self, string: str) -> bytes | None:
        try:
            value = base64.b64decode(string, validate=True)
        except (binascii.Error, ValueError):
            return None
        return value if value and len(value) % FLOAT_BYTES == 0 else None

    def from_sql(self, sql_value: object) -> bytes | None:
        return self.parse(sql_value) if isinstance(sql_value, str) else None

    def to_sql(self, model_value: bytes | None) -> str | None:
        return None if model_value is None else as_text(model_value)

    def format(self, value: bytes | None) -> str:
        return "" if value is None else as_text(value)


def as_text(vector: bytes) -> str:
    """Return a vector's bytes as text for beets' database."""
    return base64.b64encode(vector).decode("ascii")


RATING = "user_rating"  # the rating by the owner of the OpenSubsonic server, 1 to 5

ITEM_TYPES = {VECTOR: Vector(), MODEL: types.STRING, KEY: types.STRING, RATING: types.INTEGER}
