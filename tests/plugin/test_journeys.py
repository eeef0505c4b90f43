"""`journey` and `reorder`, as a user types them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.plugin.test_lists import artists, names
from tests.plugin.test_playlists import files, picks


class TestReorder:
    def mixed(self, analysed) -> Path:
        titles = ["Aisle", "Anvil", "Vault", "Kettle", "Rust", "Wren"]
        playlist = analysed.folder / "mixed.m3u"
        paths = [analysed.run("ls", "-f", "$path", f"title:{title}").lines[0] for title in titles]
        playlist.write_text("#EXTM3U\n" + "".join(f"{path}\n" for path in paths))
        return playlist

    def order(self, result) -> list[str]:
        return [line.split(" - ", 1)[1] for line in result.lines if line[:4].strip().isdigit()]

    def test_a_playlist_flows(self, analysed):
        playlist = self.mixed(analysed)
        before = playlist.read_bytes()
        order = self.order(result := analysed.deejai("reorder", playlist))
        pairs = {frozenset(order[place : place + 2]) for place in (0, 2, 4)}
        assert pairs == {frozenset(pair) for pair in (("Aisle", "Vault"), ("Anvil", "Rust"), ("Kettle", "Wren"))}
        step, earlier = map(
            int, re.search(r"^The mean step is (\d+)°; before, it was (\d+)°\.$", result.out, re.M).groups()
        )
        assert step < earlier
        assert playlist.read_bytes() == before
        assert len(analysed.playlist("mixed, reordered.m3u")) == 6

    def test_ends_that_are_kept(self, analysed):
        order = self.order(analysed.deejai("reorder", self.mixed(analysed), "--keep-first", "--keep-last"))
        assert (order[0], order[-1]) == ("Aisle", "Wren")

    def test_a_query_and_its_own_playlist(self, analysed):
        order = self.order(analysed.deejai("reorder", "artist:Nave", ",", "artist:Iron"))
        assert len(order) == 8
        playlist = self.mixed(analysed)
        analysed.deejai("reorder", playlist, "-o", playlist)
        assert len(files(playlist)) == 6

    def test_files_outside_the_library_and_files_that_are_gone(self, analysed, collection, tmp_path):
        import numpy as np
        import soundfile

        samples, rate = soundfile.read(collection / "Nave/Long Windows/01 Aisle.flac")
        soundfile.write(tmp_path / "rip.wav", np.float32(0.5) * samples, rate)
        playlist = self.mixed(analysed)
        playlist.write_text(playlist.read_text() + f"{tmp_path}/rip.wav\nnone.mp3\n")
        result = analysed.deejai("reorder", playlist)
        assert len(self.order_lines(result)) == 7
        assert f"left out: {analysed.folder}/none.mp3: not analysed: " in result.err
        kept = playlist.read_bytes()
        error = analysed.deejai("reorder", playlist, "-o", playlist, status=1).err
        assert "mixed.m3u: 1 of its tracks would be lost; write to another file" in error
        assert playlist.read_bytes() == kept

    def order_lines(self, result) -> list[str]:
        return [line for line in result.lines if line[:4].strip().isdigit()]


class TestJourneys:
    def test_the_certificate(self, analysed):
        result = analysed.deejai("journey", "Kettle", "Anvil", "-n", "4")
        assert re.search(r"^The largest step is \d+° \(.+ to .+\), the mean \d+°\.$", result.out, re.MULTILINE)
        assert re.search(
            r"^On average, the list is \d+ % of the way off even steps; (no step leads|1 step leads|\d steps lead) back\.$",
            result.out,
            re.MULTILINE,
        )

    def test_the_best_order(self, analysed):
        result = analysed.deejai("journey", "Kettle", "Aisle", "Wren", "Vault", "-n", "0", "--best-order", "--keep-first")
        stops = [line.split(" - ")[1] for line in result.lines if line.startswith("waypoint")]
        assert stops[:2] == ["Kettle", "Wren"]
        (playlist,) = (analysed.folder / "playlists").iterdir()
        assert "--best-order" not in playlist.read_text()  # its recipe names the waypoints in the order that was found

    def test_one_per_artist(self, analysed):
        result = analysed.deejai("journey", "Kettle", "Anvil", "-n", "4", "--artist-separation", "once")
        assert len(set(artists(result))) == 4

    def test_a_waypoint_with_several_matches_is_their_centre(self, analysed):
        result = analysed.deejai("journey", "album:Kitchen", "artist:Iron", "-n", "1")
        assert (
            "'album:Kitchen' matches 4 tracks: the journey passes through their centre, near Hazel & Thorn - " in result.out
        )
        stops = [line for line in result.lines if line.startswith("waypoint")]
        assert [stop[12:].split(" - ")[0] for stop in stops] == ["Hazel & Thorn", "Iron Kettle"]

    def test_drunk_journeys(self, analysed):
        command = ["journey", "Kettle", "Anvil", "--drunk", "0.6", "--seed"]
        lists = [picks(analysed.deejai(*command, n, real=real)) for n, real in ((1, False), (1, True), (2, False))]
        assert lists[0] == lists[1] != lists[2]

    def test_what_means_the_same_songs_comes_once(self, analysed):
        result = analysed.deejai("journey", "artist:Nave", "album:Windows", "Anvil", "-n", "2")
        stops = [line[12:] for line in result.lines if line.startswith("waypoint")]
        assert len(set(stops)) == 3
        error = analysed.deejai("journey", "Vault", "Aisle", "id:" + analysed.field("id", "title:Aisle")[0], status=1).err
        assert "Nave - Aisle: the same waypoint twice in a row; a journey leads from one to another" in error

    def test_a_round_trip(self, analysed):
        """There and back again, by other songs, with a steps; its recipe makes it again."""
        command = ["journey", "Kettle", "Anvil", "Kettle", "-n", "3", "--why"]
        result = analysed.deejai(*command, "-o", analysed.folder / "list.m3u")
        stops = [line[12:] for line in result.lines if line.startswith("waypoint")]
        assert stops == ["Hazel & Thorn - Kettle", "Iron Kettle - Anvil", "Hazel & Thorn - Kettle"]
        assert len(set(names(result)) | {"Kettle", "Anvil"}) == 8
        assert re.search(r"^The largest step is \d+°", result.out, re.MULTILINE)
        written = files(analysed.folder / "list.m3u")
        assert [Path(written[place]).stem[3:] for place in (0, 4, 8)] == ["Kettle", "Anvil", "Kettle"]
        recipe = shlex.split((analysed.folder / "list.m3u").read_text().splitlines()[2].removeprefix("# "))
        analysed.run(*recipe[1:], "-o", analysed.folder / "again.m3u")
        assert files(analysed.folder / "again.m3u") == written

    def test_a_round_trip_by_way_of_artists_plays_another_song_of_theirs_if_there_is_one(self, analysed):
        result = analysed.deejai("journey", "artist:Nave", "Anvil", "artist:Nave", "title:Aisle", "Anvil", "-n", "0")
        stops = [line[12:] for line in result.lines if line.startswith("waypoint")]
        assert [stop.split(" - ")[0] for stop in stops] == ["Nave", "Iron Kettle", "Nave", "Nave", "Iron Kettle"]
        assert stops[0] != stops[2]

    def test_less_like_something(self, analysed):
        plain = analysed.deejai("journey", "Kettle", "Anvil", "-n", "6")
        away = analysed.deejai("journey", "Kettle", "Anvil", "-n", "6", "--less", names(plain)[2])
        assert names(plain)[2] not in names(away)
        assert names(away) != names(plain)

    def test_the_track_that_is_played_for_a_centre_has_no_copy_in_the_list(self, analysed, collection, tmp_path):
        import shutil

        shutil.copytree(collection / "Nave", tmp_path / "again")
        analysed.run("import", "-qA", tmp_path / "again")
        analysed.run("modify", "-yMW", f"path:{tmp_path}/again", "artist=Somebody")
        analysed.deejai("journey", "artist:Nave", "Anvil", "-n9", "--no-fold-versions", "-o", analysed.folder / "list.m3u")
        songs = [Path(name).name for name in files(analysed.folder / "list.m3u")]
        assert len(set(songs)) == len(songs)
