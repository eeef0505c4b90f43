"""What users read where the system refuses a file: one line, which ends with what to do; and nothing is lost."""

from __future__ import annotations

import os
import subprocess

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="mounts, links and names of POSIX")

COMMANDS = [
    (["similar", "Aisle", "-o"], ".m3u", "cannot write the playlist"),
    (["journey", "Aisle", "Kettle", "-o"], ".m3u", "cannot write the playlist"),
    (["reorder", "artist:Nave", "-o"], ".m3u", "cannot write the playlist"),
    (["map", "-o"], ".html", "cannot write the map"),
    (["blind", "--export"], ".jsonl", "cannot be written"),
]
CHOOSE = {
    "a folder": "(Is a directory); name a file in that folder",
    "n" * 300: "(File name too long); choose a shorter name",
    "file/list": "(Not a directory); choose a place that is a folder",
    "circle": "(Too many levels of symbolic links); choose another name",
    "small/list": "(No space left on device); free some space, or choose another place",
}


@pytest.fixture
def places(analysed, small_disk):
    """A folder in which nothing can be written to the names of `CHOOSE`, whatever their suffix."""
    folder = analysed.folder / "places"
    folder.mkdir()
    for suffix in (".m3u", ".html", ".ogg", ".jsonl"):
        (folder / f"a folder{suffix}").mkdir()
        (folder / f"circle{suffix}").symlink_to(f"circle{suffix}")
    (folder / "file").write_bytes(b"")
    (folder / "small").symlink_to(small_disk)
    (small_disk / "ballast").write_bytes(bytes(200 * 1024))
    return folder


@pytest.mark.parametrize("name", CHOOSE)
def test_a_place_that_a_user_has_chosen(analysed, places, name):
    before = sorted(path for path in places.rglob("*") if not path.is_symlink())
    for words, suffix, failed in COMMANDS:
        path = places / f"{name}{suffix}"
        error = analysed.deejai(*words, path, status=1).err
        assert error == f"error: {path}: {failed} {CHOOSE[name]}\n"
    assert sorted(path for path in places.rglob("*") if not path.is_symlink()) == before


def test_a_mix_on_a_full_disk(analysed, places):
    """libsndfile does not say why."""
    path = places / "small/mix.ogg"
    *_, error = analysed.deejai("mix", "Aisle", "-o", path, status=1).err.splitlines()
    assert error.startswith(f"error: {path}: cannot write the mix (")
    assert error.endswith("); free some space, or choose another place")


def test_a_mix_that_cannot_be_written_is_not_rendered(analysed, places):
    for name in ("circle", "file/list"):
        (error,) = analysed.deejai("mix", "Aisle", "-o", places / f"{name}.ogg", status=1).err.splitlines()
        assert error == f"error: {places}/{name}.ogg: cannot write the mix {CHOOSE[name]}"


def test_an_export_of_the_history(analysed, places):
    (analysed.folder / "list.m3u").write_text("#EXTINF:1,The Police - Roxanne\n1.mp3\n#EXTINF:1,The Police - Wren\n2.mp3\n")
    analysed.deejai("history", "add", analysed.folder / "list.m3u")
    error = analysed.deejai("history", "export", places / "file/lists.parquet", status=1).err
    assert error == f"error: {places}/file/lists.parquet: cannot be written {CHOOSE['file/list']}\n"
    analysed.deejai("history", "export", places / "new/lists.parquet")
    assert (places / "new/lists.parquet").is_file()


def test_a_disk_that_is_read_only(analysed, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    error = analysed.deejai("similar", "Aisle", "-o", small_disk / "list.m3u", status=1).err
    remedy = "choose a place that is not read-only"
    assert error == f"error: {small_disk}/list.m3u: cannot write the playlist (Read-only file system); {remedy}\n"
    analysed.configure(playlist_dir=str(small_disk))
    assert remedy in analysed.deejai("similar", "Aisle", status=1).err


@pytest.mark.parametrize("command", ["reorder", "similar", "journey", "similar-artists"])
def test_a_playlist_of_files_that_are_gone(analysed, tmp_path, command):
    """It names the playlist, not one of a thousand files."""
    names = "\n".join(f"/mnt/usb/{number}.mp3" for number in range(3))
    (tmp_path / "old.m3u").write_text(f"#EXTM3U\n{names}\n")
    assert analysed.deejai(command, tmp_path / "old.m3u", status=1).err == (
        f"error: {tmp_path}/old.m3u: 3 of its 3 files could not be found, such as /mnt/usb/0.mp3; "
        "mount their drive, or correct their paths in the playlist\n"
    )


def test_a_playlist_of_which_one_file_is_left(analysed, tmp_path):
    aisle = analysed.run("ls", "-p", "title:Aisle").lines[0]
    (tmp_path / "old.m3u").write_text(f"#EXTM3U\n/mnt/usb/0.mp3\n{aisle}\n")
    for command in ("reorder", "journey"):
        assert "1 of its 2 files could not be found" in analysed.deejai(command, tmp_path / "old.m3u", status=1).err
    assert "left out: /mnt/usb/0.mp3" in analysed.deejai("similar", tmp_path / "old.m3u", "-p").err
