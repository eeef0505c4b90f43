"""Playlists by sound, for any music player: audio to vectors, vectors to playlists.

    file --audio--> samples --spectrogram--> log-mel slices --model--> slice vectors --slices--> kept on disk
    slice vectors --mp3tovec--> one vector per track --index--> neighbours --playlists--> tracks --m3u--> any player

    from deejai_core import FolderLibrary, Rules, Walk, analyse, similar, write_playlist

    library = FolderLibrary("~/Music")
    library.refresh()
    analyse(library)
    made = similar(library, ["Roxanne"], Walk(count=20), Rules(artist_separation=5))
    write_playlist(made, "like-roxanne.m3u")

This package does not know beets; `beetsplug.deejai` is the adapter. See docs/design.md and docs/api.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deejai_core.errors import (
    AudioError,
    ClusterError,
    DamagedError,
    DeejaiError,
    EmptyError,
    ExternalFileError,
    HistoryError,
    LibraryError,
    LostError,
    MapError,
    MicrophoneError,
    MissingError,
    MixError,
    ModelError,
    NoMatchError,
    NotAnalysedError,
    NothingAllowedError,
    OptionError,
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

if TYPE_CHECKING:
    from deejai_core.api import (
        MILD,
        ONCE,
        Address,
        Analysis,
        AnalysisObserver,
        Entry,
        FolderLibrary,
        FoundArtist,
        FoundSong,
        Library,
        MadeList,
        Member,
        Mix,
        Model,
        Mpd,
        Player,
        QueueEntry,
        Radio,
        RadioObserver,
        Rules,
        Snapshot,
        Space,
        Style,
        Training,
        TrainingObserver,
        Walk,
        analyse,
        discover,
        discover_artists,
        draw_map,
        evaluate,
        fill,
        find,
        journey,
        load_model,
        open_space,
        plan_mix,
        reorder,
        serve,
        similar,
        train,
        write_mix,
        write_playlist,
    )

__all__ = [
    "MILD",
    "ONCE",
    "Address",
    "Analysis",
    "AnalysisObserver",
    "AudioError",
    "ClusterError",
    "DamagedError",
    "DeejaiError",
    "EmptyError",
    "Entry",
    "ExternalFileError",
    "FolderLibrary",
    "FoundArtist",
    "FoundSong",
    "HistoryError",
    "Library",
    "LibraryError",
    "LostError",
    "MadeList",
    "MapError",
    "Member",
    "MicrophoneError",
    "MissingError",
    "Mix",
    "MixError",
    "Model",
    "ModelError",
    "Mpd",
    "NoMatchError",
    "NotAnalysedError",
    "NothingAllowedError",
    "OptionError",
    "Player",
    "PlayerError",
    "PlaylistError",
    "QueryError",
    "QueueEntry",
    "Radio",
    "RadioObserver",
    "RefusedError",
    "Rules",
    "Snapshot",
    "Space",
    "StoreError",
    "Style",
    "Training",
    "TrainingError",
    "TrainingObserver",
    "UnavailableError",
    "UnmountedError",
    "UnplayableError",
    "Walk",
    "analyse",
    "discover",
    "discover_artists",
    "draw_map",
    "evaluate",
    "fill",
    "find",
    "journey",
    "load_model",
    "open_space",
    "plan_mix",
    "reorder",
    "serve",
    "similar",
    "train",
    "write_mix",
    "write_playlist",
]


def __getattr__(name: str) -> Any:
    """Import the rest on demand: errors and the version are available without numpy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from deejai_core import api

    return getattr(api, name)
