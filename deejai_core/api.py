"""The functions of this package for programs: analyse a library, and make lists from it.

    library = FolderLibrary("~/Music")
    library.refresh()
    analyse(library)
    made = similar(library, ["Roxanne"], Walk(count=20), Rules(artist_separation=5))
    write_playlist(made, "like-roxanne.m3u")

All names of `deejai_core.__all__` that are not errors are available here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deejai_core.embedding.library_analysis import AnalysisObserver, Outcome, analyse_library
from deejai_core.errors import OptionError
from deejai_core.features.discovery import FoundArtist, FoundSong
from deejai_core.features.discovery import discover as discover_songs
from deejai_core.features.discovery import discover_artists as discover_new_artists
from deejai_core.features.evaluation import Report
from deejai_core.features.evaluation import evaluate as evaluate_space
from deejai_core.features.map.library_map import LibraryMap, check_map_path, library_map, write_library_map
from deejai_core.features.mix.plan import Mix
from deejai_core.features.radio.radio import Radio, RadioObserver
from deejai_core.folder import FolderLibrary
from deejai_core.formats.entries import Header, Style, made_with
from deejai_core.formats.export import FORMATS, check_suffix
from deejai_core.formats.export import write_playlist as write_bytes
from deejai_core.formats.table import by_suffix
from deejai_core.index.cache import build_index
from deejai_core.library import Kind, Library
from deejai_core.lists.lookup import user_path
from deejai_core.lists.making import make_journey, make_reordered, make_similar
from deejai_core.lists.request import Entry, MadeList, Request
from deejai_core.lists.space import Member, Space
from deejai_core.lists.space import open_space as open_space_of
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.protocol import Model
from deejai_core.models.registry import BUNDLED, load_model, tagging_model
from deejai_core.options.analysis import Analysis
from deejai_core.options.lists import MILD, ONCE, Rules, Walk
from deejai_core.players.mpd import Address, Mpd
from deejai_core.players.player import Player, QueueEntry, Snapshot
from deejai_core.playing import fill, find, plan_mix, serve, write_mix
from deejai_core.training.train import Training, TrainingObserver
from deejai_core.training.train import train as train_from_history

__all__ = [
    "MILD",
    "ONCE",
    "Address",
    "Analysis",
    "AnalysisObserver",
    "Entry",
    "FolderLibrary",
    "FoundArtist",
    "FoundSong",
    "Library",
    "MadeList",
    "Member",
    "Mix",
    "Model",
    "Mpd",
    "Player",
    "QueueEntry",
    "Radio",
    "RadioObserver",
    "Rules",
    "Snapshot",
    "Space",
    "Style",
    "Training",
    "TrainingObserver",
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


def analyse(
    library: Library,
    ids: Iterable[int] | None = None,
    *,
    model: Model | None = None,
    analysis: Analysis | None = None,
    observer: AnalysisObserver | None = None,
) -> Outcome:
    """Compute the missing vectors of a library's tracks, and build its index.

    Parameters
    ----------
    library
        The library of the tracks.
    ids
        The tracks to look at; by default all.
    model
        The model that turns sound into vectors; by default MusiCNN.
    analysis
        How files are decoded, and how vectors are weighted.
    observer
        Its methods are called during the analysis.

    Returns
    -------
    Outcome
        How many tracks got a vector, and how many failed.

    Raises
    ------
    UnmountedError
        If the files are missing.
    LibraryError
        If another process is analysing this library.
    StoreError
        If the results cannot be written.
    """
    model = model or MusiCNN()
    outcome = analyse_library(library, model, tagging_model(model), analysis or Analysis(), ids=ids, observer=observer)
    build_index(library, model, exact=outcome.vectors)
    return outcome


def open_space(
    library: Library,
    model: Model | None = None,
    analysis: Analysis | None = None,
    *,
    kind: Kind = "track",
    learned: bool = False,
    search: str = "auto",
    plays: bool = False,
    whole: bool = False,
) -> Space:
    """Open a library as a space: its vectors, its index, and the data of its tracks.

    Parameters
    ----------
    library
        An analysed library.
    model
        The model whose vectors are compared; by default MusiCNN.
    analysis
        How files outside the library are decoded.
    kind
        What the space consists of: ``"track"``, or ``"album"``, each the blend of its tracks.
    learned
        Compare by the lists that tracks are in (Track2Vec) instead of by their sound.
    search
        How neighbours are found: ``"auto"``, ``"annoy"`` or ``"exact"``.
    plays
        Read how often and when each track was played, for rules that need it.
    whole
        Load the metadata of all tracks now. By default it is loaded on demand.

    Returns
    -------
    Space
        ``rows.vectors`` are (n, dimension) unit vectors, float32; ``ids`` are the ids of their tracks or albums.

    Raises
    ------
    EmptyError
        If the library has no tracks.
    NotAnalysedError
        If no track has a vector of this model.
    LibraryError
        If `learned` is true, and Track2Vec knows no track of the library.
    """
    return open_space_of(
        library,
        model or MusiCNN(),
        analysis or Analysis(),
        kind=kind,
        learned=learned,
        search=search,
        plays=plays,
        whole=whole,
    )


def similar(
    library: Library,
    words: Sequence[str],
    walk: Walk | None = None,
    rules: Rules | None = None,
    *,
    model: Model | None = None,
    **one_off: Any,
) -> MadeList:
    """Make a list of tracks that sound like some others.

    Parameters
    ----------
    library
        An analysed library.
    words
        Titles, queries of the library, audio files or playlists: the seeds. Known words that are none of
        these describe how music sounds ("calm piano, no singing"); the seeds are the tracks that sound most like it.
    walk
        How the list continues from them.
    rules
        Which tracks it may take.
    model
        The model whose vectors are compared; by default MusiCNN.
    **one_off
        Further fields of `Request`, such as ``kind="album"``, ``less="query"``, ``by_words=True`` or ``why=True``.

    Returns
    -------
    MadeList
        The tracks in order, each with its similarity; and remarks about the list.

    Raises
    ------
    NoMatchError
        If the words name nothing.
    NotAnalysedError
        If nothing that they name has a vector.
    OptionError
        If an option of walk or rules has an impossible value.
    """
    return make_similar(library, model or MusiCNN(), words, _request(walk or Walk(), rules, one_off))


def journey(
    library: Library,
    waypoints: Sequence[str],
    walk: Walk | None = None,
    rules: Rules | None = None,
    *,
    model: Model | None = None,
    **one_off: Any,
) -> MadeList:
    """Make a list that leads from each waypoint to the next.

    Parameters
    ----------
    waypoints
        Two or more; each a title, a query, an audio file, or a playlist whose tracks are waypoints.
    walk
        `count` tracks lie between two neighbouring waypoints, by default five.
    library, rules, model, **one_off
        See `similar`.

    Returns
    -------
    MadeList

    Raises
    ------
    NoMatchError, NotAnalysedError, OptionError
        See `similar`.
    PlaylistError
        If there are fewer than two waypoints.
    """
    return make_journey(library, model or MusiCNN(), waypoints, _request(walk or Walk(count=5), rules, one_off))


def reorder(library: Library, words: Sequence[str], *, model: Model | None = None, **one_off: Any) -> MadeList:
    """Put the tracks of a playlist, or those that words name, in an order that flows.

    Parameters
    ----------
    library, words, model, **one_off
        See `similar`; ``keep_first=True`` and ``keep_last=True`` keep the ends where they are.

    Returns
    -------
    MadeList

    Raises
    ------
    PlaylistError
        If the playlist cannot be read, or has fewer than two tracks with a vector.
    """
    return make_reordered(library, model or MusiCNN(), words, _request(Walk(), None, one_off))


def write_playlist(made: MadeList, path: str | Path, style: Style | None = None) -> Path:
    """Write a list to a file, in the format of its suffix: M3U, PLS, XSPF or JSPF.

    Parameters
    ----------
    made
        The list.
    path
        The file, which is replaced atomically; ``~`` is the home folder.
    style
        How the file names its tracks; by default with absolute paths.

    Returns
    -------
    Path
        The file, as an absolute path.

    Raises
    ------
    PlaylistError
        If this format cannot be written, or the file cannot.
    """
    file = user_path(str(path)).absolute()
    check_suffix(file)
    format_ = by_suffix(file.suffix)
    name = format_.name if format_ else "extm3u"
    write_bytes(file, FORMATS[name](made.tracks, style or Style(), Header(made.title, (made_with(made.space),))))
    return file


def evaluate(library: Library, fields: Iterable[str] = (), k: int = 10, *, model: Model | None = None) -> Report:
    """Measure how often tracks that belong together are close together, compared with chance.

    Parameters
    ----------
    library
        An analysed library.
    fields
        Fields of the library to measure, such as ``"mood"``, besides artist, album, genres, and the lists of the history.
    k
        How many neighbours of each track are examined.
    model
        The model whose vectors are measured; by default MusiCNN.

    Returns
    -------
    Report
        ``figures()`` are the results, ready for JSON; ``concerns`` names problems.

    Raises
    ------
    NotAnalysedError
        If no track has a vector of this model.
    OptionError
        If no analysed track has a value in one of the fields.
    """
    if k < 1:
        raise OptionError("k", f"must be at least 1, not {k}")
    return evaluate_space(open_space(library, model, whole=True), fields, k)


def train(
    library: Library,
    folder: str | Path | None = None,
    training: Training | None = None,
    *,
    base: str = BUNDLED,
    analysis: Analysis | None = None,
    observer: TrainingObserver | None = None,
) -> None:
    """Train a model on the lists of a library's history.

    Parameters
    ----------
    library
        An analysed library with a history.
    folder
        The folder of the new model, for `load_model`. An existing model is replaced when the new one is ready. Without
        it, only the songs of the lists are learned, for spaces that are ``learned``.
    training
        What to train, a head or a whole network, and how; by default a head.
    base
        The model whose trunk a head uses: MusiCNN, or the name of one beside `folder`.
    analysis
        How files are decoded for a network.
    observer
        Its methods are called during the training.

    Raises
    ------
    MissingError
        If a library for training is not installed (the extra ``train``); raised before anything is learned.
    ModelError
        If the device for a network is missing, likewise; if `base` cannot be loaded or the model cannot be written.
    HistoryError
        If there is no history.
    TrainingError
        If nothing can be learned from it.
    """
    path = user_path(str(folder)).absolute() if folder is not None else None
    train_from_history(library, training or Training(), analysis or Analysis(), path, base=base, observer=observer)


def discover(library: Library, words: Sequence[str] = (), count: int = 20) -> list[FoundSong]:
    """Find songs that a library lacks, and that share lists of its history with some of its tracks.

    Parameters
    ----------
    library
        A library with a history.
    words
        Titles, queries of the library or playlists; without any, the whole library.
    count
        How many songs to name, at most.

    Returns
    -------
    list of FoundSong
        The most similar first, without songs that the library has in another version.

    Raises
    ------
    HistoryError
        If there is no history, none of these tracks is in one of its lists, or nothing else in these lists is new.
    NoMatchError
        If the words name nothing.
    MissingError
        If the library that compares names is not installed (the extra ``history``).
    """
    return discover_songs(library, words, count)


def discover_artists(library: Library, words: Sequence[str] = (), count: int = 20) -> list[FoundArtist]:
    """Find artists of whom a library has nothing, and who share lists of its history with the artists of some tracks.

    Parameters
    ----------
    library, words
        See `discover`.
    count
        How many artists to name, at most.

    Returns
    -------
    list of FoundArtist
        The most similar first.

    Raises
    ------
    HistoryError, NoMatchError, MissingError
        See `discover`.
    """
    return discover_new_artists(library, words, count)


def draw_map(
    library: Library,
    path: str | Path,
    query: str = "",
    *,
    color: str | None = None,
    playlists: Sequence[str | Path] = (),
    model: Model | None = None,
) -> LibraryMap:
    """Draw a library in two dimensions, with similar tracks close together.

    Parameters
    ----------
    library
        An analysed library.
    path
        The file to write: a page (``.html``) or a picture (``.png``, ``.svg``). An older map is replaced.
    query
        Tracks that it does not find are dimmed.
    color
        The field that colours the map: ``"genre"``, ``"decade"``, ``"artist"``, any field of the library, or a tag.
    playlists
        Playlist files to draw into the map.
    model
        The model whose vectors are compared; by default MusiCNN.

    Returns
    -------
    LibraryMap
        What was drawn, and ``remarks`` about it.

    Raises
    ------
    MapError
        If the file cannot be written, or has none of these suffixes.
    NotAnalysedError
        If no track has a vector of this model.
    OptionError
        If no analysed track has a value of `color`, or is in one of the playlists.
    MissingError
        If a library for drawing maps is not installed (the extra ``map``).
    """
    file = user_path(str(path)).absolute()
    check_map_path(file)
    drawn = library_map(library, model or MusiCNN(), query, color=color, playlists=playlists)
    write_library_map(library, drawn, file)
    return drawn


def _request(walk: Walk, rules: Rules | None, one_off: dict[str, Any]) -> Request:
    return replace(Request(), walk=walk, rules=rules or Rules(), **one_off)
