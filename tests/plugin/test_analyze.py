"""`beet deejai analyze` and `reweigh`: what lacks a vector gets one, and only that."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest
from mutagen.flac import FLAC

from tests.plugin.conftest import BEET


@pytest.fixture
def unanalysed(beets, collection):
    """The collection in a library, imported without the plugin's help."""
    beets.configure(auto=False)
    beets.run("import", "-qA", collection)
    return beets


def test_every_track_gets_a_vector(unanalysed):
    result = unanalysed.deejai("analyze")
    assert "24/24 tracks" in result.err
    assert "Computed the vectors of 24 tracks with musicnn-msd-1" in result.err
    assert len(set(unanalysed.field("deejai_vector"))) == 24
    assert "nothing to do: every track has a vector of musicnn-msd-1" in unanalysed.deejai("analyze").err


def test_a_query_limits_it(unanalysed):
    unanalysed.deejai("analyse", "artist:Nave", "-t", "1")
    assert len(unanalysed.field("title", "deejai_vector::.")) == 4
    assert "pending   20; run `beet deejai analyze`" in unanalysed.deejai("status").lines


def test_pretend_lists_and_touches_nothing(unanalysed, collection):
    listed = unanalysed.deejai("analyze", "--pretend", "artist:Nave").lines
    assert sorted(listed) == sorted(map(str, (collection / "Nave").rglob("*.flac")))
    assert not unanalysed.data.exists()


def test_a_query_without_matches_says_so(unanalysed):
    assert "error: no track matches 'artist:Nobody'" in unanalysed.deejai("analyze", "artist:Nobody", status=1).err


def test_a_lost_slice_store_costs_no_vector(analysed):
    before = analysed.field("deejai_vector")
    shutil.rmtree(analysed.data)
    assert "nothing to do" in analysed.deejai("analyze").err
    assert "Left the vectors of 24 tracks as they were" in analysed.deejai("reweigh").err
    assert analysed.field("deejai_vector") == before
    assert "Computed the vectors of 24 tracks" in analysed.deejai("analyze", "--force").err


def test_order_and_batches_leave_no_trace(unanalysed, analysed):
    """Bit by bit the same: all at once, one artist after the other, or imported album by album and weighted anew."""
    for artist in ("Voltage", "Nave", "Kettle", "Hazel", "Pixel", "Ledger"):
        unanalysed.deejai("analyze", f"artist:{artist}")
    unanalysed.deejai("reweigh")
    in_batches = unanalysed.field("deejai_vector")

    analysed.deejai("reweigh")
    assert analysed.field("deejai_vector") == in_batches

    unanalysed.deejai("analyze", "--force", "--threads", 1)
    assert unanalysed.field("deejai_vector") == in_batches


def test_reweigh_with_another_epsilon_and_back(analysed):
    analysed.deejai("reweigh")
    before = analysed.field("deejai_vector")
    analysed.deejai("reweigh", "--epsilon", "0.6")
    assert analysed.field("deejai_vector") != before
    assert "epsilon 0.6 (the next `beet deejai analyze` uses 0.1)" in analysed.deejai("status").out
    result = analysed.deejai("analyze")
    assert "Updated the vectors of 24 tracks, because epsilon is 0.1 now, not 0.6." in result.err
    assert analysed.field("deejai_vector") == before


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["reweigh", "--epsilon", "3"], "--epsilon: must be between 0 and 2, not 3"),
        (["reweigh", "artist:Nave"], "reweigh takes no query"),
        (["reweigh", "--epsilon", "0"], "--epsilon: must be between 0 and 2, not 0"),
        (["analyze", "--threads", "0"], "--threads: must be at least 1, not 0"),
    ],
)
def test_options_are_checked(analysed, args, error):
    assert error in analysed.deejai(*args, status=1).err


def test_reweigh_before_any_analysis_says_so(unanalysed):
    assert "nothing analysed yet; run `beet deejai analyze`" in unanalysed.deejai("reweigh", status=1).err


def test_a_failed_file_is_named_and_left_alone_until_it_changes(unanalysed, collection, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(collection / "Nave", own)
    unanalysed.run("import", "-qA", own)
    aisle = own / "Long Windows/01 Aisle.flac"
    music = aisle.read_bytes()
    aisle.write_text("no music any more")

    first = unanalysed.deejai("analyze", f"path:{own}", status=1)
    assert f"{aisle}: not analysed: " in first.err
    assert "error: 1 track could not be analysed, see above" in first.err
    status = unanalysed.deejai("status").out
    assert "failed    1" in status
    assert f"          {aisle}: " in status
    second = unanalysed.deejai("analyze", f"path:{own}")  # a known failure is no failure of this run
    assert "not analysed:" not in second.err
    assert "Skipped 1 track that failed before; `beet deejai failed` lists the failures, --retry tries again." in second.err
    refused = unanalysed.deejai("similar", f"path:{aisle}", status=1).err
    assert f"Nave - Aisle: cannot be analysed: {aisle}: " in refused

    aisle.write_bytes(music)
    assert "Computed the vectors of 1 track" in unanalysed.deejai("analyze", f"path:{own}").err
    assert "failed    0" in unanalysed.deejai("status").out


def test_with_nothing_to_analyse_pretending_says_so(analysed):
    result = analysed.deejai("analyze", "--pretend")
    assert (result.out, result.err) == ("", "deejai: no file needs to be analysed\n")


def test_retry_also_means_what_has_a_vector_of_what_it_was_before(analysed, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    song = own / "song.flac"
    shutil.copy(analysed.run("ls", "-f", "$path", "title:Aisle").lines[0], song)
    analysed.run("import", "-qAs", song)
    music = song.read_bytes()
    song.write_text("no music any more")
    analysed.deejai("analyze", "--force", f"path:{song}", status=1)
    assert f"{song}: " in analysed.deejai("failed").out
    song.write_bytes(music)
    analysed.deejai("analyze", "--retry")
    nothing = analysed.deejai("failed")
    assert (nothing.out, nothing.err) == ("", "deejai: no file has failed\n")
    assert analysed.deejai("failed", "Aisle").err == "deejai: no file of these tracks has failed\n"


def test_another_song_at_the_same_path_is_noticed(beets, collection, tmp_path):
    """From the import on; tags and times may change as they like."""
    own = tmp_path / "own"
    shutil.copytree(collection / "Nave", own)
    beets.run("import", "-qA", own)
    keys, vectors = beets.field("deejai_key"), beets.field("deejai_vector")
    songs = sorted(own.rglob("*.flac"))
    shutil.copy(next((collection / "Voltage Field").rglob("*.flac")), songs[0])
    tags = FLAC(songs[1])
    tags["comment"] = "retagged"
    tags.save()
    os.utime(songs[2])

    found = beets.deejai("doctor", status=1)
    assert f"1 file with a different song than at the last analysis; run `beet deejai analyze`: {songs[0]}\n" in found.out
    assert sorted(beets.deejai("analyze", "--pretend").lines) == sorted(map(str, songs[:3]))
    assert "Computed the vectors of 1 track" in beets.deejai("analyze").err
    changed = [
        title
        for title, *pair in zip(beets.field("title"), keys, beets.field("deejai_key"), strict=True)
        if pair[0] != pair[1]
    ]
    assert changed == beets.run("ls", "-f", "$title", f"path:{songs[0]}").lines
    assert beets.field("deejai_vector") != vectors
    assert "nothing to do" in beets.deejai("analyze").err
    assert "ok       files" in beets.deejai("doctor", status=None).out  # what was embedded of the old song is an orphan


def test_a_missing_file_fails_alone(unanalysed, collection, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(collection / "Nave", own)
    unanalysed.run("import", "-qA", own)
    (own / "Long Windows/01 Aisle.flac").unlink()
    result = unanalysed.deejai("analyze", f"path:{own}", status=1)
    assert "Aisle.flac: not analysed: No such file or directory" in result.err
    assert "Computed the vectors of 3 tracks" in result.err
    assert "failed    0" in unanalysed.deejai("status").out  # it may come back
    shutil.copy(collection / "Nave/Long Windows/01 Aisle.flac", own / "Long Windows")
    assert "Computed the vectors of 1 track" in unanalysed.deejai("analyze", f"path:{own}").err


def test_a_broken_installation_is_one_line_and_fails_no_file(unanalysed, tmp_path):
    (tmp_path / "soxr.py").write_text("raise ImportError('libsoxr.so: cannot open shared object file')")
    result = unanalysed.deejai("analyze", status=1, PYTHONPATH=str(tmp_path))
    assert "error: cannot analyse audio: libsoxr.so: cannot open shared object file; reinstall beets-deejai" in result.err
    assert "failed    0" in unanalysed.deejai("status").out


def test_memory_that_runs_out_fails_no_file_for_ever(unanalysed, tmp_path):
    (tmp_path / "soxr.py").write_text("def resample(*_):\n    raise MemoryError('no more')")
    result = unanalysed.deejai("analyze", "title:Aisle", status=1, PYTHONPATH=str(tmp_path))
    assert "Aisle.flac: not analysed: it needs more memory than a file may take (memory_limit)" in result.err
    assert "Computed the vectors of 1 track" in unanalysed.deejai("analyze", "title:Aisle").err


def interrupt(beets, *args: str, when) -> str:
    """Start `beet deejai analyze`, press ctrl-C as soon as `when` is true; returns what it said."""
    process = subprocess.Popen(
        [BEET, "deejai", "analyze", "--threads", "1", *args],
        env=os.environ | {"BEETSDIR": str(beets.folder)},
        stderr=subprocess.PIPE,
        text=True,
        # As on a terminal: what is started in the background inherits that ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not when() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return err


@pytest.mark.skipif(os.name == "nt", reason="ctrl-C as POSIX sends it")
def test_an_interrupt_loses_nothing(unanalysed):
    store = unanalysed.data / "slices.db"
    err = interrupt(unanalysed, when=lambda: count(store) >= 3)
    kept = count(store)
    assert 3 <= kept < 24
    assert "of 24 tracks analysed and kept; `beet deejai analyze` goes on from here" in err

    # The interrupt may have come after a recording's slices were stored and before its track got their key.
    embedded = int(re.search(r"no decoding needed for (\d+)", unanalysed.deejai("status").out)[1])
    assert embedded in (kept - 1, kept)
    assert f"{24 - embedded}/{24 - embedded} tracks" in unanalysed.deejai("analyze").err
    interrupted = unanalysed.field("deejai_vector")
    unanalysed.deejai("analyze", "--force")
    assert unanalysed.field("deejai_vector") == interrupted


@pytest.mark.skipif(os.name == "nt", reason="ctrl-C as POSIX sends it")
def test_an_interrupted_force_keeps_the_old_vectors_until_the_new_ones_are_there(analysed):
    old = analysed.field("deejai_vector")
    lengths = heard_lengths(analysed.data / "slices.db")
    analysed.configure(windows=2)
    store = analysed.data / "slices.db"
    err = interrupt(analysed, "--force", when=lambda: heard_lengths(store) != lengths)
    assert "of 24 tracks analysed and kept; `beet deejai analyze` computes their new vectors" in err
    assert analysed.field("deejai_vector") == old
    # Those that were embedded have new slices, and the next run weights them, and all others against them.
    analysed.deejai("analyze")
    halfway = analysed.field("deejai_vector")
    assert halfway != old
    analysed.deejai("reweigh")
    assert analysed.field("deejai_vector") == halfway


def heard_lengths(store) -> list[int]:
    """Bytes of the slices of each recording, in the order of their keys."""
    connection = sqlite3.connect(store)
    try:
        return [length for (length,) in connection.execute("SELECT length(trunk) FROM slices ORDER BY key")]
    finally:
        connection.close()


def count(store) -> int:
    if not store.exists():
        return 0
    connection = sqlite3.connect(store)
    try:
        return connection.execute("SELECT count(*) FROM slices").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # not made yet
    finally:
        connection.close()


def test_progress_on_a_terminal_shows_rate_and_time_left(unanalysed):
    import fcntl
    import pty
    import struct
    import termios

    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = subprocess.Popen(
        [BEET, "deejai", "analyze", "artist:Nave"],
        env=os.environ | {"BEETSDIR": str(unanalysed.folder)},
        stderr=terminal,
        stdout=subprocess.DEVNULL,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(main, 4096)
        except OSError:
            break  # the other end is closed: Linux says so with an error
        if not part:
            break
        shown += part
    process.wait()
    os.close(main)
    assert b"4/4" in shown
    assert b"tracks/s" in shown
