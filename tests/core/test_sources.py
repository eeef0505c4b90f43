"""Exports of listening history as the services write them, in folders and in archives."""

from __future__ import annotations

import gzip
import json
import sys
from types import SimpleNamespace

import pytest

from deejai_core.history.mentions import Mention, Play, SongList
from tests.exports import as_json, as_lines, folder, read, zipped

ROXANNE = Mention("The Police", "Roxanne", "Outlandos d'Amour")
MIDNIGHT = 1_577_836_800  # 2020-01-01 00:00 UTC
RECORDING = "28b50c59-77e4-4254-a0bd-16797ddaa3ca"

OWN = {"name": "Monday", "date": "2014-06-30", "tracks": [["The Police", "Roxanne"], ["Miles Davis", "So What"]]}
LISTEN = {
    "listened_at": MIDNIGHT,
    "inserted_at": 1577836999.1,
    "track_metadata": {
        "track_name": "Roxanne",
        "artist_name": "The Police",
        "release_name": "Outlandos d'Amour",
        "recording_msid": "3ad5b1d0-f09d-420b-b9fa-28aa3f454401",
        "additional_info": {"duration_ms": 192000, "submission_client": "beets"},
        "mbid_mapping": {"recording_mbid": RECORDING, "recording_name": "Roxanne", "artists": []},
    },
}
STREAM = {"endTime": "2020-01-01 00:03", "artistName": "The Police", "trackName": "Roxanne", "msPlayed": 180000}
PODCAST = {"endTime": "2020-01-01 00:03", "podcastName": "Talk", "episodeName": "No. 1", "msPlayed": 1800000}
EXTENDED = {
    "ts": "2020-01-01T00:03:00Z",
    "platform": "linux",
    "ms_played": 180000,
    "conn_country": "SE",
    "ip_addr": "192.0.2.1",
    "master_metadata_track_name": "Roxanne",
    "master_metadata_album_artist_name": "The Police",
    "master_metadata_album_album_name": "Outlandos d'Amour",
    "spotify_track_uri": "spotify:track:3EYOJ48Et32uATr9ZmLnAo",
    "episode_name": None,
    "episode_show_name": None,
    "spotify_episode_uri": None,
    "audiobook_title": None,
    "audiobook_uri": None,
    "reason_start": "trackdone",
    "reason_end": "trackdone",
    "shuffle": False,
    "skipped": False,
    "offline": False,
    "offline_timestamp": None,
    "incognito_mode": False,
}
SPOTIFY_TRACK = {
    "trackName": "Roxanne",
    "artistName": "The Police",
    "albumName": "Outlandos d'Amour",
    "trackUri": "spotify:track:3EYOJ48Et32uATr9ZmLnAo",
}
SPOTIFY_PLAYLIST = {
    "name": "Road trip",
    "lastModifiedDate": "2020-01-01",
    "collaborators": [],
    "items": [
        {"track": SPOTIFY_TRACK, "episode": None, "audiobook": None, "localTrack": None, "addedDate": "2019-12-31"},
        {
            "track": None,
            "episode": {"episodeName": "No. 1", "showName": "Talk"},
            "localTrack": None,
            "addedDate": "2019-12-31",
        },
        {"track": None, "episode": None, "localTrack": {"uri": "spotify:local:Bj%C3%B6rk:Debut:Human+Behaviour:252"}},
    ],
    "description": None,
    "numberOfFollowers": 0,
}
SLICE = {
    "info": {"generated_on": "2017-12-03 08:41:42.057563", "slice": "0-999", "version": "v1"},
    "playlists": [
        {
            "name": "Throwbacks",
            "collaborative": "false",
            "pid": 0,
            "modified_at": MIDNIGHT,
            "num_tracks": 1,
            "num_albums": 1,
            "num_followers": 1,
            "tracks": [
                {
                    "pos": 0,
                    "artist_name": "The Police",
                    "track_uri": "spotify:track:3EYOJ48Et32uATr9ZmLnAo",
                    "artist_uri": "spotify:artist:5NGO30tJxFlKixkPSgXcFE",
                    "track_name": "Roxanne",
                    "album_uri": "spotify:album:0KQNcnjDrMTbh8HBuVlQGe",
                    "duration_ms": 192000,
                    "album_name": "Outlandos d'Amour",
                }
            ],
            "num_edits": 6,
            "duration_ms": 192000,
            "num_artists": 1,
        }
    ],
}


PLAY = Play(Mention("The Police", "Roxanne"), MIDNIGHT)
WITH_ALBUM = Play(ROXANNE, MIDNIGHT)
LISTENED = Play(Mention("The Police", "Roxanne", "Outlandos d'Amour", RECORDING), MIDNIGHT)
OWN_LIST = SongList("Monday", (Mention("The Police", "Roxanne"), Mention("Miles Davis", "So What")), "2014-06-30")
ROAD_TRIP = SongList("Road trip", (ROXANNE, Mention("Björk", "Human Behaviour", "Debut")), "2020-01-01")
LOVED = SongList("ListenBrainz: loved", (Mention(recording=RECORDING),))
THROWBACKS = SongList("Throwbacks", (ROXANNE,), "2020-01-01")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("lists.jsonl", as_lines(OWN, OWN), [OWN_LIST, OWN_LIST]),
        ("lists.jsonl.gz", gzip.compress(as_lines(OWN), mtime=0), [OWN_LIST]),
        ("lists", gzip.compress(as_lines(OWN), mtime=0), [OWN_LIST]),
        ("lists.json", as_json(OWN), [OWN_LIST]),
        ("lists.json", as_json([OWN, OWN]), [OWN_LIST, OWN_LIST]),
        ("lists.txt", b"\xef\xbb\xbf" + as_lines(OWN), [OWN_LIST]),
        ("lists.jsonl", as_lines(OWN).replace(b"\n", b"\r\n\r\n") + b"  ", [OWN_LIST]),
        ("lists.jsonl", as_lines(OWN).rstrip(), [OWN_LIST]),
        ("1.jsonl", as_lines(LISTEN), [LISTENED]),
        ("export.json", as_json([LISTEN]), [LISTENED]),
        ("export.json", json.dumps([LISTEN, LISTEN]).encode(), [LISTENED, LISTENED]),
        ("StreamingHistory0.json", as_json([STREAM, PODCAST]), [PLAY]),
        ("StreamingHistory_music_0.json", as_json([STREAM]), [PLAY]),
        ("Streaming_History_Audio_2019-2020_0.json", as_json([EXTENDED]), [WITH_ALBUM]),
        (
            "Streaming_History_Audio_2020_0.json",
            as_json([EXTENDED, EXTENDED | {"master_metadata_track_name": "Next to You"}]),
            [WITH_ALBUM, Play(Mention("The Police", "Next to You", "Outlandos d'Amour"), MIDNIGHT)],  # in the same second
        ),
        ("Playlist1.json", as_json({"playlists": [SPOTIFY_PLAYLIST]}), [ROAD_TRIP]),
        ("Playlist1.json", json.dumps({"playlists": [SPOTIFY_PLAYLIST]}).encode(), [ROAD_TRIP]),
        ("mpd.slice.0-999.json", as_json(SLICE), [THROWBACKS]),
        ("mpd.slice.0-999.json", json.dumps(SLICE).encode(), [THROWBACKS]),
    ],
)
def test_a_file_of_each_service(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path / name) == (expected, [])


def unnamed(*songs: Mention, date: str = "") -> SongList:
    return SongList("", songs, date)


AB = Mention("A", "B")


@pytest.mark.parametrize(
    ("record", "expected", "left_out"),
    [
        # Our own lists.
        ({"name": None, "date": None, "tracks": [["A", "B"]]}, unnamed(AB), 0),
        ({"tracks": [["A", "B"]], "date": "2012-02-23T12:26:00Z"}, unnamed(AB, date="2012-02-23"), 0),
        ({"tracks": [["A", "B"]], "date": "23/02/2012"}, unnamed(AB), 0),
        ({"tracks": [["A", "B"]], "date": 10**40}, unnamed(AB), 0),
        (
            {"tracks": [["Sigur Rós", "()"], ["椎名林檎", "丸ノ内"]]},
            unnamed(Mention("Sigur Rós", "()"), Mention("椎名林檎", "丸ノ内")),
            0,
        ),
        ({"tracks": [[" A\u0000\n", "B\tC"]]}, unnamed(Mention("A", "B C")), 0),
        ({"tracks": [["A\ud800", "B"]]}, unnamed(AB), 0),
        ({"tracks": [["Prince", 1999], [True, "B"]]}, unnamed(Mention("Prince", "1999")), 1),
        ({"tracks": [["A", "B"], ["A"], [], None, "A - B", 7, {}, ["", "B"], ["A", " "]]}, unnamed(AB), 8),
        ({"tracks": [{"artist": "A", "title": "B", "album": "C"}]}, unnamed(Mention("A", "B", "C")), 0),
        ({"tracks": [{"recording": RECORDING.upper()}]}, unnamed(Mention(recording=RECORDING)), 0),
        ({"tracks": [{"artist": "A", "recording": "none"}, ["A", "B"]]}, unnamed(AB), 1),
        ({"tracks": []}, None, 0),
        ({"tracks": None}, None, 1),
        # ListenBrainz.
        (LISTEN | {"listened_at": "2020-01-01T00:00:00Z"}, LISTENED, 0),
        (LISTEN | {"listened_at": MIDNIGHT + 0.5}, LISTENED, 0),
        (LISTEN | {"listened_at": None}, None, 1),
        (LISTEN | {"listened_at": 0}, None, 1),
        (LISTEN | {"listened_at": -5}, None, 1),
        (LISTEN | {"listened_at": MIDNIGHT * 1000}, None, 1),  # milliseconds
        (LISTEN | {"listened_at": 10**400}, None, 1),
        (LISTEN | {"listened_at": float("nan")}, None, 1),
        (LISTEN | {"listened_at": float("inf")}, None, 1),
        (LISTEN | {"listened_at": True}, None, 1),
        (LISTEN | {"listened_at": "yesterday"}, None, 1),
        (LISTEN | {"track_metadata": None}, None, 1),
        (LISTEN | {"track_metadata": {"artist_name": None, "track_name": "Roxanne"}}, None, 1),
        (LISTEN | {"track_metadata": {"artist_name": "A", "track_name": "B", "mbid_mapping": None}}, Play(AB, MIDNIGHT), 0),
        (
            LISTEN
            | {
                "track_metadata": {
                    "additional_info": {"recording_mbid": RECORDING},
                    "mbid_mapping": {"recording_mbid": "x"},
                }
            },
            Play(Mention(recording=RECORDING), MIDNIGHT),
            0,
        ),
        # Its feedback: 1 is love, -1 hate.
        ({"score": 1, "recording_mbid": RECORDING, "recording_msid": None, "created": MIDNIGHT}, LOVED, 0),
        (LISTEN | {"score": 1, "track_metadata": {"artist_name": "A", "track_name": "B"}}, SongList(LOVED.name, (AB,)), 0),
        ({"score": 1, "recording_mbid": None, "track_metadata": None}, None, 1),
        (LISTEN | {"score": -1}, None, 0),
        (LISTEN | {"score": 0}, None, 0),
        (LISTEN | {"score": None}, None, 0),
        # What is pinned was not played.
        ({"blurb_content": None, "recording_mbid": RECORDING, "created": MIDNIGHT}, None, 0),
        ({"blurb_content": "!", "track_metadata": {"artist_name": "A", "track_name": "B"}}, None, 0),
        # Spotify. The times are of the end.
        (STREAM | {"msPlayed": 29_999}, None, 0),
        (STREAM | {"msPlayed": 30_000, "endTime": "2020-01-01 00:00"}, Play(PLAY.song, MIDNIGHT - 30), 0),
        (STREAM | {"msPlayed": None}, None, 1),
        (STREAM | {"msPlayed": 10**30}, None, 1),
        (STREAM | {"endTime": "01.01.2020"}, None, 1),
        (STREAM | {"endTime": None}, None, 1),
        (STREAM | {"artistName": None}, None, 1),
        (STREAM | {"trackName": ""}, None, 1),
        (EXTENDED | {"ms_played": 12_000}, None, 0),
        (EXTENDED | {"skipped": True}, None, 0),
        (EXTENDED | {"skipped": None}, WITH_ALBUM, 0),
        (EXTENDED | {"spotify_episode_uri": "spotify:episode:1"}, None, 0),
        (EXTENDED | {"audiobook_uri": "spotify:show:1"}, None, 0),
        (EXTENDED | {"master_metadata_track_name": None, "master_metadata_album_artist_name": None}, None, 0),
        (EXTENDED | {"master_metadata_album_artist_name": None}, None, 1),
        (EXTENDED | {"ts": "0001-01-01T00:00:00Z"}, None, 1),
        (SPOTIFY_PLAYLIST | {"items": None}, None, 1),
        (SPOTIFY_PLAYLIST | {"items": [{"track": None}, None, 3]}, None, 0),
        (SPOTIFY_PLAYLIST | {"items": [{"localTrack": {"uri": "spotify:local:::Title:1"}}]}, None, 1),
        (SPOTIFY_PLAYLIST | {"items": [{"localTrack": {"uri": "file:x"}}, {"track": "Roxanne"}]}, None, 2),
        (
            {"name": "Old", "lastModifiedDate": "2020-01-01", "tracks": [SPOTIFY_TRACK]},
            SongList("Old", (ROXANNE,), "2020-01-01"),
            0,
        ),
        # The Million Playlist Dataset.
        (SLICE["playlists"][0] | {"modified_at": None}, SongList("Throwbacks", (ROXANNE,)), 0),
        (SLICE["playlists"][0] | {"tracks": [{"track_name": "Roxanne", "artist_name": None}]}, None, 1),
        # Nothing that is known.
        ({"rating": 1, "recording_mbid": RECORDING}, None, 1),
        (None, None, 1),
        (17, None, 1),
        ({}, None, 1),
    ],
)
def test_odd_records(tmp_path, record, expected, left_out):
    file = tmp_path / "odd.jsonl"
    file.write_bytes(as_lines(OWN, record))
    why = "which cannot be read" if record is None else "without artist and title or without a time"
    warning = f"odd.jsonl: {left_out} left out, {why}"
    assert read(file) == ([OWN_LIST, expected] if expected else [OWN_LIST], [warning] if left_out else [])


ACCOUNT = {
    "Spotify Account Data/StreamingHistory_music_0.json": as_json([STREAM]),
    "Spotify Account Data/StreamingHistory_music_1.json": as_json([]),
    "Spotify Account Data/StreamingHistory_podcast_0.json": as_json([PODCAST]),
    "Spotify Account Data/Playlist1.json": as_json({"playlists": [SPOTIFY_PLAYLIST]}),
    "Spotify Account Data/YourLibrary.json": as_json({"tracks": [{"artist": "A", "album": "B", "track": "C", "uri": "x"}]}),
    "Spotify Account Data/Userdata.json": as_json({"username": "me", "country": "SE"}),
    "Spotify Account Data/Follow.json": as_json({"userIsFollowing": [], "userIsFollowedBy": []}),
    "Spotify Account Data/ReadMeFirst.pdf": b"%PDF-1.4",
    "__MACOSX/Spotify Account Data/._Playlist1.json": b"\0\5\26\7",
}
EXTENDED_HISTORY = {
    "Spotify Extended Streaming History/Streaming_History_Audio_2019_0.json": as_json([EXTENDED]),
    "Spotify Extended Streaming History/Streaming_History_Audio_2020_1.json": as_json([EXTENDED]),
    "Spotify Extended Streaming History/Streaming_History_Video_2019-2020.json": as_json([EXTENDED]),
    "Spotify Extended Streaming History/ReadMeFirst_ExtendedStreamingHistory.pdf": b"%PDF-1.4",
}
LISTENBRAINZ = {
    "user.json": b'{"user_id": 1, "username": "me"}\n',
    "listens/2019/10.jsonl": as_lines(LISTEN | {"listened_at": 1_570_000_000}),
    "listens/2019/2.jsonl": as_lines(LISTEN | {"listened_at": 1_550_000_000}),
    "listens/2020/1.jsonl": as_lines(LISTEN),
    "feedback.jsonl": as_lines({"recording_msid": None, "recording_mbid": RECORDING, "score": 1, "created": MIDNIGHT}),
    "pinned_recording.jsonl": as_lines({"recording_mbid": RECORDING, "blurb_content": "!", "created": MIDNIGHT}),
}
SLICES = {
    f"data/mpd.slice.{first}-{first + 999}.json": as_json({"playlists": [SLICE["playlists"][0] | {"name": str(first)}]})
    for first in (10000, 2000, 0)
}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        (ACCOUNT, [ROAD_TRIP, PLAY]),
        (EXTENDED_HISTORY, [WITH_ALBUM, WITH_ALBUM]),
        (LISTENBRAINZ, [LOVED, *(Play(LISTENED.song, at) for at in (1_550_000_000, 1_570_000_000, MIDNIGHT))]),
        (SLICES, [SongList(name, (ROXANNE,), "2020-01-01") for name in ("0", "2000", "10000")]),
    ],
    ids=["account", "extended", "ListenBrainz", "slices"],
)
def test_an_export_as_it_is_downloaded(tmp_path, contents, expected, packed):
    path = zipped(tmp_path / "export.zip", contents) if packed else folder(tmp_path / "export", **contents)
    assert read(path) == (expected, [])


def test_exports_in_a_folder(tmp_path):
    zipped(tmp_path / "my_spotify_data.zip", ACCOUNT)
    zipped(tmp_path / "listenbrainz_me_1.zip", LISTENBRAINZ)
    found, warnings = read(tmp_path)
    assert (len(found), warnings) == (6, [])


def test_playlists_are_read_by_their_own_reader(tmp_path, monkeypatch):
    asked = []
    reader = SimpleNamespace(read_playlists=lambda path, on_warning: asked.append(path) or iter([OWN_LIST]))
    monkeypatch.setitem(sys.modules, "deejai_core.history.sources.playlists", reader)
    folder(tmp_path / "mixed", a__m3u=b"#EXTM3U\n", lists__jsonl=as_lines(OWN), **{"deep/b.XSPF": b"<playlist/>"})
    assert read(tmp_path / "mixed") == ([OWN_LIST, OWN_LIST], [])
    assert read(tmp_path / "mixed/a.m3u") == ([OWN_LIST], [])
    (tmp_path / "nameless").write_bytes(b"#EXTM3U\n")
    assert read(tmp_path / "nameless") == ([OWN_LIST], [])
    assert asked == [tmp_path / "mixed", tmp_path / "mixed/a.m3u", tmp_path / "nameless"]
