"""What Mopidy's configuration may name as the library."""

from __future__ import annotations

import pytest

from deejai_core.errors import LibraryError
from mopidy_deejai.opening import open_music


def test_a_folder_of_music_that_was_analysed(music):
    assert open_music(music.music_folder).library.ids() == music.ids()


def test_any_other_folder_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "song.flac").touch()
    with pytest.raises(LibraryError, match="nor music that was analysed"):
        open_music(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["song.flac"]
