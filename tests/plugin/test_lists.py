"""Every option of the commands that make lists, as a user types it."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest

from deejai_core.embedding.slices import SliceStore
from deejai_core.lists.reasons import unlike
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.playlists.segue import ends
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
        result = analysed.deejai("similar", "Aisle", "-n", "10", "--keep-on", "0", "--no-correct-hubs", *NEAREST)
        similarities = [similarity for similarity, _ in picks(result)]
        assert similarities == sorted(similarities, reverse=True)

    def test_keep_on_one_looks_at_the_last_track_only(self, analysed):
        near_the_last = ["--keep-on", "1", "--stay", "0", "--no-correct-hubs", *NEAREST]
        walk = analysed.deejai("similar", "Aisle", "-n", "4", *near_the_last)
        third = analysed.deejai("similar", names(walk)[1], "-n", "9", "--keep-on", "0", "--no-correct-hubs", *NEAREST)
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
        assert f"no other has a similarity of 0.3 or more: {below[0] - 1} tracks instead of 23" in cut.err

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
        assert unlike(similarities, 0.3, "album") == [line.replace("tracks", "albums") for line in said]
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
        assert "no others fit: 7 tracks instead of 20" in result.err

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
        assert "no others fit" not in result.err

    def test_more_minutes_than_the_library_has(self, analysed):
        result = analysed.deejai("similar", "Aisle", "--minutes", "60")
        assert len(picks(result)) == 23
        assert "no others fit: 3.2 minutes instead of 60 minutes" in result.err

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
        result = analysed.deejai("similar", "Aisle", "--min-length", "11:00", status=1)
        assert "--min-length: no track is at least 11:00 and at most 10:00 long; set max_length as well" in result.err

    def test_ten_minutes_at_most_by_default(self, analysed):
        analysed.run("modify", "-yMW", "title:Vault", "length=601")
        assert "Vault" not in names(analysed.deejai("similar", "Aisle", "-n", "12"))
        assert "Vault" in names(analysed.deejai("similar", "Aisle", "-n", "22", "--max-length", "0", SONGS))

    def test_versions_are_one_song(self, analysed):
        analysed.run("modify", "-yMW", "title:Vault", "title=Aisle (Live at the Nave) - 2011 Remaster")
        assert not [name for name in names(analysed.deejai("similar", "Aisle", "-n", "9")) if "Live" in name]
        for options, versions in (([], 1), (["--no-fold-versions"], 2)):
            found = names(analysed.deejai("similar", "title:Dust", "-n", "9", SONGS, *options))
            assert len([name for name in found if name.startswith("Aisle")]) == versions

    def test_near_duplicates_are_one_song(self, analysed):
        apart = analysed.deejai("similar", "Breaker", "-n", "3")
        assert len(set(artists(apart))) > 1
        assert "of a song that is already in the list" in analysed.deejai("similar", "Breaker", "-n", "23").err

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
        plain = ["similar", "Wren", "--keep-on", "0", "-p", SONGS]
        ranked = picks(analysed.deejai(*plain, "-n", "12"))
        near = [name.split(" - ", 1)[1] for similarity, name in ranked if similarity >= ranked[0][0] - 0.05]
        keys = dict(zip(analysed.field("title"), analysed.field("deejai_key"), strict=True))
        model = MusiCNN()
        with SliceStore(analysed.data / "slices.db") as store:
            trunks = dict(store.get(keys.values(), model.name, model.trunk_size))
        slices = {title: model.project(trunks[key]) for title, key in keys.items()}
        flow = {title: float(ends(slices["Wren"])[1] @ ends(slices[title])[0]) for title in near}
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
