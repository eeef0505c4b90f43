"""Playlists that are named in the configuration."""

from __future__ import annotations

import time

import pytest


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
