"""What the plugin makes and says is what it was when the files in `tests/golden/data` were made.

CONTRIBUTING.md says when they may be made anew.
"""

from __future__ import annotations

import pytest

from tests.golden.golden import RECORDINGS, dressed, plain
from tests.golden.record import DATA, difference, made_here


@pytest.fixture(scope="session")
def analysed_anew(analysed_library, tmp_path_factory):
    """The collection with the vectors that `analyze` gives it, and tags; not to be changed."""
    return plain(analysed_library, tmp_path_factory.mktemp("golden") / "plain")


@pytest.mark.parametrize("name", RECORDINGS)
def test_it_is_as_it_was(name, analysed_anew, collection, tmp_path):
    golden = RECORDINGS[name]
    library = analysed_anew if golden.plain else dressed(analysed_anew, tmp_path / "beets", collection)
    exact = made_here()
    differences = [
        difference(text, read(file), file, exact=exact) for file, text in golden.make(library, collection).items()
    ]
    assert not any(differences), "\n\n".join(filter(None, differences))


def read(file: str) -> str:
    return (DATA / file).read_bytes().decode(errors="surrogateescape")
