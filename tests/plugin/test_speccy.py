"""A library that listens with a network of Deej-A.I."""

from __future__ import annotations

from pathlib import Path

import torch

from deejai_core.models.deejai.folder import save_speccy
from deejai_core.models.deejai.hub import PUBLISHED
from deejai_core.models.deejai.network import build_network
from tests.hub import Hub, published, serving


def save_network(folder: Path) -> Path:
    torch.manual_seed(0)
    save_speccy(build_network("1d", width=8).state_dict(), folder, kind="1d", scaling="minmax")
    return folder / "model.safetensors"


def test_a_library_listens_with_another_network(analysed):
    save_network(analysed.folder / "deejai/models/speccy")
    before = analysed.field("deejai_vector")

    told = analysed.deejai("model", "use", "speccy").err
    assert "speccy is in use: speccy-1d-" in told
    assert f"{len(before)} tracks not analysed with it yet" in told
    analysed.deejai("analyze")
    (name,) = set(analysed.field("deejai_model"))
    assert name.startswith("speccy-1d-")
    assert name in analysed.deejai("model", "info").out
    assert not set(analysed.field("deejai_vector")) & set(before)
    analysed.deejai("similar", "Aisle", "-n", "4", "-o", "playlists/like.m3u", "--duplicate-epsilon", "0")
    assert len(analysed.playlist("like.m3u")) == 5

    analysed.deejai("model", "use", "musicnn")
    assert set(analysed.field("deejai_model")) == {"musicnn-msd-1"}  # from what was stored


def test_a_network_from_the_hub(analysed):
    hub = Hub()
    hub.publish(PUBLISHED, "0" * 40, published(width=8, dimension=100))
    with serving(hub) as url:
        told = analysed.deejai("model", "use", PUBLISHED, HF_ENDPOINT=url, NO_PROXY="127.0.0.1,localhost").err
    assert f"{PUBLISHED} is in use: speccy-2d-" in told
    assert "24 tracks not analysed with it yet" in told

    # From now on nobody is asked, and the configuration may name it as well.
    analysed.configure(model=PUBLISHED)
    assert f"from       {PUBLISHED}, revision {'0' * 40}" in analysed.deejai("model", "info").out
    analysed.deejai("analyze", "Aisle")
    assert len(analysed.field("deejai_vector", "deejai_model:speccy-2d")) == len(analysed.field("title", "Aisle"))


def test_without_a_connection_it_is_said_where_the_files_belong(analysed):
    told = analysed.deejai("model", "use", PUBLISHED, HF_ENDPOINT="http://127.0.0.1:9", status=1).err
    assert "download it on another machine into" in told
    assert "teticio--audio-encoder" in told
    assert set(analysed.field("deejai_model")) == {"musicnn-msd-1"}


def test_a_damaged_network_is_one_line(analysed):
    weights = save_network(analysed.folder / "deejai/models/speccy")
    weights.write_bytes(weights.read_bytes()[:1000])
    told = analysed.deejai("model", "use", "speccy", status=1).err
    assert f"{weights}: cannot read the weights" in told
