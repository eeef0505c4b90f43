"""All vectors of a library, computed again from what is stored."""

from __future__ import annotations

import pytest

from deejai_core import NotAnalysedError, analyse
from deejai_core.embedding.library_vectors import weight_again
from deejai_core.embedding.slices import open_slices
from deejai_core.models.musicnn.model import MusiCNN


def test_of_what_is_stored(music):
    model = MusiCNN()
    with pytest.raises(NotAnalysedError):
        weight_again(music, model, model.epsilon)
    analyse(music)
    before, tracks = music.vectors(model.name, model.dimension).vectors, len(music.ids())
    assert weight_again(music, model, 1.5) == (tracks, 0)
    assert not (music.vectors(model.name, model.dimension).vectors == before).all()
    assert weight_again(music, model, model.epsilon) == (tracks, 0)
    assert (music.vectors(model.name, model.dimension).vectors == before).all()
    with open_slices(music) as store:
        store.drop([next(iter(music.recordings().values()))], model.trunk_name)
    assert weight_again(music, model, model.epsilon) == (tracks - 1, 1)
