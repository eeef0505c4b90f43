"""`beet deejai similar` and `journey`, as a user types them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

STYLES = {
    "Breaker": "Voltage Field",
    "Kettle": "Hazel & Thorn",
    "Aisle": "Nave",
    "Anvil": "Iron Kettle",
    "Margin": "The Blue Ledger",
    "Warp Zone": "Pixel Parade",
}


def picks(result) -> list[tuple[float, str]]:
    """(similarity, "artist - title") of the numbered lines."""
    rows = [line.split(maxsplit=2) for line in result.lines if line[:4].strip().isdigit()]
    return [(float(similarity), name) for _, similarity, name in rows]


def files(playlist: Path) -> list[str]:
    """The names of files in a playlist."""
    return [line for line in playlist.read_text(errors="surrogateescape").splitlines() if not line.startswith("#")]


class TestSimilar:
    @pytest.mark.parametrize(("title", "artist"), STYLES.items())
    def test_songs_of_the_same_style_come_first(self, analysed, title, artist):
        # The composer repeats itself: two of its songs are nearly the same.
        result = analysed.deejai("similar", title, "-n", "3", "--duplicate-epsilon", "0")
        assert [name.split(" - ")[0] for _, name in picks(result)] == [artist] * 3

    def test_the_playlist_holds_the_seed_then_the_nearest_first(self, analysed):
        result = analysed.deejai("similar", "Warp Zone", "-n", "5", "--keep-on", "0", "--no-correct-hubs")
        assert result.lines[0] == "seed        Pixel Parade - Warp Zone"
        similarities = [similarity for similarity, _ in picks(result)]
        assert similarities == sorted(similarities, reverse=True)

        path = analysed.folder / "playlists/Similar to Pixel Parade - Warp Zone.m3u"
        assert result.lines[-1] == f"6 tracks written to {path}"
        lines = path.read_text().splitlines()
        assert lines[:2] == ["#EXTM3U", "#PLAYLIST:Similar to Pixel Parade - Warp Zone"]
        assert lines[5] == "#EXTINF:8,Pixel Parade - Warp Zone"
        assert [line.split(",", 1)[1] for line in lines[7::2]] == [name for _, name in picks(result)]
        assert len(set(files(path))) == 6
        assert all(Path(name).is_file() for name in files(path))

    def test_twenty_by_default(self, analysed):
        assert len(picks(analysed.deejai("similar", "Margin"))) == 20

    def test_a_library_with_fewer_gives_all_and_says_so(self, analysed):
        result = analysed.deejai("similar", "Margin", "-n", "100")
        assert len(picks(result)) == 23
        assert "no others fit: 23 tracks instead of 100" in result.err

    def test_a_title_wins_over_longer_ones(self, analysed):
        analysed.run("modify", "-yMW", "title:Rust", "title=Kettle of Fish")
        result = analysed.deejai("similar", "kettle", "-n", "1")
        assert result.lines[0] == "seed        Hazel & Thorn - Kettle"
        assert not result.lines[1].startswith("seed")

    def test_several_matches_are_blended(self, analysed):
        result = analysed.deejai("similar", "artist:Nave", "title:D", "-n", "3")
        assert [line for line in result.lines if line.startswith("seed")] == ["seed        Nave - Dust in Light"]
        both = analysed.deejai("similar", "title:Aisle", ",", "title:Anvil", "-n", "6", "--keep-on", "0")
        assert both.lines[:2] == ["seed        Iron Kettle - Anvil", "seed        Nave - Aisle"]
        assert {name.split(" - ")[0] for _, name in picks(both)} >= {"Nave", "Iron Kettle"}

    def test_several_titles(self, analysed):
        result = analysed.deejai("similar", "Dust in Light", "Anvil", "-n", "1")
        assert result.lines[:2] == ["seed        Nave - Dust in Light", "seed        Iron Kettle - Anvil"]

    @pytest.mark.parametrize("title", ["Re: Stacks", "Who, Me?", "{braces}", "100%_sure", "Stop - Now", "-dash", "^hat"])
    def test_titles_that_look_like_something_else(self, analysed, title):
        analysed.run("modify", "-yMW", "title:Rust", "--", f"title={title}")
        assert analysed.deejai("similar", "-n", "1", "--", title).lines[0] == f"seed        Iron Kettle - {title}"

    def test_a_file_outside_the_library(self, analysed, collection, tmp_path):
        """Somebody else's rip of a song: the same tune, other audio."""
        import numpy as np
        import soundfile

        samples, rate = soundfile.read(collection / "Nave/Long Windows/01 Aisle.flac")
        soundfile.write(tmp_path / "other rip.wav", np.float32(0.5) * samples, rate)
        result = analysed.deejai("similar", tmp_path / "other rip.wav", "-n", "4", "--keep-on", "0")
        assert result.lines[0] == "seed        other rip"
        assert {name.split(" - ")[0] for _, name in picks(result)} == {"Nave"}
        assert analysed.playlist("Similar to other rip.m3u")[0] == "other rip.wav"

    def test_a_copy_of_a_song_of_the_library(self, analysed, collection, tmp_path):
        copy = shutil.copy(collection / "Nave/Long Windows/01 Aisle.flac", tmp_path / "copy.flac")
        result = analysed.deejai("similar", copy, "-n", "3")
        assert result.lines[0] == "seed        Nave - Aisle"
        assert "Nave - Aisle" not in [name for _, name in picks(result)]

    def test_a_file_of_the_library_by_its_path(self, analysed, collection):
        song = collection / "Nave/Long Windows/01 Aisle.flac"
        assert analysed.deejai("similar", song).lines[0] == "seed        Nave - Aisle"
        relative = analysed.deejai("similar", "01 Aisle.flac", cwd=song.parent)
        assert relative.lines[0] == "seed        Nave - Aisle"

    def test_an_unreadable_file_is_named_with_its_cause(self, analysed, tmp_path):
        (tmp_path / "text.mp3").write_text("no music")
        assert (
            f"error: {tmp_path}/text.mp3: not analysed: " in analysed.deejai("similar", tmp_path / "text.mp3", status=1).err
        )

    def test_the_same_song_twice_in_the_library_comes_once(self, analysed, collection, tmp_path):
        shutil.copytree(collection / "Nave", tmp_path / "again")
        analysed.run("import", "-qA", tmp_path / "again")
        names = [name for _, name in picks(analysed.deejai("similar", "Breaker", "-n", "100"))]
        assert len(set(names)) == len(names) == 23

    def test_a_seed_named_twice_comes_once_and_in_its_place(self, analysed, collection):
        aisle = collection / "Nave/Long Windows/01 Aisle.flac"
        anvil = collection / "Iron Kettle/Boil/01 Anvil.flac"
        result = analysed.deejai("similar", aisle, anvil, aisle, "Aisle", "-n", "1")
        assert result.lines[:2] == ["seed        Nave - Aisle", "seed        Iron Kettle - Anvil"]
        assert len(analysed.playlist("Similar to Nave - Aisle, Iron Kettle - Anvil.m3u")) == 3

    @pytest.mark.parametrize(
        ("args", "error"),
        [
            (["similar"], "similar to what?"),
            (["similar", "Nobody"], "no track matches 'Nobody'; `beet ls` shows what a query finds"),
            (
                ["similar", "Aisle", "Not there"],
                "no track matches 'Aisle Not there': 'Not there' matches nothing, 'Aisle' does; ",
            ),
            (["similar", "Dust", "in", "Lihgt"], "'Lihgt' matches nothing, 'Dust', 'in' do; did you mean 'Dust in Light'?"),
            (["similar", "artist:Nave", "title:Kettle"], "no track matches 'artist:Nave title:Kettle'; `beet ls` shows"),
            (["similar", "Aisel"], "no track matches 'Aisel'; did you mean 'Aisle'?"),
            (["similar", "-a", "boyl"], "no album matches 'boyl'; did you mean 'Boil'?"),
            (["similar", "Don't Stop"], 'no track matches "Don\'t Stop"'),
            (["similar", "~scape"], "no track matches '~scape'"),
            (["similar", ""], "the query is empty"),
            (["similar", "artist:"], "'artist:' matches every track; add a value after the colon, such as artist:police"),
            (["similar", "-a", "artist:", "year::"], "'artist: year::' matches every album; add a value"),
            (["journey", "Aisle", "title:"], "'title:' matches every track; add a value"),
            (["similar", "artist:Nobody"], "no track matches 'artist:Nobody'; `beet ls` shows"),
            (["similar", "Re: Nobody"], "no track matches 'Re: Nobody'; for a title with a colon, try title:"),
            (["similar", "/no/such/file.mp3"], "/no/such/file.mp3: no such file, and no track matches"),
            (["similar", "Aisle", "-n", "0"], "error: --number: must be at least 1, not 0"),
            (["similar", "Aisle", "-o", "/dev/null/x.m3u"], "/dev/null/x.m3u: cannot write the playlist ("),
            (["similar", "Aisle", "-o", __file__], "this file exists and is not a playlist; choose another name"),
            (["similar", "/etc/"], "/etc/: not an audio file, and no track of the library matches"),
            (["status", "Aisle"], "status takes no query"),
            (["journey", "Aisle"], "a journey needs two waypoints or more"),
            (["journey", "Aisle", "Anvil", "Anvil"], "Iron Kettle - Anvil: the same waypoint twice in a row"),
            (["similar", "Aisle", "--stay", "2"], "error: --stay: must be from 0 to 1, not 2"),
            (["similar", "Aisle", "--floor", "-1"], "error: --floor: must be from 0 to 1, not -1"),
            (["similar", "Aisle", "--artist-separation", "x"], "must be a number of tracks, `mild` or `once`, not 'x'"),
            (["journey", "Aisle", "Anvil", "--less", "artist:Nobody"], "no track matches 'artist:Nobody'"),
            (["journey", "Aisle", " "], "the query is empty"),
            (["journey", "Aisle", "Nobody"], "no track matches 'Nobody'"),
            (["journey", "Aisle", "Anvil", "-n", "-1"], "error: --number: must be at least 0, not -1"),
            (["similr", "Aisle"], "beet deejai has no command 'similr'; did you mean similar?"),
            (["model", "forget"], "beet deejai model has no command 'forget'; `beet deejai model -h` lists them"),
            (["help", "simlar"], "beet deejai has no command 'simlar'; did you mean similar?"),
            (["help", "tag", "all"], "tag has no commands of its own"),
        ],
    )
    def test_errors_say_what_to_do(self, analysed, args, error):
        result = analysed.deejai(*args, status=1)
        assert error in result.err
        assert result.out == ""

    def test_help(self, beets):
        assert beets.deejai("help").out == beets.deejai("-h").out
        assert beets.deejai("help", "model", "use").out == beets.deejai("model", "use", "-h").out

    def test_a_misspelt_option(self, beets):
        result = beets.deejai("similar", "Aisle", "--kep-on", "3", status=2)
        assert result.err.endswith("error: no such option: --kep-on; did you mean --keep-on?\n")

    @pytest.mark.parametrize(
        "words",
        [["analyze"], ["tag"], ["similar", "Aisle"], ["reorder", "x.m3u"], ["map"]],
        ids=" ".join,
    )
    def test_of_an_empty_library(self, beets, words):
        (beets.folder / "x.m3u").write_text("x.flac\n")
        empty = "error: Your beets library is empty. Import music first: `beet import ~/Music`.\n"
        assert beets.deejai(*words, status=1).err == empty
        assert not beets.data.exists()

    def test_before_any_analysis(self, beets, collection):
        beets.configure(auto=False)
        beets.run("import", "-qA", collection / "Nave")
        assert (
            "nothing analysed yet with musicnn-msd-1; run `beet deejai analyze`"
            in beets.deejai("similar", "Aisle", status=1).err
        )
        beets.deejai("analyze", "title:Aisle")
        assert "Nave - Vault: not analysed yet; run" in beets.deejai("similar", "Vault", status=1).err
        assert "Left out 3 of 4 matches: not analysed yet." in beets.deejai("similar", "artist:Nave").err

    def test_an_unknown_model_is_one_line(self, analysed):
        analysed.configure(model="musicn")
        assert "error: unknown model 'musicn'; choose one of: musicnn" in analysed.deejai("similar", "Aisle", status=1).err


class TestPlaylistOptions:
    def entries(self, analysed, *options, name="out.m3u") -> list[str]:
        analysed.deejai("similar", "Aisle", "-n", "3", "-o", analysed.folder / name, *options)
        return files(analysed.folder / name)

    def test_output_format(self, analysed):
        entries = self.entries(analysed, "--output-format", "m3u")
        assert (analysed.folder / "out.m3u").read_text().splitlines() == entries

    def test_relative_to_the_playlist(self, analysed):
        for line in self.entries(analysed, "--relative-to", "playlist"):
            assert not line.startswith("/")
            assert (analysed.folder / line).is_file()

    def test_relative_to_the_library(self, analysed):
        for line in self.entries(analysed, "--relative-to", "library"):
            assert (analysed.music / line).is_file()

    def test_relative_to_a_folder(self, analysed, collection):
        first = self.entries(analysed, "--relative-to", collection)[0]
        assert first == "Nave/Long Windows/01 Aisle.flac"

    def test_urlencode_and_prefix(self, analysed, collection):
        options = ["--relative-to", collection, "--urlencode", "--prefix", "http://box/"]
        lines = self.entries(analysed, *options)
        assert lines[0] == "http://box/Nave/Long%20Windows/01%20Aisle.flac"
        assert any(line.endswith("%C3%89lan.flac") for line in lines)

    def test_the_same_from_the_configuration(self, analysed, collection):
        analysed.configure(relative_to=str(collection), urlencode=True, output_format="m3u", number=2)
        analysed.deejai("similar", "Aisle")
        lines = (analysed.folder / "playlists/Similar to Nave - Aisle.m3u").read_text().splitlines()
        assert len(lines) == 3
        assert lines[0] == "Nave/Long%20Windows/01%20Aisle.flac"

    def test_playlist_dir_of_the_command_line_wins(self, analysed, tmp_path):
        analysed.deejai("similar", "Aisle", "-d", "lists", cwd=tmp_path)
        assert (tmp_path / "lists/Similar to Nave - Aisle.m3u").is_file()

    def test_playlist_dirs_of_other_plugins_are_the_fallback(self, analysed, tmp_path):
        analysed.configure(playlist_dir=None)
        with (analysed.folder / "config.yaml").open("a") as config:
            config.write(f"playlist: {{playlist_dir: '{tmp_path}/plain'}}\n")
        analysed.deejai("similar", "Aisle")
        assert (tmp_path / "plain/Similar to Nave - Aisle.m3u").is_file()
        (tmp_path / "plain/Similar to Nave - Aisle.m3u").unlink()
        # That of smartplaylist, which writes playlists, comes before that of playlist, which reads them.
        with (analysed.folder / "config.yaml").open("a") as config:
            config.write(f"smartplaylist: {{playlist_dir: '{tmp_path}/smart'}}\n")
        analysed.deejai("similar", "Aisle")
        assert not any((tmp_path / "plain").iterdir())
        assert (tmp_path / "smart/Similar to Nave - Aisle.m3u").is_file()
        analysed.deejai("similar", "Aisle", "-d", ".", cwd=tmp_path)
        assert (tmp_path / "Similar to Nave - Aisle.m3u").is_file()

    def test_the_current_folder_is_the_last_resort(self, analysed, tmp_path):
        analysed.configure(playlist_dir=None)
        analysed.deejai("similar", "Aisle", cwd=tmp_path)
        assert (tmp_path / "Similar to Nave - Aisle.m3u").is_file()

    def test_names_that_no_file_may_have(self, analysed):
        analysed.run("modify", "-yMW", "title:Aisle", f"title=AC/DC\\..: \x1b[31m{'long ' * 80}")
        result = analysed.deejai("similar", "artist:Nave", "track:1", "-n", "1")
        assert "\x1b" not in result.out
        (path,) = (analysed.folder / "playlists").iterdir()
        assert path.name.startswith("Similar to Nave - AC_DC")

    @pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no /dev/stdout here")
    def test_to_standard_output(self, analysed):
        assert "#EXTM3U" in analysed.deejai("similar", "Aisle", "-n", "1", "-o", "/dev/stdout").lines

    @pytest.mark.skipif(os.name == "nt", reason="file names that are no text")
    def test_file_names_that_are_no_text(self, beets, collection, tmp_path):
        folder = tmp_path / "names"
        folder.mkdir()
        names = [b"caf\xe9.flac", "日本 🎵.flac".encode(), b"#1 hit.flac", b" leading.flac"]
        for name, song in zip(names, sorted((collection / "Nave").rglob("*.flac")), strict=True):
            shutil.copy(song, folder / os.fsdecode(name))
        beets.run("import", "-qA", folder)
        beets.deejai("similar", "Aisle", "-o", folder / "list.m3u", "--relative-to", "playlist")
        lines = (folder / "list.m3u").read_bytes().splitlines()
        assert sorted(lines[6::2]) == sorted(b"./" + name if name[:1] in b"# " else name for name in names)

    @pytest.mark.skipif(os.name == "nt", reason="file names with line breaks")
    def test_a_line_break_in_a_file_name(self, beets, collection, tmp_path):
        folder = tmp_path / "names"
        folder.mkdir()
        shutil.copy(collection / "Nave/Long Windows/01 Aisle.flac", folder / "two\nlines.flac")
        shutil.copy(collection / "Nave/Long Windows/04 Vault.flac", folder / "one line.flac")
        beets.run("import", "-qA", folder)
        assert "two lines.flac: its name has a line break" in beets.deejai("similar", "Vault", status=1).err
        beets.deejai("similar", "Vault", "--urlencode", "-o", folder / "list.m3u")
        assert b"two%0Alines.flac" in (folder / "list.m3u").read_bytes()


class TestJourney:
    def test_from_one_style_to_another(self, analysed):
        result = analysed.deejai("journey", "Kettle", "Anvil", "-n", "4")
        artists = [name.split(" - ")[0] for _, name in picks(result)]
        assert artists[0] == "Hazel & Thorn"
        assert artists[-1] == "Iron Kettle"
        assert result.lines[0] == "waypoint    Hazel & Thorn - Kettle"
        assert result.lines[5] == "waypoint    Iron Kettle - Anvil"
        assert len(analysed.playlist("Journey from Kettle to Anvil.m3u")) == 6

    def test_there_and_back(self, analysed):
        analysed.deejai("journey", "Kettle", "Anvil", "Aisle")
        analysed.deejai("journey", "Aisle", "Anvil", "Kettle")
        there = analysed.playlist("Journey from Kettle to Anvil to Aisle.m3u")
        assert analysed.playlist("Journey from Aisle to Anvil to Kettle.m3u") == there[::-1]
        assert len(set(there)) == len(there) == 13

    def test_waypoints_are_queries_ids_or_files(self, analysed, collection, tmp_path):
        shutil.copy(collection / "Nave/Long Windows/01 Aisle.flac", tmp_path / "copy.flac")
        (number,) = analysed.field("id", "title:Anvil")
        result = analysed.deejai("journey", "artist:Hazel title:Wren", f"id:{number}", tmp_path / "copy.flac", "-n", "1")
        stops = [line[12:] for line in result.lines if line.startswith("waypoint")]
        assert stops == ["Hazel & Thorn - Wren", "Iron Kettle - Anvil", "Nave - Aisle"]

    def test_through_a_file_outside_the_library(self, analysed, collection, tmp_path):
        import numpy as np
        import soundfile

        samples, rate = soundfile.read(collection / "Iron Kettle/Boil/01 Anvil.flac")
        soundfile.write(tmp_path / "rip.wav", np.float32(0.5) * samples, rate)
        there = analysed.deejai("journey", "Kettle", tmp_path / "rip.wav", "Aisle", "-n", "3")
        back = analysed.deejai("journey", "Aisle", tmp_path / "rip.wav", "Kettle", "-n", "3")
        assert [name for _, name in picks(there)] == [name for _, name in picks(back)][::-1]
        assert "rip.wav" in analysed.playlist("Journey from Kettle to rip to Aisle.m3u")

    def test_a_small_library_says_that_it_has_no_more(self, analysed):
        result = analysed.deejai("journey", "Kettle", "Anvil", "-n", "30")
        assert len(picks(result)) == 22
        assert "no others fit: 8 tracks fewer than you asked for" in result.err


class TestIds:
    """Ids of beets are used again after a delete; an index that trusted them would play the wrong song."""

    def test_a_removed_track_is_gone_and_its_id_means_another(self, analysed, collection, tmp_path):
        analysed.deejai("similar", "Anvil")
        ids = dict(zip(analysed.field("title"), analysed.field("id"), strict=True))
        last = max(ids, key=lambda title: int(ids[title]))
        shutil.copy(collection / "Nave/Long Windows/01 Aisle.flac", tmp_path / "Aisle copy.flac")
        analysed.run("remove", "-f", f"id:{ids[last]}")
        assert last not in str(picks(analysed.deejai("similar", "Anvil", "-n", "100")))

        import numpy as np
        import soundfile

        samples, rate = soundfile.read(tmp_path / "Aisle copy.flac")
        soundfile.write(tmp_path / "quiet.flac", np.float32(0.95) * samples, rate)
        analysed.run("import", "-qAs", tmp_path / "quiet.flac")
        analysed.run("modify", "-yMW", f"id:{ids[last]}", "artist=Newcomer", "title=Quiet Aisle")
        found = picks(analysed.deejai("similar", "Aisle", "-n", "1", "--duplicate-epsilon", "0"))
        assert found[0][1] == "Newcomer - Quiet Aisle"
        assert found[0][0] > 0.8
