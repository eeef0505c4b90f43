"""Exports as they arrive: damaged, in archives that are none, with whatever a field or file may hold."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import sys
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deejai_core.errors import HistoryError
from deejai_core.history.mentions import Play
from deejai_core.history.sources.records import records
from tests.core.test_sources import (
    ACCOUNT,
    EXTENDED,
    LISTEN,
    LISTENED,
    MIDNIGHT,
    OWN,
    OWN_LIST,
    PLAY,
    SLICE,
    SPOTIFY_PLAYLIST,
    SPOTIFY_TRACK,
    STREAM,
)
from tests.exports import as_json, as_lines, folder, read, refusal, zipped


@pytest.fixture
def no_playlists(monkeypatch):
    def refuse(path, on_warning):
        raise HistoryError(f"{path}: this is not a playlist")
        yield

    monkeypatch.setitem(sys.modules, "deejai_core.history.sources.playlists", SimpleNamespace(read_playlists=refuse))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.json", b"", "it is empty"),
        ("empty.jsonl", b"\n\n", "it is empty"),
        ("empty.jsonl.gz", gzip.compress(b"", mtime=0), "it is empty"),
        ("short.json", as_json([STREAM])[:-20], "it is incomplete, or not valid JSON"),
        ("noise.jsonl", b"{\n{\n{\n", "it is not valid JSON"),
        ("deep.json", b"[\n" * 100_000, "its JSON is nested too deeply"),
        ("cut.jsonl.gz", gzip.compress(as_lines(OWN), mtime=0)[:-30], "it cannot be read (Compressed file ended"),
        ("export.zip", b"PK\x03\x04 and no more", "not a complete zip file ("),
        (
            "Userdata.json",
            as_json({"username": "me"}),
            "it contains nothing that can be read; supported are: ",
        ),
        ("nothing.json", b"[]", "it contains nothing that can be read; supported are: "),
        ("song.mp3", b"ID3\4\0\0" + bytes(1000), "it contains nothing that can be read; supported are: "),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path, no_playlists, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HistoryError) as caught:
        read(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: {why}")
    assert "\n" not in str(caught.value)


def test_what_is_not_there(tmp_path):
    with pytest.raises(HistoryError, match=r"nowhere\.json: there is no such file or folder$"):
        read(tmp_path / "nowhere.json")
    with pytest.raises(HistoryError, match="it contains nothing that can be read"):
        read(tmp_path)


ENDED = "Compressed file ended before the end-of-stream marker was reached"


def test_a_broken_file_does_not_stop_the_folder(tmp_path):
    contents = {
        "a.json": as_json([STREAM])[:-20],
        "b.json": as_json([STREAM]),
        "c.jsonl": as_lines(LISTEN) + b'{"listened_at": 15778',
        "d.jsonl.gz": gzip.compress(as_lines(*[OWN] * 1000, OWN), mtime=0)[:-9],
        "e.zip": b"PK\x03\x04",
    }
    found, warnings = read(folder(tmp_path / "export", **contents))
    assert found[:2] == [PLAY, LISTENED]
    assert found[2:] == [OWN_LIST] * len(found[2:])
    assert len(found) > 500
    assert [warning.partition(", or")[0] for warning in warnings] == [
        "export/a.json: left out, it is incomplete",
        "export/c.jsonl: 1 left out, which cannot be read",
        f"export/d.jsonl.gz: only its beginning was read, it cannot be read ({ENDED})",
        "export/e.zip: not a complete zip file (File is not a zip file); download it again",
    ]


@pytest.mark.parametrize("damage", [b"\0", b"\xff"], ids=["zeros", "ones"])
def test_a_damaged_member_of_an_archive(tmp_path, damage):
    path = zipped(tmp_path / "export.zip", {"1.jsonl": as_lines(LISTEN), "2.jsonl": as_lines(OWN)})
    data = path.read_bytes()
    at = data.index(b"1.jsonl") + len(b"1.jsonl") + 20
    path.write_bytes(data[:at] + 20 * damage + data[at + 20 :])
    found, warnings = read(path)
    assert found == [OWN_LIST]
    assert len(warnings) == 1
    assert warnings[0].startswith("export.zip: 1.jsonl: left out, it cannot be read")


def test_an_archive_with_a_password(tmp_path):
    path = zipped(tmp_path / "export.zip", {"1.jsonl": as_lines(LISTEN), "2.jsonl": as_lines(OWN)})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # of the first member, here and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    found, warnings = read(path)
    assert found == [OWN_LIST]
    assert "export.zip: 1.jsonl: left out, it cannot be unpacked (" in warnings[0]


def test_names_in_an_archive_are_never_paths(tmp_path):
    names = ["../../evil.jsonl", "/etc/evil.jsonl", "C:\\evil.jsonl", "two\nlines.jsonl"]
    path = zipped(tmp_path / "export.zip", dict.fromkeys(names, as_lines(OWN, 7)))
    found, warnings = read(path)
    assert found == [OWN_LIST] * 3  # what climbs out of the archive is hidden
    assert list(tmp_path.iterdir()) == [path]
    assert not any("\n" in warning for warning in warnings)


def test_pipes_and_hidden_files_are_passed_over(tmp_path):
    names = (".cache.jsonl", ".trash/a.jsonl", "@eaDir/a.jsonl", "a.jsonl")
    folder(tmp_path, **dict.fromkeys(names, as_lines(OWN)))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jsonl")
    assert read(tmp_path) == ([OWN_LIST], [])


@pytest.mark.parametrize("in_lines", [True, False])
def test_a_file_is_read_as_it_is_asked_for(in_lines):
    """Not whole, before the first list is given."""
    content = as_lines(*[OWN] * 10_000) if in_lines else as_json([OWN] * 10_000)
    opened = io.BytesIO(content)
    lists = records(io.BufferedReader(opened), in_lines=in_lines)
    assert next(lists) == OWN
    assert opened.tell() < 200_000


TEXT = st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from(["2020-01-01", "A", MIDNIGHT]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.just("playlists"), inner, max_size=4),
)


def elements(value: object) -> list:
    """The records of a document."""
    if isinstance(value, dict) and isinstance(value.get("playlists"), list):
        return value["playlists"]
    return value if isinstance(value, list) else [value]


@given(PLAIN, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_json_is_the_same_piece_by_piece(value, encoding):
    data = io.BufferedReader(io.BytesIO("\n".join(["", *json.dumps([value], indent=1).splitlines()]).encode(encoding)))
    assert list(records(data, in_lines=False)) == [value]
    document = json.dumps({"first": value} | (value if isinstance(value, dict) else {}), indent=1, ensure_ascii=False)
    data = io.BufferedReader(io.BytesIO(document.encode(encoding)))
    assert list(records(data, in_lines=False)) == elements(json.loads(document))


def test_long_numbers_cost_themselves_alone():
    """Those that are in texts stay."""
    pi = "3.14159265358979323846264338327950288"
    values = [1, pi, "x: 7", {"a": -5, "b": 2.5}]
    document = as_json([*values, "LONG", 2]).replace(b'"LONG"', b"-" + b"9" * 5000)
    *read, long, last = records(io.BufferedReader(io.BytesIO(document)), in_lines=False)
    assert (read, last) == (values, 2)
    assert long < -(10**17)


KNOWN = [OWN, LISTEN, STREAM, EXTENDED, SPOTIFY_PLAYLIST, SLICE["playlists"][0], OWN | {"tracks": [SPOTIFY_TRACK]}]
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(st.sampled_from(KNOWN), st.data())
def test_whatever_a_field_holds_a_record_is_read_or_left_out(tmp_path, record, data):
    """What is read can be stored: texts are Unicode, a song is named, a time is one."""
    for key in data.draw(st.lists(st.sampled_from(sorted(record)), max_size=3)):
        record = record | {key: data.draw(JSON)}
    path = tmp_path / "any.jsonl"
    path.write_bytes(as_lines(record, OWN))
    for found in read(path)[0]:
        for song in [found.song] if isinstance(found, Play) else found.songs:
            assert song.recording or (song.artist and song.title)
            "".join((song.artist, song.title, song.album)).encode()
        if isinstance(found, Play):
            assert 0 < found.at < 2**38
        else:
            assert found.songs
            assert found.date == "" or len(found.date) == 10


@QUICK
@given(st.sampled_from([".json", ".jsonl", ".json.gz", ".zip"]), st.binary(max_size=200), st.integers(0, 400))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path, no_playlists, suffix, noise, at):
    content = as_lines(OWN, LISTEN) if suffix != ".zip" else zipped(tmp_path / "good.zip", ACCOUNT).read_bytes()
    content = gzip.compress(content) if suffix.endswith(".gz") else content
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content[:at] + noise + content[at + len(noise) :])
    assert re.fullmatch(rf"({re.escape(str(path))}: .*)?", refusal(path))
