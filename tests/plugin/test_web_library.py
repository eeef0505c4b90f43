"""What the page's server keeps in memory of a library."""

from __future__ import annotations

import logging
from dataclasses import replace

import confuse
import pytest
from beets.library import Library

from beetsplug.deejai.library.beets_library import BeetsLibrary
from beetsplug.deejai.settings import DEFAULTS, read_settings
from beetsplug.deejai.web import KEPT_VIEWS, PageLibrary


@pytest.fixture
def library(analysed):
    config = confuse.RootView([confuse.ConfigSource.of({"deejai": DEFAULTS | {"playlist_dir": "."}})])
    lib = Library(str(analysed.library), str(analysed.music))
    yield PageLibrary(BeetsLibrary(lib), read_settings(config["deejai"]), logging.getLogger(), at_home=True)
    lib._close()


def test_the_views_of_the_latest_rules_are_kept(library):
    """Whoever drags a slider makes one after the other; of a large library each takes megabytes."""
    rules = [replace(library.choices, min_length=float(number)) for number in range(3 * KEPT_VIEWS)]
    views = [library.view(each) for each in rules]
    assert len(library.state.views) == KEPT_VIEWS
    assert [library.view(each) for each in rules[-KEPT_VIEWS:]] == views[-KEPT_VIEWS:]
    assert library.view(rules[0]) is not views[0]
