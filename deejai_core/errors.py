"""What can go wrong, as a tree:

DeejaiError
├── AudioError       a file cannot be read as audio
├── ModelError       a model is unknown, or its weights are missing or damaged
├── StoreError       the slice store or the index cannot be opened, read or written
└── PlaylistError    a playlist cannot be made or written

Every message is one line that names the file or option and what to do next, ready to be shown to a user:

    try:
        vectors = ...
    except deejai_core.DeejaiError as error:
        sys.exit(f"error: {error}")
"""

from __future__ import annotations


class DeejaiError(Exception):
    """The root of all errors that this package raises on purpose."""


class AudioError(DeejaiError):
    """A file cannot be read as audio. The message gives the cause; whoever knows the path puts it in front."""


class ModelError(DeejaiError):
    """A model is unknown, or its weights are missing or damaged."""


class StoreError(DeejaiError):
    """The slice store or the index cannot be opened, read or written."""


class PlaylistError(DeejaiError):
    """A playlist cannot be made or written."""
