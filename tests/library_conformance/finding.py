"""What a library must find and tell: tracks, albums, names, columns."""

from __future__ import annotations

import inspect
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from deejai_core.errors import QueryError
from deejai_core.library import Library
from tests.library_conformance.samples import (
    DIMENSION,
    EAST,
    GONE,
    MODEL,
    ODD_NAMES,
    identify,
    mark_of,
    titles,
)
from tests.songs import SECONDS


class Finding:
    def test_it_has_all_methods_of_the_port(self, library):
        for name, _ in inspect.getmembers(Library, inspect.isfunction):
            if not name.startswith("_"):
                port, ours = (list(inspect.signature(getattr(kind, name)).parameters) for kind in (Library, type(library)))
                assert ours[: len(port)] == port, name
        assert library.folder.is_absolute()
        assert library.music_folder.is_absolute()

    def test_an_empty_library(self, factory, tmp_path):
        library = factory.make(tmp_path / "music", [])
        assert library.is_empty()
        assert library.count() == 0
        assert library.names() == []
        assert library.cover(1) is None
        assert library.has_field("deejai_tags") is False
        for kind in ("track", "album"):
            assert library.ids(kind) == library.find("", kind) == library.titled("x", kind) == []
            assert library.titles(kind, 0, 99, 9) == []
            assert len(library.columns([], kind, plays=True).length) == 0
        assert (
            library.tracks([1]) == library.albums([1]) == library.albums_of([1]) == library.paths() == library.files() == {}
        )
        assert library.field("title") == library.field("deejai_tags") == library.recordings() == {}
        assert library.fields(["title", "deejai_tags"]) == {"title": {}, "deejai_tags": {}}
        assert library.vectors(MODEL, DIMENSION).vectors.shape == (0, DIMENSION)
        assert library.keep_recording(1, tmp_path / "music/a.flac", "key") is None
        assert library.keep_vectors(MODEL, {1: EAST}, {1: "key"}) == (set(), set())
        assert library.keep_field("deejai_tags", {1: "x"}, {1: "key"}) == 0
        assert library.changed_since(library.bookmark()) == []

    def test_ids_are_positive_and_in_order(self, library):
        assert len(library.ids()) == 3
        assert library.ids() == sorted(library.ids())
        assert min(library.ids()) > 0
        assert len(library.ids("album")) == 1
        assert sorted(library.find("")) == library.ids()

    def test_tracks_come_in_the_order_asked_for_without_those_that_are_gone(self, library):
        ids = titles(library)
        asked = [ids["Wren"], GONE, 0, -1, ids["Roxanne"]]
        tracks = library.tracks(iter(asked))
        assert list(tracks) == [ids["Wren"], ids["Roxanne"]]
        track = tracks[ids["Roxanne"]]
        assert track.path == library.music_folder / "Police/z.flac"
        assert (track.artist, track.album, track.recording) == ("The Police", "Outlandos d'Amour", "r1")
        assert track.length == pytest.approx(SECONDS, abs=0.01)
        assert track.format == "FLAC"

    def test_albums_have_their_tracks_in_playing_order(self, library):
        ids, (album,) = titles(library), library.ids("album")
        found = library.albums(iter([GONE, album]))
        assert list(found) == [album]
        assert found[album].name == "The Police - Outlandos d'Amour"
        assert found[album].tracks == (ids["Roxanne"], ids["So Lonely"])
        assert library.albums_of(iter([*ids.values(), GONE])) == {ids["Roxanne"]: album, ids["So Lonely"]: album}

    def test_names_come_in_playing_order(self, library):
        ids = titles(library)
        names = library.names()
        assert len(names) == library.count() == 3
        assert set(names) == {
            (ids["Wren"], "Wren", "Hazel & Thorn", "", ""),
            (ids["Roxanne"], "Roxanne", "The Police", "Outlandos d'Amour", "The Police"),
            (ids["So Lonely"], "So Lonely", "The Police", "Outlandos d'Amour", "The Police"),
        }
        assert [name.title for name in names if name.album] == ["Roxanne", "So Lonely"]

    def test_the_stamp_changes_with_what_is_written(self, factory, library):
        one, recordings = library.ids()[0], identify(library)
        seen = [library.stamp()]
        assert library.find("roxanne")
        assert library.stamp() == seen[0]
        library.keep_vectors(MODEL, {one: EAST}, recordings)
        seen.append(library.stamp())
        factory.retag(one, title="Other")
        seen.append(library.stamp())
        assert len(set(seen)) == len(seen)

    def test_what_has_no_cover(self, library):
        assert [library.cover(id_) for id_ in (*library.ids(), GONE)] == [None] * 4

    def test_a_word_finds_tracks_and_albums(self, library):
        ids = titles(library)
        assert library.find("roxanne") == [ids["Roxanne"]]
        assert set(library.find("Outlandos")) == {ids["So Lonely"], ids["Roxanne"]}
        assert library.find("outlandos", "album") == library.ids("album")
        assert library.find("nowhere") == library.find("nowhere", "album") == []

    @pytest.mark.parametrize("query", ["roxanne", "outlandos", "nowhere", ""])
    @pytest.mark.parametrize("kind", ["track", "album"])
    def test_the_same_in_no_order(self, library, query, kind):
        assert library.matching(query, kind) == set(library.find(query, kind))

    def test_text_that_is_no_query(self, factory, library):
        with pytest.raises(QueryError) as error:
            library.find(factory.no_query)
        assert "\n" not in str(error.value)

    def test_titles_are_exact_but_for_case(self, library):
        ids = titles(library)
        assert not library.is_empty()
        assert library.titled("rOXANNE") == [ids["Roxanne"]]
        assert set(library.by_artist("the police")) == {ids["Roxanne"], ids["So Lonely"]}
        assert library.by_artist("police") == []
        assert library.titled("Rox") == library.titled("%") == []
        assert library.titled("outlandos d'amour", "album") == library.ids("album")
        assert sorted(library.titles("track", 4, 7, 99)) == ["Roxanne", "Wren"]
        assert len(library.titles("track", 0, 99, 2)) == 2
        assert library.titles("album", 0, 99, 9) == ["Outlandos d'Amour"]

    def test_files_are_found_through_links_too(self, library, tmp_path):
        ids = titles(library)
        path = library.paths()[ids["Wren"]]
        link, folder = tmp_path / "link.flac", tmp_path / "linked"
        link.symlink_to(path)
        folder.symlink_to(library.music_folder)
        detour = path.parent / ".." / path.parent.name / path.name
        asked = [link, folder / "Hazel/wren.flac", path, detour, tmp_path / "nowhere.flac", library.music_folder]
        assert library.at(asked) == dict.fromkeys(asked[:4], ids["Wren"])
        assert library.at([]) == {}

    @pytest.mark.skipif(os.name == "nt", reason="names that Windows does not allow")
    def test_odd_names(self, factory, tmp_path):
        library = factory.make(tmp_path / "music", [{"title": str(n), "name": name} for n, name in enumerate(ODD_NAMES)])
        paths = {
            id_: Path(os.fsdecode(os.fsencode(library.music_folder) + b"/" + ODD_NAMES[int(title)]))
            for title, id_ in titles(library).items()
        }
        assert len(paths) == len(ODD_NAMES)
        assert library.paths() == paths
        assert library.files() == {id_: os.fsencode(path) for id_, path in paths.items()}
        assert {id_: track.path for id_, track in library.tracks(paths).items()} == paths
        assert library.at(list(paths.values())) == {path: id_ for id_, path in paths.items()}
        assert all(library.keep_recording(id_, path, "key") is False for id_, path in paths.items())
        assert list(library.files()) == library.ids()

    def test_a_file_is_found_in_another_normalisation(self, factory, tmp_path):
        library = factory.make(tmp_path / "music", [{"title": "x", "name": unicodedata.normalize("NFD", "Élan.flac")}])
        composed = library.music_folder / unicodedata.normalize("NFC", "Élan.flac")
        assert library.at([composed]) == {composed: library.ids()[0]}

    def test_columns_are_in_the_order_asked_for(self, library):
        ids = titles(library)
        columns = library.columns([ids["Wren"], GONE, ids["Roxanne"], ids["So Lonely"]])
        assert columns.artist == ["Hazel & Thorn", "", "The Police", "The Police"]
        assert columns.title == ["Wren", "", "Roxanne", "So Lonely"]
        assert columns.album[2] == columns.album[3]
        assert columns.album[2]
        assert columns.album[:2] == ["", ""]
        assert columns.recording == ["", "", "r1", ""]
        assert columns.length == pytest.approx([SECONDS, np.nan, SECONDS, SECONDS], abs=0.01, nan_ok=True)
        assert columns.tempos == pytest.approx([np.nan, np.nan, 134, np.nan], nan_ok=True)
        assert columns.keys[0].tolist() == [0, -1, -1, -1]
        assert columns.plays is None

    def test_columns_of_albums(self, library):
        columns = library.columns(library.ids("album"), "album")
        assert (columns.artist, columns.title) == (["The Police"], ["Outlandos d'Amour"])
        assert columns.length == pytest.approx([2 * SECONDS], abs=0.02)
        assert len(set(columns.album)) == 1

    @pytest.mark.parametrize("kind", ["track", "album"])
    def test_what_was_never_played(self, library, kind):
        ids = library.ids(kind)
        columns = library.columns(ids, kind, plays=True)
        for counts in (columns.plays, columns.skips, columns.played_at):
            assert counts.tolist() == [0] * len(ids)

    def test_columns_with_marks(self, library):
        ids = titles(library)
        library.keep_vectors(MODEL, {ids["Wren"]: EAST}, identify(library))
        columns, marks = library.columns_with_marks([ids["Roxanne"], ids["Wren"], GONE])
        assert columns.title == ["Roxanne", "Wren", ""]
        assert columns.plays is None
        assert marks.dtype == np.int64
        assert marks.tolist() == [0, mark_of(library, ids["Wren"]), 0]
