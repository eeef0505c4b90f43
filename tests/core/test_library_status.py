"""How a library stands, and why some of its files could not be analysed."""

from __future__ import annotations

from deejai_core import Analysis, analyse
from deejai_core.features.status import failed_files, library_status
from deejai_core.index.annoy_file import why_no_annoy
from deejai_core.models.musicnn.model import MusiCNN


def status(music):
    return library_status(music, MusiCNN(), Analysis(retries=0))


def test_before_and_after_an_analysis(music):
    tracks = len(music.ids())
    before = status(music)
    assert (before.tracks, before.analysed, before.pending, before.stored, before.slices) == (tracks, 0, tracks, 0, 0)
    assert before.index is None
    assert not (music.folder / "slices.db").exists()  # asking changes nothing

    analyse(music)
    after = status(music)
    assert (after.analysed, after.pending, after.current) == (tracks, 0, True)
    assert after.used_epsilon == after.epsilon == MusiCNN().epsilon
    assert after.slices > 0
    if why_no_annoy() is None:
        assert (after.index.tracks, after.index.current, after.index.asked) == (tracks, True, False)


def test_files_that_cannot_be_analysed(music):
    broken, other = music.ids()[:2]
    path = music.paths()[broken]
    path.write_bytes(b"no sound")
    assert failed_files(music) == []
    analyse(music)
    (failure,) = status(music).failures
    assert failure.path == path
    assert failed_files(music) == failed_files(music, {broken}) == [failure]
    assert failed_files(music, {other}) == []
    path.unlink()
    music.refresh()
    assert failed_files(music) == []
