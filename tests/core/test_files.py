"""Files that are replaced whole or not at all; what a killed process leaves behind is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from deejai_core.files import as_os_error, open_regular, remove_unfinished, replacing, unfinished


def test_what_safetensors_cannot_write_is_an_error_of_the_file_system(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file or directory"), as_os_error():
        save_file({"weights": np.zeros(3)}, tmp_path / "usb" / "weights.safetensors")


@pytest.fixture
def notes(tmp_path):
    return tmp_path / "notes"


def killed(path, notes) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from deejai_core.files import replacing\n"
        f"with replacing(Path({os.fspath(path)!r}), notes=Path({os.fspath(notes)!r})) as temporary:\n"
        "    temporary.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_what_a_killed_process_left_is_found_and_removed(tmp_path, notes):
    (tmp_path / "mix.mp3").write_bytes(b"old")
    killed(tmp_path / "mix.mp3", notes)
    (left,) = unfinished(notes)
    assert left.parent == tmp_path
    with replacing(tmp_path / "other.mp3", notes=notes) as temporary:  # while somebody else is at work
        temporary.write_bytes(b"new")
        assert unfinished(notes) == remove_unfinished(notes) == [left]
    assert (tmp_path / "other.mp3").read_bytes() == b"new"
    assert (tmp_path / "mix.mp3").read_bytes() == b"old"
    assert not unfinished(notes)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mix.mp3", "notes", "other.mp3"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_note_stays_for_as_long_as_its_drive_is_away(tmp_path, notes):
    drive = tmp_path / "drive"
    drive.mkdir()
    killed(drive / "mix.mp3", notes)
    drive.rename(tmp_path / "unplugged")
    assert unfinished(notes) == remove_unfinished(notes) == []
    (tmp_path / "unplugged").rename(drive)
    assert len(remove_unfinished(notes)) == 1
    assert not list(drive.iterdir())


def test_a_note_names_a_temporary_file_and_nothing_else(tmp_path, notes):
    notes.mkdir()
    (tmp_path / "song.mp3").write_bytes(b"music")
    for content in (os.fsencode(tmp_path / "song.mp3"), b"\0", b"", b"\xff" * 9):
        (notes / ".deejai-0123").write_bytes(content)
        assert remove_unfinished(notes) == []
    assert (tmp_path / "song.mp3").exists()


def test_a_folder_for_notes_that_cannot_be_written_is_no_reason_to_write_nothing(tmp_path):
    (tmp_path / "notes").write_bytes(b"a file")
    with replacing(tmp_path / "mix.mp3", notes=tmp_path / "notes") as temporary:
        temporary.write_bytes(b"new")
    assert (tmp_path / "mix.mp3").read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices in folders")
def test_only_regular_files_are_opened(tmp_path):
    (tmp_path / "song").write_bytes(b"music")
    (tmp_path / "link").symlink_to(tmp_path / "song")
    for name in ("song", "link"):
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"music"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero", "."):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "gone")


@pytest.mark.parametrize("through_link", [False, True])
def test_a_link_is_replaced_unless_a_user_may_have_made_it(tmp_path, through_link):
    other, path = tmp_path / "other", tmp_path / "hubness.npz"
    other.write_bytes(b"precious")
    path.symlink_to(other)
    with replacing(path, through_link=through_link) as temporary:
        temporary.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert path.is_symlink() == through_link
    assert other.read_bytes() == (b"new" if through_link else b"precious")
