"""Long work says how far it is: here where nothing is a terminal, by lines."""

from __future__ import annotations

import pytest
from beets import logging

from beetsplug.deejai.cli.progress import teller
from deejai_core import progress
from deejai_core.words import lasting

TELLER = teller(logging.getLogger("beets.deejai"))


@pytest.fixture
def clock(monkeypatch):
    """A time that stands still until it is told to go on."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_every_half_minute_and_one_at_the_end(clock, caplog):
    with caplog.at_level("INFO"), TELLER.progress(4) as shown:
        for seconds in (10, 25, 10, 5):
            clock[0] += seconds
            shown.step()
    assert caplog.messages == ["2/4 tracks, 3.4 a minute, 35 s left", "4/4 tracks, 4.8 a minute, 0 s left"]


def test_what_goes_on_from_where_it_was_and_may_end_sooner(clock, caplog):
    with caplog.at_level("INFO"), TELLER.progress(None, "epochs", at_most=True) as shown:
        shown.reach(50, 100)
        clock[0] += 60
        shown.reach(60, 100)
        shown.say("half-way")
        shown.reach(100, 100)
    assert caplog.messages == ["60/100 epochs, 10.0 a minute, 4 min left at most", "half-way"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (99, "99 s"), (100, "2 min"), (5990, "100 min"), (6000, "1.7 h"), (200_000, "55.6 h")]
)
def test_lasting(seconds, text):
    assert lasting(seconds) == text
