"""A library full of odd files: each ends with a vector or with a failure that says why, and none is in another's way."""

from __future__ import annotations

import os
import re
import sqlite3

import pytest

from tests import odd_files

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names of POSIX file systems")


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """The library after one `analyze`, what that said, and the files."""
    from tests.plugin.conftest import Beets

    beets = Beets(tmp_path_factory.mktemp("odd"), auto=False)
    files = odd_files.build(beets.music / "odd")
    beets.run("ls")  # makes the tables
    # As beets would have it, had the files become odd after they were imported: it refuses some of them now.
    with sqlite3.connect(beets.library) as connection:
        for path in files:
            inside = os.path.relpath(path, os.fsencode(beets.music))
            connection.execute("INSERT INTO items (path, artist, title, length) VALUES (?, 'A', 'T', 8)", (inside,))
        connection.execute("INSERT INTO items (path, artist, title, length) VALUES (?, 'A', 'T', 8)", (b"odd/gone.mp3",))
    connection.close()
    return beets, files, beets.deejai("analyze", status=1)


def with_vector(beets) -> set[bytes]:
    with sqlite3.connect(beets.library) as connection:
        rows = connection.execute(
            "SELECT path FROM items i JOIN item_attributes a ON a.entity_id = i.id WHERE a.key = 'deejai_vector'"
        ).fetchall()
    connection.close()
    return {bytes(path).rpartition(b"/")[2] for (path,) in rows}


@pytest.mark.parametrize("odd", odd_files.ODD_FILES, ids=lambda odd: repr(odd.name[:30]))
def test_each_has_the_outcome_that_it_should(analysed, odd):
    beets, _, result = analysed
    assert (odd.name in with_vector(beets)) == (odd.reason is None)
    named = [line for line in result.err.splitlines() if f"/{os.fsdecode(odd.name)}: not analysed: " in line]
    assert len(named) == (odd.reason is not None)
    assert all(odd.reason in line for line in named), named


def test_failures_are_listed_with_reason_and_date(analysed):
    beets, files, _ = analysed
    lines = beets.deejai("failed").lines
    expected = sorted(os.fsdecode(path) for path, odd in files.items() if odd.reason)
    assert [line.split(": ")[0] for line in lines] == sorted([*expected, f"{beets.music}/odd/gone.mp3"])
    for line in lines:
        again = "again next time" if "gone.mp3" in line or "never ends" in line else "again when it changes"
        assert re.search(rf": .+ \(\d{{4}}-\d\d-\d\d, tried once, {again}\)$", line), line
    assert "gone.mp3: No such file or directory (" in "\n".join(lines)


def test_a_second_run_leaves_them_alone_until_asked(analysed):
    beets, files, _ = analysed
    failed = sum(odd.reason is not None and odd.lasting for odd in files.values())
    again = beets.deejai("analyze", status=1).err
    assert f"Skipped {failed} tracks that failed before" in again
    assert again.count("not analysed:") == 2  # the one that is missing, and the one that is no regular file
    assert beets.deejai("analyze", "--retry", status=1).err.count("not analysed:") == failed + 2
    assert "tried twice, again when it changes" in beets.deejai("failed").out
    # Twice more, as `retries` says; then it is left alone, too.
    assert re.search(r"never ends\.mp3: .* tried 3 times, again when it changes", beets.deejai("failed").out)
    assert (
        f"Skipped {failed + 1} tracks that failed before" in beets.deejai("analyze", status=1).err
    )  # the one that is missing


def test_no_name_reached_a_shell_or_the_terminal(analysed):
    beets, _, result = analysed
    assert not list(beets.folder.rglob("owned"))
    assert "\x1b" not in result.err + beets.deejai("failed").out
    beets.deejai("similar", "--from", "", "T", "-n", "50", "--urlencode", "-p")
