"""What every `deejai_core.library.Library` must do, whoever keeps it.

A test module derives a class `Test…` from `LibraryConformance` and has a fixture `factory`, see `Factory`. Queries are each
library's own, but for one word.
"""

from __future__ import annotations

import pytest

from deejai_core.library import Library
from tests.library_conformance.finding import Finding
from tests.library_conformance.keeping import Keeping
from tests.library_conformance.samples import SONGS, Factory, identify, titles

__all__ = ["SONGS", "Factory", "LibraryConformance", "identify", "titles"]


class LibraryConformance(Finding, Keeping):
    @pytest.fixture
    def library(self, factory, tmp_path) -> Library:
        return factory.make(tmp_path / "music", SONGS)
