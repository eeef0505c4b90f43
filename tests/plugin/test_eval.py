"""`beet deejai eval` and `reweigh --sweep`: figures of how good a library's vectors are."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from base64 import b64encode
from dataclasses import replace

import numpy as np
import pytest

from beetsplug.deejai.cli.hints import WORDS
from deejai_core.features.evaluation import Report
from deejai_core.features.evaluation_lines import advice as advice_on
from deejai_core.index.annoy_file import why_no_annoy
from deejai_core.index.evaluation import Agreement, Hubs, Labels, Quality, Rates


def figures(beets, *args: object) -> dict:
    """What `eval --json` prints, its fields by name."""
    found = json.loads(beets.deejai("eval", "--json", *args).out)
    return found | {"fields": {field["field"]: field for field in found["fields"]}}


def without_blanks(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines]


def test_an_artists_tracks_lie_together(analysed):
    found = figures(analysed, "-k", 3)
    assert (found["tracks"], found["queries"], found["k"]) == (24, 24, 3)
    artists = found["fields"]["artist"]
    assert artists["tracks"] == 24
    assert artists["hit_rate"]["vectors"] > 0.9
    # Of 23 others three are by the same artist.
    assert artists["precision"]["chance"] == pytest.approx(3 / 23)
    assert artists["hit_rate"]["chance"] == pytest.approx(1 - (20 * 19 * 18) / (23 * 22 * 21))
    for measure in ("hit_rate", "precision"):
        assert artists[measure]["shuffled"] == pytest.approx(artists[measure]["chance"], abs=0.03)
    # Every artist has one album.
    assert {**found["fields"]["album"], "field": "artist"} == artists


def test_artists_are_told_apart_as_the_rules_do(analysed):
    analysed.run("modify", "-yW", "title:Aisle", "artist=The NAVE feat. Nobody Else")
    analysed.run("modify", "-yW", "title:Vault", "artist=Various Artists")  # who is nobody
    assert figures(analysed)["fields"]["artist"]["tracks"] == 23


def test_the_table_shows_the_same_figures(analysed):
    found, lines = figures(analysed, "-k", 3), analysed.deejai("eval", "-k", 3).lines
    assert lines[0] == "24 tracks, and the 3 nearest to each by musicnn-msd-1"
    words = without_blanks(lines)
    rates = [
        f"{found['fields']['artist'][measure][what]:.1%}"
        for measure in ("hit_rate", "precision")
        for what in ("vectors", "chance", "shuffled")
    ]
    assert ["artist", "24", *rates] in words
    # Nobody else plays an artist's genre here.
    assert ["genres,", "other", "artist", "0", *"------"] in words
    assert "index     exact search" in lines
    for name in ("uncorrected", "corrected"):
        assert 0 < found["hubs"][name]["reachable"] <= 1
    assert lines[-1] in found["hints"]
    # Aligned: every line of a table ends where its heading does.
    table = lines[3 : 3 + 1 + len(found["fields"])]
    assert len({len(line) for line in table}) == 1


def test_it_is_the_same_each_time_and_changes_nothing(analysed):
    before = analysed.library.read_bytes()
    assert analysed.deejai("eval").out == analysed.deejai("eval", real=True).out
    assert analysed.library.read_bytes() == before


class TestFields:
    def test_genres_of_several_artists(self, analysed):
        analysed.run("modify", "-yW", "artist:Nave", "genres=Fog; Slow Music")
        analysed.run("modify", "-yW", "artist:Hazel", "genres=Folk; slow  music")
        genres = figures(analysed)["fields"]["genres"]
        assert genres["artist_filter"]
        assert genres["tracks"] == 8  # one of their genres is the same, but for case and blanks
        # Of the 20 tracks by others four share it; half of the 20 are near.
        assert genres["precision"]["chance"] == pytest.approx(4 / 20)

    def test_a_flexible_field_of_tracks(self, analysed):
        analysed.run("modify", "-yW", "artist:Nave", "mood=calm")
        analysed.run("modify", "-yW", "artist:Hazel", "mood=warm; calm")
        analysed.run("modify", "-yW", "artist:Pixel", "mood=warm")
        found = figures(analysed, "--field", "mood", "--field", "mood", "--field", "album")["fields"]
        assert list(found) == ["artist", "album", "genres", "mood"]
        assert found["mood"]["tracks"] == 12

    def test_a_field_of_albums_is_one_of_their_tracks(self, analysed):
        analysed.run("modify", "-yaW", "shelf=upper")
        analysed.run("modify", "-yW", "artist:Nave", "shelf=lower")  # which they have themselves counts
        assert figures(analysed, "--field", "shelf")["fields"]["shelf"]["tracks"] == 20

    @pytest.mark.parametrize(("old", "new"), [("genre", "genres"), ("composer", "composers")])
    def test_a_field_that_became_a_list_is_found_by_its_old_name(self, analysed, old, new):
        analysed.run("modify", "-yW", f"{new}=Anyone")
        result = analysed.deejai("eval", "--json", "--field", old)
        assert [field["tracks"] for field in json.loads(result.out)["fields"] if field["field"] == new] == [24]
        assert "deprecated" not in result.err

    def test_a_number(self, analysed):
        analysed.run("modify", "-yW", "artist:Nave", "year=1999")
        analysed.run("modify", "-yW", "artist:Hazel", "year=1999")
        assert figures(analysed, "--field", "year")["fields"]["year"]["tracks"] == 8  # no year is not a year


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["artist:Nave"], "eval takes no query"),
        (["-k", "0"], "-k: must be at least 1, not 0"),
        (
            ["--field", "colour"],
            "--field colour: no analysed track has this field; `beet fields` lists the fields",
        ),
        (["--field", "id; DROP TABLE items"], "no analysed track has this field"),
    ],
)
def test_what_is_asked_is_checked(analysed, args, error):
    result = analysed.deejai("eval", *args, status=1)
    assert error in result.err
    assert not result.out


def test_of_an_empty_library_there_is_nothing_to_say(beets):
    assert "Your beets library is empty" in beets.deejai("eval", status=1).err


def test_of_one_track(analysed):
    analysed.run("remove", "-f", "^title:Aisle")
    found = figures(analysed)
    assert found["tracks"] == 1
    assert found["fields"]["artist"]["tracks"] == 0
    assert found["fields"]["artist"]["hit_rate"] == {"vectors": None, "chance": None, "shuffled": None}
    assert "the figures mean little" in analysed.deejai("eval").out


def test_copies_of_a_recording_are_no_neighbours(analysed):
    """All tracks twice: the same figures, but for the chance."""
    before = figures(analysed, "-k", 1)["fields"]["artist"]["hit_rate"]
    with sqlite3.connect(analysed.library) as connection:
        connection.execute(
            "INSERT INTO items (id, path, artist, title, album, album_id, length) "
            "SELECT id + 1000, CAST('copy' || id AS BLOB), artist, title, album, album_id, length FROM items"
        )
        connection.execute(
            "INSERT INTO item_attributes (entity_id, key, value) SELECT entity_id + 1000, key, value FROM item_attributes"
        )
    connection.close()
    found = figures(analysed, "-k", 1)
    assert found["tracks"] == 48
    assert found["fields"]["artist"]["hit_rate"]["vectors"] == before["vectors"]


@pytest.fixture
def large(analysed, tmp_path):
    """1,000 tracks more, by 100 artists with a direction each: large, as set here."""
    (tmp_path / "early").mkdir()
    (tmp_path / "early/sitecustomize.py").write_text(
        "from deejai_core.index import evaluation\nevaluation.MOST, evaluation.SAMPLE = 800, 200\n"
    )
    analysed.env = {"PYTHONPATH": os.pathsep.join([str(tmp_path / "early"), *sys.path])}
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(100, 100))
    with sqlite3.connect(analysed.library) as connection:
        for number in range(1000):
            vector = directions[number % 100] + 0.5 * rng.normal(size=100)
            track = connection.execute(
                "INSERT INTO items (path, artist, title, length) VALUES (?, ?, ?, 60)",
                (f"/noise/{number}.mp3".encode(), f"Noise {number % 100}", f"Song {number}"),
            ).lastrowid
            values = {
                "deejai_vector": b64encode((vector / np.linalg.norm(vector)).astype("<f4").tobytes()).decode(),
                "deejai_model": "musicnn-msd-1",
            }
            connection.executemany(
                "INSERT INTO item_attributes (entity_id, key, value) VALUES (?, ?, ?)",
                [(track, key, value) for key, value in values.items()],
            )
    connection.close()
    return analysed


def test_of_a_large_library_a_sample_is_measured_and_it_says_so(large):
    found, result = figures(large), large.deejai("eval")
    assert (found["tracks"], found["queries"]) == (1024, 200)
    assert found["fields"]["artist"]["hit_rate"]["vectors"] > 0.99  # its neighbours are not only those of the sample
    assert result.lines[0].startswith("200 of 1,024 tracks, random seed 0, and the 10 nearest to each")
    assert "(hubs: as if the 200 tracks drawn were the library)" in result.out


@pytest.mark.skipif(why_no_annoy() is not None, reason="annoy is not installed")
def test_the_index_is_compared_with_exact_search(large):
    large.configure(index="annoy")
    found = figures(large)["index"]
    assert (found["exact"], found["k"]) == (False, 20)
    assert 0.99 <= found["recall"] <= 1
    assert f"index     finds {found['recall']:.1%} of the 20 true nearest" in large.deejai("eval").out


def report(*, tracks=(50, 50, 50), hit=0.9, chance=0.1, reachable=(1, 1), **other) -> Report:
    """A report that asks for nothing, unless said otherwise."""
    names = ("artist", "album", "genres")
    rates = Rates(chance, chance)
    quality = Quality(
        [Agreement(counted, Rates(hit, hit), rates) for counted in tracks], *(Hubs(0, 10, share) for share in reachable)
    )
    return replace(Report("model", 100, 100, 10, [Labels(name, []) for name in names], quality, [rates] * 3, None), **other)


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        (report(), ["nothing needs to be changed"]),
        (report(tracks=(29, 3, 0)), ["fewer than 30 tracks are counted in every line"]),
        (report(tracks=(50, 50, 3)), ["fewer than 30 tracks are counted for genres: those"]),
        (report(hit=0.29), ["the vectors hardly tell artists apart"]),
        (report(hit=0.29, tracks=(29, 50, 50)), ["fewer than 30 tracks are counted for artist"]),
        (report(hit=0.7, chance=0.5), ["the vectors hardly tell artists apart"]),
        (report(hit=0.8, chance=0.5), ["nothing needs"]),  # thrice the chance is more than there is
        (report(reachable=(0.9, 0.98)), ["keep `correct_hubs: yes`: with it 98.0% of the tracks are in a list, without"]),
        (report(reachable=(0.9, 0.9)), ["nothing needs"]),
        (report(reachable=(0.63, 0.64), k=1), ["nothing needs"]),  # as many as when drawn at random
        (report(recall=0.98), ["the index misses neighbours: set `index: exact`"]),
        (report(k=30), ["30 neighbours of 100 tracks are too many to tell much: use -k 10"]),
        (report(k=10**400), [f"{10**400:,} neighbours of 100 tracks are too many to tell much: use -k 10"]),
        (report(hit=0.1, reachable=(0.9, 1), recall=0.9), ["the vectors hardly", "keep `correct_hubs"]),  # two at most
    ],
)
def test_the_figures_say_what_to_change(found, advice):
    given = advice_on(found, correct_hubs=True, words=WORDS)
    assert len(given) == len(advice)
    assert all(line.startswith(start) for line, start in zip(given, advice, strict=True))


def test_what_is_set_already_is_to_be_kept():
    found = report(reachable=(0.9, 0.98))
    (kept,), (to_set,) = (advice_on(found, correct_hubs=correct_hubs, words=WORDS) for correct_hubs in (True, False))
    assert kept == to_set.replace("set", "keep", 1)
    assert to_set.startswith("set `correct_hubs: yes`: with it 98.0% of the tracks")


class TestSweep:
    def test_every_epsilon_is_a_line_and_nothing_changes(self, analysed):
        before = analysed.library.read_bytes()
        words = without_blanks(analysed.deejai("reweigh", "--sweep", "0.4,0.05,0.4").lines)
        assert analysed.library.read_bytes() == before
        first = [line[0] for line in words if line]
        assert first.count("0.05") == first.count("0.4") == 2  # once in each of the two tables
        assert [line[1] for line in words if line and line[0] == "0.1"] == ["(now)", "(now)"]  # to compare with
        assert first.index("0.05") < first.index("0.1") < first.index("0.4") < first.index("chance")

    def test_the_figures_are_those_that_eval_gives_after_it(self, analysed):
        words = without_blanks(analysed.deejai("reweigh", "--sweep", "0.6").lines)
        rates, lists = [line[1:] for line in words if line and line[0] == "0.6"]
        analysed.deejai("reweigh", "--epsilon", "0.6")
        found = figures(analysed)
        artists, hubs = found["fields"]["artist"], found["hubs"]
        assert rates[:2] == [f"{artists[name]['vectors']:.1%}" for name in ("hit_rate", "precision")]
        assert lists == [
            text
            for name in ("uncorrected", "corrected")
            for text in (
                f"{hubs[name]['reachable']:.1%}",
                f"{hubs[name]['largest']}",
                f"{hubs[name]['skewness']:.2f}",
            )
        ]

    def test_the_current_one_is_that_of_the_configuration(self, analysed):
        analysed.configure(epsilon=0.3)
        lines = analysed.deejai("reweigh", "--sweep", "0.1,0.3").lines
        assert [line[:9] for line in lines if "(now)" in line] == ["0.3 (now)"] * 2

    @pytest.mark.parametrize(
        ("args", "error"),
        [
            (["0.1,x"], "--sweep: 'x' is not a number; give epsilons with commas, such as 0.05,0.1,0.2,0.4"),
            ([""], "--sweep: '' is not a number"),
            (["0.1,2"], "error: --sweep: must be between 0 and 2, not 2"),
            (["nan"], "error: --sweep: must be between 0 and 2, not nan"),
            (["0.1", "-e", "0.2"], "--epsilon changes the vectors, --sweep only compares; give one of them"),
            (["0.1", "artist:Nave"], "reweigh takes no query"),
        ],
    )
    def test_what_is_asked_is_checked(self, analysed, args, error):
        assert error in analysed.deejai("reweigh", "--sweep", *args, status=1).err

    def test_what_is_not_there_cannot_be_weighed(self, analysed, beets, tmp_path):
        with sqlite3.connect(analysed.data / "slices.db") as connection:
            connection.execute("DELETE FROM slices WHERE key = (SELECT MIN(key) FROM slices)")
        connection.close()
        result = analysed.deejai("reweigh", "--sweep", "0.1")
        assert "Left out 1 of 24 tracks" in result.err
        assert result.lines[0].startswith("23 tracks")
        shutil.rmtree(analysed.data)
        assert "`beet deejai analyze --force`" in analysed.deejai("reweigh", "--sweep", "0.1", status=1).err
        assert not analysed.data.exists()

    def test_before_any_analysis(self, beets):
        assert "Your beets library is empty" in beets.deejai("reweigh", "--sweep", "1", status=1).err
