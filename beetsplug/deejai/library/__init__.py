"""The parts of beets that deejai uses: the port over its library, its tables, and the fields that we add."""
