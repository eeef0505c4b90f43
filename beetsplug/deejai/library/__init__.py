"""beets, as far as deejai knows it: the port over its library, its tables, and the fields that we add."""
