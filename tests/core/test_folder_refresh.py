"""What a folder's library makes of files that come, change, move and go."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deejai_core.audio.identity import audio_key
from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import LibraryError
from deejai_core.folder import FolderLibrary, Refreshed, walk
from tests import odd_files
from tests.processes import eventually
from tests.songs import sound, tag, write_song

MODEL = "some-model"
EAST = np.array([1, 0], np.float32)


@pytest.fixture
def music(tmp_path) -> Path:
    folder = tmp_path / "music"
    for number, title in enumerate(["Roxanne", "So Lonely", "Wren"]):
        write_song(folder / "songs" / f"{title}.flac", number, title=title, artist="Somebody")
    return folder


@pytest.fixture
def library(music) -> FolderLibrary:
    library = FolderLibrary(music)
    library.refresh()
    return library


def names(library: FolderLibrary) -> dict[str, int]:
    return {path.relative_to(library.music_folder).as_posix(): id_ for id_, path in library.paths().items()}


def analyse(library: FolderLibrary) -> None:
    """Every track gets a vector and a field, as if it had been embedded."""
    for id_, path in library.paths().items():
        library.keep_recording(id_, path, audio_key(path))
    ids = library.ids()
    library.keep_vectors(MODEL, dict.fromkeys(ids, EAST), library.recordings())
    library.keep_field("deejai_tags", {id_: f"tags {id_}" for id_ in ids}, library.recordings())


def analysed(library: FolderLibrary) -> list[int]:
    ids = library.vectors(MODEL, 2).ids.tolist()
    assert library.field("deejai_tags") == {id_: f"tags {id_}" for id_ in ids}
    return ids


def refused(*_: object) -> str:
    raise AssertionError("no file was to be read for this")


def test_it_tells_how_far_it_is_and_what_it_found(music):
    told = []
    assert FolderLibrary(music).refresh(on_progress=lambda *progress: told.append(progress)) == Refreshed(added=3)
    assert told == [(3, 3)]


def test_what_has_not_changed_is_not_read(library, monkeypatch):
    monkeypatch.setattr(Decoder, "metadata", refused)
    before = library.path.stat().st_mtime_ns
    assert library.refresh(refused) == Refreshed()
    assert library.path.stat().st_mtime_ns == before


def test_only_changed_files_are_read(library, music):
    tag(music / "songs/Wren.flac", title="Zaunkönig")
    write_song(music / "new.flac", 3)
    (music / "songs/Roxanne.flac").unlink()
    told = []
    assert library.refresh(lambda *progress: told.append(progress)) == Refreshed(added=1, changed=1, gone=1)
    assert told == [(2, 2)]
    assert sorted(names(library)) == ["new.flac", "songs/So Lonely.flac", "songs/Wren.flac"]


def test_a_file_without_a_title_has_its_name(music):
    write_song(music / "Walking on the Moon.flac", 9)
    (music / "damaged.mp3").write_text("no music")
    (music / os.fsdecode(b"caf\xe9.mp3")).write_text("no music")
    library = FolderLibrary(music)
    library.refresh()
    titles = library.field("title")
    assert {"Walking on the Moon", "damaged", "café"} <= set(titles.values())
    assert library.field("format")[names(library)["damaged.mp3"]] == "MP3"


def test_odd_files_are_tracks_and_stop_nothing(tmp_path):
    made = odd_files.build(tmp_path / "music")
    library = FolderLibrary(tmp_path / "music")
    assert library.refresh().added == len(made) - 1
    assert {os.fsencode(path) for path in library.paths().values()} == made.keys() - {
        os.fsencode(tmp_path / "music/never ends.mp3")
    }
    library.columns(library.ids())


def test_a_file_that_could_not_be_read_this_time_is_read_the_next_time(library, music, monkeypatch):
    from deejai_core.errors import UnavailableError

    def unavailable(*_: object) -> None:
        raise UnavailableError("the drive is busy")

    write_song(music / "new.flac", 3, title="New")
    tag(music / "songs/Wren.flac", title="Zaunkönig")
    with monkeypatch.context() as patch:
        patch.setattr(Decoder, "metadata", unavailable)
        library.refresh()
    assert sorted(library.field("title").values()) == ["Roxanne", "So Lonely", "Wren", "new"]
    assert list(library.field("artist").values()) == ["Somebody"] * 3
    library.refresh()
    assert sorted(library.field("title").values()) == ["New", "Roxanne", "So Lonely", "Zaunkönig"]


@pytest.mark.parametrize("known", [True, False], ids=["analysed", "not analysed"])
def test_a_moved_folder_is_not_read_through(library, music, monkeypatch, known):
    if known:
        analyse(library)
    before = names(library)
    (music / "songs").rename(music / "moved")
    with monkeypatch.context() as patch:
        patch.setattr(Decoder, "key", refused)
        assert library.refresh() == Refreshed(moved=3)
    assert names(library) == {name.replace("songs", "moved"): id_ for name, id_ in before.items()}
    assert analysed(library) == (list(before.values()) if known else [])


def test_a_file_that_was_moved_and_retagged_is_known_by_its_recording(library, music):
    analyse(library)
    before = library.ids()
    new = (music / "songs/Wren.flac").rename(music / "other.flac")
    tag(new, title="Zaunkönig", artist="Hazel")
    assert library.refresh() == Refreshed(moved=1)
    assert library.ids() == analysed(library) == before
    assert library.titled("zaunkönig") == [names(library)["other.flac"]]


def test_a_file_that_was_not_analysed_and_is_retagged_elsewhere_is_another_track(library, music):
    gone = names(library)["songs/Wren.flac"]
    tag((music / "songs/Wren.flac").rename(music / "other.flac"), title="Zaunkönig")
    assert library.refresh() == Refreshed(added=1, gone=1)
    assert gone not in library.ids()
    assert max(library.ids()) > gone  # no id is used again


def test_an_id_is_never_used_again(library, music):
    last = max(library.ids())
    song = library.paths()[last]
    song.unlink()
    library.refresh()
    write_song(song, 7)
    library.refresh()
    assert max(library.ids()) > last


def test_a_recording_comes_back_after_it_was_gone(library, music, tmp_path):
    analyse(library)
    before, bookmark = library.ids(), library.bookmark()
    song = names(library)["songs/Wren.flac"]
    (music / "songs/Wren.flac").rename(tmp_path / "away.flac")
    assert library.refresh() == Refreshed(gone=1)
    assert library.changed_since(bookmark) == [song]
    assert library.refresh() == Refreshed()
    bookmark = library.bookmark()
    tag(tmp_path / "away.flac", title="Zaunkönig")
    (tmp_path / "away.flac").rename(music / "back.flac")
    assert library.refresh() == Refreshed(moved=1)
    assert library.ids() == analysed(library) == before
    assert library.changed_since(bookmark) == [song]


def test_a_drive_that_was_not_mounted(tmp_path, music):
    library = FolderLibrary(music, data=tmp_path / "data")
    library.refresh()
    analyse(library)
    before = library.ids()
    (music / "songs").rename(tmp_path / "unmounted")
    assert library.refresh() == Refreshed(gone=3)
    assert library.ids() == library.ids("album") == []
    (tmp_path / "unmounted").rename(music / "songs")
    assert library.refresh() == Refreshed(added=3)
    assert library.ids() == analysed(library) == before


def test_of_two_copies_each_stays_what_it_is(library, music):
    shutil.copytree(music / "songs", music / "copy")
    library.refresh()
    analyse(library)
    before = names(library)
    tag((music / "copy").rename(music / "other") / "Wren.flac", artist="Hazel")
    (music / "songs").rename(music / "moved")
    assert library.refresh().moved == 6
    after = names(library)
    assert analysed(library) == sorted(before.values()) == sorted(after.values())
    for song in ("Roxanne", "So Lonely", "Wren"):  # which of two equal files went where makes no difference
        assert {before[f"{folder}/{song}.flac"] for folder in ("songs", "copy")} == {
            after[f"{folder}/{song}.flac"] for folder in ("moved", "other")
        }


def test_of_copies_with_other_names_each_keeps_its_name(library, music):
    for name in ("b.flac", "a.flac"):  # in this order, so that ids are not in that of the names
        write_song(music / "copies" / name, 7)
        library.refresh()
    analyse(library)
    before = names(library)
    (music / "copies").rename(music / "moved")
    for name in ("a.flac", "b.flac"):
        tag(music / "moved" / name, artist="Hazel")
    assert library.refresh() == Refreshed(moved=2)
    assert {name: names(library)[f"moved/{name}"] for name in ("a.flac", "b.flac")} == {
        name: before[f"copies/{name}"] for name in ("a.flac", "b.flac")
    }


def test_another_song_at_the_same_path_loses_the_vector_with_its_recording(library, music):
    analyse(library)
    path = music / "songs/Wren.flac"
    id_ = names(library)["songs/Wren.flac"]
    write_song(path, 9, title="Another")
    assert library.refresh() == Refreshed(changed=1)
    assert library.keep_recording(id_, path, audio_key(path)) is False
    assert id_ not in analysed(library)
    assert id_ in library.ids()


def test_albums_follow_their_files(music):
    for number, (name, title) in enumerate([("one/a", "A"), ("one/b", "A"), ("one/c", "B"), ("two/a", "A"), ("d", "")]):
        write_song(music / f"albums/{name}.flac", 10 + number, artist="X", album=title)
    library = FolderLibrary(music)
    library.refresh()
    found = [[library.paths()[id_].name for id_ in album.tracks] for album in library.albums(library.ids("album")).values()]
    assert sorted(found) == [["a.flac"], ["a.flac", "b.flac"], ["c.flac"]]
    (before,) = library.find("one A", "album")[:1]
    (music / "albums/one/a.flac").rename(music / "albums/two/x.flac")
    tag(music / "albums/one/b.flac", album="B")
    library.refresh()
    assert library.albums([before]) == {}
    assert sorted(len(album.tracks) for album in library.albums(library.ids("album")).values()) == [2, 2]


def test_what_is_no_music_of_the_folder_is_left_out(tmp_path, music):
    song = music / "songs/Wren.flac"
    for name in (".hidden/a.flac", "songs/.hidden.flac", "songs/cover.jpg", "songs/notes.flac.txt", "data/a.flac"):
        (music / name).parent.mkdir(exist_ok=True)
        shutil.copy(song, music / name)
    (music / "folder.flac").mkdir()
    (music / "broken.flac").symlink_to(tmp_path / "nowhere")
    if os.name != "nt":
        os.mkfifo(music / "pipe.flac")
    shutil.copy(song, music / "LOUD.FLAC")
    library = FolderLibrary(music, data=music / "data")
    library.refresh()
    assert sorted(names(library)) == ["LOUD.FLAC", "songs/Roxanne.flac", "songs/So Lonely.flac", "songs/Wren.flac"]


def test_links_are_followed_and_loops_are_not(tmp_path, music):
    elsewhere = tmp_path / "elsewhere"
    write_song(elsewhere / "a/one.flac", 5)
    (elsewhere / "a/loop").symlink_to(elsewhere)
    (music / "A link.flac").symlink_to(music / "songs/Wren.flac")
    (music / "A folder").symlink_to(elsewhere)
    for name in ("A name", "z name"):  # whichever is met first
        (music / name).symlink_to(music / "songs")
    (music / "songs/up").symlink_to(music)
    (music / "songs/further up").symlink_to(tmp_path)
    library = FolderLibrary(music)
    library.refresh()
    songs = ["songs/Roxanne.flac", "songs/So Lonely.flac", "songs/Wren.flac"]
    assert sorted(names(library)) == ["A folder/a/one.flac", "A link.flac", *songs]


def test_what_cannot_be_looked_at_stays_as_it_was(library, music, monkeypatch):
    analyse(library)
    before, scandir = names(library), os.scandir

    def forbidden(path: bytes):
        if path.endswith(b"songs"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(walk.os, "scandir", forbidden)
    write_song(music / "new.flac", 4)
    assert library.refresh() == Refreshed(added=1, unreadable=[music / "songs"])
    assert before.items() <= names(library).items()
    assert analysed(library) == sorted(before.values())
    monkeypatch.setattr(walk.os, "scandir", lambda _: scandir(b"/nowhere"))
    with pytest.raises(LibraryError, match="music: cannot be read"):
        library.refresh()
    assert len(library.ids()) == 4


def test_a_library_moves_with_its_folder(library, music, tmp_path):
    analyse(library)
    before = library.ids()
    music.rename(tmp_path / "other")
    library = FolderLibrary(tmp_path / "other")
    assert library.refresh() == Refreshed()
    assert library.ids() == analysed(library) == before
    assert all(path.exists() for path in library.paths().values())


def test_data_of_another_folder_is_not_taken_for_this_one(tmp_path, music):
    data, other = tmp_path / "data", tmp_path / "other"
    library = FolderLibrary(music, data=data)
    library.refresh()
    shutil.copytree(music, other)
    with pytest.raises(LibraryError, match=r"library\.db: holds the data of .*music; name another folder with `data`"):
        FolderLibrary(other, data=data).refresh()
    assert len(library.ids()) == 3
    music.rename(tmp_path / "away")  # then the music is there under another name
    assert FolderLibrary(other, data=data).refresh() == Refreshed()


REFRESH = "import sys; from deejai_core.folder import FolderLibrary; print(FolderLibrary(sys.argv[1]).refresh(print))"


def test_two_processes_at_once(tmp_path):
    music = tmp_path / "music"
    for number in range(40):
        write_song(music / f"{number:02}.flac", number, artist="X", album=f"{number // 10}")
    processes = [subprocess.Popen([sys.executable, "-c", REFRESH, music], stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    library = FolderLibrary(music)
    assert library.refresh() == Refreshed()
    assert len(library.ids()) == len(names(library)) == 40
    assert [len(album.tracks) for album in library.albums(library.ids("album")).values()] == [10] * 4


def test_a_kill_leaves_a_library_that_goes_on(tmp_path):
    music = tmp_path / "music"
    music.mkdir()
    for number in range(700):
        (music / f"{number:03}.flac").write_bytes(sound(number % 5))
    library = FolderLibrary(music)
    library.ids()
    process = subprocess.Popen([sys.executable, "-c", REFRESH, music], stdout=subprocess.DEVNULL)
    eventually(lambda: library.ids() or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = library.ids()
    assert before
    result = library.refresh()
    assert result == Refreshed(added=700 - len(before))
    assert library.ids()[: len(before)] == before
    assert len(names(library)) == 700


def test_a_kill_between_loss_and_discovery(library, music):
    analyse(library)
    before = library.ids()
    (music / "songs").rename(music / "moved")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Decoder, "metadata", killed)
        with pytest.raises(KeyboardInterrupt):
            library.refresh()
    assert library.ids() == []
    assert library.refresh() == Refreshed(moved=3)
    assert library.ids() == analysed(library) == before
