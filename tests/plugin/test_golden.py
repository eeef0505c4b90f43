"""What the plugin makes and says is what it was when the files in `tests/golden/data` were made.

CONTRIBUTING.md says when they may be made anew.
"""

from __future__ import annotations

from base64 import b64decode

import numpy as np
import pytest

from tests.golden.golden import RECORDINGS, dressed, plain
from tests.golden.library import COMPOSED, read_rows
from tests.golden.record import DATA, difference, made_here

FIELDS = ("title", "vector", "tags")
LINE = "$title|$deejai_vector|$deejai_tags"
SAME_DIRECTION = 0.999999
SAME_TAGS = 2  # ten-thousandths


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


def test_vectors_and_tags_are_what_they_were(analysed_anew):
    """Bit by bit on a machine like the one that made them, and the same direction anywhere."""
    rows = read_rows()[:COMPOSED]
    found = [dict(zip(FIELDS, line.split("|"), strict=True)) for line in analysed_anew.run("ls", "-f", LINE, "id+").lines]
    assert [row["title"] for row in found] == [row["title"] for row in rows]
    if made_here():
        assert found == [{name: row[name] for name in FIELDS} for row in rows]
    for one, other in zip(found, rows, strict=True):
        assert vector(one) @ vector(other) >= SAME_DIRECTION, one["title"]
        assert np.abs(probabilities(one) - probabilities(other)).max() <= SAME_TAGS, one["title"]


def vector(row: dict) -> np.ndarray:
    return np.frombuffer(b64decode(row["vector"]), "<f4").astype(float)


def probabilities(row: dict) -> np.ndarray:
    """Of the tags, in ten-thousandths."""
    return np.array([int("".join(digits)) for digits in zip(*[iter(row["tags"])] * 4, strict=True)])


def read(file: str) -> str:
    return (DATA / file).read_bytes().decode(errors="surrogateescape")
