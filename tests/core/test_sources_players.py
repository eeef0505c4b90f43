"""What players and programs write of themselves: logs, tables and libraries of many layouts."""

from __future__ import annotations

import gzip
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deejai_core.errors import HistoryError
from deejai_core.history.mentions import Mention, Play, SongList
from tests.exports import folder, read, refusal, zipped

TEN = 1_704_103_200  # 2024-01-01 10:00 UTC
RECORDING = "28b50c59-77e4-4254-a0bd-16797ddaa3ca"
ROXANNE = Mention("The Police", "Roxanne", "Outlandos")
SO_WHAT = Mention("Miles Davis", "So What", "Kind of Blue")
PLAYS = [Play(ROXANNE, TEN), Play(SO_WHAT, TEN + 300)]

LOG = f"""#AUDIOSCROBBLER/1.1
#TZ/UTC
#CLIENT/Rockbox sansaclipplus $Revision$
The Police\tOutlandos\tRoxanne\t1\t190\tL\t{TEN}\t
Miles Davis\tKind of Blue\tSo What\t1\t544\tL\t{TEN + 300}\t
""".encode()
HEADLESS = b"""The Police,Outlandos,Roxanne,01 Jan 2024 10:00
Miles Davis,Kind of Blue,So What,01 Jan 2024 10:05
"""
HEADED = f"""uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid
"{TEN}","01 Jan 2024, 10:00","The Police","","Outlandos","","Roxanne",""
"{TEN + 300}","01 Jan 2024, 10:05","Miles Davis","","Kind of Blue","","So What",""
""".encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".scrobbler.log", LOG),
        ("scrobbler.log", LOG.replace(b"\n", b"\r\n")),
        ("scrobbler.log", b"\xef\xbb\xbf" + LOG),
        ("log", LOG.replace(b"/1.1", b"/1.0").replace(b"\t\n", b"\n")),
        ("lastfm.csv", HEADLESS),
        ("lastfm.txt", HEADLESS.replace(b"\n", b"\r")),
        ("lastfm.csv.gz", gzip.compress(HEADLESS, mtime=0)),
        ("lastfm.csv", b"\xff\xfe" + HEADLESS.decode().encode("utf-16-le")),
        ("lastfm.csv", b"Now,Playing,This,\n" + HEADLESS),
        ("lastfm.csv", HEADED),
        ("lastfm.csv", b"\xef\xbb\xbf" + HEADED.replace(b'"', b"")[:66] + HEADED[66:]),
    ],
)
def test_plays_in_each_layout(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path / name) == (PLAYS, [])
    (tmp_path / "song.csv").write_bytes(b"artist,title\nThe Police,Roxanne\n")  # any other table
    (tmp_path / "settings.xml").write_bytes(b"<settings/>")
    assert name in ("log", "lastfm.txt") or read(tmp_path) == (PLAYS, [])
    zipped(tmp_path / "all.zip", {f"deep/{name}": content, "song.csv": b"a,b\n"})
    assert name in ("log", "lastfm.txt") or read(tmp_path / "all.zip") == (PLAYS, [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"artist,title,date\nThe Police,Roxanne,2024\n",
        b"1,2,3,1704103200\n4,5,6,1704103500\n",
        b"The Police,Outlandos,Roxanne,01 Jan\n",
        b"Name,Sum,Paid,Date\nThe Police,1,2,01 Jan 2024 10:00\n",
        b'"a\n',
    ],
)
def test_other_tables_are_none_of_lastfm(tmp_path, content):
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(HistoryError, match="it contains nothing that can be read; supported are: "):
        read(tmp_path / "table.csv")


@pytest.mark.parametrize(
    ("name", "content", "line", "expected", "left_out"),
    [
        ("a.csv", HEADLESS, b'R\xc3\xb3s,,"1, 2",31 Dec 2023 23:59', Play(Mention("Rós", "1, 2"), 1704067140), 0),
        ("a.csv", HEADLESS, b"A,,B,32 Dec 2023 23:59", None, 1),
        ("a.csv", HEADLESS, b"A,,B,31 Dez 2023 23:59", None, 1),
        ("a.csv", HEADLESS, b"A,,B,01 Jan 1970 00:00", None, 1),
        ("a.csv", HEADLESS, b"A,,B,", None, 0),  # it plays at this moment
        ("a.csv", HEADLESS, b"A,,,01 Jan 2024 10:00", None, 1),
        ("a.csv", HEADLESS, b"A", None, 1),
        ("a.csv", HEADLESS, b'A,"B', None, 1),  # a quotation mark too many takes no other line along
        ("a.csv", HEADLESS, b"x" * 200_000, None, 20),
        ("a.csv", HEADLESS, b"A\xff,,B,01 Jan 2024 10:00", Play(Mention("A\ufffd", "B"), TEN), 0),
        ("a.csv", HEADED, f"{TEN},,A,,,,B,{RECORDING}".encode(), Play(Mention("A", "B", "", RECORDING), TEN), 0),
        ("a.csv", HEADED, b"yesterday,,A,,,,B,", None, 1),
        ("a.csv", HEADED, b",,A,,,,B,", None, 0),
        ("scrobbler.log", LOG, f"\t\t\t\t\tL\t{TEN}\t{RECORDING}".encode(), Play(Mention(recording=RECORDING), TEN), 0),
        ("scrobbler.log", LOG, f"A\t\tB\t\t190\tL\t{TEN}".encode(), Play(Mention("A", "B"), TEN), 0),
        ("scrobbler.log", LOG, f"A\t\tB\t\t190\tS\t{TEN}\t".encode(), None, 0),  # skipped
        ("scrobbler.log", LOG, b"A\t\tB\t\t190\tL\t0\t", None, 1),  # a player without a clock
        ("scrobbler.log", LOG, f"\t\tB\t\t190\tL\t{TEN}\t".encode(), None, 1),
        ("scrobbler.log", LOG, b"A\tB\tC", None, 1),
        ("scrobbler.log", LOG, b"#a comment", None, 0),
    ],
)  # fmt: skip
def test_odd_lines_cost_themselves_alone(tmp_path, name, content, line, expected, left_out):
    (tmp_path / name).write_bytes(content + line + b"\n" + content[-1:])
    warning = f"{name}: {left_out} left out, without artist and title or without a time"
    assert read(tmp_path / name) == ([*PLAYS, expected] if expected else PLAYS, [warning] if left_out else [])


def test_a_player_that_knows_no_time_zone_has_that_of_this_computer(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        (tmp_path / "scrobbler.log").write_bytes(LOG.replace(b"#TZ/UTC", b"#TZ/UNKNOWN"))
        assert [play.at for play in read(tmp_path / "scrobbler.log")[0]] == [TEN - 3600, TEN - 3300]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_log_of_a_player_is_found_where_the_player_hides_it(tmp_path):
    folder(tmp_path / "player", **{"__scrobbler__log": LOG, ".rockbox/a.csv": HEADLESS, "._.scrobbler.log": LOG})
    assert read(tmp_path / "player") == (PLAYS, [])


# Libraries of iTunes and Apple's Music.

TRACK = {"Track ID": 7, "Name": "Roxanne", "Artist": "The Police", "Album": "Outlandos"}
OTHER = {"Track ID": 9, "Name": "So What", "Artist": "Miles Davis", "Album": "Kind of Blue"}
EVENING = {"Name": "Evening", "Playlist Items": [{"Track ID": 9}, {"Track ID": 7}]}


def apple(tracks: list[dict], playlists: list[dict], more: str = "") -> bytes:
    """A library as Apple's programs write it."""
    import plistlib

    content = {"Major Version": 1, "Tracks": {str(number): track for number, track in enumerate(tracks)}}
    data = plistlib.dumps(content | {"Playlists": playlists}, sort_keys=False)
    return data.replace(b"<plist", more.encode() + b"<plist", 1)


def read_apple(tmp_path, tracks: list[dict], playlists: list[dict]):
    (tmp_path / "Library.xml").write_bytes(apple(tracks, playlists))
    return read(tmp_path / "Library.xml")


def test_playlists_of_a_library(tmp_path):
    found = read_apple(tmp_path, [TRACK, OTHER], [EVENING, EVENING | {"Name": "Twice", "Smart Info": b"\0"}])
    assert found == ([SongList("Evening", (SO_WHAT, ROXANNE)), SongList("Twice", (SO_WHAT, ROXANNE))], [])


@pytest.mark.parametrize(
    "marks",
    [
        {"Name": "Library", "Master": True, "Visible": False},
        {"Name": "Downloaded", "Distinguished Kind": 65},
        {"Name": "Music", "Distinguished Kind": 4, "Music": True},
        {"Name": "Downloaded", "Smart Info": b"\0", "Smart Criteria": b"\0"},
        {"Name": "All of them", "Folder": True},
        {"Name": "Hidden", "Visible": False},
    ],
)
def test_what_nobody_put_together_is_no_list(tmp_path, marks):
    assert read_apple(tmp_path, [TRACK, OTHER], [EVENING | marks, EVENING])[0] == [SongList("Evening", (SO_WHAT, ROXANNE))]


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        ({"Play Count": 3, "Total Time": 200_000}, []),
        ({"Play Date UTC": "2024-01-01T10:05:00Z", "Total Time": 300_000}, [Play(ROXANNE, TEN)]),  # when it ended
        ({"Play Date UTC": "2024-01-01T10:00:00Z"}, [Play(ROXANNE, TEN)]),
        ({"Play Date UTC": "1904-01-01T00:00:00Z"}, []),
        ({"Play Date UTC": "2024-01-01T10:00:00Z", "Podcast": True}, []),
        ({"Play Date UTC": "2024-01-01T10:00:00Z", "Artist": ""}, []),
    ],
)
def test_when_a_song_was_last_played(tmp_path, track, expected):
    assert read_apple(tmp_path, [TRACK | track], []) == (expected, [])


@pytest.mark.parametrize(
    ("track", "path"),
    [
        ({"Location": "file:///music/Sigur%20R%C3%B3s/1.mp3"}, "/music/Sigur Rós/1.mp3"),
        ({"Location": "file://localhost/music/1.mp3"}, "/music/1.mp3"),
        ({"Location": "http://radio.example/1"}, None),
    ],
)
def test_files_of_a_library(tmp_path, track, path):
    ((listed,), _) = read_apple(tmp_path, [TRACK | track, OTHER], [EVENING])
    assert (str(listed.songs[1].path) if path else listed.songs[1].path) == path


def test_odd_entries_of_a_library_cost_themselves_alone(tmp_path):
    odd = [
        {},
        {"Track ID": "x"},
        {"Track ID": [1]},
        {"Track ID": 11, "Name": 7},
        {"Track ID": 12, "Name": "Film", "Movie": True},
    ]
    items = [{"Track ID": 9}, {"Track ID": 99}, {}, {"Track ID": 12}, {"Track ID": 11}, {"Track ID": 7}]
    lists = [{"Name": "Empty"}, {"Playlist Items": "none"}, EVENING | {"Playlist Items": items}]
    found, warnings = read_apple(tmp_path, [*odd, TRACK, OTHER], lists)
    assert found == [SongList("Evening", (SO_WHAT, ROXANNE))]
    assert warnings == ["Library.xml: 2 left out, without artist and title or without a time"]


def test_a_library_that_is_cut_off_gives_what_is_whole(tmp_path):
    whole = apple([TRACK, OTHER], [EVENING, EVENING])
    (tmp_path / "Library.xml").write_bytes(whole[:-100])
    found, warnings = read(tmp_path / "Library.xml")
    assert found == [SongList("Evening", (SO_WHAT, ROXANNE))]
    assert warnings == ["Library.xml: only its beginning was read, it is not valid XML, or incomplete"]


def test_a_library_with_entities_is_refused(tmp_path):
    entities = '<!DOCTYPE plist [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    data = apple([TRACK | {"Name": "NAME"}], [EVENING]).replace(b"NAME", b"&b;")
    start = data.index(b"<!DOCTYPE")
    (tmp_path / "Library.xml").write_bytes(data[:start] + entities.encode() + data[data.index(b"<plist") :])
    with pytest.raises(HistoryError, match=r"Library\.xml: it declares entities, which deejai refuses for safety$"):
        read(tmp_path / "Library.xml")


LIBRARY = apple([TRACK, OTHER], [EVENING])
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(
    st.sampled_from([LOG, HEADLESS, HEADED, apple([TRACK, OTHER], [EVENING])]), st.binary(max_size=50), st.integers(0, 900)
)
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path, content, noise, at):
    path = tmp_path / "any.txt"
    path.write_bytes(content[:at] + noise + content[at + len(noise) :])
    assert re.fullmatch(rf"({re.escape(str(path))}: .*)?", refusal(path))
