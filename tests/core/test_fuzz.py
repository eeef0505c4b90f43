"""Whatever a file holds, its readers answer or refuse it in one line; they never raise anything else, and never hang."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deejai_core.audio.metadata import Caption
from deejai_core.audio.sandbox import Decoder
from deejai_core.embedding.slices import SliceStore
from deejai_core.errors import DeejaiError
from deejai_core.index.annoy_file import find_index, index_paths
from deejai_core.index.hubs import densities, open_densities
from tests.libraries import random_vectors
from tests.sounds import chirp, write_audio

SUFFIXES = [".mp3", ".flac", ".ogg", ".opus", ".wav", ".m4a", ".wma", ".aiff", ".wv", ".ape"]
SHARED = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def decoder():
    with Decoder(seconds=30, memory=2_000_000_000) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def healthy(tmp_path_factory) -> dict[str, bytes]:
    """A second of music in each format that can be written here."""
    folder = tmp_path_factory.mktemp("healthy")
    made = {}
    for suffix in (".mp3", ".flac", ".ogg", ".wav", ".m4a", ".wma", ".aiff", ".wv"):
        made[suffix] = write_audio(folder / f"song{suffix}", chirp(1, 44_100, 2), 44_100).read_bytes()
    return made


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def refusal(read: Callable[[], object]) -> str:
    """Why it was refused; empty if it was not."""
    try:
        read()
    except DeejaiError as error:
        return str(error)
    return ""


def read_all(decoder: Decoder, path) -> None:
    """As a seed outside the library is read."""
    assert isinstance(decoder.caption(path), Caption)
    assert len(decoder.key(path)) == 32
    windows = []
    why_not = refusal(lambda: windows.extend(decoder.windows(path, sample_rate=16_000, length=48_128, limit=4)))
    assert bool(why_not) != bool(windows)
    assert "\n" not in why_not
    assert "crashed" not in why_not
    assert "time_limit" not in why_not
    assert np.isfinite(windows).all()
    for read in (decoder.comments, decoder.picture, lambda path: list(decoder.stereo(path, 8000))):
        assert "crashed" not in refusal(lambda read=read: read(path))


@SHARED
@given(data=st.binary(max_size=4000), suffix=st.sampled_from(SUFFIXES))
def test_any_bytes(decoder, tmp_path_factory, data, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"song{suffix}"
    path.write_bytes(data)
    read_all(decoder, path)


@SHARED
@given(
    suffix=st.sampled_from([".mp3", ".flac", ".ogg", ".wav", ".m4a", ".wma", ".aiff", ".wv"]),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12),
    kept=st.floats(0.05, 1),
)
def test_a_healthy_file_with_bytes_changed(decoder, healthy, tmp_path_factory, suffix, changes, kept):
    data = bytearray(healthy[suffix])
    for place, change in changes:
        # Headers are where readers are led astray: half of the changes go to the first bytes.
        start = int(place * (200 if len(change) % 2 else len(data)))
        data[start : start + len(change)] = change
    path = tmp_path_factory.mktemp("fuzz") / f"song{suffix}"
    path.write_bytes(data[: int(kept * len(data))])
    read_all(decoder, path)


@SHARED
@given(manifest=st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(as_json))
def test_any_manifest_of_an_index(tmp_path_factory, manifest):
    folder = tmp_path_factory.mktemp("index")
    file, _, described = index_paths(folder)
    file.write_bytes(b"no index")
    described.write_bytes(manifest)
    assert not find_index(folder, random_vectors(0, 5), "")


@SHARED
@given(data=st.binary(max_size=2000))
def test_any_cache_of_hubs(tmp_path_factory, data):
    from deejai_core.index import hubs as hubness

    folder = tmp_path_factory.mktemp("hubs")
    (folder / "hubness.npz").write_bytes(data)
    vectors = random_vectors(0, 250)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hubness, "CACHED_FROM", 0)
        assert np.array_equal(open_densities(folder, vectors), densities(vectors))


@SHARED
@given(data=st.binary(min_size=1, max_size=3000), header=st.booleans())
def test_any_slice_store(tmp_path_factory, data, header):
    path = tmp_path_factory.mktemp("store") / "slices.db"
    path.write_bytes(b"SQLite format 3\x00" * header + data)

    def use() -> None:
        with SliceStore(path) as store:
            store.failures()
            store.put("key", "model", np.ones((1, 4)))
            assert store.keys("model") == {"key"}  # a file too short to be told from an empty one

    why_not = refusal(use)
    assert not why_not or why_not.startswith(f"{path}: ")
