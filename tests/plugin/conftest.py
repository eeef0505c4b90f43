"""The real `beet`, as a user calls it, on libraries in temporary folders."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from demo.composer import compose
from tests.djpage import Page
from tests.forkserver import BEET, forkserver, needs_fresh

CHROMIUM = shutil.which("chromium")
OFFLINE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@dataclass(frozen=True)
class Result:
    out: str
    err: str
    status: int

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def text(output: bytes) -> str:
    """Output as `subprocess` would decode it."""
    return output.decode(errors="surrogateescape").replace("\r\n", "\n").replace("\r", "\n")


class Beets:
    """A beets library of its own, with the plugin on."""

    def __init__(self, folder: Path, **deejai: object) -> None:
        self.folder = folder
        self.music = folder / "music"
        self.library = folder / "library.db"
        self.data = folder / "library.db.deejai"
        self.env: dict[str, str] = {}
        self.music.mkdir(parents=True, exist_ok=True)
        self.configure(**deejai)

    def configure(self, *, plugins: str = "deejai", **deejai: object) -> None:
        """Write config.yaml; keyword arguments are the plugin's options."""
        config = {
            "directory": str(self.music),
            "library": str(self.library),
            "plugins": plugins,
            # As it stands, where it lies, and also what is there already: nothing is asked.
            "import": {"copy": False, "write": False, "quiet_fallback": "asis", "duplicate_action": "keep"},
            "create_backup_before_migrations": False,
            "deejai": {"playlist_dir": str(self.folder / "playlists")} | deejai,
        }
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config))

    def run(self, *args: object, status: int | None = 0, cwd: Path | None = None, real: bool = False, **env: str) -> Result:
        """Run `beet ARGS`; its exit status must be as given (None: any), and no user ever sees a traceback.

        real: in a fresh interpreter; else it is forked from a server, which spares the imports.
        """
        changed = {"BEETSDIR": str(self.folder), "COLUMNS": "100"} | self.env | env
        words, env, cwd = list(map(str, args)), os.environ | changed, cwd or self.folder
        if real or needs_fresh(changed):
            process = subprocess.run([BEET, *words], env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True)
            out, err, ended = process.stdout, process.stderr, process.returncode
        else:
            out, err, ended = forkserver().run(words, env=env, cwd=cwd)
        result = Result(text(out), text(err), ended)
        assert "Traceback" not in result.err, result.err
        assert "Logging error" not in result.err, result.err
        assert status in (None, result.status), result
        return result

    def deejai(self, *args: object, **options: object) -> Result:
        return self.run("deejai", *args, **options)

    def field(self, name: str, *query: str) -> list[str]:
        """A field of the matching tracks, in the order of their titles."""
        return self.run("ls", "-f", f"${name}", *query, "title+").lines

    def playlist(self, name: str) -> list[str]:
        """The file names in a playlist."""
        lines = (self.folder / "playlists" / name).read_text(errors="surrogateescape").splitlines()
        return [Path(line).name for line in lines if not line.startswith("#")]


def copied(library: Beets, folder: Path) -> Beets:
    """A library of one's own that holds what another one does."""
    own = Beets(folder)
    shutil.copy(library.library, own.library)
    shutil.copytree(library.data, own.data)
    return own


@pytest.fixture(scope="session", autouse=True)
def _end_of_forkserver():
    yield
    if forkserver.cache_info().currsize:
        forkserver().close()


@pytest.fixture
def beets(tmp_path) -> Beets:
    """An empty library."""
    return Beets(tmp_path / "beets")


@pytest.fixture(scope="session")
def collection(tmp_path_factory) -> Path:
    """The composed collection, 8 seconds a track."""
    folder = tmp_path_factory.mktemp("collection")
    compose(folder, seconds=8)
    return folder


@pytest.fixture(scope="session")
def analysed_library(tmp_path_factory, collection) -> Beets:
    """The collection imported in place by a real `beet import`; not to be changed."""
    library = Beets(tmp_path_factory.mktemp("analysed"))
    library.run("import", "-qA", collection)
    return library


@pytest.fixture
def analysed(analysed_library, tmp_path) -> Beets:
    """A library of one's own that holds the analysed collection."""
    return copied(analysed_library, tmp_path / "beets")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with next to no room."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(scope="module")
def browser():
    """A real browser without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def web_library(tmp_path_factory, analysed_library) -> Beets:
    """A library that holds the analysed collection, for one module's server."""
    return copied(analysed_library, tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="module")
def server(web_library):
    """The DJ page of a module's library."""
    with Page(web_library.folder) as server:
        yield server


@pytest.fixture(scope="module")
def whole(server) -> bytes:
    """The file of the first track."""
    return server.get("/api/audio/1").body


@pytest.fixture
def visit(browser):
    """Opens a server's page in a browser of its own; what the page complains of, or asks others for, is an error."""
    from tests.browsing import Visits

    visits = Visits(browser)
    yield visits
    visits.close()


@pytest.fixture(scope="module")
def tagged_library(analysed_library, tmp_path_factory):
    library = Beets(tmp_path_factory.mktemp("tagged"))
    shutil.copy(analysed_library.library, library.library)
    shutil.copytree(analysed_library.data, library.data)
    library.deejai("tag")
    return library


@pytest.fixture
def tagged(tagged_library, tmp_path):
    """A library of one's own that holds the collection with its tags."""
    own = Beets(tmp_path / "tagged")
    shutil.copy(tagged_library.library, own.library)
    shutil.copytree(tagged_library.data, own.data)
    return own
