"""A plain installation, without the extras, does what most people want, and says of the rest what is missing."""

from __future__ import annotations

import pytest

EXTRAS = (
    *("torch", "gensim", "scipy", "rapidfuzz", "pylast", "ijson", "huggingface_hub", "h5py", "pyarrow", "distributed"),
    *("flask", "waitress", "imagesize", "openTSNE", "sklearn", "matplotlib", "pyloudnorm", "sounddevice", "mpd"),
    *("librosa", "numba", "pandas", "PIL"),
)


@pytest.fixture
def plain(tmp_path) -> dict[str, str]:
    """An environment in which no library of an extra can be imported, by any process."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/sitecustomize.py").write_text(
        f"import sys\nsys.modules.update(dict.fromkeys({EXTRAS!r}))  # None: as if it were not installed\n"
    )
    return {"PYTHONPATH": str(tmp_path / "plain")}


def test_it_imports_analyses_lists_journeys_and_tags(beets, collection, plain):
    beets.configure(auto=False)
    albums = sorted(folder for folder in collection.rglob("*") if folder.is_dir() and any(folder.glob("*.*")))
    beets.run("import", "-qA", albums[0], **plain)
    beets.configure(tags=True)
    beets.run("import", "-qA", albums[1], **plain)
    assert 0 < len(beets.field("title", "deejai_vector::.")) < len(beets.field("title"))
    beets.deejai("analyze", **plain)
    titles = beets.field("title", "deejai_vector::.")
    assert titles == beets.field("title")
    assert beets.field("deejai_top_tags", "deejai_tags::.")
    listed = beets.deejai("similar", titles[0], "-n", "3", **plain).lines
    assert len(listed) == 5
    between = beets.deejai("journey", titles[0], titles[-1], "-n", "2", **plain).out
    assert titles[-1] in between
    beets.deejai("reweigh", **plain)
    beets.deejai("tag", "-f", **plain)
    (list_,) = (beets.folder / "playlists").glob("Similar*.m3u")
    assert "tracks written" in beets.deejai("reorder", list_, **plain).out
    beets.deejai("eval", **plain)
    assert beets.deejai("doctor", **plain).status == 0
    assert "up to date" in beets.deejai("status", **plain).out


@pytest.mark.parametrize(
    ("command", "library", "extra"),
    [
        (["train", "mine"], "torch", "train"),
        (["analyze", "--device", "cuda", "-f"], "torch", "gpu"),
        (["model", "use", "somebody/something"], "huggingface_hub", "hub"),
        (["analyze", "--dask", "tcp://127.0.0.1:1", "-f"], "distributed", "dask"),
        (["web"], "flask", "web"),
        (["map"], "openTSNE", "map"),
        (["mix", "Aisle", "-o", "mix.flac"], "scipy", "mix"),
        (["listen"], "sounddevice", "listen"),
        (["radio"], "mpd", "mpd"),
        (["history", "report"], "rapidfuzz", "history"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_command_that_needs_more_says_what(analysed_library, plain, command, library, extra):
    result = analysed_library.deejai(*command, status=1, **plain)
    assert f"error: {library} is not installed; pip install 'beets-deejai[{extra}]'" in result.err
