"""What can go wrong, as a tree:

DeejaiError
├── AudioError              a file has no readable audio
│   └── UnavailableError    it could not be read this time: missing, forbidden, out of memory
├── ModelError              a model is unknown, or its weights or libraries are missing or damaged
├── ClusterError            other machines cannot be reached, or do not hear as this one would
├── StoreError              the slice store, the index or others' vectors cannot be opened, read or written
│   └── DamagedError        a file of our own holds what it cannot hold
├── PlaylistError           a playlist cannot be read or written
├── MixError                a mix cannot be made or written
├── MapError                a map cannot be written
├── HistoryError            a source of playlists and plays cannot be read
├── TrainingError           a model cannot be trained from what there is
└── MissingError            a library that only some commands need is not installed

Every message is one line, ready to be shown to a user. It names the file or option concerned; only an AudioError leaves
the file's name to whoever asked for that file.

    try:
        key = audio_key(path)
    except deejai_core.DeejaiError as error:
        sys.exit(f"{path}: {error}")
"""

from __future__ import annotations


class DeejaiError(Exception):
    """The root of all errors that this package raises on purpose."""


class AudioError(DeejaiError):
    """A file has no readable audio. Another try fails again until the file changes."""


class UnavailableError(AudioError):
    """A file could not be read this time, through no fault of its content. Another try may succeed."""


class ModelError(DeejaiError):
    """A model is unknown, or its weights or libraries are missing or damaged."""


class ClusterError(DeejaiError):
    """Other machines cannot be reached, or do not hear as this one would."""


class StoreError(DeejaiError):
    """The slice store, the index or others' vectors cannot be opened, read or written."""


class DamagedError(StoreError):
    """A file of our own holds what it cannot hold. Another try fails again until it is mended."""


class PlaylistError(DeejaiError):
    """A playlist cannot be read or written."""


class MixError(DeejaiError):
    """A mix cannot be made or written."""


class MapError(DeejaiError):
    """A map cannot be written."""


class HistoryError(DeejaiError):
    """A source of playlists and plays cannot be read."""


class TrainingError(DeejaiError):
    """A model cannot be trained from what there is."""


class MissingError(DeejaiError):
    """A library that only some commands need is not installed."""
