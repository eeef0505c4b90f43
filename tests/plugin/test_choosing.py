"""Lists that somebody at a terminal chooses, place by place."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

from tests.plugin.conftest import BEET
from tests.plugin.test_lists import NEAREST, names
from tests.plugin.test_playlists import files


class Terminal:
    """`beet` on a terminal of its own, with somebody at the keyboard."""

    def __init__(self, beets, *args: str, answers: list[str]) -> None:
        ours, theirs = pty.openpty()
        env = os.environ | {"BEETSDIR": str(beets.folder), "TERM": "dumb", "NO_COLOR": "1"}
        process = subprocess.Popen(
            [BEET, "deejai", *args], stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=beets.folder
        )
        os.close(theirs)
        os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:
            pass  # the end of a terminal
        os.close(ours)
        self.status = process.wait()
        self.text = shown.decode().replace("\r\n", "\n")


class TestAtTheTerminal:
    def test_choosing_each_next_song(self, analysed):
        offered = names(analysed.deejai("similar", "Aisle", "-n", "10", "--keep-on", "0", "-p", *NEAREST))
        terminal = Terminal(
            analysed,
            "similar",
            "Aisle",
            "--keep-on",
            "0",
            "--pick",
            *NEAREST,
            "-o",
            "out.m3u",
            answers=["2", "", "m", "1", "e"],
        )
        assert terminal.status == 0
        assert "  1  0" in terminal.text
        chosen = [Path(name).stem[3:] for name in files(analysed.folder / "out.m3u")]
        assert chosen == ["Aisle", offered[1], offered[0], offered[7]]

    def test_choosing_on_a_journey(self, analysed):
        terminal = Terminal(
            analysed, "journey", "Kettle", "Anvil", "-n", "2", "--pick", "-o", "out.m3u", answers=["3", "1"]
        )
        assert terminal.status == 0
        assert len(files(analysed.folder / "out.m3u")) == 4
        ended = Terminal(analysed, "journey", "Kettle", "Anvil", "-n", "9", "--pick", "-o", "out.m3u", answers=["1", "e"])
        assert len(files(analysed.folder / "out.m3u")) == 3
        assert "chosen by hand" in (analysed.folder / "out.m3u").read_text()
        assert ended.text.count("# selection") == 2

    def test_nobody_is_asked_when_the_minutes_are_full(self, analysed):
        """Tracks of 8 seconds: with the seed, a quarter of a minute is two."""
        terminal = Terminal(analysed, "similar", "Aisle", "--minutes", "0.25", "--pick", "-o", "out.m3u", answers=["1"])
        assert terminal.status == 0
        assert len(files(analysed.folder / "out.m3u")) == 2

    def test_which_one_a_waypoint_means(self, analysed):
        third = Terminal(analysed, "journey", "Kettle", "artist:Nave", "-n", "1", "-o", "out.m3u", answers=["3"])
        assert "'artist:Nave' matches 4:" in third.text
        (title,) = re.findall(r"^  3  Nave - (.*)$", third.text, re.MULTILINE)
        assert files(analysed.folder / "out.m3u")[-1].endswith(f"{title}.flac")
        assert "artist:Nave" not in (analysed.folder / "out.m3u").read_text()  # the recipe names the one that was chosen
        centre = Terminal(analysed, "journey", "Kettle", "artist:Nave", "-n", "1", "-o", "out.m3u", answers=["c"])
        assert "the journey passes through their centre" in centre.text
