"""What every `deejai_core.library.Library` must do, whoever keeps it.

A test module derives a class `Test…` from `LibraryConformance` and has a fixture `factory`, see `Factory`. Queries are each
library's own, but for one word.
"""

from __future__ import annotations

import inspect
import itertools
import json
import math
import os
import threading
import unicodedata
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from deejai_core.audio.identity import audio_key
from deejai_core.errors import QueryError
from deejai_core.library import Library
from tests.songs import SECONDS

MODEL, DIMENSION = "some-model", 4
GONE = 987_654_321  # the id of no track
EAST, NORTH, WEST = (np.array(vector, np.float32) for vector in ([1, 0, 0, 0], [0, 1, 0, 0], [-1, 0, 0, 0]))

POLICE = {"artist": "The Police", "albumartist": "The Police", "album": "Outlandos d'Amour"}
SO_LONELY = {**POLICE, "title": "So Lonely", "track": 2, "disc": 1, "name": "Police/b.flac"}
ROXANNE = {**POLICE, "title": "Roxanne", "track": 1, "disc": 1, "name": "Police/z.flac", "recording": "r1", "tempo": 134}
WREN = {"artist": "Hazel & Thorn", "title": "Wren", "name": "Hazel/wren.flac", "key": "Am"}
SONGS = [SO_LONELY, ROXANNE, WREN]

ODD_NAMES = [
    unicodedata.normalize("NFD", "Élan/Ångström.flac").encode(),
    "Élan/Ångström.flac".encode(),
    b"caf\xe9/latin \xff one.flac",
    b'quotes/it\'s "so" `lonely`.flac',
    b"breaks/line\nbreak\ttab.flac",
    b"blanks/ two  blanks .flac",
    b"percent/100%25 _ %.flac",
    "emoji/\N{GUITAR}\N{ZERO WIDTH JOINER}.flac".encode(),
    b"n" * 200 + b"/" + b"n" * 200 + b".flac",
]


class Factory(Protocol):
    """Makes a library of real files, and does to it what its users do. To be had as a fixture of each test's own."""

    no_query: str  # text that is none

    def make(self, folder: Path, tracks: list[dict]) -> Library:
        """A library with `tests.songs` below `folder`: metadata as `Metadata` has them, and as `name` the relative path,
        text or bytes. Tracks with an album have one. Nothing is analysed."""

    def remove(self, id_: int) -> None:
        """Remove a track of the last library, and its file."""

    def move(self, id_: int, path: Path) -> None:
        """Move its file, as users of this library do."""

    def retag(self, id_: int, **metadata: object) -> None:
        """Change its metadata, in the file as well."""


def titles(library: Library) -> dict[str, int]:
    """Ids by title."""
    return {track.title: id_ for id_, track in library.tracks(library.ids()).items()}


def identify(library: Library) -> dict[int, str]:
    """Tell a library the recordings of its files; returns them."""
    for id_, path in library.paths().items():
        library.keep_recording(id_, path, audio_key(path))
    return library.recordings()


def stored(library: Library) -> dict[int, list[float]]:
    rows = library.vectors(MODEL, DIMENSION)
    return dict(zip(rows.ids.tolist(), rows.vectors.tolist(), strict=True))


def mark_of(library: Library, id_: int) -> int:
    return int(library.vectors(MODEL, DIMENSION, [id_]).marks[0])


class LibraryConformance:
    @pytest.fixture
    def library(self, factory, tmp_path) -> Library:
        return factory.make(tmp_path / "music", SONGS)

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
        assert library.tracks([1]) == library.albums([1]) == library.albums_of([1]) == library.paths() == {}
        assert library.field("title") == library.field("deejai_tags") == library.recordings() == {}
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
        assert {id_: track.path for id_, track in library.tracks(paths).items()} == paths
        assert library.at(list(paths.values())) == {path: id_ for id_, path in paths.items()}
        assert all(library.keep_recording(id_, path, "key") is False for id_, path in paths.items())

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

    def test_recordings_in_the_order_of_ids(self, library):
        assert library.recordings() == {}
        paths = library.paths()
        for id_ in reversed(library.ids()):
            assert library.keep_recording(id_, paths[id_], f"key {id_}") is False
        assert list(library.recordings().items()) == [(id_, f"key {id_}") for id_ in library.ids()]
        first, *_, last = library.ids()
        assert list(library.recordings([last, first, 999, last])) == [first, last]
        assert library.recordings([]) == {}

    def test_another_recording_has_no_vector_and_no_fields(self, library):
        ids, recordings, paths = titles(library), identify(library), library.paths()
        one, other = ids["Wren"], ids["Roxanne"]
        library.keep_vectors(MODEL, {one: EAST, other: NORTH}, recordings)
        library.keep_field("deejai_tags", {one: "x", other: "y"}, recordings)
        library.keep_field("deejai_tags_toy", {one: "x", other: "y"}, recordings)
        assert library.keep_recording(one, paths[one], recordings[one]) is True
        assert library.keep_recording(one, paths[one], "another") is False
        assert stored(library) == {other: NORTH.tolist()}
        assert library.field("deejai_tags") == library.field("deejai_tags_toy") == {other: "y"}
        assert library.columns_with_marks([one])[1].tolist() == [0]
        assert library.recordings() == recordings | {one: "another"}

    def test_a_recording_of_another_file_is_not_noted(self, library):
        ids, paths = titles(library), library.paths()
        assert library.keep_recording(ids["Wren"], paths[ids["Roxanne"]], "key") is None
        assert library.keep_recording(GONE, paths[ids["Wren"]], "key") is None
        assert library.recordings() == {}

    def test_fields_in_and_out(self, library):
        ids, recordings = titles(library), identify(library)
        wren, roxanne, lonely = ids["Wren"], ids["Roxanne"], ids["So Lonely"]
        stale = recordings | {lonely: "another"}
        values = {wren: "0123", roxanne: "Ångström 'n' \"x\"\n", lonely: "stale", GONE: "gone"}
        assert library.keep_field("deejai_tags", values, stale | {GONE: "x"}) == 2
        assert library.field("deejai_tags") == {wren: "0123", roxanne: values[roxanne]}
        assert library.has_field("deejai_tags") is True
        assert library.has_field("deejai_other") is False
        assert library.keep_field("deejai_tags", {wren: None, lonely: "now"}, recordings) == 2
        assert library.field("deejai_tags") == {roxanne: values[roxanne], lonely: "now"}
        assert library.keep_field("deejai_tags", {roxanne: "no recording named"}, {}) == 0
        assert library.field("deejai_other") == {}
        assert library.field("title") == {id_: title for title, id_ in ids.items()}

    def test_a_field_of_several_values_has_a_semicolon_between_them(self, factory, library):
        wren = titles(library)["Wren"]
        factory.retag(wren, genres=["Folk", "Slow Music"])
        assert library.field("genres")[wren] == "Folk; Slow Music"

    def test_vectors_come_back_in_the_order_of_ids(self, library):
        ids, recordings = library.ids(), identify(library)
        made = dict(zip(reversed(ids), [EAST, NORTH, WEST], strict=True))
        assert library.keep_vectors(MODEL, made, recordings) == (set(ids), set(ids))
        rows = library.vectors(MODEL, DIMENSION)
        assert rows.ids.tolist() == ids
        assert (rows.ids.dtype, rows.marks.dtype, rows.vectors.dtype) == (np.int64, np.int64, np.float32)
        assert rows.vectors.tolist() == [made[id_].tolist() for id_ in ids]
        some = library.vectors(MODEL, DIMENSION, {ids[2], GONE, ids[0]})
        assert some.ids.tolist() == [ids[0], ids[2]]
        assert len(library.vectors(MODEL, DIMENSION, []).ids) == 0

    def test_models_and_dimensions_do_not_see_each_other(self, library):
        id_, recordings = library.ids()[0], identify(library)
        library.keep_vectors(MODEL, {id_: EAST}, recordings)
        assert len(library.vectors("other", DIMENSION).ids) == len(library.vectors(MODEL, 3).ids) == 0
        library.keep_vectors("other", {id_: EAST}, recordings)
        assert len(library.vectors(MODEL, DIMENSION).ids) == 0
        assert len(library.vectors("other", DIMENSION).ids) == 1

    def test_how_many_tracks_have_a_vector_of_each_model(self, factory, library):
        one, other, third = library.ids()
        recordings = identify(library)
        assert library.models() == {}
        library.keep_vectors(MODEL, {one: EAST, other: EAST}, recordings)
        library.keep_vectors("other", {third: EAST}, recordings)
        assert library.models() == {MODEL: 2, "other": 1}
        library.keep_vectors("other", {one: EAST}, recordings)
        library.keep_recording(third, library.paths()[third], "another")
        assert library.models() == {MODEL: 1, "other": 1}
        factory.remove(other)
        assert library.models() == {"other": 1}

    def test_only_vectors_of_what_is_still_there_are_kept(self, library):
        wren, roxanne, lonely = (titles(library)[title] for title in ("Wren", "Roxanne", "So Lonely"))
        recordings = identify(library)
        stale = recordings | {roxanne: "another", GONE: "x"}
        del stale[lonely]
        assert library.keep_vectors(MODEL, dict.fromkeys([wren, roxanne, lonely, GONE], EAST), stale) == ({wren}, {wren})
        assert list(stored(library)) == [wren]

    def test_only_what_differs_is_written(self, library):
        one, other, _ = library.ids()
        recordings = identify(library)
        library.keep_vectors(MODEL, {one: EAST, other: EAST}, recordings)
        before = library.vectors(MODEL, DIMENSION)
        assert library.keep_vectors(MODEL, {one: EAST, other: NORTH}, recordings) == ({one, other}, {other})
        after = library.vectors(MODEL, DIMENSION)
        assert (before.marks == after.marks).tolist() == [True, False]

    def test_marks_are_positive_and_never_a_track_has_one_twice(self, library):
        one, recordings, paths = library.ids()[0], identify(library), library.paths()
        marks = []
        for vector in itertools.islice(itertools.cycle([EAST, NORTH]), 6):
            library.keep_vectors(MODEL, {one: vector}, recordings)
            marks.append(mark_of(library, one))
        library.keep_recording(one, paths[one], "another")
        library.keep_vectors(MODEL, {one: EAST}, {one: "another"})
        marks.append(mark_of(library, one))
        assert min(marks) > 0
        assert len(set(marks)) == len(marks)

    @pytest.mark.parametrize("damage", [[0, 0, 0, 0], [math.nan] * 4, [math.inf, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0]])
    def test_a_vector_that_is_none_counts_as_none(self, library, damage):
        one, other, _ = library.ids()
        library.keep_vectors(MODEL, {one: np.array(damage, np.float32), other: EAST}, identify(library))
        assert stored(library) == {other: EAST.tolist()}

    def test_vectors_that_are_of_no_use_can_be_dropped(self, library):
        one, other, third = library.ids()
        recordings = identify(library)
        library.keep_vectors(MODEL, {one: np.zeros(4, np.float32), other: EAST}, recordings)
        library.keep_vectors("other", {third: EAST}, recordings)
        bookmark = library.bookmark(removals=True)
        unusable = library.unusable_vectors(MODEL, DIMENSION)
        assert unusable == {one: MODEL, third: "other"}
        library.drop_vectors([*unusable, GONE])
        assert library.unusable_vectors(MODEL, DIMENSION) == {}
        assert library.models() == {MODEL: 1}
        assert stored(library) == {other: EAST.tolist()}
        changed = library.changed_since(bookmark, removals=True)
        assert changed is None or changed == [one, third]
        library.keep_vectors(MODEL, {one: NORTH}, recordings)
        assert stored(library) == {one: NORTH.tolist(), other: EAST.tolist()}

    def test_many_vectors(self, factory, tmp_path):
        library = factory.make(tmp_path / "music", [{"title": f"{n}", "name": f"{n:03}.flac"} for n in range(24)])
        ids, recordings = library.ids(), identify(library)
        vectors = np.eye(24, dtype=np.float32)
        library.keep_vectors(MODEL, dict(zip(ids, vectors, strict=True)), recordings)
        assert np.array_equal(library.vectors(MODEL, 24).vectors, vectors)

    def test_a_bookmark_tells_what_has_changed(self, factory, library):
        one, other, third = library.ids()
        recordings = identify(library)
        library.keep_vectors(MODEL, {one: EAST, third: WEST}, recordings)
        bookmark = json.loads(json.dumps(library.bookmark()))
        assert library.changed_since(bookmark) == []
        library.keep_vectors(MODEL, {one: EAST}, recordings)
        assert library.changed_since(bookmark) == []
        library.keep_vectors(MODEL, {other: EAST}, recordings)
        assert library.changed_since(bookmark) == [other]
        library.keep_vectors(MODEL, {one: NORTH}, recordings)
        assert library.changed_since(bookmark) == [one, other]
        assert library.changed_since(library.bookmark()) == []

    def test_a_bookmark_tells_of_what_has_gone_if_that_is_asked(self, factory, library):
        one, other, _ = library.ids()
        recordings, paths = identify(library), library.paths()
        library.keep_vectors(MODEL, {one: EAST, other: WEST}, recordings)
        bookmark = library.bookmark(removals=True)
        assert library.changed_since(bookmark, removals=True) == []
        library.keep_recording(one, paths[one], "another")
        changed = library.changed_since(bookmark, removals=True)
        assert changed is None or changed == [one]
        assert library.changed_since(library.bookmark(removals=True), removals=True) == []
        factory.remove(other)
        changed = library.changed_since(bookmark, removals=True)
        assert changed is None or changed == [one, other]

    @pytest.mark.parametrize("bookmark", [{}, {"mark": "x"}, {"witnesses": 7}, {"mark": 2**80, "token": 1}, [], None])
    def test_a_damaged_bookmark_tells_nothing(self, library, bookmark):
        library.keep_vectors(MODEL, {library.ids()[0]: EAST}, identify(library))
        assert library.changed_since(bookmark) is None

    def test_a_bookmark_of_another_library_tells_nothing(self, factory, library, tmp_path):
        library.keep_vectors(MODEL, {library.ids()[0]: EAST}, identify(library))
        other = factory.make(tmp_path / "other", [{"title": "x", "name": "x.flac"}])
        (id_,) = other.ids()
        other.keep_recording(id_, other.paths()[id_], "that of no song of the first")
        other.keep_vectors(MODEL, {id_: NORTH}, other.recordings())
        assert other.changed_since(library.bookmark()) is None

    def test_a_removed_track_is_gone_everywhere(self, factory, library):
        ids = titles(library)
        gone = ids.pop("Roxanne")
        recordings, path = identify(library), library.paths()[gone]
        library.keep_vectors(MODEL, dict.fromkeys(recordings, EAST), recordings)
        library.keep_field("deejai_tags", dict.fromkeys(recordings, "x"), recordings)
        (album,) = library.ids("album")
        factory.remove(gone)
        left = sorted(ids.values())
        assert library.ids() == sorted(library.find("")) == list(library.paths()) == left
        assert list(library.recordings()) == list(library.field("deejai_tags")) == list(stored(library)) == left
        assert library.tracks([gone]) == library.albums_of([gone]) == library.at([path]) == {}
        assert library.titled("Roxanne") == library.find("roxanne") == []
        assert library.columns([gone]).title == [""]
        assert library.columns_with_marks([gone])[1].tolist() == [0]
        assert library.albums([album])[album].tracks == (ids["So Lonely"],)
        assert library.keep_vectors(MODEL, {gone: EAST}, recordings) == (set(), set())
        assert library.keep_field("deejai_tags", {gone: "x"}, recordings) == 0
        assert library.keep_recording(gone, path, "key") is None

    def test_an_album_without_tracks_is_gone(self, factory, library):
        (album,), ids = library.ids("album"), titles(library)
        factory.remove(ids["Roxanne"])
        factory.remove(ids["So Lonely"])
        assert library.ids("album") == library.find("", "album") == library.titles("album", 0, 99, 9) == []
        assert library.albums([album]) == {}

    def test_a_moved_track_stays_the_same(self, factory, library):
        id_, recordings = titles(library)["Wren"], identify(library)
        old = library.paths()[id_]
        library.keep_vectors(MODEL, {id_: EAST}, recordings)
        library.keep_field("deejai_tags", {id_: "x"}, recordings)
        new = library.music_folder / "elsewhere" / os.fsdecode("Zaunkönig\n.flac".encode())
        factory.move(id_, new)
        assert library.at([old, new]) == {new: id_}
        assert stored(library) == {id_: EAST.tolist()}
        assert library.recordings() == recordings
        assert library.field("deejai_tags") == {id_: "x"}
        assert library.keep_recording(id_, old, "key") is None

    def test_a_retagged_track_keeps_its_vector(self, factory, library):
        id_, recordings = titles(library)["Wren"], identify(library)
        library.keep_vectors(MODEL, {id_: EAST}, recordings)
        bookmark = library.bookmark()
        factory.retag(id_, title="Zaunkönig", artist="Björk")
        assert library.tracks([id_])[id_].title == "Zaunkönig"
        assert library.titled("zaunkönig") == [id_]
        assert library.columns([id_]).artist == ["Björk"]
        assert stored(library) == {id_: EAST.tolist()}
        assert library.recordings() == recordings
        assert library.changed_since(bookmark) == []

    def test_threads_read_while_another_writes(self, library):
        ids, recordings = library.ids(), identify(library)
        failed, done = [], threading.Event()

        def read() -> None:
            try:
                while not done.is_set():
                    assert len(library.columns(ids).title) == len(library.tracks(ids)) == len(library.paths()) == 3
                    library.vectors(MODEL, DIMENSION)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for vector in [EAST, NORTH] * 10:
            library.keep_vectors(MODEL, dict.fromkeys(ids, vector), recordings)
        done.set()
        for thread in threads:
            thread.join()
        assert not failed
        assert len(stored(library)) == 3
