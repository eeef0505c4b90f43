"""How beets names and shows the fields that can colour a map."""

from __future__ import annotations

from beets.library import Item

from deejai_core.features.map.library_map import Fields

from .tag_fields import field_of


def _text(name: str, number: float) -> str:
    """Return a number as beets shows this field: a length of 225 is 3:45."""
    type_ = Item._type(name)
    return str(type_.format(type_.normalize(number)))


FIELDS = Fields(field_of, _text)
