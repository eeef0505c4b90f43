"""What a message says of a file that the system refuses."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from deejai_core.errors import PlaylistError
from deejai_core.formats.export import write_playlist
from deejai_core.formats.read import read_playlist
from deejai_core.refusals import ANY, OF_SQLITE, OWN, READING, WRITING, refusal, with_remedy

PAGE = Path(__file__).parents[2] / "docs/troubleshooting.md"
posix = pytest.mark.skipif(os.name == "nt", reason="names and folders of POSIX")


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/music/elsewhere")


@pytest.mark.parametrize(
    ("remedies", "number", "remedy"),
    [
        (READING, errno.EACCES, "change the permissions of the file or its folder"),
        (READING, errno.ENOENT, "check its name"),
        (READING, errno.EISDIR, "name a file in that folder"),
        (WRITING, errno.EACCES, "choose another place, or change its permissions"),
        (WRITING, errno.EPERM, "choose another place, or change its permissions"),
        (WRITING, errno.EROFS, "choose a place that is not read-only"),
        (WRITING, errno.ENOSPC, "free some space, or choose another place"),
        (WRITING, errno.EDQUOT, "free some space, or choose another place"),
        (WRITING, errno.EFBIG, "choose a place that takes larger files"),
        (WRITING, errno.EISDIR, "name a file in that folder"),
        (WRITING, errno.ENOTDIR, "choose a place that is a folder"),
        (WRITING, errno.ENAMETOOLONG, "choose a shorter name"),
        (WRITING, errno.ELOOP, "choose another name"),
        (WRITING, errno.ENOENT, "choose a folder that exists"),
        (OWN, errno.EROFS, "make it and its folder writable"),
        (OWN, errno.ENOSPC, "free some space"),
        (OWN, errno.EEXIST, "move the file that is in the place of its folder"),
        (ANY, errno.ENOSPC, "free some space"),
    ],
)
def test_each_reason_has_its_remedy(remedies, number, remedy):
    told = refusal(Path("a.m3u"), "cannot be written", refused(number), remedies)
    assert told == f"a.m3u: cannot be written ({os.strerror(number)}); {remedy}"


@pytest.mark.skipif(sys.platform != "linux", reason="the page has the reasons in the words of Linux")
@pytest.mark.parametrize(("column", "remedies"), [(1, READING), (2, WRITING), (3, OWN)])
def test_the_page_of_troubles_has_every_remedy(column, remedies):
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in PAGE.read_text().splitlines() if row[:1] == "|"]
    told = {reason: row[column] for row in rows for reason in row[0].split(", ") if row[column].strip("-")}
    del told["reason"]  # the heads
    assert told == {os.strerror(number): remedy for number, remedy in remedies.items()}


def test_an_unknown_reason_and_one_that_says_what_to_do_stand_alone():
    assert refusal("a", "cannot be read", refused(errno.EDOM), READING) == f"a: cannot be read ({os.strerror(errno.EDOM)})"
    own = FileNotFoundError("there is no folder b; make it first")
    assert refusal("a", "cannot be written", own, WRITING) == f"a: cannot be written ({own})"
    assert refusal("a", "cannot be read", KeyError("mean"), READING) == "a: cannot be read ('mean')"


@pytest.mark.parametrize(
    "text",
    [
        f"Failed to open local file '/tmp/.deejai-1'. Detail: [errno 13] {os.strerror(13)}",  # as Arrow has it
        f"Unable to open file (name = 'a.h5', errno = 13, error message = '{os.strerror(13)}')",  # as HDF5 has it
        os.strerror(13),
    ],
)
def test_only_the_words_of_the_system_are_shown(text):
    assert refusal("a.h5", "cannot be read", OSError(13, text), READING) == (
        f"a.h5: cannot be read ({os.strerror(13)}); change the permissions of the file or its folder"
    )


def test_a_name_that_no_file_can_have():
    told = refusal("a\0b", "cannot be written", ValueError("embedded null byte"), WRITING)
    assert told == "a b: cannot be written (embedded null byte); choose another name"


def test_it_is_one_line_whatever_the_name():
    assert "\n" not in refusal("a\nb", "cannot be read", OSError(errno.EIO, "one\ntwo"), READING)


@pytest.mark.parametrize("message", OF_SQLITE)
def test_what_sqlite_reports_has_a_remedy(message):
    error = sqlite3.OperationalError(message)
    assert with_remedy("a.db: x", error, OWN) == f"a.db: x; {OWN[OF_SQLITE[message]]}"
    assert with_remedy("a.db: x", sqlite3.OperationalError("no such table: a"), OWN) == "a.db: x"


@posix
@pytest.mark.parametrize(
    ("name", "told"),
    [
        (".", r"\(Is a directory\); name a file in that folder"),
        ("file/new.m3u", r"\(Not a directory\); choose a place that is a folder"),
        ("n" * 300 + ".m3u", r"\(File name too long\); choose a shorter name"),
        ("circle.m3u", r"\(Too many levels of symbolic links\); choose another name"),
        ("a\0b.m3u", r"\(embedded null byte\); choose another name"),
    ],
)
def test_a_playlist_that_cannot_be_written(tmp_path, name, told):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "circle.m3u").symlink_to("circle.m3u")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(PlaylistError, match=f"cannot write the playlist {told}$"):
        write_playlist(tmp_path / name, b"#EXTM3U\n")
    assert sorted(tmp_path.iterdir()) == before


@posix
@pytest.mark.parametrize(
    ("name", "told"),
    [
        (".", r"\(Is a directory\); name a file in that folder"),
        ("none.m3u", r"\(No such file or directory\); check its name"),
        ("file/new.m3u", r"\(Not a directory\); check its name"),
        ("n" * 300, r"\(File name too long\); check its name"),
        ("circle.m3u", r"\(Too many levels of symbolic links\); correct its symbolic links"),
    ],
)
def test_a_playlist_that_cannot_be_read(tmp_path, name, told):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "circle.m3u").symlink_to("circle.m3u")
    with pytest.raises(PlaylistError, match=f"cannot read the playlist {told}$"):
        read_playlist(tmp_path / name)
