"""What a library must keep for its tracks, and for how long: recordings, fields, vectors; and tell what has changed."""

from __future__ import annotations

import itertools
import json
import math
import os
import threading

import numpy as np
import pytest

from tests.library_conformance.samples import (
    DIMENSION,
    EAST,
    GONE,
    MODEL,
    NORTH,
    WEST,
    identify,
    mark_of,
    stored,
    titles,
)


class Keeping:
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
        names = ["title", "genres", "deejai_other", "year", "deejai_tags"]
        assert library.fields(names) == {name: library.field(name) for name in names}
        assert library.fields([]) == {}
        some = [wren, GONE]
        for name in [*names, "path"]:
            assert library.field(name, some) == {id_: one for id_, one in library.field(name).items() if id_ in some}
        assert library.fields(names, some) == {name: library.field(name, some) for name in names}

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

    def test_a_bookmark_tells_which_recordings_came_or_changed(self, factory, library):
        one, other, third = library.ids()
        paths = library.paths()
        library.keep_recording(one, paths[one], "some")
        before = library.bookmark()
        library.keep_recording(other, paths[other], "first")
        assert library.changed_since(before) == [other]
        bookmark = library.bookmark()
        library.keep_recording(other, paths[other], "first")
        assert library.changed_since(bookmark) == []
        library.keep_recording(other, paths[other], "another")
        library.keep_recording(third, paths[third], "first")
        assert library.changed_since(bookmark) == [other, third]
        assert library.changed_since(before) == [other, third]
        assert library.recordings() == {one: "some", other: "another", third: "first"}

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

    def test_a_bookmark_over_an_older_one_still_tells_of_what_has_gone(self, factory, library):
        one, other, third = library.ids()
        recordings, paths = identify(library), library.paths()
        library.keep_vectors(MODEL, {one: EAST, other: WEST}, recordings)
        older = library.bookmark(removals=True)
        library.keep_recording(third, paths[third], "another")
        both = older | library.bookmark()
        assert library.changed_since(both, removals=True) == []
        factory.remove(other)
        told = library.changed_since(older)
        both = older | library.bookmark()
        changed = library.changed_since(both, removals=True)
        assert changed is None or other in [*told, *changed]

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
