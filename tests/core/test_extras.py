import sys

import pytest

from deejai_core.errors import MissingError
from deejai_core.extras import extra


def test_a_missing_library_names_its_extra():
    told = r"no_such_library is not installed; pip install 'beets-deejai\[train\]'"
    with pytest.raises(MissingError, match=told), extra("train"):
        import no_such_library  # noqa: F401


def test_a_part_of_a_missing_library_names_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingError, match=r"^scipy is not installed"), extra("mix"):
        import scipy.signal  # noqa: F401


def test_an_installed_library_is_simply_imported():
    with extra("train"):
        import json
    assert json.loads("[]") == []
