"""A server on this machine that answers as the hub of Hugging Face does.

Its answers have what the hub's have besides. Small files lie behind a redirect without a host; large ones on another host,
behind an address that is signed for GET alone, and their headers offer another protocol, Xet. Whoever asks for a model that
there is not may just have forgotten to log in (401).
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch
from safetensors.torch import save

from deejai_core.models.deejai.folder import CONFIG
from deejai_core.models.deejai.network import build_network

WEIGHTS = "diffusion_pytorch_model.safetensors"


class Hub:
    """What the hub has and what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], dict[str, bytes]] = {}  # by model and commit
        self.revisions: dict[tuple[str, str], str] = {}
        self.asked: list[tuple[str, str, str | None]] = []  # method, path, Range
        self.agents: set[str] = set()
        self.tokens: set[tuple[str, str | None]] = set()  # host and token sent to it
        self.cut_after: int | None = None  # bytes of weights after which the line goes dead
        self.dead = False
        self.hangs = False  # the line does not break off then, but says nothing any more
        self.knows_ranges = True

    def publish(self, repo: str, commit: str, files: dict[str, bytes], *names: str) -> None:
        """`files` as the revision `commit`, which the branches or tags `names` are set to."""
        self.files[repo, commit] = files
        for name in ("main", commit, *names):
            self.revisions[repo, name] = commit

    @property
    def downloads(self) -> list[str | None]:
        """The ranges in which weights were downloaded."""
        return [span for method, path, span in self.asked if method == "GET" and path.startswith("/cdn/")]


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub: Hub = self.server.hub
        hub.asked.append((self.command, self.path, self.headers.get("Range")))
        hub.agents.add(self.headers.get("User-Agent", ""))
        hub.tokens.add((self.headers["Host"].split(":")[0], self.headers.get("Authorization")))
        if hub.dead:
            self.answer(503)
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/([^/]+))?", self.path):
            repo, revision = found[1], found[2] or "main"
            commit = hub.revisions.get((repo, revision))
            if commit is None:
                known = any(name == repo for name, _ in hub.revisions)
                self.answer(404 if known else 401, {"X-Error-Code": "RevisionNotFound" if known else "RepoNotFound"})
                return
            names = [{"rfilename": name} for name in hub.files[repo, commit]]
            self.answer(200, {}, json.dumps({"id": repo, "sha": commit, "siblings": names}).encode())
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/([^/]+)", self.path):
            content = hub.files[found[1], found[2]][found[3]]
            if found[3] == CONFIG:
                cached = f"/api/resolve-cache/models/{found[1]}/{found[2]}/{found[3]}"
                self.answer(307, {"Location": cached, "X-Repo-Commit": found[2]})
                return
            elsewhere = f"http://localhost:{self.server.server_port}/cdn/{found[1]}/{found[2]}/{found[3]}"
            linked = {"X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Linked-Size": str(len(content))}
            xet = {"X-Xet-Hash": "0" * 64, "Link": f'<{elsewhere}>; rel="xet-auth"'}
            self.answer(302, {"Location": elsewhere, "X-Repo-Commit": found[2], **linked, **xet})
        elif found := re.fullmatch(r"/api/resolve-cache/models/([^/]+/[^/]+)/([^/]+)/([^/]+)", self.path):
            self.answer(200, {"ETag": '"c0ffee"', "X-Repo-Commit": found[2]}, hub.files[found[1], found[2]][found[3]])
        elif self.command == "HEAD" and self.path.startswith("/cdn/"):
            self.answer(403)
        elif found := re.fullmatch(r"/cdn/([^/]+/[^/]+)/([^/]+)/([^/]+)", self.path):
            content = hub.files[found[1], found[2]][found[3]]
            first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            if first >= len(content):
                self.answer(416, {"Content-Range": f"bytes */{len(content)}"})
                return
            first = first if hub.knows_ranges else 0
            span = {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"} if first else {}
            self.answer(206 if first else 200, span, content[first:], cut=True)
        else:
            self.answer(404)

    def answer(self, status: int, headers: dict[str, str] | None = None, content: bytes = b"", cut: bool = False) -> None:
        hub: Hub = self.server.hub
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if cut and hub.cut_after is not None:
            content, hub.dead, self.close_connection = content[: hub.cut_after], not hub.hangs, True
        self.wfile.write(content)
        if cut and hub.hangs:
            self.rfile.read(1)  # until whoever asked is gone


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    """The URL at which the hub answers, for HF_ENDPOINT."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.hub = hub
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def published(*, seed: int = 0, width: int = 4, dimension: int = 10) -> dict[str, bytes]:
    """The files of a network in the layout of the published one, of the true size with the true `width` and `dimension`."""
    torch.manual_seed(seed)
    weights = build_network("2d", width=width, dimension=dimension).state_dict()
    config = {"_class_name": "AudioEncoder", "_diffusers_version": "0.12.0.dev0", "width": width, "dimension": dimension}
    if (width, dimension) == (1024, 100):
        del config["width"], config["dimension"]
    return {CONFIG: json.dumps(config).encode(), WEIGHTS: save(weights), "README.md": b"# Audio encoder"}
