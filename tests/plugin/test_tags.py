"""Tags by sound: `beet deejai tag`, their fields in beets' queries and templates, and lists that lean to them."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.embedding.slices import SliceStore
from deejai_core.embedding.tag_digits import decode, encode, level
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.musicnn.tags import MSD_TAGS, MTT_TAGS
from tests.plugin.test_idle import modules_after
from tests.plugin.test_lists import SONGS, artists, names
from tests.plugin.test_playlists import files, picks

PROBABILITIES = st.lists(st.floats(0, 1), min_size=50, max_size=50)


def give(beets, title: str, **tags: float) -> None:
    """Store tags for a track as another program would; a tag that is not named is 0."""
    put(beets, title, encode([tags.get(tag.replace(" ", "_"), 0.0) for tag in MSD_TAGS.names]))


def put(beets, title: str, stored: str, field: str = "deejai_tags") -> None:
    with sqlite3.connect(beets.library) as library:
        (id_,) = library.execute("SELECT id FROM items WHERE title = ?", (title,)).fetchone()
        library.execute("INSERT INTO item_attributes (entity_id, key, value) VALUES (?, ?, ?)", (id_, field, stored))
    library.close()


def values(beets, name: str) -> dict[int, str]:
    library = sqlite3.connect(beets.library)
    found = dict(library.execute("SELECT entity_id, value FROM item_attributes WHERE key = ?", (name,)))
    library.close()
    return found


def probabilities(beets) -> np.ndarray:
    """(n, 50) of all tracks, in the order of their ids."""
    return np.array([decode(stored, MSD_TAGS) for _, stored in sorted(values(beets, "deejai_tags").items())])


class TestWhatIsStored:
    @given(PROBABILITIES)
    def test_four_digits_a_tag(self, found):
        stored = encode(found)
        assert len(stored) == 200
        assert decode(stored, MSD_TAGS) == pytest.approx(found, abs=1.01e-4)

    @pytest.mark.parametrize("stored", [None, "", "0" * 199, "0" * 201, "x" * 200, "²" * 200, "٣" * 200, b"0" * 200, 7])
    def test_anything_else_is_as_good_as_none(self, stored):
        assert decode(stored, MSD_TAGS) is None


class TestTag:
    def test_the_mean_of_what_is_heard_in_each_slice(self, tagged):
        model = MusiCNN()
        keys = values(tagged, "deejai_key")
        stored = values(tagged, "deejai_tags")
        assert keys.keys() == stored.keys()
        with SliceStore(tagged.data / "slices.db") as store:
            trunks = dict(store.get(keys.values(), model.name, model.trunk_size))
        for id_, key in keys.items():
            assert decode(stored[id_], MSD_TAGS) == pytest.approx(model.tags(trunks[key]).mean(axis=0), abs=6e-5)

    def test_only_what_lacks_them_unless_forced(self, analysed):
        assert "Tagged 4 tracks." in analysed.deejai("tag", "artist:Nave").err
        give(analysed, "Aisle", happy=0.9)
        assert "Tagged 20 tracks." in analysed.deejai("tag").err
        assert analysed.field("deejai_happy", "title:Aisle") == ["0.90"]
        assert "nothing to do: every track has tags" in analysed.deejai("tag").err
        assert "Tagged 1 track." in analysed.deejai("tag", "-f", "title:Aisle").err
        assert analysed.field("deejai_happy", "title:Aisle") != ["0.90"]
        assert "Tagged 24 tracks." in analysed.deejai("tag", "--force").err

    def test_pretend_shows_five_and_stores_nothing(self, analysed):
        result = analysed.deejai("tag", "-p", "title:Aisle")
        (line,) = result.lines
        name, _, tags = line.partition(": ")
        assert name == "Nave - Aisle"
        shown = [(tag.rsplit(" ", 1)[0], float(tag.rsplit(" ", 1)[1])) for tag in tags.split(", ")]
        assert len(shown) == 5
        assert {tag for tag, _ in shown} <= set(MSD_TAGS.names)
        assert [value for _, value in shown] == sorted((value for _, value in shown), reverse=True)
        assert not values(analysed, "deejai_tags")

    def test_pretend_shows_the_tags_that_are_there(self, tagged):
        give(tagged, "Aisle", happy=0.9)
        assert tagged.deejai("tag", "-p", "title:Aisle").out.startswith("Nave - Aisle: happy 0.90, ")
        assert len(tagged.deejai("tag", "-p").lines) == 24
        assert "happy 0.90" not in tagged.deejai("tag", "-pf", "title:Aisle").out

    def test_what_is_not_stored_is_counted(self, analysed):
        with sqlite3.connect(analysed.data / "slices.db") as store:
            store.execute("DELETE FROM slices WHERE key IN (SELECT key FROM slices LIMIT 2)")
        store.close()
        result = analysed.deejai("tag")
        assert "Tagged 22 tracks." in result.err
        assert "Could not tag 2 tracks, because no analysis by musicnn-msd-1 is stored" in result.err

    def test_mistakes(self, analysed):
        assert "no track matches 'Nobody'" in analysed.deejai("tag", "Nobody", status=1).err
        shutil.rmtree(analysed.data)
        assert "nothing analysed yet; run `beet deejai analyze`" in analysed.deejai("tag", status=1).err

    def test_damaged_tags_are_given_again(self, tagged):
        put(tagged, "Aisle", "junk")
        assert "Tagged 1 track." in tagged.deejai("tag").err

    def test_it_needs_no_network(self, analysed):
        assert not modules_after(analysed, "deejai", "tag") & {"torch", "librosa", "soundfile", "av"}


class TestOnTheWay:
    def test_an_import_tags_if_it_is_told_to(self, beets, collection):
        beets.run("import", "-qA", collection / "Nave")
        assert not values(beets, "deejai_tags")
        beets.configure(tags=True)
        beets.run("import", "-qA", collection / "Iron Kettle")
        assert len(values(beets, "deejai_tags")) == 4
        assert "Tagged 4 tracks." in beets.deejai("analyze").err
        assert "nothing to do" in beets.deejai("analyze").err

    def test_other_audio_has_no_tags_of_the_old(self, beets, collection, tmp_path):
        song = tmp_path / "song.flac"
        shutil.copy(collection / "Nave/Long Windows/01 Aisle.flac", song)
        beets.run("import", "-qAs", song)
        beets.deejai("tag")
        beets.deejai("analyze", "-f")
        assert len(values(beets, "deejai_tags")) == 1  # the same audio, embedded again
        shutil.copy(collection / "Nave/Long Windows/04 Vault.flac", song)
        beets.deejai("analyze", "-f")
        assert not values(beets, "deejai_tags")


class TestFields:
    @pytest.mark.parametrize("other", [[], ["deejai_vector::."]], ids=["in SQLite", "one by one"])
    @pytest.mark.parametrize(
        ("query", "holds"),
        [
            ("deejai_rock:0.05..", lambda rock: rock >= 0.05),
            ("deejai_rock:..0.05", lambda rock: rock <= 0.05),
            ("deejai_rock:0.02..0.1", lambda rock: (rock >= 0.02) & (rock <= 0.1)),
            ("deejai_rock:0.0321", lambda rock: rock == 0.0321),
            ("deejai_rock:", lambda rock: rock >= 0),
            ("deejai_rock:2..", lambda rock: rock >= 2),
            ("^deejai_rock:0.05..", lambda rock: ~(rock >= 0.05)),
        ],
    )
    def test_ranges_find_what_comparing_all_would(self, tagged, query, holds, other):
        give(tagged, "Vault", rock=0.0321)
        give(tagged, "Anvil", rock=0.05)
        rock = probabilities(tagged)[:, MSD_TAGS.names.index("rock")]
        ids = np.array(sorted(values(tagged, "deejai_tags")))
        put(tagged, "Aisle", "0" * 199 + "x")  # what is damaged elsewhere still has this one
        rows = tagged.run("ls", "-f", "$id", query, *other).lines
        aisle = tagged.run("ls", "-f", "$id", "title:Aisle").lines
        rock[ids == int(aisle[0])] = 0.0
        assert sorted(map(int, rows)) == ids[holds(rock)].tolist()

    def test_tracks_without_tags_never_match_and_show_nothing(self, analysed):
        assert analysed.run("ls", "deejai_happy:0..").lines == []
        assert analysed.run("ls", "deejai_happy:..1", "deejai_vector::.").lines == []
        put(analysed, "Vault", "junk")
        assert analysed.run("ls", "deejai_happy:0..").lines == []
        shown = analysed.run("ls", "-f", "<$deejai_happy|$deejai_top_tags>").lines
        assert set(shown) == {"<|>"}

    def test_templates_and_sorting(self, analysed):
        give(analysed, "Aisle", happy=0.512, hip_hop=0.2)
        give(analysed, "Vault", **{"hip-hop": 0.996, "folk": 0.5, "acoustic": 0.4, "guitar": 0.3})
        shown = "$title $deejai_happy $deejai_hip_hop $deejai_top_tags"
        assert analysed.run("ls", "-f", shown, "deejai_hip_hop-").lines[0] == "Vault 0.00 1.00 hip-hop, folk, acoustic"
        assert analysed.run("ls", "-f", shown, "deejai_happy:0.5..").lines == ["Aisle 0.51 0.00 happy, rock, pop"]
        assert analysed.field("title", "deejai_top_tags:folk") == ["Vault"]
        sort = analysed.run("ls", "-f", "$title", "deejai_happy-").lines
        assert sort[:2] == ["Aisle", "Vault"]
        assert len(sort) == 24

    def test_together_with_other_queries(self, analysed):
        give(analysed, "Aisle", happy=0.9)
        give(analysed, "Kettle", happy=0.8)
        assert analysed.field("title", "artist:Nave", "deejai_happy:0.5..") == ["Aisle"]
        assert analysed.field("title", "deejai_happy:0.85..", ",", "title:Anvil") == ["Aisle", "Anvil"]
        analysed.run("modify", "-yMW", "title:Kettle", "shelf=3")
        assert analysed.field("title", "shelf:3", "deejai_happy:0.5..") == ["Kettle"]
        assert set(artists(analysed.deejai("similar", "Anvil", "--from", "deejai_happy:0.85.."))) == {"Nave"}

    def test_a_number_that_is_none(self, analysed):
        assert "'much' is not an int or a float" in analysed.run("ls", "deejai_happy:much", status=1).err


class TestEnergyAndValence:
    @pytest.mark.parametrize("other", [[], ["deejai_vector::."]], ids=["in SQLite", "one by one"])
    @pytest.mark.parametrize("axis", MSD_TAGS.axes, ids=lambda axis: axis.name)
    def test_ranges_find_what_comparing_all_would(self, tagged, axis, other):
        put(tagged, "Aisle", "0" * 199 + "x")  # damaged: it has no level
        ids = {int(id_): text for id_, text in values(tagged, "deejai_tags").items() if text.isdigit()}
        levels = {id_: level(text, axis, MSD_TAGS) for id_, text in ids.items()}
        middle = sorted(levels.values())[len(levels) // 2]
        field = f"deejai_{axis.name}"
        for query, holds in [
            (f"{field}:{middle}..", lambda one: one >= middle),
            (f"{field}:..{middle}", lambda one: one <= middle),
            (f"{field}:{middle}", lambda one: one == middle),
            (f"{field}:{middle - 0.205:.3f}..{middle + 0.2:.3f}", lambda one: middle - 0.205 <= one <= middle + 0.2001),
            (f"{field}:", lambda one: True),
            (f"{field}:1.01..", lambda one: False),
        ]:
            found = tagged.run("ls", "-f", "$id", query, *other).lines
            assert sorted(map(int, found)) == [id_ for id_, one in sorted(levels.items()) if holds(one)], query

    def test_templates_and_sorting(self, analysed):
        give(analysed, "Aisle", metal=0.5, punk=0.1)
        give(analysed, "Vault", ambient=0.5, mellow=0.2, sad=0.05)
        shown = "<$title $deejai_energy $deejai_valence>"
        first, *_, last = analysed.run("ls", "-f", shown, "deejai_energy:0..", "deejai_energy-").lines
        assert first.startswith("<Aisle 0.97 ")
        assert last.startswith("<Vault 0.12 ")
        assert analysed.run("ls", "-f", shown, "title:Anvil").lines == ["<Anvil  >"]
        assert analysed.run("ls", "deejai_energy:..1").lines == [
            "Nave - Long Windows - Aisle",
            "Nave - Long Windows - Vault",
        ]

    def test_a_list_leans(self, analysed):
        for title in ("Anvil", "Margin"):
            give(analysed, title, metal=0.02)
        assert set(names(analysed.deejai("similar", "Aisle", "-n", "2", "--mood", "energy=+2"))) == {"Anvil", "Margin"}
        analysed.configure(mood={"energy": -2})
        assert not {"Anvil", "Margin"} & set(names(analysed.deejai("similar", "Aisle", "-n", "2", "--mood", "energy=-2")))

    def test_a_map_in_its_colours(self, tagged, tmp_path):
        tagged.deejai("map", "--color", "deejai_energy", "-o", tmp_path / "map.html")
        assert "deejai_energy" in (tmp_path / "map.html").read_text()


class TestMoods:
    def test_a_list_leans(self, analysed):
        for title in ("Anvil", "Margin"):
            give(analysed, title, happy=0.02)  # as happy as it gets, and no other track has tags
        plain = names(analysed.deejai("similar", "Aisle", "-n", "2"))
        assert not {"Anvil", "Margin"} & set(plain)
        assert set(names(analysed.deejai("similar", "Aisle", "-n", "2", "--mood", "happy=+2"))) == {"Anvil", "Margin"}
        analysed.deejai("tag")
        sad = names(analysed.deejai("similar", "Aisle", "-n", "21", "--mood", "Happy=-10", SONGS))
        assert not {"Anvil", "Margin"} & set(sad)

    def test_journeys_too(self, analysed):
        give(analysed, "Breaker", happy=0.02)
        assert "Breaker" in names(analysed.deejai("journey", "Kettle", "Aisle", "-n", "1", "--mood", "happy=2"))

    def test_albums_are_the_mean_of_their_tracks(self, analysed):
        give(analysed, "Anvil", happy=1.0)  # the only track of its album that has tags
        result = analysed.deejai("similar", "-a", "Long Windows", "-n", "1", "--mood", "happy=2")
        assert names(result)[0] == "Boil"

    def test_the_recipe_says_it(self, tagged):
        first, second = tagged.folder / "first.m3u", tagged.folder / "second.m3u"
        tagged.configure(mood={"hip-hop": 0.25})
        tagged.deejai("similar", "Aisle", "-n", "6", "--mood", "female vocalists=-0.3", "--mood", "rock=+0.5", "-o", first)
        recipe = first.read_text().splitlines()[2].removeprefix("# ")
        assert "--mood rock=+0.5 --mood 'female vocalists=-0.3'" in recipe
        tagged.run(*shlex.split(recipe)[1:], "-o", second)
        assert files(second) == files(first)

    def test_from_the_configuration_and_in_named_playlists(self, tagged):
        give(tagged, "Anvil", happy=1.0)
        entry = {"name": "Calm", "similar": "Aisle", "number": 1}
        lists = [entry, entry | {"name": "Happy", "mood": {"happy": 2}}]
        tagged.configure(mood={"happy": -2}, playlists=lists)
        tagged.deejai("playlists")
        assert tagged.playlist("Calm.m3u")[1] != "01 Anvil.flac"
        assert "--mood happy=-2" in (tagged.folder / "playlists/Calm.m3u").read_text()
        assert tagged.playlist("Happy.m3u")[1] == "01 Anvil.flac"
        plain = tagged.deejai("similar", "Aisle", "-p", "--mood", "")
        tagged.configure()
        assert picks(plain) == picks(tagged.deejai("similar", "Aisle", "-p"))

    @pytest.mark.parametrize(
        ("mood", "error"),
        [
            ("hapy=+0.5", "--mood: no tag is called 'hapy'; choose one of: happy"),
            ("happy", "--mood: must be tags with weights, such as happy=+0.5, not 'happy'"),
            ("happy=much", "--mood: the weight of 'happy' must be from -10 to 10, not 'much'"),
            ("happy=nan", "--mood: the weight of 'happy' must be from -10 to 10, not 'nan'"),
            ("happy=101", "not '101'"),
        ],
    )
    def test_mistakes(self, tagged, mood, error):
        result = tagged.deejai("similar", "Aisle", "--mood", mood, status=1)
        assert error in result.err
        assert len(result.err.splitlines()) == 1

    @pytest.mark.parametrize("mood", [{"happy": True}, {"happy": None}, {"hapy": 1}, 5, ["happy"]])
    def test_mistakes_in_the_configuration(self, tagged, mood):
        tagged.configure(mood=mood)
        assert "configuration error: deejai.mood: " in tagged.deejai("similar", "Aisle", status=1).err

    def test_without_tags(self, analysed):
        error = analysed.deejai("similar", "Aisle", "--mood", "happy=1", status=1).err
        assert "no track has tags such as 'happy' to choose it by; run `beet deejai tag`" in error


class TestFreeWords:
    def test_they_start_from_what_sounds_most_like_them(self, tagged):
        jazz, mellow = MSD_TAGS.names.index("jazz"), MSD_TAGS.names.index("mellow")
        found = probabilities(tagged)
        titles = tagged.run("ls", "-f", "$title", "id+").lines
        products = found[:, jazz] * found[:, mellow]
        most = [titles[number] for number in np.argsort(-products)[:3]]
        result = tagged.deejai("similar", "mellow", "JAZZ", "-n", "2")
        seeds = [line.split(" - ", 1)[1] for line in result.lines if line.startswith("seed")]
        assert seeds == most
        assert "no track is called 'mellow JAZZ': starting from what sounds most like mellow, jazz" in result.lines
        assert len(picks(result)) == 2

    def test_only_among_what_may_be_picked(self, tagged):
        give(tagged, "Aisle", happy=1.0)
        result = tagged.deejai("similar", "happy", "-n", "1", "--from", "artist:Iron Kettle")
        assert {line.split(" - ")[0] for line in result.lines if line.startswith("seed")} == {"seed        Iron Kettle"}

    def test_albums(self, tagged):
        give(tagged, "Aisle", **{"hip-hop": 1.0})
        result = tagged.deejai("similar", "-a", "hip hop", "-n", "1")
        assert result.lines[0] == "seed        Nave - Long Windows"
        assert "no album is called 'hip hop': starting from what sounds most like hip-hop" in result.lines

    def test_what_a_query_finds_comes_first(self, tagged):
        tagged.run("modify", "-yMW", "title:Kettle", "title=Happy")
        assert tagged.deejai("similar", "happy", "-n", "1").lines[0] == "seed        Hazel & Thorn - Happy"

    def test_without_tags_it_says_what_to_do(self, analysed):
        error = analysed.deejai("similar", "mellow jazz", status=1).err
        assert "no track matches 'mellow jazz'; " in error
        assert "a description of sound needs tags to go by; run `beet deejai tag`" in error
        assert "tag" not in analysed.deejai("similar", "mellow Xyzzy", status=1).err

    def test_the_recipe_makes_it_again(self, tagged):
        first, second = tagged.folder / "first.m3u", tagged.folder / "second.m3u"
        tagged.deejai("similar", "mellow", "jazz", "-n", "3", "-o", first)
        recipe = first.read_text().splitlines()[2].removeprefix("# ")
        tagged.run(*shlex.split(recipe)[1:], "-o", second)
        assert files(second) == files(first)


class TestTheSecondVocabulary:
    """`tag --more`: a second network hears the files, and its words stand beside the first one's."""

    def test_what_is_analysed_is_heard_once_more(self, analysed):
        told = analysed.deejai("tag", "--more", "artist:Nave").err
        assert "4/4 files" in told
        assert "Tagged 4 tracks." in told
        assert len(values(analysed, "deejai_tags_mtt")) == len(values(analysed, "deejai_tags")) == 4
        assert "20/20 files" in analysed.deejai("tag", "--more").err
        again = analysed.deejai("tag", "--more").err
        assert again == "deejai: nothing to do: every track has tags; --force tags them again\n"
        stored = values(analysed, "deejai_tags_mtt")
        assert {len(text) for text in stored.values()} == {144}
        with SliceStore(analysed.data / "slices.db") as store:
            (companion,) = MusiCNN().more
            keys = values(analysed, "deejai_key")
            heard = dict(store.get(keys.values(), companion.trunk_name, companion.trunk_size))
        for id_, key in keys.items():
            assert decode(stored[id_], MTT_TAGS) == pytest.approx(companion.tags(heard[key]).mean(axis=0), abs=6e-5)

    def test_the_same_whether_decoded_once_or_twice(self, beets, collection):
        beets.configure(tags="more")
        beets.run("import", "-qA", collection / "Nave")
        at_once = values(beets, "deejai_tags_mtt")
        assert len(at_once) == 4
        with sqlite3.connect(beets.data / "slices.db") as store:
            assert store.execute("DELETE FROM slices WHERE model = 'musicnn-mtt-1'").rowcount == 4
        store.close()
        with sqlite3.connect(beets.library) as library:
            library.execute("DELETE FROM item_attributes WHERE key = 'deejai_tags_mtt'")
        library.close()
        beets.deejai("tag")  # what is configured holds here, too
        assert values(beets, "deejai_tags_mtt") == at_once

    def test_analyze_catches_up(self, beets, collection):
        beets.run("import", "-qA", collection / "Nave")
        assert beets.deejai("analyze", "-p").lines == []
        beets.configure(tags="more")
        assert len(beets.deejai("analyze", "-p").lines) == 4
        told = beets.deejai("analyze").err
        assert "4/4 files" in told
        assert "Tagged 4 tracks." in told
        assert "nothing to do" in beets.deejai("analyze").err
        assert beets.field("deejai_no_vocals", "deejai_no_vocals:0..")

    def test_its_fields(self, analysed):
        analysed.deejai("tag", "--more", "artist:Nave")
        stored = values(analysed, "deejai_tags_mtt")
        place = MTT_TAGS.names.index("no vocals")
        expected = sorted(f"{decode(text, MTT_TAGS)[place]:.2f}" for text in stored.values())
        assert sorted(analysed.field("deejai_no_vocals", "deejai_no_vocals:0..")) == expected
        assert len(analysed.run("ls", "deejai_no_vocals:0..", "deejai_vector::.").lines) == 4
        assert analysed.run("ls", "-f", "<$deejai_no_vocals>", "artist:^Nave").lines == []
        # A word of both is the first one's.
        rock = [decode(text, MSD_TAGS)[0] for text in values(analysed, "deejai_tags").values()]
        assert sorted(analysed.field("deejai_rock", "artist:Nave")) == sorted(f"{value:.2f}" for value in rock)

    def test_top_tags_are_those_of_both(self, analysed):
        give(analysed, "Aisle", rock=0.5, pop=0.1)
        tags = {"opera": 0.7, "rock": 0.9, "piano": 0.2}
        put(analysed, "Aisle", encode([tags.get(name, 0.0) for name in MTT_TAGS.names]), field="deejai_tags_mtt")
        assert analysed.field("deejai_top_tags", "title:Aisle") == ["opera, rock, piano"]
        shown = analysed.deejai("tag", "-p", "title:Aisle").out
        assert shown == "Nave - Aisle: opera 0.70, rock 0.50, piano 0.20, pop 0.10, alternative 0.00\n"

    def test_moods_and_free_words(self, analysed):
        analysed.deejai("tag")
        told = analysed.deejai("similar", "Aisle", "--mood", "opera=+1", status=1).err
        assert told == "error: no track has tags such as 'opera' to choose it by; run `beet deejai tag --more`\n"
        told = analysed.deejai("similar", "rock", "opera", status=1).err
        assert "a description of sound needs tags to go by; run `beet deejai tag --more`" in told
        for title in ("Anvil", "Margin"):
            put(analysed, title, encode([0.9 * (name == "opera") for name in MTT_TAGS.names]), field="deejai_tags_mtt")
        assert set(names(analysed.deejai("similar", "Aisle", "-n", "2", "--mood", "opera=+2"))) == {"Anvil", "Margin"}
        result = analysed.deejai("similar", "opera", "no voice", "-n", "1")
        assert "no track is called 'opera no voice': starting from what sounds most like opera, no vocals" in result.lines

    def test_a_file_that_is_gone_costs_that_file(self, beets, collection, tmp_path):
        beets.run("import", "-qA", shutil.copytree(collection / "Nave", tmp_path / "Nave"))
        (aisle,) = beets.run("ls", "-p", "title:Aisle").lines
        Path(aisle).unlink()
        told = beets.deejai("tag", "--more", status=1).err
        assert f"{aisle}: not analysed: " in told
        assert "Tagged 4 tracks." in told
        assert "1 file could not be analysed, see above; --more tries again" in told
        assert len(values(beets, "deejai_tags_mtt")) == 3

    def test_where_one_copy_is_gone_the_other_is_heard(self, beets, collection, tmp_path):
        beets.run("import", "-qA", shutil.copytree(collection / "Nave", tmp_path / "Nave"))
        aisle = Path(beets.run("ls", "-p", "title:Aisle").lines[0])
        beets.run("import", "-qAs", shutil.copy(aisle, tmp_path / "again.flac"))
        aisle.unlink()
        assert "not analysed" not in beets.deejai("tag", "--more").err
        assert len(values(beets, "deejai_tags_mtt")) == 5

    def test_nothing_is_heard_that_is_only_to_be_shown(self, analysed):
        analysed.deejai("tag", "--more", "--pretend")
        assert not values(analysed, "deejai_tags_mtt")
        shutil.rmtree(analysed.data)
        assert "nothing analysed yet; run `beet deejai analyze`" in analysed.deejai("tag", "--more", status=1).err

    def test_a_mistake_in_the_configuration(self, analysed):
        analysed.configure(tags="most")
        told = analysed.deejai("tag", status=1).err
        assert told == "configuration error: deejai.tags: must be true, false or more, not 'most'\n"

    def test_status_and_doctor_know_it(self, analysed):
        assert "musicnn-mtt-1" not in analysed.deejai("status").out + analysed.deejai("doctor").out
        analysed.deejai("tag", "--more", "artist:Nave")
        assert (
            "also by   musicnn-mtt-1, 4 of 24 recordings; run `beet deejai tag --more`" in analysed.deejai("status").lines
        )
        told = analysed.deejai("doctor").out
        assert "musicnn-mtt-1, weights intact" in told
        assert "24 recordings, 4 of them also by musicnn-mtt-1, intact" in told
        with sqlite3.connect(analysed.data / "slices.db") as store:
            store.execute("UPDATE slices SET trunk = x'00' WHERE model = 'musicnn-mtt-1' AND rowid % 2")
        store.close()
        assert "slices.db: damaged" in analysed.deejai("doctor", status=1).out
        analysed.deejai("doctor", "--fix")
        assert "musicnn-msd-1" not in analysed.deejai("tag", "--more", "artist:Nave").err  # nothing of it was lost
        assert "24 recordings, 4 of them also by musicnn-mtt-1, intact" in analysed.deejai("doctor").out

    def test_what_left_the_library_is_dropped_of_both(self, analysed):
        analysed.deejai("tag", "--more", "artist:Nave")
        analysed.run("remove", "-f", "title:Aisle")
        assert "1 recording of tracks no longer in the library" in analysed.deejai("doctor", status=1).out
        assert "1 recording removed" in analysed.deejai("doctor", "--fix").out
        assert "23 recordings, 3 of them also by musicnn-mtt-1, intact" in analysed.deejai("doctor").out
