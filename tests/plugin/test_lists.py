"""Every option of the commands that make lists, as a user types it."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from deejai_core.embedding.slices import SliceStore
from deejai_core.lists.reasons import unlike
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.playlists.segue import ends
from tests.plugin.conftest import BEET
from tests.plugin.test_playlists import files, picks

SONGS = "--duplicate-epsilon=0"  # two of the composer's songs are nearly the same
NEAREST = [SONGS, "--artist-separation", "0"]  # whoever plays


def names(result) -> list[str]:
    """The titles that were picked."""
    return [name.split(" - ", 1)[1] for _, name in picks(result)]


def artists(result) -> list[str]:
    return [name.split(" - ", 1)[0] for _, name in picks(result)]


class TestTheWalk:
    def test_keep_on_zero_stays_with_the_seed(self, analysed):
        result = analysed.deejai("similar", "Aisle", "-n", "10", "--keep-on", "0", "--hubs", *NEAREST)
        similarities = [similarity for similarity, _ in picks(result)]
        assert similarities == sorted(similarities, reverse=True)

    def test_keep_on_one_looks_at_the_last_track_only(self, analysed):
        walk = analysed.deejai("similar", "Aisle", "-n", "4", "--keep-on", "1", "--stay", "0", "--hubs", *NEAREST)
        third = analysed.deejai("similar", names(walk)[1], "-n", "9", "--keep-on", "0", "--hubs", *NEAREST)
        assert picks(walk)[2] in picks(third)

    def test_drunk_lists_differ_and_can_be_had_again(self, analysed):
        first = analysed.deejai("similar", "Aisle", "--drunk", "0.5")
        other = analysed.deejai("similar", "Aisle", "--drunk", "0.5")
        assert picks(first) != picks(other)
        (again,) = [line for line in first.lines if line.startswith("to make this list again: --seed ")]
        same = analysed.deejai("similar", "Aisle", "--drunk", "0.5", "--seed", again.split()[-1], real=True)
        assert picks(same) == picks(first)

    def test_sober_lists_are_the_same_each_time(self, analysed):
        assert picks(analysed.deejai("similar", "Aisle")) == picks(analysed.deejai("similar", "Aisle", real=True))

    def test_a_list_stays_with_its_seed_unless_it_is_told_not_to(self, analysed):
        default = analysed.deejai("similar", "Aisle", "-n", "12", "--why", SONGS)
        wandering = analysed.deejai("similar", "Aisle", "-n", "12", "--stay", "0", "--why", SONGS)
        assert picks(default) == picks(analysed.deejai("similar", "Aisle", "-n", "12", "--stay", "0.4", SONGS))
        assert picks(default) != picks(wandering)
        assert len(re.findall(r"^ +near .*Nave - Aisle", default.out, re.MULTILINE)) == 12
        assert len(re.findall(r"^ +near .*Nave - Aisle", wandering.out, re.MULTILINE)) == 3  # it is one of the last three

    def test_it_says_from_where_on_tracks_no_longer_sound_alike_and_ends_there_if_asked_to(self, analysed):
        whole = analysed.deejai("similar", "Aisle", "-n", "23")
        below = [number for number, (similarity, _) in enumerate(picks(whole), 1) if similarity < 0.3]
        assert unlike([similarity for similarity, _ in picks(whole)], 0.3)[0] in whole.lines
        cut = analysed.deejai("similar", "Aisle", "-n", "23", "--floor", "0.3")
        assert picks(cut) == picks(whole)[: below[0] - 1]
        assert "similarity below" not in cut.out
        assert f"no other has a similarity of 0.3: {below[0] - 1} tracks instead of 23" in cut.err

    @pytest.mark.parametrize(
        ("similarities", "said"),
        [
            ([0.9, 0.3, 0.4], []),
            ([], []),
            ([0.9, 0.2, 0.1], ["From number 2 on, the tracks no longer sound alike (similarity below 0.3)."]),
            ([0.9, 0.29], ["From number 2 on, the tracks no longer sound alike (similarity below 0.3)."]),
            ([0.9, 0.2, 0.5], ["Number 2 does not sound like the rest (similarity below 0.3)."]),
            (
                [0.9, 0.2, 0.5, -0.1, 0.3],
                ["2 of 5 tracks do not sound like the rest (similarity below 0.3), the first at number 2."],
            ),
        ],
    )
    def test_how_it_says_so(self, similarities, said):
        assert unlike(similarities, 0.3) == said
        assert unlike(similarities, None) == []  # a space in which nobody has measured it

    def test_artists_keep_a_mild_distance(self, analysed):
        """Where others sound nearly as much alike; `once` and numbers are rules, 0 is none."""
        apart = {}
        for separation in ("0", "mild", "once"):
            result = analysed.deejai("similar", "Aisle", "-n", "6", "--artist-separation", separation, SONGS)
            playing = ["Nave", *artists(result)]
            apart[separation] = sum(one != other for one, other in pairwise(playing))
        assert apart["0"] <= apart["mild"] <= apart["once"]
        assert picks(analysed.deejai("similar", "Aisle", "-n", "6", SONGS)) == picks(
            analysed.deejai("similar", "Aisle", "-n", "6", "--artist-separation", "mild", SONGS)
        )

    def test_a_recipe_says_what_another_default_would_change(self, analysed):
        analysed.deejai("similar", "Aisle", "-o", analysed.folder / "list.m3u")
        recipe = (analysed.folder / "list.m3u").read_text().splitlines()[2]
        assert recipe == "# beet deejai similar --stay 0.4 --artist-separation mild Aisle"

    def test_less_like_something(self, analysed):
        plain = analysed.deejai("similar", "artist:Blue Ledger", "-n", "5", "--keep-on", "0")
        away = analysed.deejai("similar", "artist:Blue Ledger", "-n", "5", "--keep-on", "0", "--less", "genres:Folk")
        assert "Hazel & Thorn" in artists(plain)
        assert "Hazel & Thorn" not in artists(away)

    def test_without_the_seeds(self, analysed):
        result = analysed.deejai("similar", "Aisle", "-n", "3", "--no-seeds", "-o", analysed.folder / "list.m3u")
        assert not [line for line in result.lines if line.startswith("seed")]
        assert len(files(analysed.folder / "list.m3u")) == 3


class TestCandidates:
    def test_only_what_a_query_finds(self, analysed):
        result = analysed.deejai("similar", "Aisle", "-n", "20", "--from", "artist:Nave , artist:'Iron Kettle'", SONGS)
        assert sorted(set(artists(result))) == ["Iron Kettle", "Nave"]
        assert "the library has no more: 7 tracks instead of 20" in result.err

    def test_exclusions_and_flexible_attributes(self, analysed):
        analysed.run("modify", "-yMW", "artist:Nave", "mood=calm")
        assert set(artists(analysed.deejai("similar", "Breaker", "-n", "4", "--from", "mood:calm"))) == {"Nave"}
        assert "Nave" not in artists(analysed.deejai("similar", "Vault", "-n", "9", "--from", "^mood:calm"))

    def test_from_the_configuration(self, analysed):
        analysed.configure(candidates="artist:Nave")
        assert set(artists(analysed.deejai("similar", "Breaker", "-n", "3"))) == {"Nave"}
        assert len(set(artists(analysed.deejai("similar", "Breaker", "-n", "9", "--from", "")))) > 1

    def test_journeys_too(self, analysed):
        result = analysed.deejai("journey", "Kettle", "Anvil", "-n", "3", "--from", "artist:Nave")
        assert set(artists(result)) == {"Nave"}

    @pytest.mark.parametrize(
        ("query", "error"),
        [
            ("artist:Nobody", "--from: 'artist:Nobody' matches nothing; `beet ls` shows what a query finds"),
            ("title:'unclosed", "is not a query"),
            ("year:nineteen", "'nineteen' is not an int or a float"),
        ],
    )
    def test_queries_that_find_nothing(self, analysed, query, error):
        result = analysed.deejai("similar", "Aisle", "--from", query, status=1)
        assert error in result.err
        assert result.out == ""


class TestLengthOfTheList:
    def test_minutes(self, analysed):
        """Tracks of 8 seconds: with the seed, 1 minute is 7 or 8 of them."""
        result = analysed.deejai("similar", "Aisle", "--minutes", "1", "-o", analysed.folder / "list.m3u")
        assert len(files(analysed.folder / "list.m3u")) in (7, 8)
        assert "the library has no more" not in result.err

    def test_more_minutes_than_the_library_has(self, analysed):
        result = analysed.deejai("similar", "Aisle", "--minutes", "60")
        assert len(picks(result)) == 23
        assert "the library has no more: 3.2 minutes instead of 60 minutes" in result.err

    def test_a_number_wins_over_configured_minutes(self, analysed):
        analysed.configure(minutes=1)
        assert len(picks(analysed.deejai("similar", "Aisle"))) < 8
        assert len(picks(analysed.deejai("similar", "Aisle", "-n", "12"))) == 12

    def test_journeys(self, analysed):
        analysed.deejai("journey", "Kettle", "Anvil", "Aisle", "--minutes", "1.6", "-o", analysed.folder / "list.m3u")
        assert len(files(analysed.folder / "list.m3u")) == 12

    @pytest.mark.parametrize(
        ("args", "error"),
        [
            (["similar", "Aisle", "-n", "3", "--minutes", "3"], "-n and --minutes both set the length of the list"),
            (
                ["similar", "artist:Nave", "--minutes", "0.3"],
                "the seeds alone take 0.5 minutes of the 0.3",
            ),
            (["journey", "Aisle", "Anvil", "--minutes", "0.1"], "the waypoints alone take 0.3 minutes"),
            (["similar", "Aisle", "--minutes", "-3"], "error: --minutes: must be more than 0, not -3"),
            (["similar", "Aisle", "--minutes", "0"], "error: --minutes: must be more than 0, not 0"),
            (["similar", "-a", "Boil", "-n", "0"], "error: --number: must be at least 1, not 0"),
            (["similar", "Aisle", "--drunk", "2"], "error: --drunk: must be from 0 to 1, not 2"),
            (
                ["similar", "Aisle", "--artist-separation", "x"],
                "--artist-separation: must be a number",
            ),
            (["similar", "Aisle", "--max-length", "long"], "--max-length: must be a length such as 10:00, not 'long'"),
            (["similar", "Aisle", "--pick"], "--pick asks you to choose, and needs a terminal for that"),
            (["journey", "Aisle", "Anvil", "--keep-first"], "--keep-first and --keep-last need --best-order"),
            (["reorder"], "reorder what?"),
            (["reorder", "Aisle"], "there is nothing to reorder"),
            (["reorder", "none.m3u"], "none.m3u: cannot read the playlist (No such file or directory)"),
            (["similar-artists"], "similar to whom?"),
            (["similar", "-a", "Nobody"], "no album matches 'Nobody'; `beet ls -a` shows"),
            (["similar", "Aisle", "--minutes", "inf"], "--minutes: must be a finite number of at least 0, not inf"),
            (["similar", "length:abc"], "'length:abc' is not a query: "),
            (["playlists", "Nobody"], "no playlist is named 'Nobody'; the configuration has none"),
        ],
    )
    def test_errors_say_what_to_do(self, analysed, args, error):
        result = analysed.deejai(*args, status=1)
        assert error in result.err
        assert result.out == ""


class TestRules:
    def test_artist_separation(self, analysed):
        result = analysed.deejai("similar", "Aisle", "-n", "12", "--artist-separation", "3")
        listed = ["Nave", *artists(result)]
        assert all(artist not in listed[place + 1 : place + 4] for place, artist in enumerate(listed))
        assert result.err == ""

    def test_once_only_for_as_long_as_there_are_others(self, analysed):
        result = analysed.deejai("similar", "Aisle", "-n", "5", "--artist-separation", "once")
        assert len({"Nave", *artists(result)}) == 6
        more = analysed.deejai("similar", "Aisle", "-n", "7", "--artist-separation", "once")
        assert "Allowed 2 tracks closer to another by the same artist than you asked; no others fit." in more.err

    def test_album_separation_from_the_configuration(self, analysed):
        analysed.configure(album_separation="once")
        assert len(set(artists(analysed.deejai("similar", "Aisle", "-n", "5")))) == 5

    def test_lengths(self, analysed):
        result = analysed.deejai("similar", "Aisle", "-n", "3", "--min-length", "0:09")
        assert "Allowed 3 tracks shorter or longer than you asked; no others fit." in result.err
        assert analysed.deejai("similar", "Aisle", "-n", "3", "--max-length", "8.5").err == ""
        assert "longer than you asked" in analysed.deejai("similar", "Aisle", "-n", "3", "--max-length", "7").err

    def test_ten_minutes_at_most_by_default(self, analysed):
        analysed.run("modify", "-yMW", "title:Vault", "length=601")
        assert "Vault" not in names(analysed.deejai("similar", "Aisle", "-n", "12"))
        assert "Vault" in names(analysed.deejai("similar", "Aisle", "-n", "22", "--max-length", "0", SONGS))

    def test_versions_are_one_song(self, analysed):
        analysed.run("modify", "-yMW", "title:Vault", "title=Aisle (Live at the Nave) - 2011 Remaster")
        assert not [name for name in names(analysed.deejai("similar", "Aisle", "-n", "9")) if "Live" in name]
        for options, versions in (([], 1), (["--versions"], 2)):
            found = names(analysed.deejai("similar", "title:Dust", "-n", "9", SONGS, *options))
            assert len([name for name in found if name.startswith("Aisle")]) == versions

    def test_near_duplicates_are_one_song(self, analysed):
        apart = analysed.deejai("similar", "Kettle", "-n", "3")
        assert len(set(artists(apart))) > 1
        assert "of a song that is in the list already" in analysed.deejai("similar", "Kettle", "-n", "23").err

    def test_what_was_played_lately_can_wait(self, analysed):
        analysed.run("modify", "-yMW", "title:Vault", f"last_played={time.time() - 3600:.0f}")
        analysed.run("modify", "-yMW", "title:Dust", f"last_played={time.time() - 30 * 86400:.0f}")
        result = analysed.deejai("similar", "Aisle", "-n", "9", "--not-played-days", "7")
        assert "Vault" not in names(result)
        assert "Dust in Light" in names(result)

    @pytest.mark.parametrize("field", ["play_count", "lastfm_play_count", "listenbrainz_play_count"])
    def test_favourites_come_sooner(self, analysed, field):
        analysed.run("modify", "-yMW", "title:Anvil", f"{field}=40")
        assert names(analysed.deejai("similar", "Aisle", "-n", "1", "--prefer-played", "1")) == ["Anvil"]

    def test_what_is_always_skipped_comes_later(self, analysed):
        first = names(analysed.deejai("similar", "Aisle", "-n", "1"))[0]
        analysed.run("modify", "-yMW", f"title:{first}", "skip_count=99")
        assert first not in names(analysed.deejai("similar", "Aisle", "-n", "3", "--avoid-skipped", "1"))

    def test_tempo_and_key(self, analysed):
        analysed.run("modify", "-yMW", "bpm=90", "initial_key=F#")
        analysed.run("modify", "-yMW", "artist:Nave", "bpm=120", "initial_key=Am")
        analysed.run("modify", "-yMW", "artist:Iron", "bpm=61", "initial_key=C")
        result = analysed.deejai("similar", "Aisle", "-n", "7", "--mix-in-key", SONGS)
        assert set(artists(result)) == {"Nave", "Iron Kettle"}
        assert result.err == ""
        more = analysed.deejai("similar", "Aisle", "-n", "9", "--mix-in-key", SONGS)
        assert "outside the tempo or key you asked for" in more.err

    def test_the_segue_decides_among_near_equals(self, analysed):
        """By hand, from the slices that are stored: the end of the seed against the beginnings of the first candidates."""
        plain = ["similar", "Kettle", "--keep-on", "0", "-p", SONGS]
        ranked = picks(analysed.deejai(*plain, "-n", "12"))
        near = [name.split(" - ", 1)[1] for similarity, name in ranked if similarity >= ranked[0][0] - 0.05]
        keys = dict(zip(analysed.field("title"), analysed.field("deejai_key"), strict=True))
        model = MusiCNN()
        with SliceStore(analysed.data / "slices.db") as store:
            trunks = dict(store.get(keys.values(), model.name, model.trunk_size))
        slices = {title: model.project(trunks[key]) for title, key in keys.items()}
        flow = {title: float(ends(slices["Kettle"])[1] @ ends(slices[title])[0]) for title in near}
        assert max(flow, key=flow.get) != near[0]  # otherwise it would have nothing to decide
        assert names(analysed.deejai(*plain, "-n", "1", "--segue")) == [max(flow, key=flow.get)]

    def test_segues_without_slices(self, analysed):
        result = analysed.deejai("similar", "Aisle", "-n", "6", "--segue", "--why")
        assert len(picks(result)) == 6
        (analysed.data / "slices.db").unlink()  # without slices there is nothing to compare, and all is as without
        without = analysed.deejai("similar", "Aisle", "-n", "6", "--segue")
        assert picks(without) == picks(analysed.deejai("similar", "Aisle", "-n", "6"))


class TestAlbumsAndArtists:
    def test_similar_albums(self, analysed):
        result = analysed.deejai("similar", "-a", "Long Windows", "-n", "2")
        assert result.lines[0] == "seed        Nave - Long Windows"
        assert len(picks(result)) == 2
        listed = analysed.playlist("Similar to Nave - Long Windows.m3u")
        assert len(listed) == 12
        assert listed[:4] == ["01 Aisle.flac", "02 Dust in Light.flac", "03 Élan.flac", "04 Vault.flac"]

    def test_five_albums_by_default_and_from_a_query(self, analysed):
        assert len(picks(analysed.deejai("similar", "-a", "Long Windows"))) == 5
        scoped = analysed.deejai("similar", "-a", "Long Windows", "--from", "albumartist:Kettle")
        assert artists(scoped) == ["Iron Kettle"]

    def test_an_album_journey(self, analysed):
        result = analysed.deejai("journey", "-a", "Kitchen Songs", "Boil", "-n", "1")
        stops = [line[12:] for line in result.lines if line.startswith("waypoint")]
        assert stops == ["Hazel & Thorn - Kitchen Songs", "Iron Kettle - Boil"]
        assert "12 tracks written to " in result.lines[-1]

    def test_similar_artists(self, analysed):
        result = analysed.deejai("similar-artists", "Nave", "-n", "3")
        assert re.fullmatch(r"   1  -?0\.\d{3} .+ \(4 tracks\)", result.lines[0])
        assert len(result.lines) == 3
        assert "Nave" not in result.out
        assert len(analysed.deejai("similar-artists", "title:Anvil", "--from", "artist:Nave").lines) == 1


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
        assert re.search(r"^Steps vary by \d+ % on average; (none leads|1 leads|\d lead) back\.$", result.out, re.MULTILINE)

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
        assert "'album:Kitchen' matches 4 tracks: the way goes through their centre, next to Hazel & Thorn - " in result.out
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
        analysed.deejai("journey", "artist:Nave", "Anvil", "-n", "9", "-o", analysed.folder / "list.m3u", "--versions")
        songs = [Path(name).name for name in files(analysed.folder / "list.m3u")]
        assert len(set(songs)) == len(songs)


class TestSmallMistakes:
    def test_what_is_wrong_in_the_configuration_is_blamed_on_it(self, analysed):
        analysed.configure(number=0)
        assert "configuration error: deejai.number: must be at least 1" in analysed.deejai("similar", "Aisle", status=1).err
        result = analysed.deejai("similar", "Aisle", "--drunk", "0.1", status=1)
        assert "configuration error: deejai.number: must be at least 1, not 0" in result.err

    def test_an_option_that_does_not_exist_is_named(self, analysed):
        analysed.configure(artist_seperation=3)
        warning = "deejai.artist_seperation: there is no such option in the configuration; it is ignored"
        assert warning in analysed.deejai("similar", "Aisle", "-p").err
        assert "no such option: artist_seperation" in analysed.deejai("doctor", status=1).out

    def test_of_two_versions_that_are_seeds_one_is_listed(self, analysed):
        analysed.run("modify", "-yMW", "title:Vault", "title=Aisle (Live)")
        result = analysed.deejai("similar", "artist:Nave", "title:Aisle", "-n", "3", "-p")
        assert len([line for line in result.lines if line.startswith("seed")]) == 1
        both = analysed.deejai("similar", "artist:Nave", "title:Aisle", "-n", "3", "-p", "--versions")
        assert len([line for line in both.lines if line.startswith("seed")]) == 2

    def test_no_playlists_to_write(self, analysed):
        assert "no playlists in the configuration (deejai.playlists)" in analysed.deejai("playlists").err

    def test_why_counts_what_was_taken_off(self, analysed):
        analysed.run("modify", "-yMW", "title:Anvil", "play_count=40")
        result = analysed.deejai("similar", "Aisle", "-n", "2", "--prefer-played", "0.5", "--why")
        assert re.search(r"counted as -?0\.\d{3}, after mood, plays, skips, hubs and artists", result.out)


class TestOutput:
    def test_why(self, analysed):
        result = analysed.deejai("similar", "Aisle", "-n", "4", "--artist-separation", "2", "--why", SONGS)
        assert re.search(r"^ +near 0\.\d+ Nave - Aisle$", result.out, re.MULTILINE)
        assert re.search(
            r"^ +not 0\.\d+ Nave - .+: it is too close to another track by its artist$", result.out, re.MULTILINE
        )
        scoped = analysed.deejai("similar", "Aisle", "-n", "2", "--from", "artist:Iron", "--why")
        assert re.search(r"^ +not 0\.\d+ Nave - .+: it is not among the tracks to pick from$", scoped.out, re.MULTILINE)
        journey = analysed.deejai("journey", "Kettle", "Anvil", "-n", "1", "--why")
        assert re.search(r"near -?\d\.\d+ Hazel & Thorn - Kettle, -?\d\.\d+ Iron Kettle - Anvil", journey.out)

    def test_what_had_to_give_way_is_shown_at_the_track(self, analysed):
        result = analysed.deejai("similar", "Aisle", "-n", "7", "--artist-separation", "once", "--why")
        assert "            chosen although it is too close to another track by its artist" in result.lines

    def test_a_template(self, analysed, collection):
        result = analysed.deejai("similar", "Aisle", "-n", "2", "-f", "$deejai_place|$title|$deejai_similarity")
        assert result.lines[0] == "seed|Aisle|"
        assert re.fullmatch(r"1\|.+\|0\.\d{3}", result.lines[1])
        assert len(result.lines) == 3
        by_path = analysed.deejai("similar", collection / "Nave/Long Windows/01 Aisle.flac", "-n", "1", "-p", "-f", "$path")
        assert all(Path(line).is_file() for line in by_path.lines)

    def test_pretend_writes_nothing(self, analysed):
        assert len(picks(analysed.deejai("similar", "Aisle", "-p"))) == 20
        assert not (analysed.folder / "playlists").exists()

    @pytest.mark.parametrize("options", [["-o", "list.xspf"], ["--output-format", "xspf", "-o", "list.xspf"]])
    def test_xspf(self, analysed, options):
        analysed.deejai("similar", "Aisle", "-n", "2", *options)
        root = fromstring((analysed.folder / "list.xspf").read_bytes())
        assert len(root.findall(".//{http://xspf.org/ns/0/}location")) == 3

    def test_jspf_is_named_after_its_tracks(self, analysed):
        analysed.deejai("similar", "Aisle", "-n", "2", "--output-format", "jspf")
        playlist = json.loads((analysed.folder / "playlists/Similar to Nave - Aisle.jspf").read_bytes())["playlist"]
        assert playlist["track"][0]["title"] == "Aisle"

    @pytest.mark.parametrize(
        "command",
        [
            [
                "similar",
                "Aisle",
                "Kettle",
                "-n",
                "6",
                "--drunk",
                "0.4",
                "--artist-separation",
                "once",
                "--from",
                "^title:Rust",
            ],
            ["similar", "Don't Stop", "-n", "3", "--less", "Aisle", "--max-length", "0", "--versions"],
            ["similar", "-a", "Boil", "-n", "2"],
            ["journey", "Kettle", "Anvil", "Aisle", "-n", "2", "--best-order"],
            ["journey", "Kettle", "Anvil", "--minutes", "1.5", "--segue"],
            ["reorder", "artist:Nave", ",", "artist:Iron", "--keep-first"],
        ],
        ids=lambda command: " ".join(command[:2]),
    )
    def test_the_recipe_in_a_playlist_makes_it_again(self, analysed, command):
        analysed.run("modify", "-yMW", "title:Surge", "title=Don't Stop")
        analysed.deejai(*command, "-o", analysed.folder / "first.m3u")
        header = (analysed.folder / "first.m3u").read_text().splitlines()
        recipe = shlex.split(header[2].removeprefix("# "))
        assert recipe[:2] == ["beet", "deejai"]
        assert re.fullmatch(r"# model musicnn-msd-1(, seed \d+)?", header[3])
        assert re.fullmatch(r"# made \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", header[4])
        analysed.run(*recipe[1:], "-o", analysed.folder / "second.m3u")
        assert files(analysed.folder / "second.m3u") == files(analysed.folder / "first.m3u")

    def test_play(self, analysed, tmp_path):
        player = tmp_path / "player"
        player.write_text(f"#!/bin/sh\ncat \"$2\" > '{tmp_path}/played'\n")
        player.chmod(0o755)
        with (analysed.folder / "config.yaml").open("a") as config:
            config.write(f"play:\n  command: '{player} --now $playlist'\n")
        result = analysed.deejai("similar", "Aisle", "-n", "2", "--play")
        assert "playing 3 tracks" in result.err
        without_mark = (tmp_path / "played").read_bytes()
        assert len(without_mark.splitlines()) == 3
        with (analysed.folder / "config.yaml").open("a") as config:
            config.write("  bom: yes\n")
        analysed.deejai("similar", "Aisle", "-n", "2", "--play")
        assert (tmp_path / "played").read_bytes() == b"\xef\xbb\xbf" + without_mark
        assert not (analysed.folder / "playlists").exists()  # played, and kept only where -o says so

    @pytest.mark.parametrize(
        ("command", "error"), [("no-such-player", "cannot run 'no-such-player'"), ("'false'", "'false' ended")]
    )
    def test_a_player_that_fails(self, analysed, command, error):
        with (analysed.folder / "config.yaml").open("a") as config:
            config.write(f"play: {{command: {command}}}\n")
        assert f"play.command: {error}" in analysed.deejai("similar", "Aisle", "-n", "2", "--play", status=1).err


class TestTheRecipeUnderAConfiguration:
    """A list made against the configuration is made again with it."""

    @pytest.mark.parametrize(
        ("configured", "command"),
        [
            ({"number": 9, "minutes": 1}, ["similar", "Aisle"]),
            ({"number": 9, "minutes": 1}, ["similar", "Aisle", "-n", "20"]),
            ({"candidates": "artist:Nave", "artist_separation": 5}, ["similar", "Ohm", "-n", "8", "--from", ""]),
            ({"artist_separation": 5}, ["similar", "Ohm", "-n", "8", "--artist-separation", "0"]),
            ({"mix_in_key": True, "list_seeds": False}, ["similar", "Ohm", "-n", "8", "--no-mix-in-key", "--seeds"]),
            ({"drunk": 0.4}, ["similar", "Ohm", "-n", "8", "--drunk", "0.123456789"]),
            ({"segue": True, "minutes": 1}, ["journey", "Ohm", "Wren", "-n", "3", "--no-segue"]),
        ],
        ids=str,
    )
    def test_it_makes_the_same_list(self, analysed, configured, command):
        analysed.configure(**configured)
        analysed.deejai(*command, "-o", analysed.folder / "first.m3u")
        recipe = shlex.split((analysed.folder / "first.m3u").read_text().splitlines()[2].removeprefix("# "))
        analysed.run(*recipe[1:], "-o", analysed.folder / "second.m3u")
        assert files(analysed.folder / "second.m3u") == files(analysed.folder / "first.m3u")

    def test_files_are_named_from_the_root(self, analysed, collection):
        song = collection / "Nave/Long Windows/01 Aisle.flac"
        analysed.deejai("similar", song.name, "-o", analysed.folder / "list.m3u", cwd=song.parent)
        assert shlex.quote(str(song)) in (analysed.folder / "list.m3u").read_text().splitlines()[2]


class Terminal:
    """`beet` on a terminal of its own, with somebody at the keyboard."""

    def __init__(self, beets, *args: str, answers: list[str]) -> None:
        ours, theirs = pty.openpty()
        env = os.environ | {"BEETSDIR": str(beets.folder), "TERM": "dumb", "NO_COLOR": "1"}
        process = subprocess.Popen(
            [BEET, "deejai", *args], stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=beets.folder
        )
        os.close(theirs)
        os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:
            pass  # the end of a terminal
        os.close(ours)
        self.status = process.wait()
        self.text = shown.decode().replace("\r\n", "\n")


class TestAtTheTerminal:
    def test_choosing_each_next_song(self, analysed):
        offered = names(analysed.deejai("similar", "Aisle", "-n", "10", "--keep-on", "0", "-p", *NEAREST))
        terminal = Terminal(
            analysed,
            "similar",
            "Aisle",
            "--keep-on",
            "0",
            "--pick",
            *NEAREST,
            "-o",
            "out.m3u",
            answers=["2", "", "m", "1", "e"],
        )
        assert terminal.status == 0
        assert "  1  0" in terminal.text
        chosen = [Path(name).stem[3:] for name in files(analysed.folder / "out.m3u")]
        assert chosen == ["Aisle", offered[1], offered[0], offered[7]]

    def test_choosing_on_a_journey(self, analysed):
        terminal = Terminal(
            analysed, "journey", "Kettle", "Anvil", "-n", "2", "--pick", "-o", "out.m3u", answers=["3", "1"]
        )
        assert terminal.status == 0
        assert len(files(analysed.folder / "out.m3u")) == 4
        ended = Terminal(analysed, "journey", "Kettle", "Anvil", "-n", "9", "--pick", "-o", "out.m3u", answers=["1", "e"])
        assert len(files(analysed.folder / "out.m3u")) == 3
        assert "chosen by hand" in (analysed.folder / "out.m3u").read_text()
        assert ended.text.count("# selection") == 2

    def test_nobody_is_asked_when_the_minutes_are_full(self, analysed):
        """Tracks of 8 seconds: with the seed, a quarter of a minute is two."""
        terminal = Terminal(analysed, "similar", "Aisle", "--minutes", "0.25", "--pick", "-o", "out.m3u", answers=["1"])
        assert terminal.status == 0
        assert len(files(analysed.folder / "out.m3u")) == 2

    def test_which_one_a_waypoint_means(self, analysed):
        third = Terminal(analysed, "journey", "Kettle", "artist:Nave", "-n", "1", "-o", "out.m3u", answers=["3"])
        assert "'artist:Nave' matches 4:" in third.text
        (title,) = re.findall(r"^  3  Nave - (.*)$", third.text, re.MULTILINE)
        assert files(analysed.folder / "out.m3u")[-1].endswith(f"{title}.flac")
        assert "artist:Nave" not in (analysed.folder / "out.m3u").read_text()  # the recipe names the one that was chosen
        centre = Terminal(analysed, "journey", "Kettle", "artist:Nave", "-n", "1", "-o", "out.m3u", answers=["c"])
        assert "the way goes through their centre" in centre.text


class TestNamedPlaylists:
    CONFIGURED = (
        {"name": "Calm", "similar": "Aisle", "number": 3, "from": "^title:Rust"},
        {"name": "Uphill.xspf", "journey": ["Kettle", "Anvil"], "between": 2, "artist_separation": "once"},
        {"name": "Flow.m3u", "reorder": "artist:Nave", "keep_first": True},
    )

    def test_they_are_written_and_only_again_when_they_changed(self, analysed):
        analysed.configure(playlists=list(self.CONFIGURED))
        first = analysed.deejai("playlists")
        folder = analysed.folder / "playlists"
        assert first.lines == [
            f"Calm: 4 tracks written to {folder}/Calm.m3u",
            f"Uphill.xspf: 4 tracks written to {folder}/Uphill.xspf",
            f"Flow.m3u: 4 tracks written to {folder}/Flow.m3u",
        ]
        written = {path: path.stat().st_ino for path in folder.iterdir()}
        time.sleep(1.1)  # they are dated by the second
        assert analysed.deejai("playlists").lines == ["Calm: unchanged", "Uphill.xspf: unchanged", "Flow.m3u: unchanged"]
        assert {path: path.stat().st_ino for path in folder.iterdir()} == written
        assert "#PLAYLIST:Calm" in (folder / "Calm.m3u").read_text()

        analysed.run("remove", "-f", "title:Dust")
        assert analysed.deejai("playlists", "Flow.m3u", "-p").lines == ["Flow.m3u: would be written, 3 tracks"]
        assert analysed.deejai("playlists", "Flow.m3u").lines == [f"Flow.m3u: 3 tracks written to {folder}/Flow.m3u"]

    def test_one_that_fails_does_not_stop_the_others(self, analysed):
        broken = {"name": "Broken", "similar": "Nobody"}
        wrong = {"name": "Wrong", "similar": "Aisle", "number": 0}
        analysed.configure(playlists=[broken, wrong, self.CONFIGURED[0]])
        result = analysed.deejai("playlists", status=1)
        assert "Broken: no track matches 'Nobody'" in result.err
        assert "Wrong: number: must be at least 1, not 0" in result.err
        assert "2 of the playlists could not be written, see above; they are as they were" in result.err
        assert result.lines == [f"Calm: 4 tracks written to {analysed.folder}/playlists/Calm.m3u"]

    def test_its_own_source_is_not_cut_short(self, analysed):
        folder = analysed.folder / "playlists"
        folder.mkdir()
        paths = [analysed.run("ls", "-f", "$path", f"title:{title}").lines[0] for title in ("Aisle", "Anvil")]
        (folder / "Mine.m3u").write_text("\n".join([*paths, "gone.mp3", "http://radio/stream"]))
        before = (folder / "Mine.m3u").read_bytes()
        analysed.configure(playlists=[{"name": "Mine", "reorder": str(folder / "Mine.m3u")}])
        assert "2 of its tracks would be lost" in analysed.deejai("playlists", status=1).err
        assert (folder / "Mine.m3u").read_bytes() == before

    @pytest.mark.parametrize("bad", ["length:abc", "title:'unclosed", "year:x , title:y"])
    def test_a_query_that_is_none_is_its_own_lists_fault(self, analysed, bad):
        analysed.configure(playlists=[{"name": "Bad", "similar": [bad]}, self.CONFIGURED[0]])
        result = analysed.deejai("playlists", status=1)
        assert "deejai: Bad: " in result.err
        assert "Calm: 4 tracks written" in result.out

    def test_two_for_one_file(self, analysed):
        analysed.configure(playlists=[{"name": "A/b", "similar": "Aisle"}, {"name": "A_b", "similar": "Ohm"}])
        result = analysed.deejai("playlists", status=1)
        assert "A_b: another playlist of the configuration has the same file; rename one of them" in result.err
        assert analysed.playlist("A_b.m3u")[0] == "01 Aisle.flac"

    def test_null_lifts_what_is_configured_for_all(self, analysed):
        analysed.configure(minutes=1, playlists=[{"name": "Long", "similar": "Aisle", "minutes": None}])
        assert analysed.deejai("playlists").lines[0].startswith("Long: 21 tracks written")

    @pytest.mark.parametrize(
        ("entry", "error"),
        [
            ({"similar": "Aisle"}, "deejai.playlists: number 1 needs a name, and one of similar, journey, reorder"),
            ({"name": "X"}, "X: it needs one of similar, journey, reorder"),
            ({"name": "X", "similar": "a", "journey": ["b", "c"]}, "X: it needs one of similar, journey, reorder"),
            ({"name": "X", "similar": "Aisle", "nmber": 3}, "X: unknown option 'nmber'"),
            ({"name": "X", "journey": "Aisle"}, "X: a journey needs a list of two waypoints or more"),
            ("X", "deejai.playlists: number 1 needs a name"),
        ],
    )
    def test_mistakes_in_the_configuration(self, analysed, entry, error):
        analysed.configure(playlists=[entry])
        assert error in analysed.deejai("playlists", status=1).err

    def test_not_after_an_import_that_is_only_pretended(self, analysed, collection):
        analysed.configure(playlists=[self.CONFIGURED[0]], playlists_auto=True)
        analysed.run("import", "-qA", "--pretend", collection)
        assert not (analysed.folder / "playlists").exists()

    def test_after_an_import(self, analysed, collection, tmp_path):
        analysed.configure(playlists=[self.CONFIGURED[0]], playlists_auto=True)
        import shutil

        shutil.copy(collection / "Nave/Long Windows/01 Aisle.flac", tmp_path / "copy.flac")
        result = analysed.run("import", "-qAs", tmp_path / "copy.flac")
        assert "Calm: 4 tracks written" in result.out
        analysed.configure(playlists=[{"name": "X"}], playlists_auto=True)
        shutil.copy(collection / "Nave/Long Windows/04 Vault.flac", tmp_path / "other.flac")
        result = analysed.run("import", "-qAs", tmp_path / "other.flac")
        assert "X: it needs one of similar, journey, reorder" in result.err

    def test_a_drunk_one_is_new_each_time_and_a_seeded_one_is_not(self, analysed):
        drunk = {"name": "Drunk", "similar": "Aisle", "number": 12, "drunk": 0.7}
        seeded = drunk | {"name": "Seeded", "seed": 3}
        analysed.configure(playlists=[drunk, seeded])
        analysed.deejai("playlists")
        again = analysed.deejai("playlists")
        assert again.lines[0].startswith("Drunk: 13 tracks written")
        assert again.lines[1] == "Seeded: unchanged"
