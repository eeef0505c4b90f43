"""Playlists that programs wrote, as what commands work on."""

from __future__ import annotations

import json
import os
import shlex
import unicodedata
from pathlib import Path

import pytest
from beets.library import Item, Library

from beetsplug.deejai.library.beets_library import BeetsLibrary
from deejai_core.formats.table import TABLE
from deejai_core.lists.listed import read_listed

posix = pytest.mark.skipif(os.name == "nt", reason="names of POSIX file systems")


def names(result) -> list[str]:
    """Artist and title of the tracks of a list that was shown."""
    return [line[12:] for line in result.lines if line[:4].strip() in ("seed", "wayp") or line[:4].strip().isdigit()]


@pytest.fixture
def songs(analysed) -> dict[str, Path]:
    """Three songs of the library, by title."""
    rows = analysed.run("ls", "-f", "$title|$path", "title:Aisle", ",", "title:Kettle", ",", "title:Anvil").lines
    return {title: Path(path) for title, path in (row.split("|") for row in rows)}


class TestCommands:
    def test_each_reads_a_playlist(self, analysed, songs, tmp_path):
        """As Windows' players, ListenBrainz, and a text editor write them."""
        media = "".join(f'<media src="{path}"/>' for path in songs.values())
        (tmp_path / "list.wpl").write_text(f"<smil><body><seq>{media}<media/></seq></body></smil>")
        refs = "".join(f'<entry><ref href="file://{path}"/></entry>' for path in songs.values())
        (tmp_path / "list.asx").write_text(f"<asx>{refs}</asx>")
        tracks = [{"title": title, "location": [path.as_uri()]} for title, path in songs.items()]
        (tmp_path / "list.json").write_text(json.dumps({"playlist": {"track": [*tracks, None]}}))
        (tmp_path / "tracks.txt").write_text("\n".join(map(str, songs.values())))
        reordered = analysed.deejai("reorder", tmp_path / "list.wpl", "-p")
        assert sorted(names(reordered)) == ["Hazel & Thorn - Kettle", "Iron Kettle - Anvil", "Nave - Aisle"]
        assert "left out: 1 entry that cannot be read" in reordered.err
        similar = analysed.deejai("similar", tmp_path / "list.json", "-n", "1", "-p")
        assert sorted(names(similar)[:3]) == sorted(names(reordered))
        assert "left out: 1 entry that cannot be read" in similar.err
        drawn = analysed.deejai("map", "--playlist", tmp_path / "list.asx", "-o", tmp_path / "map.html")
        assert len(drawn.lines) == 1
        journey = analysed.deejai("journey", tmp_path / "tracks.txt", "-n", "1", "-p")
        assert [names(journey)[place].split(" - ")[1] for place in (0, 2, 4)] == list(songs)

    def test_what_a_list_was_made_of_makes_it_again(self, analysed, songs, tmp_path):
        (tmp_path / "tracks.txt").write_text("\n".join([*map(str, songs.values()), *map(str, songs.values())]))
        for command in (["similar", "tracks.txt", "-n", "2"], ["journey", "tracks.txt", "-n", "1"]):
            first = analysed.deejai(*command, "-o", "list.pls", cwd=tmp_path)
            (recipe,) = [line[2:] for line in (tmp_path / "list.pls").read_text().splitlines() if "# beet" in line]
            again = analysed.run(*shlex.split(recipe)[1:], "-p")
            assert names(again) == names(first)

    def test_what_cannot_be_heard_is_left_out_with_a_line(self, analysed, songs, tmp_path):
        (tmp_path / "noise.mp3").write_bytes(b"ID3 no music")
        lines = [*songs.values(), "noise.mp3", "gone.mp3", "https://radio.example/live", list(songs.values())[-1]]
        (tmp_path / "list.m3u").write_text("\n".join(map(str, lines)))
        for command in ("similar", "journey"):
            result = analysed.deejai(command, tmp_path / "list.m3u", "-n", "1", "-p")
            assert [line.split(" - ")[0][12:] for line in result.lines if "Aisle" in line] == ["Nave"]
            told = [line for line in result.err.splitlines() if "left out: " in line]
            assert sum("noise.mp3: not analysed" in line for line in told) == 1
            assert sum("gone.mp3: not analysed: No such file" in line for line in told) == 1
            assert sum("https://radio.example/live: not a file, but a stream" in line for line in told) == 1

    @pytest.mark.parametrize("verb", ["reorder", "similar", "journey", "mix"])
    def test_a_damaged_one_is_called_that(self, analysed, verb):
        (analysed.folder / "bad.xspf").write_text("<html/>")
        error = analysed.deejai(verb, "bad.xspf", "-p", status=1).err
        assert error == f"error: {analysed.folder}/bad.xspf is not a playlist that can be read: it is not XSPF\n"


class TestWriting:
    def test_pls(self, analysed, songs, tmp_path):
        analysed.deejai("similar", "Aisle", "-n", "2", "-o", tmp_path / "list.pls")
        lines = (tmp_path / "list.pls").read_text().splitlines()
        assert lines[0] == "[playlist]"
        assert f"File1={songs['Aisle']}" in lines
        assert "Title1=Nave - Aisle" in lines
        assert lines[-2:] == ["NumberOfEntries=3", "Version=2"]
        analysed.configure(playlists=[{"name": "Calm.pls", "similar": "Aisle", "number": 1}])
        assert analysed.deejai("playlists").lines == [f"Calm.pls: 2 tracks written to {analysed.folder}/playlists/Calm.pls"]

    @pytest.mark.parametrize(
        ("output", "error"),
        [
            ("list.wpl", "list.wpl: cannot write .wpl; choose a name that ends in .m3u, .pls, .xspf, .jspf"),
            (
                "usb/lists/list.m3u",
                "list.m3u: cannot write the playlist (there is no folder {folder}/usb; make it first)",
            ),
        ],
    )
    def test_what_is_refused(self, analysed, output, error):
        result = analysed.deejai("similar", "Aisle", "-o", analysed.folder / output, status=1)
        assert error.format(folder=analysed.folder) in result.err
        assert len(result.err.splitlines()) == 1
        assert not (analysed.folder / output).parent.joinpath("list.m3u").exists()


class TestTracks:
    """What a playlist means in a library."""

    @pytest.fixture
    def library(self, tmp_path) -> Library:
        """With five songs, whose files are empty."""
        music = tmp_path / "music"
        music.mkdir()
        library = Library(str(tmp_path / "library.db"), str(music))
        for number, name in enumerate(["plain", "Élan", unicodedata.normalize("NFD", "Noël"), "Vivaldi: Spring", "Upper"]):
            path = music / f"{name}.flac"
            path.touch()
            recording = f"00000000-0000-0000-0000-00000000000{number}"
            item = Item(path=os.fsencode(path), title=f"Song {number}", artist=f"Artist {number}", mb_trackid=recording)
            library.add(item)
        return library

    def found(self, library: Library, playlist: Path) -> list[str]:
        held = read_listed(BeetsLibrary(library), playlist)
        return [
            match.name if isinstance(match, Path) else library.get_item(match).title for match in held.matches
        ] + held.lost

    @posix
    def test_however_files_are_named(self, library, tmp_path):
        (tmp_path / "link").symlink_to("music")
        lines = [
            "music/plain.flac",
            unicodedata.normalize("NFD", "music/Élan.flac"),
            "music/Noël.flac",
            "link/Vivaldi: Spring.flac",
            f"{tmp_path}/link/../MUSIC\\UPPER.FLAC",
            "gone.flac",
        ]
        (tmp_path / "list.m3u").write_text("\n".join(lines))
        assert self.found(library, tmp_path / "list.m3u") == [*(f"Song {number}" for number in range(5)), "gone.flac"]

    @posix
    def test_a_library_behind_a_link(self, tmp_path):
        (tmp_path / "disk").mkdir()
        (tmp_path / "disk/a.flac").touch()
        (tmp_path / "music").symlink_to("disk")
        library = Library(str(tmp_path / "library.db"), str(tmp_path / "music"))
        library.add(Item(path=os.fsencode(tmp_path / "music/a.flac"), title="A"))
        (tmp_path / "list.m3u").write_text("disk/a.flac")
        assert self.found(library, tmp_path / "list.m3u") == ["A"]

    def test_by_recording_and_by_name_where_there_is_no_file(self, library, tmp_path):
        tracks = [
            {"identifier": "https://musicbrainz.org/recording/00000000-0000-0000-0000-000000000003", "title": "?"},
            {"title": "Song 1 (Live)", "creator": "ARTIST 1"},
            {"title": "Artist 2", "creator": "Song 2", "location": "file:///other/machine/2.flac"},
            {"title": "Song 9", "creator": "Artist 9"},
        ]
        (tmp_path / "list.jspf").write_text(json.dumps({"playlist": {"track": tracks}}))
        found = self.found(library, tmp_path / "list.jspf")
        assert found == ["Song 3", "Song 1", "Song 2", "Artist 9 - Song 9: the playlist names no file for it"]


def test_the_configuration_knows_the_formats_that_are_written():
    from deejai_core.options.output import FORMATS

    assert sorted(FORMATS) == sorted(format_.name for format_ in TABLE if format_.write)
