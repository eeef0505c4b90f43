"""A library that listens with a network of Deej-A.I."""

from __future__ import annotations

from pathlib import Path

import torch

from deejai_core.models.folder import save_speccy
from deejai_core.models.network import build_network


def save_network(folder: Path) -> Path:
    torch.manual_seed(0)
    save_speccy(build_network("1d", width=8).state_dict(), folder, kind="1d", scaling="minmax")
    return folder / "model.safetensors"


def test_a_library_listens_with_another_network(analysed):
    save_network(analysed.folder / "deejai/models/speccy")
    before = analysed.field("deejai_vector")

    told = analysed.deejai("model", "use", "speccy").err
    assert "speccy is in use: speccy-1d-" in told
    assert f"{len(before)} tracks to be heard" in told
    analysed.deejai("analyze")
    (name,) = set(analysed.field("deejai_model"))
    assert name.startswith("speccy-1d-")
    assert name in analysed.deejai("model", "info").out
    assert not set(analysed.field("deejai_vector")) & set(before)
    analysed.deejai("similar", "Aisle", "-n", "4", "-o", "playlists/like.m3u", "--duplicate-epsilon", "0")
    assert len(analysed.playlist("like.m3u")) == 5

    analysed.deejai("model", "use", "musicnn")
    assert set(analysed.field("deejai_model")) == {"musicnn-msd-1"}  # from what was stored


def test_a_damaged_network_is_one_line(analysed):
    weights = save_network(analysed.folder / "deejai/models/speccy")
    weights.write_bytes(weights.read_bytes()[:1000])
    told = analysed.deejai("model", "use", "speccy", status=1).err
    assert f"{weights}: cannot read the weights" in told
