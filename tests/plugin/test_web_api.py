"""The API of the DJ page, asked of the real `beet deejai web`."""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import time

import av
import mutagen
import mutagen.flac
import numpy as np
import pytest

from tests.djpage import Page
from tests.pictures import png
from tests.sounds import chirp, write_audio

PNG = png(600, 600)


@pytest.fixture
def ids(server):
    """Ids of all tracks."""
    return [track["id"] for track in server.get("/api/search?q=id:1..&limit=100").json["tracks"]]


def similar(server, **body):
    answer = server.post("/api/similar", body)
    assert answer.status == 200, answer.body
    return answer.json


def titles(tracks):
    return [track["title"] for track in tracks]


def test_what_it_begins_with(server):
    status = server.get("/api/status").json
    assert status["tracks"] == 24
    assert status["knobs"] == {"keep_on": 3, "stay": 0.4, "drunk": 0}
    assert status["rules"]["artist_separation"] == "mild"
    assert status["alike"] == 0.3
    assert status["rules"]["max_length"] == 600
    assert status["start"] == []


def test_search(server):
    assert titles(server.find("october BREAD")) == ["October Bread"]
    assert titles(server.find("elan")) == ["Élan"]
    by_artist = server.find("thorn hazel")
    assert {track["artist"] for track in by_artist} == {"Hazel & Thorn"}
    assert sorted(titles(by_artist)) == sorted(titles(server.find("artist:thorn"))) != []
    assert len(server.find('album:"second set" ^title:margin')) == 3
    assert server.find("") == server.find("no such song") == server.find('title:"') == server.find("year:x..") == []
    assert len(server.get("/api/search?q=a&limit=3").json["tracks"]) == 3


def test_similar_is_what_the_command_writes(server, web_library):
    seed = server.find("October Bread")[0]
    web_library.deejai("similar", "October Bread", "-n", "6", "--no-seeds", "-o", web_library.folder / "list.m3u")
    written = [line for line in (web_library.folder / "list.m3u").read_text().splitlines() if line.startswith("#EXTINF")]
    found = similar(server, seeds=[seed["id"]], coming=[None] * 6)["tracks"]
    assert [f"{track['artist']} - {track['title']}" for track in found] == [line.partition(",")[2] for line in written]
    assert [track["place"] for track in found] == list(range(6))
    assert all(-1 <= track["similarity"] <= 1 for track in found)


def test_what_was_played_removed_or_stays_does_not_come_again(server, ids):
    gone = {"played": ids[1:5], "removed": ids[5:9], "coming": [None, ids[9], None, None]}
    found = {track["id"] for track in similar(server, seeds=[ids[0]], **gone)["tracks"]}
    assert len(found) == 3
    assert found.isdisjoint(ids[:10])
    assert similar(server, seeds=[ids[0]], coming=[None] * 100)["complete"] is False


def test_rules(server, ids):
    seed = server.find("October Bread")[0]
    once = similar(server, seeds=[seed["id"]], coming=[None] * 5, rules={"artist_separation": "once"})["tracks"]
    assert len({track["artist"] for track in once} | {seed["artist"]}) == 6
    only = similar(server, seeds=[ids[0]], coming=[None] * 9, rules={"candidates": "title:e"})
    assert all("e" in title.lower() for title in titles(only["tracks"]))
    refused = server.post("/api/similar", {"seeds": [ids[0]], "rules": {"candidates": "title:zzz"}})
    assert refused.status == 400
    assert refused.error == "No analysed song matches “title:zzz”."


@pytest.mark.parametrize("stay", [0, 0.4])
@pytest.mark.parametrize("separation", [0, "mild", 2])
def test_every_walk_is_that_of_the_command(server, web_library, stay, separation):
    options = ["--stay", stay, "--artist-separation", separation, "--less", "High Score"]
    web_library.deejai("similar", "October Bread", "-n", "6", *options, "-o", web_library.folder / "list.m3u")
    written = [line for line in (web_library.folder / "list.m3u").read_text().splitlines() if line.startswith("#EXTINF")]
    seed, less = server.find("October Bread")[0]["id"], server.find("High Score")[0]["id"]
    rules = {"artist_separation": separation}
    found = similar(server, seeds=[seed], coming=[None] * 6, stay=stay, rules=rules, less=[less])["tracks"]
    assert [f"{track['artist']} - {track['title']}" for track in found] == [line.partition(",")[2] for line in written[1:]]


def test_drunk_is_another_list_with_each_seed_and_the_same_with_the_same(server, ids):
    lists = [
        titles(similar(server, seeds=[ids[0]], coming=[None] * 8, drunk=0.8, seed=seed)["tracks"]) for seed in (1, 1, 2)
    ]
    assert lists[0] == lists[1] != lists[2]


def test_journey(server, ids):
    answer = server.post("/api/journey", {"waypoints": [ids[0], ids[8], ids[20]], "between": 3})
    assert [len(leg) for leg in answer.json["legs"]] == [3, 3]
    found = [track["id"] for leg in answer.json["legs"] for track in leg]
    assert len(set(found) | {ids[0], ids[8], ids[20]}) == 9
    assert "twice in a row" in server.post("/api/journey", {"waypoints": [ids[0], ids[0]]}).error
    there, back = server.post("/api/journey", {"waypoints": [ids[0], ids[8], ids[0]], "between": 3}).json["legs"]
    assert len({track["id"] for track in (*there, *back)} | {ids[0], ids[8]}) == 8
    away = server.post("/api/journey", {"waypoints": [ids[0], ids[8]], "between": 3, "less": [there[1]["id"]]}).json
    assert there[1]["id"] not in {track["id"] for track in away["legs"][0]}


def test_a_file_from_outside_is_followed_and_forgotten(server, web_library, tmp_path):
    file = write_audio(tmp_path / "chirp.m4a", chirp(6, 44_100, 2), 44_100)
    answer = server.post("/api/upload?name=My%20%3Cchirp%3E.m4a", file.read_bytes())
    told = answer.json
    assert told["track"] is None
    assert told["title"] == "My <chirp>"
    assert math.isclose(told["length"], 6, abs_tol=0.2)
    reference = {name: told[name] for name in ("vector", "artist", "title", "length")}
    assert len(similar(server, seeds=[reference], coming=[None, reference, None])["tracks"]) == 2
    assert [path for path in (web_library.data / "uploads").rglob("*") if path.is_file()] == []


def test_a_file_from_outside_is_transcoded_and_forgotten(server, web_library, tmp_path):
    file = write_audio(tmp_path / "chirp.wma", chirp(6, 44_100, 2), 44_100)
    answer = server.post("/api/transcode?name=chirp.wma&formats=flac,mp3", file.read_bytes())
    assert answer.headers["content-type"] == "audio/mpeg"
    with av.open(io.BytesIO(answer.body)) as made:
        assert math.isclose(sum(frame.samples for frame in made.decode(audio=0)) / 48_000, 6, abs_tol=0.3)
    assert [path for path in (web_library.data / "uploads").rglob("*") if path.is_file()] == []
    assert server.post("/api/transcode?name=x.wma", b"no audio at all").status == 422
    assert server.post("/api/transcode?formats=flac", file.read_bytes()).status == 406
    assert [path for path in (web_library.data / "uploads").rglob("*") if path.is_file()] == []


def test_a_file_that_the_library_has_is_its_track(server, collection, tmp_path):
    song = next(collection.rglob("*October Bread*"))
    retagged = tmp_path / "other.flac"
    shutil.copy(song, retagged)
    tags = mutagen.File(retagged)
    tags["title"] = "Something else"
    tags.save()
    assert server.post("/api/upload?name=x.flac", retagged.read_bytes()).json["track"]["title"] == "October Bread"


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [(b"", 400, "empty"), (b"no audio at all", 422, "x.mp3"), (b"\xff\xfb" * 9000, 422, "x.mp3")],
)
def test_files_that_are_none(server, data, status, words):
    answer = server.post("/api/upload?name=x.mp3", data)
    assert (answer.status, words in answer.error) == (status, True)
    assert "uploads" not in answer.error  # where it lay is nobody's business


def test_save(server, web_library, ids):
    wanted = {"title": "An <evening> & more", "ids": [ids[3], ids[1], ids[3]]}
    told = server.post("/api/save", wanted).json
    assert told["tracks"] == 3
    written = (web_library.folder / "playlists" / "An _evening_ & more.m3u").read_text()
    assert written.startswith("#EXTM3U\n#PLAYLIST:An <evening> & more\n")
    again = server.post("/api/save", wanted)
    assert (again.status, "already" in again.error) == (409, True)
    assert server.post("/api/save", wanted | {"replace": True}).status == 200
    download = server.post("/api/save", wanted | {"download": True})
    assert download.headers["content-disposition"].startswith("attachment")
    assert download.body.decode().splitlines()[-3:] == written.splitlines()[-3:]


def test_a_track_as_it_is_and_transcoded(server, ids, collection):
    whole = server.get(f"/api/audio/{ids[0]}?formats=flac,mp3")
    assert whole.headers["content-type"] == "audio/flac"
    assert whole.body == server.get(f"/api/audio/{ids[0]}").body
    assert any(whole.body == path.read_bytes() for path in collection.rglob("*.flac"))
    for formats, kind, start, seconds in (
        ("mp3", "audio/mpeg", 0, 8),
        ("webm,opus", "audio/webm", 0, 8),
        ("mp3", "audio/mpeg", 5, 3),
    ):
        made = server.get(f"/api/audio/{ids[0]}?formats={formats}&start={start}")
        assert made.headers["content-type"] == kind
        assert math.isclose(length_of(made.body), seconds, abs_tol=0.3)
    refused = server.get(f"/api/audio/{ids[0]}?formats=xyz")
    assert (refused.status, "mp3" in refused.error) == (406, True)


def length_of(data: bytes) -> float:
    with av.open(io.BytesIO(data)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(container.streams.audio[0]))


def test_transcoding_keeps_the_sound(server, beets, tmp_path):
    """A tone keeps its pitch and its length, of a format that no browser plays."""
    write_audio(beets.music / "tone.wv", chirp(6, 44_100, 1), 44_100)
    beets.run("import", "-qA", beets.music)
    with Page(beets.folder) as other:
        data = other.get("/api/audio/1?formats=mp3").body
    with av.open(io.BytesIO(data)) as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(container.streams.audio[0])]
    samples = np.concatenate(blocks)
    middle = np.abs(np.fft.rfft(samples[3 * 48_000 : 3 * 48_000 + 4800]))
    assert math.isclose(10 * np.argmax(middle), 200 + 1800 * 3.05 / 6, rel_tol=0.05)


def test_covers(beets, collection):
    """A picture beside the music, else the one in the file; and nothing that only says that it is a picture."""
    songs = sorted(collection.rglob("*.flac"))
    for number, song in enumerate(songs[:3]):
        shutil.copy(song, beets.music / f"{number}.flac")
    file = mutagen.flac.FLAC(beets.music / "1.flac")
    picture = mutagen.flac.Picture()
    picture.data, picture.mime = PNG, "text/html"
    file.add_picture(picture)
    file.save()
    file = mutagen.flac.FLAC(beets.music / "2.flac")
    picture.data, picture.mime = b"<svg onload=alert(1)>", "image/png"
    file.add_picture(picture)
    file.save()
    beets.run("import", "-qA", beets.music)
    by_name = {
        path.rsplit("/", 1)[1]: int(id_)
        for id_, path in (line.split(" ", 1) for line in beets.run("ls", "-f", "$id $path").lines)
    }
    with Page(beets.folder) as server:
        assert server.get(f"/api/art/{by_name['0.flac']}").status == 204
        art = server.get(f"/api/art/{by_name['1.flac']}")
        assert (art.body, art.headers["content-type"]) == (PNG, "image/png")
        assert server.get(f"/api/art/{by_name['1.flac']}", If_None_Match=art.headers["etag"]).status == 304
        assert server.get(f"/api/art/{by_name['2.flac']}").status == 204
        assert server.get("/api/art/999").status == 404


def test_what_changes_in_the_library_is_seen(analysed):
    with Page(analysed.folder) as server:
        seed = server.find("October Bread")[0]["id"]
        first = similar(server, seeds=[seed], coming=[None])["tracks"][0]
        analysed.run("rm", "-f", f"id:{first['id']}")
        assert server.get(f"/api/track/{first['id']}").status == 404
        deadline = time.monotonic() + 60
        while server.get("/api/status").json["tracks"] != 23:
            similar(server, seeds=[seed], coming=[None])
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert similar(server, seeds=[seed], coming=[None])["tracks"][0]["id"] != first["id"]


VECTOR = "A" * 534 + "=="

BAD = [
    ("/api/similar", {}, "seeds"),
    ("/api/similar", {"seeds": []}, "seeds"),
    ("/api/similar", {"seeds": [1] * 51}, "seeds"),
    ("/api/similar", {"seeds": ["1"]}, "seeds"),
    ("/api/similar", {"seeds": [True]}, "seeds"),
    ("/api/similar", {"seeds": [1.5]}, "seeds"),
    ("/api/similar", {"seeds": [-1]}, "seeds"),
    ("/api/similar", {"seeds": [0]}, "seeds"),
    ("/api/similar", {"seeds": [2**70]}, "seeds"),
    ("/api/similar", {"seeds": [999_999]}, "seeds"),
    ("/api/similar", {"seeds": [None]}, "seeds"),
    ("/api/similar", {"seeds": [{}]}, "vector"),
    ("/api/similar", {"seeds": [{"vector": VECTOR}]}, "vector"),  # all 0
    ("/api/similar", {"seeds": [{"vector": "/" * 534 + "=="}]}, "vector"),  # NaN
    ("/api/similar", {"seeds": [{"vector": "A" * 100_000}]}, "vector"),
    ("/api/similar", {"seeds": [{"vector": 5}]}, "vector"),
    ("/api/similar", {"seeds": [{"vector": VECTOR, "artist": 5}]}, "artist"),
    ("/api/similar", {"seeds": [1], "played": [1] * 2001}, "played"),
    ("/api/similar", {"seeds": [1], "played": "1"}, "played"),
    ("/api/similar", {"seeds": [1], "coming": [None] * 101}, "coming"),
    ("/api/similar", {"seeds": [1], "coming": [["x"]]}, "coming"),
    ("/api/similar", {"seeds": [1], "keep_on": -1}, "keep_on"),
    ("/api/similar", {"seeds": [1], "keep_on": 1.5}, "keep_on"),
    ("/api/similar", {"seeds": [1], "stay": 1.1}, "stay"),
    ("/api/similar", {"seeds": [1], "stay": "x"}, "stay"),
    ("/api/similar", {"seeds": [1], "less": 1}, "less"),
    ("/api/similar", {"seeds": [1], "less": [1] * 51}, "less"),
    ("/api/similar", {"seeds": [1], "drunk": 1.1}, "drunk"),
    ("/api/similar", {"seeds": [1], "drunk": math.nan}, "drunk"),
    ("/api/similar", {"seeds": [1], "drunk": math.inf}, "drunk"),
    ("/api/similar", {"seeds": [1], "drunk": None}, "drunk"),
    ("/api/similar", {"seeds": [1], "drunk": [0]}, "drunk"),
    ("/api/similar", {"seeds": [1], "drunk": True}, "drunk"),
    ("/api/similar", {"seeds": [1], "seed": -1}, "seed"),
    ("/api/similar", {"seeds": [1], "seed": 2**40}, "seed"),
    ("/api/similar", {"seeds": [1], "rules": []}, "rules"),
    ("/api/similar", {"seeds": [1], "rules": {"playlist_dir": "/"}}, "rules"),
    ("/api/similar", {"seeds": [1], "rules": {"artist_separation": "twice"}}, "artist_separation"),
    ("/api/similar", {"seeds": [1], "rules": {"min_length": math.nan}}, "min_length"),
    ("/api/similar", {"seeds": [1], "rules": {"max_length": -1}}, "max_length"),
    ("/api/similar", {"seeds": [1], "rules": {"max_length": False}}, "max_length"),
    ("/api/similar", {"seeds": [1], "rules": {"mix_in_key": 1}}, "mix_in_key"),
    ("/api/similar", {"seeds": [1], "rules": {"not_played_days": "x"}}, "not_played_days"),
    ("/api/similar", {"seeds": [1], "rules": {"mood": {"blorp": 1}}}, "mood"),
    ("/api/similar", {"seeds": [1], "rules": {"mood": {"jazz": 99}}}, "jazz"),
    ("/api/similar", {"seeds": [1], "rules": {"mood": 5}}, "mood"),
    ("/api/similar", {"seeds": [1], "rules": {"candidates": "x" * 501}}, "candidates"),
    ("/api/similar", {"seeds": [1], "rules": {"candidates": "year:x..y"}}, "query"),
    ("/api/journey", {"waypoints": [1]}, "waypoints"),
    ("/api/journey", {"waypoints": list(range(1, 23))}, "waypoints"),
    ("/api/journey", {"waypoints": [1, 2], "between": 101}, "between"),
    ("/api/save", {"title": "x", "ids": []}, "ids"),
    ("/api/save", {"title": "", "ids": [1]}, "title"),
    ("/api/save", {"title": "x\0", "ids": [1]}, "title"),
    ("/api/save", {"title": 5, "ids": [1]}, "title"),
    ("/api/save", {"title": "x", "ids": [{"vector": VECTOR}]}, "ids"),
    ("/api/save", {"title": "x", "ids": [1], "download": "yes"}, "download"),
    ("/api/save", [], "JSON object"),
    ("/api/save", b"{", "JSON object"),
    ("/api/save", b"[" * 100_000, "JSON object"),
    ("/api/similar", b'{"seeds": [1], "drunk": 1e999}', "drunk"),
    ("/api/similar", b'{"seeds": [1], "drunk": NaN}', "drunk"),
    ("/api/similar", b'{"seeds": [1], "seed": 1%s}' % (b"0" * 4000), "seed"),
    ("/api/similar", b'{"seeds": [1%s]}' % (b"0" * 4000), "seeds"),
    ("/api/similar", b'{"seeds": [1%s]}' % (b"0" * 5000), "JSON"),
    ("/api/similar", b'{"seeds": [1], "rules": {"candidates": "\\ud800"}}', "candidates"),
    ("/api/similar", {"seeds": [1], "rules": {"candidates": "id:" + "9" * 400}}, "is not a query"),
    ("/api/similar", b'{"seeds": [1], "rules": {"mood": {"\\udfff": 1}}}', "mood"),
    ("/api/save", b'{"ids": [1], "title": "half \\ud83d"}', "title"),
    ("/api/save", b'{"ids": [1], "title": "half \\ud83d", "download": true}', "title"),
]


@pytest.mark.parametrize(
    ("path", "body", "named"),
    BAD,
    ids=[json.dumps(body)[:60] if not isinstance(body, bytes) else str(body[:9]) for _, body, _ in BAD],
)
def test_what_is_asked_is_checked(server, path, body, named):
    """One sentence, which names what is wrong."""
    answer = server.post(path, body, Content_Type="application/json")
    assert answer.status == 400, answer.body
    assert named in answer.error
    assert "\n" not in answer.error


@pytest.mark.parametrize(
    "path",
    [
        "/api/search?q=x&limit=0",
        "/api/search?q=x&limit=nan",
        "/api/search?q=x&limit=1e9",
        "/api/search?q=x&limit=1e999",
        f"/api/search?q=x&limit={'9' * 5000}",
        f"/api/search?q={'x' * 501}",
        "/api/audio/1?start=-1",
        "/api/audio/1?start=inf",
    ],
)
def test_queries_are_checked(server, path):
    assert server.get(path).status == 400


def test_without_the_libraries_that_it_needs(analysed, tmp_path):
    for name in ("flask", "imagesize", "waitress"):
        missing = tmp_path / name
        missing.mkdir()
        (missing / f"{name}.py").write_text(f'raise ImportError("no such library", name="{name}")')
        result = analysed.deejai("web", status=1, PYTHONPATH=f"{missing}:{os.environ.get('PYTHONPATH', '')}")
        assert f"{name} is not installed; pip install 'beets-deejai[web]'" in result.err


def test_the_address_as_a_code_for_a_phone(capsys):
    """Half blocks of two colours, in as many lines as half the code's modules and its margin."""
    from beetsplug.deejai.cli.commands.web import print_code

    print_code("http://192.168.1.20:8050/?token=abcdefgh12345678")
    lines = capsys.readouterr().out.splitlines()
    assert len({len(line) for line in lines if "▀" in line or "█" in line}) <= 2
    assert 15 <= len(lines) <= 25
