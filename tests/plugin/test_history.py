"""`beet deejai history`, as a user types it, and what a model reads of it."""

from __future__ import annotations

import json
import os
import plistlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scrobbler import KEY, Scrobbler, refusing, serving


def write_m3u(path: Path, *songs: str) -> Path:
    """A playlist of somebody who has other files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#EXTM3U\n" + "".join(f"#EXTINF:-1,{song}\n/elsewhere/{n}.mp3\n" for n, song in enumerate(songs)))
    return path


def rows(result) -> dict[str, list[str]]:
    """The table of `history list`: lists, plays and songs by source."""
    table = [line.rsplit(maxsplit=4) for line in result.lines]
    assert table[0] == ["source", "lists", "plays", "songs", "added"]
    return {source: numbers for source, *numbers, _ in table[1:]}


READ = """
import json, sys
from beets import config
from beets.library import Library
from beetsplug.deejai.library.beets_library import BeetsLibrary
from deejai_core.history.library_history import read_history
library, directory = sys.argv[1:]
history = read_history(BeetsLibrary(Library(library, directory)))
lists = [words.tolist() for words in history.lists()]
assert lists == [words.tolist() for words in history.lists()]  # as often as one likes
print(json.dumps({
    "lists": lists,
    "counts": history.counts.tolist(),
    "names": [history.name_of(word) for word in range(len(history))],
    "items": [history.tracks_of(word) for word in range(len(history))],
    "matched": [history.matched_songs, history.matched_tracks, history.list_count],
}))
"""


def read(beets) -> dict:
    """The history as a model reads it, in a process of its own: beets keeps some things once and for all."""
    process = subprocess.run(
        [sys.executable, "-c", READ, beets.library, beets.music],
        env=os.environ | {"BEETSDIR": str(beets.folder)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def sung(history: dict) -> list[list[str]]:
    return [[history["names"][word] for word in words] for words in history["lists"]]


class TestAdd:
    def test_a_folder_of_playlists_and_a_file(self, analysed, tmp_path):
        write_m3u(tmp_path / "lists/a.m3u", "Nave - Aisle", "Nave - Dust in Light")
        write_m3u(tmp_path / "lists/deep/b.m3u8", "Nave - Aisle")
        file = write_m3u(tmp_path / "other.m3u", "Radiohead - Creep")
        result = analysed.deejai("history", "add", tmp_path / "lists", file)
        assert result.lines == [f"{tmp_path}/lists: 2 lists, 2 songs", f"{file}: 1 list, 1 song"]
        assert rows(analysed.deejai("history", "list")) == {
            f"{tmp_path}/lists": ["2", "0", "2"],
            str(file): ["1", "0", "1"],
        }

    def test_again_replaces_what_it_gave(self, analysed, tmp_path):
        file = write_m3u(tmp_path / "a.m3u", "Nave - Aisle", "Nave - Dust in Light")
        for _ in range(2):
            assert analysed.deejai("history", "add", "a.m3u", cwd=tmp_path).lines == [f"{file}: 1 list, 2 songs"]
        write_m3u(file, "Nave - Aisle")
        analysed.deejai("history", "add", file)
        assert rows(analysed.deejai("history", "list")) == {str(file): ["1", "0", "1"]}

    def test_a_source_that_fails_leaves_what_it_gave(self, analysed, tmp_path):
        file = write_m3u(tmp_path / "a.m3u", "Nave - Aisle")
        analysed.deejai("history", "add", file)
        before = rows(analysed.deejai("history", "list"))
        file.write_bytes(b"\0")
        result = analysed.deejai("history", "add", file, status=1)
        assert result.err == f"error: {file} is not a playlist that can be read: it is not text\n"
        assert rows(analysed.deejai("history", "list")) == before

    def test_a_source_that_has_nothing_any_more_leaves_what_it_gave(self, analysed, tmp_path):
        file = write_m3u(tmp_path / "lists/a.m3u", "Nave - Aisle")
        analysed.deejai("history", "add", file.parent)
        file.write_bytes(b"\0")
        result = analysed.deejai("history", "add", file.parent, status=1)
        assert result.err.splitlines()[1] == (
            f"error: {file.parent}: it contains neither lists nor plays; the history is unchanged"
        )
        assert rows(analysed.deejai("history", "list")) == {str(file.parent): ["1", "0", "1"]}

    def test_a_bad_playlist_in_a_folder_is_one_warning(self, analysed, tmp_path):
        write_m3u(tmp_path / "lists/{a}.m3u", "Nave - Aisle")
        (tmp_path / "lists/{b}.m3u").write_bytes(b"\0")
        result = analysed.deejai("history", "add", tmp_path / "lists")
        assert result.lines == [f"{tmp_path}/lists: 1 list, 1 song"]
        assert result.err == f"deejai: {tmp_path}/lists/{{b}}.m3u is not a playlist that can be read: it is not text\n"

    def test_queries_and_albums(self, analysed):
        analysed.deejai("history", "add", "query:artist:Nave title+", "albums", "albums:albumartist:nave")
        history = read(analysed)
        nave = [f"Nave - {title}" for title in analysed.field("title", "artist:Nave")]
        assert sung(history)[0] == nave
        assert rows(analysed.deejai("history", "list")).keys() == {
            "query:artist:Nave title+",
            "albums",
            "albums:albumartist:nave",
        }
        albums = len(analysed.run("ls", "-a").lines)
        assert len(history["lists"]) == 1 + albums + len(analysed.run("ls", "-a", "albumartist:nave").lines)
        assert history["matched"][:2] == [24, 24]

    def test_an_album_is_in_the_order_of_its_tracks(self, analysed):
        tracks = analysed.run("ls", "-f", "$artist - $title", "album_id:1", "disc+", "track+").lines
        analysed.deejai("history", "add", "albums:id:1")
        assert sung(read(analysed)) == [tracks]

    def test_smart_playlists_and_our_own(self, analysed):
        analysed.deejai("similar", "Aisle", "-n", "3", "-o", analysed.folder / "playlists/Quiet.m3u")
        analysed.configure(playlists=[{"name": "Quiet", "similar": "Aisle"}, {"name": "Later", "similar": "Anvil"}])
        config = analysed.folder / "config.yaml"
        smart = [
            {"name": "$artist.m3u", "query": ["artist:Nave", "artist:Blue"]},
            {"name": "Album.m3u", "album_query": "albumartist:nave"},
            {"name": "Broken.m3u", "query": "year:abc"},
        ]
        config.write_text(f"{config.read_text()}\nsmartplaylist: {json.dumps({'playlists': smart})}\n")
        result = analysed.deejai("history", "add", "smartplaylists")
        assert result.lines[0].startswith("smartplaylists: 4 lists, ")
        broken, later = result.err.splitlines()
        assert broken.startswith("deejai: smartplaylist Broken.m3u: left out, ")
        assert later.endswith("playlists/Later.m3u: not written yet; `beet deejai playlists` writes it")
        history = read(analysed)
        by_artist = [{name.split(" - ")[0] for name in names} for names in sung(history)[:3]]
        assert by_artist == [{"Nave"}, {"The Blue Ledger"}, {"Nave"}]
        assert sung(history)[3][0] == "Nave - Aisle"
        assert len(sung(history)[3]) == 4

    def test_pretend_shows_and_keeps_nothing(self, analysed, tmp_path):
        write_m3u(tmp_path / "lists/a.m3u", "Nave - Aisle", "Nave - Dust in Light")
        result = analysed.deejai("history", "add", "-p", tmp_path / "lists", "query:artist:Nave")
        assert result.lines[:2] == ["  a: 2 songs", f"{tmp_path}/lists: 1 list would be read; nothing was changed"]
        assert not (analysed.data / "history.db").exists()

    def test_a_folder_and_a_file_in_it_count_twice_and_it_is_said(self, analysed, tmp_path):
        file = write_m3u(tmp_path / "lists/a.m3u", "Nave - Aisle")
        analysed.deejai("history", "add", file)
        result = analysed.deejai("history", "add", tmp_path / "lists")
        assert f"{file} is also in the history" in result.err

    @pytest.mark.parametrize(
        ("source", "error"),
        [
            ("jazz", "jazz: no such file or folder; a source is a file or folder of playlists or of a service's export, "),
            ("", "the name of a source is empty; a source is a file"),
            ("query:", "query: needs a query, such as 'query:genres:jazz year:1970..'"),
            ("query:title:nothing", "no track matches 'title:nothing'"),
            ("query:year:abc", "'year:abc' is not a query: 'abc' is not an int"),
            ("albums:album:nothing", "no album matches 'album:nothing'"),
            ("smartplaylist", "smartplaylist: no such file or folder"),
            (".", "it contains nothing that can be read; supported are: playlists (M3U"),
            ("lastfm:", "whose Last.fm account?"),
            ("lastfm:rj", "Last.fm needs an API key"),
        ],
    )
    def test_what_is_no_source_is_one_line(self, analysed, tmp_path, source, error):
        result = analysed.deejai("history", "add", source, cwd=tmp_path, status=1)
        assert error in result.err
        assert len(result.err.splitlines()) == 1
        assert not result.out

    def test_nothing_to_add(self, analysed):
        assert "nothing to add; a source is" in analysed.deejai("history", "add", status=1).err


class TestRemove:
    def test_what_it_gave_is_gone(self, analysed, tmp_path):
        file = write_m3u(tmp_path / "a.m3u", "Nave - Aisle")
        analysed.deejai("history", "add", file, "albums")
        file.unlink()  # it need not be there any more
        assert analysed.deejai("history", "remove", file).lines == [f"{file}: forgotten"]
        assert rows(analysed.deejai("history", "list")).keys() == {"albums"}

    def test_one_that_is_not_there_removes_nothing(self, analysed):
        analysed.deejai("history", "add", "albums")
        result = analysed.deejai("history", "remove", "albums", "query:x", status=1)
        assert "'query:x' is not in the history; `beet deejai history list` shows its sources" in result.err
        assert rows(analysed.deejai("history", "list")).keys() == {"albums"}

    @pytest.mark.parametrize("words", [["list"], ["report"], ["remove", "albums"]])
    def test_without_a_history_there_is_one_line_and_no_file(self, analysed, words):
        result = analysed.deejai("history", *words, status=1)
        assert result.err == "error: the history is empty; add a source with `beet deejai history add SOURCE`\n"
        assert not (analysed.data / "history.db").exists()


class TestReport:
    def test_what_matched_and_what_did_not(self, analysed, tmp_path):
        write_m3u(tmp_path / "lists/a.m3u", "Nave - Aisle", "Nave - Dusk in Light", "Radiohead - Creep", "Untitled")
        write_m3u(tmp_path / "lists/b.m3u", "Nave - Dust in Delight", *["Radiohead - No Surprises"] * 2)
        analysed.deejai("history", "add", tmp_path / "lists", "albums")
        lines = analysed.deejai("history", "report").lines
        assert lines[:4] == [
            f"{tmp_path}/lists: 2 lists, 6 songs",
            "  2 in the library (29% of what was listed or played): 1 by name, 1 by similar spelling",
            f"albums: {len(analysed.run('ls', '-a').lines)} lists, 24 songs",
            "  24 in the library (100% of what was listed or played): 24 by file",
        ]
        assert [line.split() for line in lines if "Dusk" in line] == [
            ["1x", "Nave", "-", "Dusk", "in", "Light", "=", "Nave", "-", "Dust", "in", "Light", "(0.92)"]
        ]
        text = "\n".join(lines)
        assert "Not in the library, and neither is their artist (2 songs):" in text
        assert "Nave - Dust in Delight  (nearest: dust in light, 0." in text
        assert "Too little to go by" in text

    def test_one_source(self, analysed, tmp_path):
        file = write_m3u(tmp_path / "a.m3u", "Radiohead - Creep")
        analysed.deejai("history", "add", file, "albums")
        assert "Radiohead" not in analysed.deejai("history", "report", "albums").out
        assert analysed.deejai("history", "report", file).lines[0] == f"{file}: 1 list, 1 song"
        assert "'b.m3u' is not in the history" in analysed.deejai("history", "report", "b.m3u", status=1).err

    def test_the_most_frequent_first_and_all_on_request(self, analysed, tmp_path):
        for number in range(20):
            write_m3u(tmp_path / f"lists/{number}.m3u", *(f"Nobody - Song {song}" for song in range(number, 20)))
        analysed.deejai("history", "add", tmp_path / "lists")
        short = analysed.deejai("history", "report").lines
        shown = [line.split()[-1] for line in short if "Nobody" in line]
        assert len(shown) == 10
        assert shown == [str(number) for number in range(19, 9, -1)]
        assert short[-1].strip() == "... and 10 more (--all shows them)"
        assert sum("Nobody" in line for line in analysed.deejai("history", "report", "--all").lines) == 20


class TestWords:
    def test_a_word_is_a_song_with_all_its_copies(self, analysed, tmp_path):
        analysed.run("modify", "-yMW", "title:Kettle", "artist=Nave", "title=Aisle (Live)")
        write_m3u(tmp_path / "a.m3u", "Nave - Aisle", "Radiohead - Creep", "NAVE - Dust In Light", "radiohead - creep")
        analysed.deejai("history", "add", tmp_path / "a.m3u")
        history = read(analysed)
        assert len(history["names"]) == 3
        assert [len(items) for items in history["items"]] == [2, 1, 0]
        assert sung(history)[0][1::2] == ["Radiohead - Creep"] * 2
        assert history["counts"] == [1, 1, 2]
        assert history["matched"] == [2, 3, 1]

    def test_a_song_alone_and_one_without_a_name_say_nothing(self, analysed, tmp_path):
        write_m3u(tmp_path / "lists/a.m3u", "Nave - Aisle", "Nave - Aisle (Live)")
        (tmp_path / "lists/b.xspf").write_text(
            "<playlist><trackList><track><title>Untitled</title></track>"
            "<track><title>Aisle</title><creator>Nave</creator></track></trackList></playlist>"
        )
        analysed.deejai("history", "add", tmp_path / "lists")
        assert read(analysed)["lists"] == []

    def test_what_deejai_wrote_is_all_matched(self, analysed):
        (analysed.folder / "own").mkdir()
        for form in ("m3u", "extm3u", "pls", "xspf", "jspf"):
            analysed.deejai("similar", "Aisle", "-n", "5", "--output-format", form, "-d", analysed.folder / "own" / form)
        analysed.deejai("history", "add", analysed.folder / "own")
        assert "(100% of what was listed or played)" in analysed.deejai("history", "report").out
        first, *others = sung(read(analysed))
        assert len(first) == 6
        assert others == [first] * 4


def test_history_alone_shows_its_commands(beets):
    assert "remove sources" in beets.deejai("history").out


class TestServices:
    @pytest.fixture
    def account(self, analysed):
        """A user of Last.fm who played a track of the library, and 499 others."""
        played = [(1_300_000_000 + 200 * n, "Nave" if n == 0 else f"Artist {n}", "Aisle") for n in range(500)]
        with serving(Scrobbler("rj", played, loved=[("Nave", "Aisle")], top=[("Nave", "Aisle"), ("A", "B")])) as server:
            analysed.configure(lastfm_key=KEY)
            analysed.env["DEEJAI_LASTFM_SERVER"] = server.url
            yield server

    def test_lastfm(self, analysed, account):
        result = analysed.deejai("history", "add", "lastfm:rj", "lastfm-loved:rj", "lastfm-top:rj")
        assert result.lines == [
            "lastfm:rj: 500 plays, 500 songs",
            "lastfm-loved:rj: 1 list, 1 song",
            "lastfm-top:rj: 1 list, 2 songs",
        ]
        assert "  1 in the library" in analysed.deejai("history", "report", "lastfm:rj").out
        assert len(read(analysed)["lists"][0]) == 500

    def test_lastfm_goes_on_where_it_stopped(self, analysed, account):
        account.moods += [lambda _: False] * 2 + [refusing(10, "Invalid API key")]  # the number and a page come
        stopped = analysed.deejai("history", "add", "lastfm:rj", status=1)
        assert len(stopped.err.splitlines()) == 1
        assert rows(analysed.deejai("history", "list"))["lastfm:rj"][1] == "100"  # the page of the oldest
        account.asked.clear()
        assert analysed.deejai("history", "add", "lastfm:rj").lines == ["lastfm:rj: 500 plays, 500 songs"]
        account.scrobbles.append((1_400_000_000, "New", "Song"))
        assert analysed.deejai("history", "add", "lastfm:rj").lines == ["lastfm:rj: 501 plays, 501 songs"]

    def test_an_account_without_a_play(self, analysed, account):
        account.scrobbles.clear()
        result = analysed.deejai("history", "add", "lastfm:rj", status=1)
        assert result.err == "error: lastfm:rj: nothing was played yet\n"

    def test_an_account_is_removed_without_a_key(self, analysed, account):
        analysed.deejai("history", "add", "lastfm-top:rj")
        analysed.configure()
        assert analysed.deejai("history", "remove", "lastfm-top:rj").lines == ["lastfm-top:rj: forgotten"]

    def test_exports(self, analysed, tmp_path):
        lines = [{"name": "One", "tracks": [["Nave", "Aisle"], ["Nave", "Dust in Light"]]}, {"tracks": [["A", "B"]]}]
        (tmp_path / "lists.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        result = analysed.deejai("history", "add", tmp_path / "lists.jsonl")
        assert result.lines == [f"{tmp_path}/lists.jsonl: 2 lists, 3 songs"]
        assert sung(read(analysed)) == [["Nave - Aisle", "Nave - Dust in Light"]]

    def test_what_programs_and_players_write(self, analysed, tmp_path):
        tracks = {
            "1": {"Track ID": 1, "Name": "Aisle", "Artist": "Nave"},
            "2": {"Track ID": 2, "Name": "Anvil", "Artist": "X"},
        }
        playlist = {"Name": "Evening", "Playlist Items": [{"Track ID": 1}, {"Track ID": 2}]}
        (tmp_path / "Library.xml").write_bytes(plistlib.dumps({"Tracks": tracks, "Playlists": [playlist]}, sort_keys=False))
        (tmp_path / "lastfm.csv").write_text("Nave,,Aisle,01 Jan 2024 10:00\nNave,,Dust in Light,01 Jan 2024 10:05\n")
        log = (
            "#AUDIOSCROBBLER/1.1\n#TZ/UTC\nNave\t\tAisle\t1\t190\tL\t1704190000\t\nNave\t\tDust\t1\t190\tS\t1704190200\t\n"
        )
        (tmp_path / ".scrobbler.log").write_text(log)
        write_m3u(tmp_path / "apple.m3u", "Aisle - Nave", "Dust in Light - Nave")
        loved = {"score": 1, "recording_mbid": None, "track_metadata": {"artist_name": "Nave", "track_name": "Aisle"}}
        (tmp_path / "feedback.jsonl").write_text(json.dumps(loved) + "\n" + json.dumps(loved | {"score": -1}) + "\n")
        (tmp_path / "bank.csv").write_text("Date,Sum\n2024-01-01,7\n")
        result = analysed.deejai("history", "add", tmp_path)
        assert (result.lines, result.err) == ([f"{tmp_path}: 3 lists and 3 plays, 5 songs"], "")
        assert "2 in the library (88% of what was listed or played): 2 by name" in analysed.deejai("history", "report").out
