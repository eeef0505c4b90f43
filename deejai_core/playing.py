"""Playing, serving and mixing for programs: queues, the page and mixes. `api` offers all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from deejai_core.data_folder import unfinished_path
from deejai_core.errors import MixError, OptionError
from deejai_core.features.mix.encode import check_format
from deejai_core.features.mix.mixdown import MADE_BY
from deejai_core.features.mix.mixdown import write_mix as render_mix
from deejai_core.features.mix.plan import Mix
from deejai_core.features.mix.selection import (
    FADE,
    LONGEST_FADE,
    RATE,
    check_apart,
    check_target,
    plan_selection,
    select_made,
    select_named,
)
from deejai_core.features.web.page import address, serve_page, token_for
from deejai_core.features.web.page_library import PageLibrary
from deejai_core.library import Library
from deejai_core.lists.lookup import find as find_words
from deejai_core.lists.lookup import user_path
from deejai_core.lists.request import Entry, MadeList, Request
from deejai_core.lists.space import Member, Space
from deejai_core.lists.waypoints import known_members
from deejai_core.lists.writing import Playlists
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.protocol import Model
from deejai_core.options.analysis import Analysis
from deejai_core.options.lists import Rules, Walk
from deejai_core.playlists import queue


def find(space: Space, words: Sequence[str]) -> list[Member]:
    """Return the members of a space that words name: seeds for `fill` and `Radio`.

    Parameters
    ----------
    space
        The space of a library, see `open_space`.
    words
        Titles, queries of the library, audio files or playlists.

    Returns
    -------
    list of Member
        Each recording once. Tracks without a vector are left out.

    Raises
    ------
    NoMatchError
        If the words name nothing.
    NotAnalysedError
        If nothing that they name has a vector.
    ExternalFileError
        If an audio file outside the library cannot be analysed.
    """
    found = find_words(space.library, words, space.kind)
    return known_members(space, found.matches, found.listed)[0]


def fill(
    space: Space,
    seeds: Sequence[Member],
    coming: Sequence[Member | None],
    walk: Walk | None = None,
    rules: Rules | None = None,
    *,
    played: Sequence[Member] = (),
    pinned: Sequence[Member] = (),
    unwanted: Sequence[Member] = (),
    less: Sequence[Member] = (),
) -> list[Entry]:
    """Fill the free places of a queue with tracks that follow on those before them.

    Parameters
    ----------
    space
        The space of the tracks.
    seeds
        The tracks that the queue began with, at least one; their blend is the first step.
    coming
        The queue from here on: a track that keeps its place, or None for a place to fill.
    walk
        `keep_on`, `stay`, `drunk` and `seed` determine how the queue continues; other fields are ignored. With the same
        `seed`, a place strays alike whenever it is filled again; None means 0 here.
    rules
        Which tracks the queue may take.
    played
        The tracks that were played since the seeds, in order.
    pinned
        Tracks that the whole queue follows, at every place.
    unwanted
        Tracks that must not be chosen.
    less
        Tracks that must not be chosen either, and that the queue should be less like.

    Returns
    -------
    list of Entry
        One for each None of `coming`, in order, labelled by its place in the queue, from 1; fewer if the library has no
        more.

    Raises
    ------
    OptionError
        If there is no seed, or a rule has an impossible value.
    """
    if not seeds:
        raise OptionError("seeds", "a queue needs at least one track to begin with", hint="name a seed")
    walk = walk or Walk()
    picks = queue.fill(
        space.candidates(rules or Rules()),
        [member.song for member in seeds],
        [member.song if member else None for member in coming],
        played=[member.song for member in played],
        pinned=[member.song for member in pinned],
        unwanted=[member.song for member in unwanted],
        less=[member.song for member in less],
        keep_on=walk.keep_on,
        stay=walk.stay,
        drunk=walk.drunk,
        seed=walk.seed or 0,
    )
    members = space.members([pick.position for pick in picks])
    free = [place for place, member in enumerate(coming, 1) if member is None]
    return [
        Entry(str(place), members[pick.position], pick.similarity)
        for place, pick in zip(free, picks, strict=False)
        if pick.position in members  # another program may have removed it meanwhile
    ]


def plan_mix(
    library: Library,
    what: MadeList | Sequence[str],
    path: str | Path | None = None,
    *,
    fade: float = FADE,
    analysis: Analysis | None = None,
) -> Mix:
    """Plan a mix: measure each track by decoding all of it, and decide when it begins and how loud it is.

    Parameters
    ----------
    library
        The library of the tracks.
    what
        A list; or playlists, with repeated tracks; or titles, queries and audio files.
    path
        The file that the mix is for, whose format decides the sample rate. Without it, the plan is for 44,100 Hz.
    fade
        Seconds of a fade; it takes no more than half of either track. With 0, tracks follow each other without a gap.
    analysis
        The limits within which files are decoded.

    Returns
    -------
    Mix
        Its ``parts``, each with its ``track``, ``start`` and ``fade`` (frames at ``rate`` Hz) and ``gain`` (dB); how many
        ``seconds`` it takes; ``warnings`` about what was left out.

    Raises
    ------
    MixError
        If all tracks are silent or unreadable, the format is unknown, or the file is one of the tracks.
    OptionError
        If the fade is not from 0 to 60 seconds.
    NoMatchError
        If the words name nothing.
    """
    if not 0 <= fade <= LONGEST_FADE:
        raise OptionError("fade", f"must be from 0 to {LONGEST_FADE} seconds, not {fade:g}")
    file = user_path(str(path)).absolute() if path is not None else None
    rate = check_format(file, None).rate if file else RATE
    with (analysis or Analysis()).limits.decoder() as decoder:
        selection = select_made(what) if isinstance(what, MadeList) else select_named(library, what, decoder)
        warnings = list(selection.warnings)
        mix = plan_selection(selection, rate, fade, decoder, path=file, warn=warnings.append)
    return replace(mix, title=selection.title, warnings=tuple(warnings))


def write_mix(
    library: Library,
    mix: Mix,
    path: str | Path,
    *,
    bitrate: int | None = None,
    replace_others: bool = False,
    analysis: Analysis | None = None,
) -> list[str]:
    """Write a mix to an audio file with chapters, and its cue sheet beside it.

    Parameters
    ----------
    library
        Its files are never replaced.
    mix
        A plan for a file of this format, see `plan_mix`.
    path
        The file: MP3, M4A, Ogg, Opus or FLAC, by its suffix. An older mix is replaced atomically.
    bitrate
        kbit/s; by default a value that suits the format.
    replace_others
        Also replace a file that is not a mix.
    analysis
        The limits within which files are decoded.

    Returns
    -------
    list of str
        Deviations from the plan, one line each: a file that has become unreadable is silence in the mix.

    Raises
    ------
    MixError
        If the file may not be replaced or cannot be written, or if the plan is for another format. The existing
        file is then unchanged.
    OptionError
        If the format has no such bit rate.
    """
    file = user_path(str(path)).absolute()
    warnings: list[str] = []
    with (analysis or Analysis()).limits.decoder() as decoder:
        rate = check_target(library, file, decoder, bitrate=bitrate, force=replace_others)
        check_apart(file, [part.track for part in mix.parts])
        if rate != mix.rate:
            raise MixError(f"{file}: this format takes {rate} Hz, the plan is for {mix.rate}; plan the mix for this file")
        notes = unfinished_path(library)
        render_mix(file, mix, decoder.stereo, mix.title, MADE_BY, bitrate=bitrate, notes=notes, warn=warnings.append)
    return warnings


def serve(
    library: Library,
    words: Sequence[str] = (),
    walk: Walk | None = None,
    rules: Rules | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8050,
    token: str | None = None,
    playlists: str | Path | None = None,
    model: Model | None = None,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve the page that plays songs like the ones that a listener chooses, until ctrl-C.

    Parameters
    ----------
    library
        A library. The page shows how much of it is analysed, and notices when that changes.
    words
        The music that the page begins with: titles or queries.
    walk, rules
        The first values of the page's knobs and rules.
    host
        The address to listen on.
    port
        1 to 65535.
    token
        What every request must contain: at least 16 letters and digits. By default there is none on this machine's own
        addresses, and a new one on others.
    playlists
        A folder for the playlists that listeners save; without it they can only download them.
    model
        The model whose vectors are compared; by default MusiCNN.
    ready
        Called with the page's address, which contains the token, once the server listens.

    Raises
    ------
    OptionError
        If the port is impossible, or the token can be guessed.
    MissingError
        If a library for serving the page is not installed (the extra ``web``).
    DeejaiError
        If the server cannot listen there, or the words name no analysed track.
    """
    token = token_for(host, token)
    folder = user_path(str(playlists)).absolute() if playlists is not None else None
    request = replace(Request(), walk=walk or Walk(), rules=rules or Rules())
    written = Playlists(folder or Path(), writable=folder is not None)
    page = PageLibrary(library, model or MusiCNN(), request, written, analysis=None)
    serve_page(page, words, host=host, port=port, token=token, ready=lambda: ready(address(host, port, token)))
