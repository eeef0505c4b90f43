"""What commands that make lists print and write, and what they say of small mistakes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from tests.plugin.test_lists import SONGS
from tests.plugin.test_playlists import files, picks


class TestSmallMistakes:
    def test_what_is_wrong_in_the_configuration_is_blamed_on_it(self, analysed):
        analysed.configure(number=0)
        assert "configuration error: deejai.number: must be at least 1" in analysed.deejai("similar", "Aisle", status=1).err
        result = analysed.deejai("similar", "Aisle", "--drunk", "0.1", status=1)
        assert "configuration error: deejai.number: must be at least 1, not 0" in result.err

    def test_an_option_that_does_not_exist_is_named(self, analysed):
        analysed.configure(artist_seperation=3)
        warning = "deejai.artist_seperation: unknown option; it is ignored"
        assert warning in analysed.deejai("similar", "Aisle", "-p").err
        assert "unknown options: artist_seperation" in analysed.deejai("doctor", status=1).out

    def test_of_two_versions_that_are_seeds_one_is_listed(self, analysed):
        analysed.run("modify", "-yMW", "title:Vault", "title=Aisle (Live)")
        result = analysed.deejai("similar", "artist:Nave", "title:Aisle", "-n", "3", "-p")
        assert len([line for line in result.lines if line.startswith("seed")]) == 1
        both = analysed.deejai("similar", "artist:Nave", "title:Aisle", "-n", "3", "-p", "--no-fold-versions")
        assert len([line for line in both.lines if line.startswith("seed")]) == 2

    def test_no_playlists_to_write(self, analysed):
        assert "no playlists in the configuration (deejai.playlists)" in analysed.deejai("playlists").err

    def test_why_counts_what_was_taken_off(self, analysed):
        analysed.run("modify", "-yMW", "title:Anvil", "play_count=40")
        result = analysed.deejai("similar", "Aisle", "-n", "2", "--prefer-played", "0.5", "--why")
        assert re.search(r"counted as -?0\.\d{3} after penalties for mood, plays, skips, hubs and artists", result.out)


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
            ["similar", "Don't Stop", "-n", "3", "--less", "Aisle", "--max-length", "0", "--no-fold-versions"],
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
        assert re.fullmatch(r"# deejai [0-9.]+, model musicnn-msd-1(, seed \d+)?", header[3])
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

    @pytest.mark.parametrize("configured", [{}, {"fold_versions": False, "correct_hubs": False}], ids=str)
    def test_flags_of_older_recipes_mean_what_they_meant(self, analysed, configured):
        """--versions and --hubs turned off what they named."""
        analysed.configure(**configured)
        for old, new in (
            (["--versions", "--hubs"], ["--no-fold-versions", "--no-correct-hubs"]),
            (["--no-versions", "--no-hubs"], ["--fold-versions", "--correct-hubs"]),
        ):
            for number, flags in enumerate((old, new)):
                analysed.deejai("similar", "Aisle", "-n", "12", *flags, "-o", analysed.folder / f"{number}.m3u")
            assert files(analysed.folder / "0.m3u") == files(analysed.folder / "1.m3u")
            recipe = (analysed.folder / "0.m3u").read_text().splitlines()[2]
            assert {"--versions", "--hubs", "--no-versions", "--no-hubs"}.isdisjoint(recipe.split())

    def test_files_are_named_from_the_root(self, analysed, collection):
        song = collection / "Nave/Long Windows/01 Aisle.flac"
        analysed.deejai("similar", song.name, "-o", analysed.folder / "list.m3u", cwd=song.parent)
        assert shlex.quote(str(song)) in (analysed.folder / "list.m3u").read_text().splitlines()[2]
