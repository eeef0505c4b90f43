"""FFmpeg parses formats that hold sound, never a list of other files."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from deejai_core.audio.container import open_container
from deejai_core.audio.decode import read_windows
from deejai_core.audio.identity import audio_key
from deejai_core.errors import AudioError, UnavailableError
from tests.sounds import chirp, write_audio

ROOT = Path(__file__).parent.parent.parent
PACKAGES = (ROOT / "deejai_core", ROOT / "beetsplug/deejai")
LISTS = {
    "list.ffconcat": "ffconcat version 1.0\nfile 'song.mp3'\n",
    "concat.mp3": "ffconcat version 1.0\nfile 'song.mp3'\n",
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsong.mp3\n#EXT-X-ENDLIST\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "list.mpd": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="audio/mp4"><Representation '
        'id="1" bandwidth="1"><BaseURL>song.mp3</BaseURL></Representation></AdaptationSet></Period></MPD>'
    ),
}


@pytest.fixture
def song(tmp_path):
    return write_audio(tmp_path / "song.mp3", chirp(9, 44_100), 44_100)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_files_is_no_audio(song, name):
    path = song.with_name(name)
    path.write_text(LISTS[name])
    with pytest.raises(AudioError) as refused, open_container(path):
        pass
    assert not isinstance(refused.value, UnavailableError)  # its content is at fault, whatever it names
    with pytest.raises(AudioError):
        read_windows(path, sample_rate=16_000, length=48_000, limit=2)
    assert audio_key(path) != audio_key(song)


@pytest.mark.parametrize("name", ["http:song.mp3", "concat:song.mp3|song.mp3", "-", "pipe:0", "%d.mp3", "data:,x"])
def test_a_name_is_a_name(song, name, monkeypatch):
    monkeypatch.chdir(song.parent)
    with pytest.raises(UnavailableError, match="No such file"), open_container(Path(name)):
        pass
    song.rename(name)
    with open_container(Path(name)) as container:
        assert container.format.name == "mp3"


def test_files_are_opened_in_one_place():
    """Only there is it said what FFmpeg may parse. What is opened to be written is not parsed."""
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
            reads = [
                call
                for call in calls
                if ast.unparse(call.func) == "av.open" and not (len(call.args) > 1 and ast.unparse(call.args[1]) == "'w'")
            ]
            assert path.name == "container.py" or not reads, f"{path}:{reads[0].lineno}"


PARSERS = {"open_container", "opened", "read_windows", "key_then_windows", "stereo_blocks", "audio_key", "read_caption"}
PARSERS |= {"read_comments", "read_picture"}
CONFINED = {"transcoder.py"}  # runs in a process of its own


def test_files_are_parsed_in_the_decoders_process_alone():
    """What parses them is imported by what runs there, and by nothing else."""
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            names = {
                alias.name
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deejai_core.audio")
                for alias in node.names
            }
            assert path.parent.name == "audio" or path.name in CONFINED or not names & PARSERS, path
