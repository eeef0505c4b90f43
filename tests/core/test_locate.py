"""The files that playlists mean, whatever program, system or encoding their names come from."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from deejai_core.formats.locate import Locator
from tests.core.test_read import files, posix, write


class TestNames:
    """The file that an entry means, in a folder with these files."""

    THERE = [
        "Björk/Jóga.mp3",
        "two words.mp3",
        "100%25.mp3",
        "Mixed Case.mp3",
        "both.mp3",
        "BOTH.mp3",
        "Don\u2019t \u2013 Stop.mp3",
        "Ébène.mp3",
        "ébène.mp3",
    ]

    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        for name in self.THERE:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        (tmp_path / unicodedata.normalize("NFD", "Élan.mp3")).touch()
        return tmp_path

    @posix
    @pytest.mark.parametrize(
        ("line", "name"),
        [
            (b"two%20words.mp3", "two words.mp3"),
            (b"100%25.mp3", "100%25.mp3"),
            (b" two words.mp3\t", "two words.mp3"),
            ("Björk/Jóga.mp3".encode("latin-1"), "Björk/Jóga.mp3"),
            (b"Bj%C3%B6rk/J%C3%B3ga.mp3", "Björk/Jóga.mp3"),
            ("Björk\\Jóga.mp3".encode(), "Björk/Jóga.mp3"),
            (b"Bj%F6rk\\J%F3ga.mp3", "Björk/Jóga.mp3"),
            (b"Don\x92t \x96 Stop.mp3", "Don\u2019t \u2013 Stop.mp3"),
            (unicodedata.normalize("NFD", "Björk/Jóga.mp3").encode(), "Björk/Jóga.mp3"),
            ("Élan.mp3".encode(), unicodedata.normalize("NFD", "Élan.mp3")),
            (unicodedata.normalize("NFD", "BJÖRK/jóga.MP3").encode(), "Björk/Jóga.mp3"),
            (b"mixed%20case.MP3", "Mixed Case.mp3"),
            (unicodedata.normalize("NFD", "Ébène.mp3").encode(), "Ébène.mp3"),
            (unicodedata.normalize("NFD", "ébène.mp3").encode(), "ébène.mp3"),
            (b"both.mp3", "both.mp3"),
            (b"Both.mp3", "Both.mp3"),  # which of the two is not to be guessed
            (b"gone.mp3", "gone.mp3"),
            (b"both.mp3/gone.mp3", "both.mp3/gone.mp3"),  # in what is no folder
            (b"file://{}/two%20words.mp3", "two words.mp3"),
            (b"FILE://localhost{}/two words.mp3", "two words.mp3"),
            ("file:{}/Björk/Jóga.mp3".encode(), "Björk/Jóga.mp3"),
            (b"file://[x", "file:/[x"),  # what only looks like a URL is a name
            (b"file:///C:/two%20words.mp3", "C:/two words.mp3"),  # of Windows
            (b"file:///C:\\two words.mp3", "C:\\two words.mp3"),
            (b"Local: Natives.mp3", "Local: Natives.mp3"),  # no URLs either
            (b"data:1/a.mp3", "data:1/a.mp3"),
        ],
    )
    def test_is_found(self, folder, line, name):
        path = write(folder / "list.m3u", line.replace(b"{}", os.fsencode(folder)))
        assert files(path) == [folder / name]

    @pytest.mark.parametrize(
        "url",
        [
            "https://radio.example/b.mp3",
            " mms://x/y",
            "icy-1+http://x/y",
            "spotify:track:0a1b2c",
            "deezer:track:1",
            "local:track:a.mp3",
            "rtsp://x",
            "HTTP://x/Björk/Jóga.mp3",
        ],
    )
    def test_a_stream_is_none(self, folder, url):
        assert files(write(folder / "list.m3u", f"{url}\na.mp3")) == [None, folder / "a.mp3"]

    def test_a_name_of_another_encoding_on_disk(self, folder):
        if os.name != "nt":
            (folder / os.fsdecode("Zoë.mp3".encode("latin-1"))).touch()
            assert files(write(folder / "list.m3u", "Zoë.mp3")) == [folder / os.fsdecode(b"Zo\xeb.mp3")]

    @posix
    def test_a_path_through_a_link_is_the_librarys(self, tmp_path):
        (tmp_path / "disk/music").mkdir(parents=True)
        (tmp_path / "disk/music/a.mp3").touch()
        (tmp_path / "music").symlink_to("disk/music")
        (tmp_path / "elsewhere").symlink_to("disk")
        locator = Locator(tmp_path / "music")
        for name in ("elsewhere/music/a.mp3", "disk/music/a.mp3"):
            assert tmp_path / "music/a.mp3" in locator.aliases(tmp_path / name)
            assert tmp_path / "disk/music/a.mp3" in locator.aliases(tmp_path / name)

    def test_a_library_may_compose_its_letters_or_not(self, tmp_path):
        composed, apart = (tmp_path / unicodedata.normalize(form, "Élan.mp3") for form in ("NFC", "NFD"))
        assert composed in Locator().aliases(apart)
        assert apart in Locator().aliases(composed)
