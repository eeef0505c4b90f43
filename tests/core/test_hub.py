"""Networks from the hub, which is here a server on this machine that answers as the hub does."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from safetensors.torch import load

from deejai_core.errors import MissingError, ModelError
from deejai_core.models.deejai.folder import CONFIG, load_speccy, save_speccy
from deejai_core.models.deejai.hub import PUBLISHED, fetch
from deejai_core.models.deejai.model import WINDOW
from deejai_core.models.deejai.network import build_network
from tests.hub import WEIGHTS, Hub, published, serving

BIN = "diffusion_pytorch_model.bin"
PATIENCE = 120  # seconds that a start may take on a machine that has much else to do

OLD, NEW = "0" * 40, "1" * 40


@pytest.fixture
def hub(monkeypatch) -> Iterator[Hub]:
    hub = Hub()
    with serving(hub) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield hub


def test_the_published_network(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")  # of somebody who has private models too
    hub.publish(PUBLISHED, OLD, published(width=1024, dimension=100))
    folder = fetch(PUBLISHED, tmp_path / "models/audio-encoder")
    model = load_speccy(folder)
    assert (model.dimension, model.scaling) == (100, "decibels")
    embedded = model.embed(np.random.default_rng(0).normal(0, 0.1, (2, WINDOW)).astype(np.float32))
    assert np.isfinite(embedded).all()
    assert np.linalg.norm(embedded, axis=1).min() > 0.1
    assert {file.name for file in folder.iterdir()} == {CONFIG, WEIGHTS, "deejai.json"}

    # Nothing was asked for but the files, and nothing was told but who asks.
    resolve = f"/{PUBLISHED}/resolve/{OLD}"
    cached = f"/api/resolve-cache/models/{PUBLISHED}/{OLD}/{CONFIG}"
    files = {f"{resolve}/{CONFIG}", cached, f"{resolve}/{WEIGHTS}", f"/cdn/{PUBLISHED}/{OLD}/{WEIGHTS}"}
    assert {path for _, path, _ in hub.asked} == {f"/api/models/{PUBLISHED}", *files}
    assert hub.tokens == {("127.0.0.1", "Bearer hf_secret"), ("localhost", None)}
    (agent,) = hub.agents
    assert re.fullmatch(r"beets-deejai/[\d.]+", agent)


def test_it_is_downloaded_once_and_stays(hub, tmp_path):
    hub.publish("a/b", OLD, published())
    name = load_speccy(fetch("a/b", tmp_path)).name
    hub.publish("a/b", NEW, published(seed=1))
    asked = list(hub.asked)
    assert load_speccy(fetch("a/b", tmp_path)).name == name
    assert fetch(f"a/b@{OLD}", tmp_path) == tmp_path
    assert hub.asked == asked
    notes = json.loads((tmp_path / "deejai.json").read_text())
    assert (notes["repo"], notes["revision"]) == ("a/b", OLD)


def test_a_revision_is_pinned(hub, tmp_path):
    hub.publish("a/b", OLD, published(), "v1")
    hub.publish("a/b", NEW, published(seed=1))
    old = load_speccy(fetch("a/b@v1", tmp_path)).name
    assert load_speccy(fetch("a/b", tmp_path, revision="v1")).name == old
    assert len(hub.downloads) == 1
    new = load_speccy(fetch("a/b", tmp_path, revision=NEW)).name
    assert new != old
    assert load_speccy(fetch("a/b", tmp_path / "other")).name == new


def test_a_branch_or_tag_that_moves_on_leaves_what_was_downloaded(hub, tmp_path):
    hub.publish("a/b", OLD, published(), "v1")
    old = load_speccy(fetch("a/b@v1", tmp_path / "tag")).name
    assert load_speccy(fetch("a/b@main", tmp_path / "branch")).name == old
    hub.publish("a/b", NEW, published(seed=1), "v1")
    asked = list(hub.asked)
    assert load_speccy(fetch("a/b@v1", tmp_path / "tag")).name == old
    assert load_speccy(fetch("a/b@main", tmp_path / "branch")).name == old
    assert hub.asked == asked
    assert load_speccy(fetch("a/b@v1", tmp_path / "new")).name != old


def as_bin(weights: bytes) -> bytes:
    """The same numbers as a pickle of torch's."""
    file = io.BytesIO()
    torch.save(load(weights), file)
    return file.getvalue()


def test_weights_in_the_older_format(hub, tmp_path):
    """A repository may have a `.bin` alone, or both; then the one that is no pickle is downloaded."""
    files = published()
    older = {CONFIG: files[CONFIG], BIN: as_bin(files[WEIGHTS])}
    hub.publish("a/old", OLD, older)
    hub.publish("a/both", OLD, older | files)
    names = {load_speccy(fetch(repo, tmp_path / repo)).name for repo in ("a/old", "a/both")}
    assert len(names) == 1
    assert (tmp_path / "a/old" / BIN).read_bytes() == older[BIN]
    assert {file.name for file in (tmp_path / "a/both").iterdir()} == {CONFIG, WEIGHTS, "deejai.json"}
    assert len(hub.downloads) == 2


def test_a_pickle_that_does_something_is_not_run(hub, tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "evil",)

    file = io.BytesIO()
    torch.save({"dense_block.dense.weight": Evil()}, file)
    hub.publish("a/b", OLD, {CONFIG: published()[CONFIG], BIN: file.getvalue()})
    with pytest.raises(ModelError, match=BIN):
        fetch("a/b", tmp_path / "model")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "model" / CONFIG).exists()


def test_another_format_takes_the_place_of_the_first(hub, tmp_path):
    """What is left of the old revision must not be preferred."""
    hub.publish("a/b", OLD, published())
    fetch("a/b", tmp_path)
    save_speccy(build_network("1d", width=4, dimension=10).state_dict(), tmp_path / "new", kind="1d", scaling="minmax")
    hub.publish("a/b", NEW, {name: (tmp_path / "new" / name).read_bytes() for name in (CONFIG, "model.safetensors")})
    assert load_speccy(fetch(f"a/b@{NEW}", tmp_path)).name == load_speccy(tmp_path / "new").name
    assert not (tmp_path / WEIGHTS).exists()


def test_a_download_that_broke_off_goes_on(hub, tmp_path):
    files = published(width=128)
    hub.publish("a/b", OLD, files)
    hub.cut_after = 15_000_000  # of 21; the library writes 10 MiB at a time
    with pytest.raises(ModelError, match=r"^a/b: cannot download it from http://127.* try again, or download it"):
        fetch("a/b", tmp_path)
    with pytest.raises(ModelError, match="no model in it"):
        load_speccy(tmp_path)
    hub.dead, hub.cut_after = False, None
    fetch("a/b", tmp_path)
    assert hub.downloads[0] is None
    assert hub.downloads[-1] == f"bytes={10 << 20}-"
    assert (tmp_path / WEIGHTS).read_bytes() == files[WEIGHTS]


def test_a_download_that_was_killed_goes_on_in_another_process(hub, tmp_path):
    files = published(width=128)
    hub.publish("a/b", OLD, files)
    hub.cut_after, hub.hangs = 15_000_000, True
    code = "import sys, pathlib; from deejai_core.models.deejai.hub import fetch; fetch('a/b', pathlib.Path(sys.argv[1]))"
    partial = tmp_path / f".download-{OLD}" / f"{WEIGHTS}.partial"
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not (partial.exists() and partial.stat().st_size >= 10 << 20):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            process.kill()
    hub.cut_after, hub.hangs = None, False
    fetch("a/b", tmp_path)
    assert hub.downloads == [None, f"bytes={10 << 20}-"]
    assert (tmp_path / WEIGHTS).read_bytes() == files[WEIGHTS]
    assert not partial.parent.exists()


def test_a_download_that_was_killed_when_it_was_whole_is_not_asked_for_again(hub, tmp_path):
    files = published()
    hub.publish("a/b", OLD, files)
    (staging := tmp_path / f".download-{OLD}").mkdir()
    (staging / f"{WEIGHTS}.partial").write_bytes(files[WEIGHTS])
    assert load_speccy(fetch("a/b", tmp_path)).is_intact()
    assert hub.downloads == []


def test_a_server_that_knows_no_ranges_sends_all_again(hub, tmp_path):
    files = published()
    hub.publish("a/b", OLD, files)
    hub.knows_ranges = False
    (staging := tmp_path / f".download-{OLD}").mkdir()
    (staging / f"{WEIGHTS}.partial").write_bytes(files[WEIGHTS][:1000])
    assert load_speccy(fetch("a/b", tmp_path)).is_intact()
    assert hub.downloads == ["bytes=1000-"]


def test_a_mirror_may_end_with_a_slash(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", f"{os.environ['HF_ENDPOINT']}/")
    hub.publish("a/b", OLD, published())
    assert load_speccy(fetch("a/b", tmp_path)).is_intact()


def test_what_was_damaged_on_its_way_is_not_kept(hub, tmp_path):
    files = published()
    hub.publish("a/b", OLD, files)
    staging = tmp_path / f".download-{OLD}"
    staging.mkdir()
    (staging / f"{WEIGHTS}.partial").write_bytes(b"not the beginning of it")
    with pytest.raises(ModelError, match=r"damaged during the download; try again"):
        fetch("a/b", tmp_path)
    assert load_speccy(fetch("a/b", tmp_path)).is_intact()

    (staging := tmp_path / f".download-{NEW}").mkdir()
    (staging / f"{WEIGHTS}.partial").write_bytes(bytes(len(files[WEIGHTS]) + 1))  # longer than the whole
    hub.publish("a/b", NEW, files)
    assert load_speccy(fetch(f"a/b@{NEW}", tmp_path)).is_intact()


def test_two_do_not_download_the_same(hub, tmp_path):
    hub.publish("a/b", OLD, published())
    (staging := tmp_path / f".download-{OLD}").mkdir()
    with (
        FileLock(staging / "lock"),
        pytest.raises(ModelError, match=r"^a/b: another process is downloading it; wait"),
    ):
        fetch("a/b", tmp_path)
    assert load_speccy(fetch("a/b", tmp_path)).is_intact()


def test_a_server_that_is_not_a_hub(hub, tmp_path):
    hub.publish("a/b", "../../elsewhere", published())
    with pytest.raises(ModelError, match=r"^a/b: http://127.* does not answer like the Hugging Face hub$"):
        fetch("a/b", tmp_path)


def test_a_network_of_the_wrong_shape_replaces_nothing(hub, tmp_path):
    hub.publish("a/b", OLD, published())
    name = load_speccy(fetch("a/b", tmp_path)).name
    hub.publish("a/b", NEW, published() | {WEIGHTS: published(width=5)[WEIGHTS]})
    with pytest.raises(ModelError, match=r"dense_block.dense.weight has the shape \(5, 41472\) instead of \(4, 41472\)"):
        fetch(f"a/b@{NEW}", tmp_path)
    assert load_speccy(tmp_path).name == name
    assert fetch("a/b", tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("repo", "message"),
    [
        ("a/c", "^a/c: there is no such model at http://127.* or it is private$"),
        ("a/b@v9", "^a/b: there is no revision v9 of it at http://127"),
        ("a/b/c", "^a/b/c: not the name of a model; it should be owner/name$"),
        ("a b", "^a b: not the name of a model; it should be owner/name$"),
        (
            "a/text",
            r"^a/text: not a network of Deej-A.I.; it should have config.json and model.safetensors or diffusion_py",
        ),
    ],
)
def test_what_the_hub_does_not_have(hub, tmp_path, repo, message):
    hub.publish("a/b", OLD, published())
    hub.publish("a/text", OLD, {CONFIG: b"{}", "pytorch_model.bin": b""})
    with pytest.raises(ModelError, match=message) as raised:
        fetch(repo, tmp_path / "model")
    assert "\n" not in str(raised.value)


def test_without_a_line_it_is_said_where_the_files_belong(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9/")  # nobody listens there
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    told = rf"^a/b: cannot download it from http://127.0.0.1:9 \(.*\); try again, or .* another machine into {tmp_path}$"
    with pytest.raises(ModelError, match=told) as raised:
        fetch("a/b", tmp_path)
    assert "\n" not in str(raised.value)
    for name in (CONFIG, WEIGHTS):
        (tmp_path / name).write_bytes(published()[name])
    assert load_speccy(fetch("a/b", tmp_path)).dimension == 10


def test_the_library_for_the_hub_may_be_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", None)
    with pytest.raises(MissingError, match=r"pip install 'beets-deejai\[hub\]'"):
        fetch("a/b", tmp_path)
