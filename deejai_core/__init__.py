"""Playlists by sound, for any music player: audio to vectors, vectors to playlists.

    file --audio--> samples --spectrogram--> log-mel slices --model--> slice vectors --slices--> kept on disk
    slice vectors --mp3tovec--> one vector a track --index--> neighbours --playlists--> tracks --m3u--> any player

Knows nothing of beets; `beetsplug.deejai` is the adapter. See docs/design.md.
"""

from deejai_core.errors import (
    AudioError,
    ClusterError,
    DamagedError,
    DeejaiError,
    HistoryError,
    LibraryError,
    LostError,
    MapError,
    MissingError,
    MixError,
    ModelError,
    PlayerError,
    PlaylistError,
    QueryError,
    RefusedError,
    StoreError,
    TrainingError,
    UnavailableError,
    UnmountedError,
    UnplayableError,
)
from deejai_core.version import __version__ as __version__

__all__ = [
    "AudioError",
    "ClusterError",
    "DamagedError",
    "DeejaiError",
    "HistoryError",
    "LibraryError",
    "LostError",
    "MapError",
    "MissingError",
    "MixError",
    "ModelError",
    "PlayerError",
    "PlaylistError",
    "QueryError",
    "RefusedError",
    "StoreError",
    "TrainingError",
    "UnavailableError",
    "UnmountedError",
    "UnplayableError",
]
