"""`beet deejai web --open`: the page in this machine's browser, which BROWSER names."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.djpage import Page

# A browser in a terminal: it shows the page, and returns only when it is closed.
BROWSER = """
import sys, time, urllib.request
from pathlib import Path
with urllib.request.urlopen(sys.argv[1], timeout=60) as answer:
    Path({seen!r}).write_text(f"{{answer.status}} {{sys.argv[1]}}")
while not Path({closed!r}).exists():
    time.sleep(0.05)
"""


@pytest.fixture
def browser(tmp_path):
    """Its command for BROWSER, and the file that it writes what it was shown to."""
    script, seen, closed = (tmp_path / name for name in ("browser.py", "seen", "closed"))
    script.write_text(BROWSER.format(seen=str(seen), closed=str(closed)))
    yield f"{sys.executable} {script} %s", seen
    closed.touch()


def read(file: Path, page: Page) -> str:
    deadline = time.monotonic() + 60
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < deadline, page.log.read_text()
        time.sleep(0.05)
    return file.read_text()


def test_the_browser_is_answered_while_it_is_open(web_library, browser):
    command, seen = browser
    with Page(web_library.folder, "--open", BROWSER=command) as page:
        assert read(seen, page) == f"200 {page.url}"


def test_it_is_given_the_token(web_library, browser):
    command, seen = browser
    with Page(web_library.folder, "--open", "--token", "abcdefgh12345678", BROWSER=command) as page:
        assert read(seen, page) == f"200 {page.url}?token=abcdefgh12345678"


def test_without_the_option_no_browser_is_started(web_library, browser):
    command, seen = browser
    with Page(web_library.folder, BROWSER=command) as page:
        assert page.get("/").status == 200
    assert not seen.exists()


def test_a_browser_that_is_not_there_stops_nothing(web_library):
    with Page(web_library.folder, "--open", BROWSER="no-such-browser %s") as page:
        assert page.get("/").status == 200
