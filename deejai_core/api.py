"""What a program does with this package: analyse a library, and make lists of it.

    library = FolderLibrary("~/Music")
    library.refresh()
    analyse(library)
    made = similar(library, ["Roxanne"], Walk(count=20), Rules(artist_separation=5))
    write_playlist(made, "like-roxanne.m3u")

All names of `deejai_core.__all__` that are not errors can be had from here.
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
    """Give the tracks of a library the vectors that they lack, and build its index.

    Parameters
    ----------
    library
        Whose tracks.
    ids
        The tracks to look at; by default all.
    model
        What turns sound into vectors; by default MusiCNN.
    analysis
        How files are decoded, and how vectors are weighted.
    observer
        Whose methods are called as the analysis goes on.

    Returns
    -------
    Outcome
        How many tracks got a vector, how many failed.

    Raises
    ------
    UnmountedError
        If the files are gone.
    LibraryError
        If another process analyses this library.
    StoreError
        If what is found cannot be written.
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
    """Open a library as a space: its vectors, its index, and what is known of each track.

    Parameters
    ----------
    library
        An analysed library.
    model
        Whose vectors are compared; by default MusiCNN's.
    analysis
        How files outside the library are decoded.
    kind
        What its places are those of: ``"track"``, or ``"album"``, each the blend of its tracks.
    learned
        Compare by the lists that tracks are in (Track2Vec) instead of by their sound.
    search
        How neighbours are found: ``"auto"``, ``"annoy"`` or ``"exact"``.
    plays
        Read how often and when each track was played, for rules that ask for it.
    whole
        Load the metadata of all tracks now. By default it is loaded on demand.

    Returns
    -------
    Space
        ``rows.vectors`` are (n, dimension) unit vectors, float32; ``ids`` says whose each is.

    Raises
    ------
    EmptyError
        If the library has no tracks.
    NotAnalysedError
        If none has a vector of this model.
    LibraryError
        If it is to be learned, and Track2Vec knows no track of the library.
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
    """Make a list of what sounds like some tracks.

    Parameters
    ----------
    library
        An analysed library.
    words
        Titles, queries of the library, audio files or playlists: the seeds. What is none of these, but known words, says
        how music sounds ("calm piano, no singing"), and the tracks that sound most so are the seeds.
    walk
        How the list goes on from them.
    rules
        Which tracks it may take.
    model
        Whose vectors are compared; by default MusiCNN's.
    **one_off
        Further fields of `Request`, such as ``kind="album"``, ``less="query"``, ``by_words=True`` or ``why=True``.

    Returns
    -------
    MadeList
        The tracks in their order, each with its similarity; what there is to say of the list.

    Raises
    ------
    NoMatchError
        If the words name nothing.
    NotAnalysedError
        If what they name has no vector.
    OptionError
        If walk or rules ask for what cannot be.
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
        If it cannot be read, or has fewer than two tracks with a vector.
    """
    return make_reordered(library, model or MusiCNN(), words, _request(Walk(), None, one_off))


def write_playlist(made: MadeList, path: str | Path, style: Style | None = None) -> Path:
    """Write a list to a file in the format that its name ends in: M3U, PLS, XSPF or JSPF.

    Parameters
    ----------
    made
        The list.
    path
        The file, which is replaced whole; ``~`` is the home folder.
    style
        How it names its tracks; by default by absolute paths.

    Returns
    -------
    Path
        The file, as an absolute path.

    Raises
    ------
    PlaylistError
        If the format is not written, or the file cannot be.
    """
    file = user_path(str(path)).absolute()
    check_suffix(file)
    format_ = by_suffix(file.suffix)
    name = format_.name if format_ else "extm3u"
    write_bytes(file, FORMATS[name](made.tracks, style or Style(), Header(made.title, (made_with(made.space),))))
    return file


def evaluate(library: Library, fields: Iterable[str] = (), k: int = 10, *, model: Model | None = None) -> Report:
    """Measure how often tracks that belong together lie together, against chance.

    Parameters
    ----------
    library
        An analysed library.
    fields
        Fields of the library to measure, such as ``"mood"``, besides artist, album, genres, and the lists of the history.
    k
        How many neighbours of each track are looked at.
    model
        Whose vectors are measured; by default MusiCNN's.

    Returns
    -------
    Report
        ``figures()`` are what was found, as JSON has it; ``concerns`` names what is amiss.

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
        Of the new model, which `load_model` takes. A model that is there is replaced when the new one is ready. Without
        it, only the songs of the lists are learned, for spaces that are ``learned``.
    training
        What is trained, a head or a whole network, and how; by default a head.
    base
        The model on whose trunk a head is to stand: MusiCNN, or the name of one beside `folder`.
    analysis
        How files are decoded for a network.
    observer
        Whose methods are called as the training goes on.

    Raises
    ------
    MissingError
        If a library that trains is not installed (the extra ``train``); before anything is learned.
    ModelError
        If the device that computes a network is not there, likewise; if `base` cannot be loaded or the model cannot be
        written.
    HistoryError
        If there is no history.
    TrainingError
        If nothing can be learned from it.
    """
    path = user_path(str(folder)).absolute() if folder is not None else None
    train_from_history(library, training or Training(), analysis or Analysis(), path, base=base, observer=observer)


def discover(library: Library, words: Sequence[str] = (), count: int = 20) -> list[FoundSong]:
    """Name songs that a library lacks, and that the lists of its history put near to some of its tracks.

    Parameters
    ----------
    library
        A library with a history.
    words
        Titles, queries of the library or playlists; without any it is the whole library.
    count
        How many songs to name, at most.

    Returns
    -------
    list of FoundSong
        The most similar first. A song that the library has in another version is none of them.

    Raises
    ------
    HistoryError
        If there is no history, none of these tracks is in a list of it, or nothing beside them is new.
    NoMatchError
        If the words name nothing.
    MissingError
        If the library that compares names is not installed (the extra ``history``).
    """
    return discover_songs(library, words, count)


def discover_artists(library: Library, words: Sequence[str] = (), count: int = 20) -> list[FoundArtist]:
    """Name artists of whom a library has nothing, and whom the lists of its history put near to those of some tracks.

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
    """Draw a library in two dimensions, so that similar tracks lie together.

    Parameters
    ----------
    library
        An analysed library.
    path
        The file to write: a page (``.html``) or a picture (``.png``, ``.svg``). An older map is replaced.
    query
        What it does not find is dimmed.
    color
        The field that colours the map: ``"genre"``, ``"decade"``, ``"artist"``, any field of the library, or a tag.
    playlists
        Files to draw into it.
    model
        Whose vectors are compared; by default MusiCNN's.

    Returns
    -------
    LibraryMap
        What was drawn, and ``remarks`` on it.

    Raises
    ------
    MapError
        If the file cannot be written, or its name says no such kind.
    NotAnalysedError
        If no track has a vector of this model.
    OptionError
        If no analysed track has what it is to be coloured by, or is in one of the playlists.
    MissingError
        If a library that draws maps is not installed (the extra ``map``).
    """
    file = user_path(str(path)).absolute()
    check_map_path(file)
    drawn = library_map(library, model or MusiCNN(), query, color=color, playlists=playlists)
    write_library_map(library, drawn, file)
    return drawn


def _request(walk: Walk, rules: Rules | None, one_off: dict[str, Any]) -> Request:
    return replace(Request(), walk=walk, rules=rules or Rules(), **one_off)
