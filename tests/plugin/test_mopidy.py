"""The extension in a real Mopidy: what its clients browse, and a radio in its tracklist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from mopidy_deejai.uris import uri_of
from tests.mopidy_server import MopidyServer, needs_mopidy, until
from tests.mpd_server import connect
from tests.plugin.conftest import Beets, copied

pytestmark = needs_mopidy

NAMED = [{"name": "Walk", "similar": "Aisle", "number": 4}, {"name": "wrong"}]


@pytest.fixture(scope="module")
def library(analysed_library, tmp_path_factory) -> Beets:
    own = copied(analysed_library, tmp_path_factory.mktemp("mopidy") / "beets")
    own.configure(playlists=NAMED, number=5, between=2)
    return own


@pytest.fixture(scope="module")
def mopidy(library, collection, tmp_path_factory) -> Iterator[MopidyServer]:
    server = MopidyServer(tmp_path_factory.mktemp("server"), f"library = {library.folder}", files(collection))
    server.start()
    yield server
    server.stop()


def files(music: Path) -> str:
    """Of the configuration of a Mopidy that plays files."""
    return f"[file]\nmedia_dirs = {music}"


@pytest.fixture
def empty(mopidy) -> MopidyServer:
    """With nothing in its tracklist."""
    mopidy("playback.stop")
    mopidy("tracklist.clear")
    return mopidy


def path_of(library: Beets, title: str) -> str:
    (path,) = library.field("path", title)
    return path


def browse(mopidy: MopidyServer, uri: str | None) -> dict[str, str]:
    """URIs by name."""
    return {ref.name: ref.uri for ref in mopidy("library.browse", uri=uri)}


def printed(library: Beets, *command: object) -> list[str]:
    """The files of a list that `beet deejai` makes, as URIs."""
    return [Path(line).as_uri() for line in library.deejai(*command, "-f", "$path").lines]


def test_its_branches(mopidy):
    assert browse(mopidy, None)["Deejai"] == "deejai:root"
    assert list(browse(mopidy, "deejai:root")) == ["Songs like…", "Journeys", "Named lists", "Radio"]


def test_songs_like_one(mopidy, library):
    artists = browse(mopidy, "deejai:like")
    assert list(artists) == sorted(set(library.field("artist")), key=str.casefold)
    (artist,) = library.field("artist", "Aisle")
    songs = browse(mopidy, artists[artist])
    assert sorted(songs) == library.field("title", f"artist:{artist}")
    assert list(browse(mopidy, songs["Aisle"]).values()) == printed(library, "similar", "Aisle")


def test_songs_without_an_artist_and_those_of_one_who_is_called_so(mopidy, library):
    (before,) = {*library.field("artist", "Aisle"), *library.field("artist", "Dust in Light")}
    try:
        library.run("modify", "-yWM", "Aisle", "artist=")
        library.run("modify", "-yWM", "Dust in Light", "artist=Unknown artist")
        unknown = [ref.uri for ref in mopidy("library.browse", uri="deejai:like") if ref.name == "Unknown artist"]
        assert sorted(title for uri in unknown for title in browse(mopidy, uri)) == ["Aisle", "Dust in Light"]
    finally:
        for title in ("Aisle", "Dust in Light"):
            library.run("modify", "-yWM", title, f"artist={before}")


def test_a_journey_between_two(mopidy, library):
    (start,), (end,) = library.field("artist", "Aisle"), library.field("artist", "Surge")
    begun = browse(mopidy, browse(mopidy, browse(mopidy, "deejai:journeys")[start])["Aisle"])
    journey = browse(mopidy, begun[end])["Surge"]
    assert list(browse(mopidy, journey).values()) == printed(library, "journey", "Aisle", "Surge")


def test_named_lists(mopidy, library):
    lists = browse(mopidy, "deejai:lists")
    assert list(lists) == ["Walk", "wrong"]
    assert list(browse(mopidy, lists["Walk"]).values()) == printed(library, "similar", "-n", 4, "Aisle")


def test_what_cannot_be_made_is_a_line_in_the_log(mopidy):
    for uri, line in {
        "deejai:similar:nothing%20like%20it": "deejai:similar:nothing%20like%20it: no track matches 'nothing like it'",
        "deejai:list:wrong": "deejai:list:wrong: it needs one of",
        "deejai:list:neither": "no playlist is named 'neither'",
        "deejai:journey:Aisle": "deejai:journey:Aisle: ",
    }.items():
        assert mopidy("library.browse", uri=uri) == []
        assert line in mopidy.said()
    gone = "deejai:radio:%2Fgone.flac"
    assert mopidy("library.lookup", uris=[gone]) == {gone: []}
    assert f"{gone}: it is not a song of the library" in mopidy.said()
    assert mopidy("library.browse", uri="deejai:nonsense") == mopidy("library.browse", uri="deejai:like:nobody") == []
    assert "Traceback" not in mopidy.said()


def test_words_can_be_put_into_the_tracklist(empty, library):
    empty("tracklist.add", uris=["deejai:similar:Aisle"])
    assert empty.uris() == printed(library, "similar", "Aisle")


def test_a_radio_goes_on_from_a_song_and_learns_from_skips(empty, library):
    uri = uri_of("radio", path_of(library, "Aisle"))
    (track,) = empty("library.lookup", uris=[uri])[uri]
    assert (track.name, track.length // 1000) == ("Aisle", 8)
    empty("tracklist.add", uris=[uri])
    empty("playback.play")
    until(lambda: len(empty.uris()) > 3, empty.said())
    empty("playback.pause")
    empty("playback.seek", time_position=0)
    empty("playback.next")
    until(lambda: "skipped: " in empty.said(), empty.said())
    until(lambda: ahead(empty) == 3, empty.said())
    assert empty.uris()[0] == uri
    assert all(other.startswith("file:") for other in empty.uris()[1:])


def test_whoever_plays_something_else_ends_the_radio(empty, library):
    """Clients that replace the tracklist clear it, fill it and play, all at once."""
    play(empty, uri_of("radio", path_of(library, "Aisle")))
    until(lambda: ahead(empty) == 3, empty.said())
    ended = radios_over(empty)
    empty("tracklist.clear")
    play(empty, Path(path_of(library, "Surge")).as_uri())
    until(lambda: radios_over(empty) == ended + 1, empty.said())
    assert len(empty.uris()) == 1


def test_another_song_of_the_branch_begins_another_radio(empty, library):
    play(empty, uri_of("radio", path_of(library, "Aisle")))
    until(lambda: ahead(empty) == 3, empty.said())
    ended = radios_over(empty)
    play(empty, uri_of("radio", path_of(library, "Surge")))
    until(lambda: radios_over(empty) == ended + 1, empty.said())
    until(lambda: ahead(empty) == 3, empty.said())
    (artist,) = library.field("artist", "Surge")
    assert artist in {artist.name for track in empty("tracklist.get_tracks")[-3:] for artist in track.artists}


def play(mopidy: MopidyServer, uri: str) -> None:
    """Put a song at the end of the tracklist, and play it."""
    (added,) = mopidy("tracklist.add", uris=[uri])
    mopidy("playback.play", tlid=added.tlid)
    until(lambda: mopidy("playback.get_current_tlid") == added.tlid, f"it plays: {mopidy.said()}")


def radios_over(mopidy: MopidyServer) -> int:
    return mopidy.said().count("the radio is off")


def ahead(mopidy: MopidyServer) -> int:
    """How many songs follow the current one."""
    place = mopidy("tracklist.index")
    return len(mopidy.uris()) - 1 - (-1 if place is None else place)


def test_a_radio_that_is_always_on_over_mopidy_local(library, collection, tmp_path):
    """A client of MPD adds a song as Mopidy-Local knows it; there is nothing else to play files."""
    sections = f"[file]\nenabled = false\n[local]\nmedia_dir = {collection}"
    server = MopidyServer(tmp_path, f"library = {library.folder}\nradio = true", sections)
    server.run("local", "scan")
    try:
        server.start()
        client = connect(server.mpd_port)
        client.command('add "Deejai/Songs like…/Nave/Aisle"')
        like = server.uris()
        assert [unquote(uri.rpartition("/")[2]) for uri in like] == [
            Path(path).name for path in library.deejai("similar", "Aisle", "-f", "$path").lines
        ]
        client.command("clear")
        client.command(f'add "{like[1]}"')
        client.command("play")
        until(lambda: len(server.uris()) > 3, server.said())
        assert all(uri.startswith("local:track:") for uri in [*like, *server.uris()])
        client.command("clear")
        client.command(f'add "{like[2]}"')
        client.command("play")
        client.close()
        until(lambda: len(server.uris()) > 3, server.said())
        assert "the radio is off" not in server.said()
    finally:
        server.stop()
    assert "Traceback" not in server.said()


def test_a_mopidy_that_plays_no_files_is_told_what_would(library, tmp_path):
    server = MopidyServer(tmp_path, f"library = {library.folder}", "[file]\nenabled = false\n[local]\nenabled = false")
    try:
        server.start()
        play(server, uri_of("radio", path_of(library, "Aisle")))
        until(lambda: "radio: Mopidy accepts none of" in server.said(), server.said())
    finally:
        server.stop()
    assert "enable Mopidy-File ([file] enabled = true)" in server.said()
    assert "music_directory" not in server.said()  # which is MPD's


def test_a_library_that_is_not_there(collection, tmp_path):
    server = MopidyServer(tmp_path, f"library = {tmp_path}/nowhere\nradio = true", files(collection))
    try:
        server.start()
        assert server("library.browse", uri="deejai:like") == []
        server("tracklist.add", uris=[next(collection.rglob("*.flac")).as_uri()])
        server("playback.play")
        until(lambda: "radio: " in server.said(), server.said())
        assert server("playback.get_state") == "playing"
    finally:
        server.stop()
    assert server.said().count("nowhere: there is no such folder") == 2
    assert "Traceback" not in server.said()


def test_what_cannot_be_read_is_read_once_it_can(analysed_library, collection, tmp_path):
    own = copied(analysed_library, tmp_path / "beets")
    server = MopidyServer(tmp_path, f"library = {own.folder}", files(collection))
    config, database = own.folder / "config.yaml", own.folder / "library.db"
    written, kept = config.read_text(), database.read_bytes()
    try:
        server.start()
        config.write_text("{{{")
        assert server("library.browse", uri="deejai:like") == server("library.browse", uri="deejai:lists") == []
        assert server.said().count("config.yaml could not be read") == 2
        config.write_text(written)
        database.write_bytes(b"no database " * 100)
        assert server("library.browse", uri="deejai:like") == []
        assert f"{database}: cannot be opened (file is not a database)" in server.said()
        database.write_bytes(kept)
        assert server("library.browse", uri="deejai:like")
    finally:
        server.stop()
    assert "Traceback" not in server.said()
