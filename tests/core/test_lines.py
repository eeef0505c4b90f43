"""Results as lines of text: without a program's words, what would help is said in the core's own."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core import Analysis, OptionError, analyse
from deejai_core.audio.stream import Raw
from deejai_core.errors import HINTS, LostError
from deejai_core.features.evaluation import Report
from deejai_core.features.evaluation_lines import advice, evaluation_lines
from deejai_core.features.listen.blocks import Moment
from deejai_core.features.listen.listener import Answer, answer_lines
from deejai_core.features.radio.text import REMARKS, RadioText
from deejai_core.features.status import library_status
from deejai_core.features.status_lines import status_lines
from deejai_core.history.library_history import open_history
from deejai_core.history.mentions import Mention, Play, SongList
from deejai_core.history.report import HistoryReport
from deejai_core.history.report_lines import content_lines, holding_lines, report_lines
from deejai_core.history.store import Source
from deejai_core.index.evaluation import Agreement, Hubs, Labels, Quality, Rates
from deejai_core.lists.space import Member
from deejai_core.models.facts import facts
from deejai_core.models.folders import describe
from deejai_core.models.musicnn.model import MusiCNN

MIX = Source("files", "/lists/mix.m3u")


def test_a_library_that_is_not_analysed(music):
    tracks = len(music.ids())
    lines = status_lines(library_status(music, MusiCNN(), Analysis()))
    assert lines[:4] == [
        f"tracks    {tracks}",
        "analysed  0",
        f"pending   {tracks}; {HINTS['analyse']}",
        "failed    0",
    ]


def test_one_whose_file_failed_and_whose_epsilon_was_another(music):
    music.paths()[music.ids()[0]].write_bytes(b"no sound")
    analyse(music, analysis=Analysis(epsilon=0.3, retries=0))
    lines = status_lines(library_status(music, MusiCNN(), Analysis(retries=0)), HINTS | {"see failures": "look there"})
    assert "failed    1; look there" in lines
    assert f"epsilon 0.3 ({HINTS['return to epsilon'].format(about='0.1')})" in next(
        line for line in lines if line.startswith("model")
    )
    assert f"vectors   weighted with another epsilon; {HINTS['update']}" in lines


def report(hit: float, reachable: float) -> Report:
    chance = Rates(0.1, 0.1)
    labels = [Labels(name, []) for name in ("artist", "album", "genres")]
    quality = Quality([Agreement(50, Rates(hit, hit), chance)] * 3, Hubs(0, 10, reachable), Hubs(0, 10, 1))
    return Report("model", 100, 100, 10, labels, quality, [chance] * 3, recall=0.5)


def test_what_an_evaluation_advises():
    assert advice(report(0.9, 1), correct_hubs=True) == ["the index misses neighbours: compare all tracks instead"]
    assert [line.partition(":")[0] for line in advice(report(0.1, 0.9), correct_hubs=False)] == [
        "the vectors hardly tell artists apart",
        "correct hubs",
    ]
    lines = evaluation_lines(report(0.9, 0.9), correct_hubs=True, words=HINTS | {"go on correcting hubs": "well done"})
    assert lines[-2].startswith("well done: with it 100.0% of the tracks are in a list, without it 90.0%")


class TestHistory:
    CONTENT = (SongList("mix", (Mention("Hazel", "Wren"), Mention("Nobody", "Raven"))), Play(Mention("Hazel", "Wren"), 1))

    def test_what_a_source_would_give(self):
        assert list(content_lines(MIX, self.CONTENT)) == [
            "  mix: 2 songs",
            "/lists/mix.m3u: 1 list and 1 play would be read; nothing was changed",
        ]

    def test_what_is_kept_and_what_the_library_has_of_it(self, music):
        pytest.importorskip("rapidfuzz")
        with open_history(music) as store:
            store.replace(MIX, self.CONTENT[:1])
            heading, row = holding_lines(store.holdings())
            assert heading.split() == ["source", "lists", "plays", "songs", "added"]
            assert row.split()[:4] == ["/lists/mix.m3u", "1", "0", "2"]
            lines = list(report_lines(HistoryReport(music, store), most=1, words=HINTS | {"show all songs": "ask"}))
        assert lines[:2] == ["/lists/mix.m3u: 1 list, 2 songs", "  0 in the library (0% of what was listed or played)"]
        assert lines[-1] == "           ... and 1 more (ask)"


def test_facts_about_the_bundled_model(tmp_path):
    found = facts("musicnn", describe("musicnn", tmp_path))
    assert (found["kind"], found["tags"]) == ("bundled", "yes")
    assert "100 dimensions" in found["vectors"]


def test_what_a_radio_does():
    told, warned, wren = [], [], Member("Hazel - Wren", [], None, 1)
    text = RadioText("the gramophone", told.append, warned.append)
    text.added(wren, None)
    for number in range(1, 6):
        text.left_out(wren, "scratched", number)
    text.turned_away("Hazel - Wren", "skipped")
    text.remarked("single")
    text.lost(LostError("the gramophone in the hall", "silent"))
    text.found_again()
    left_out = ["left out: Hazel - Wren: scratched"] * 3
    assert told == [
        "added: Hazel - Wren (seed)",
        *left_out,
        "skipped: Hazel - Wren; less like this",
        "the gramophone is back",
    ]
    assert warned == [REMARKS["single"], "the gramophone is gone (silent); the radio continues when it is back"]


def test_what_plays_in_the_room():
    here, there, after = (Member(f"Hazel - {title}", [], None, 1) for title in ("Wren", "Owl", "Robin"))
    moment = Moment(65, -20, np.zeros(9))
    assert list(answer_lines(moment, Answer((here, 0.9), [(there, 0.5)], after), after)) == [
        "1:05  -20 dBFS",
        "playing 0.900 Hazel - Wren",
        "     1  0.500 Hazel - Owl",
        "next          Hazel - Robin",
    ]
    assert list(answer_lines(moment, None)) == ["1:05  -20 dBFS  silence"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"format": "mp3"}, "format: must be one of u8, .*, not 'mp3'"),
        ({"rate": 0}, "rate: must be from 1000 to 768000, not 0"),
        ({"channels": 9}, "channels: must be from 1 to 8, not 9"),
    ],
)
def test_samples_that_there_cannot_be(given, problem):
    with pytest.raises(OptionError, match=problem):
        Raw(**given)
