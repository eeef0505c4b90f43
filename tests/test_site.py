"""The documentation as a site: each page is in it, each error message is on its page, and nothing comes from elsewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import deejai_core
from deejai_core.options.option import options_of
from tools.messages import MARK, PLAIN, RENAMED, Message, classes, in_module, line, messages, messages_as_markdown
from tools.options import MARK as OPTIONS_MARK
from tools.options import OF, options_as_markdown
from tools.site import faults

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def test_every_page_is_in_a_table_of_contents():
    listed = {
        (page.parent / (titled.partition("<")[2].rstrip(">") or titled)).with_suffix(".md").resolve()
        for page in DOCS.rglob("index.md")
        for tree in re.findall(r"```{toctree}\n(.*?)```", page.read_text(), re.DOTALL)
        for titled in tree.splitlines()
        if titled and not titled.startswith(":")
    }
    assert listed | {(DOCS / "index.md").resolve()} == {page.resolve() for page in DOCS.rglob("*.md")}


def test_every_message_is_on_the_page_of_troubles():
    page = (DOCS / "troubleshooting.md").read_text()
    kinds = [kind for mark in MARK.findall(page) for kind in mark.split()]
    assert sorted(kinds) == sorted({*classes(ROOT / "deejai_core/errors.py"), *PLAIN, *RENAMED.values()} - {"DeejaiError"})
    shown = messages_as_markdown(page)
    everything = messages()
    assert len(everything) > 400
    assert [message for message in everything if line(message) not in shown] == []


def test_every_kind_of_message_has_advice():
    """What a section says before its list, or after it, helps where a message itself says nothing more."""
    for section in re.split(r"^## ", (DOCS / "troubleshooting.md").read_text(), flags=re.MULTILINE)[1:]:
        title, _, text = section.partition("\n")
        assert len(MARK.sub("", text).split()) > 10, title


def test_every_option_is_in_a_table():
    page = (DOCS / "options.md").read_text()
    groups = [group for mark in OPTIONS_MARK.findall(page) for group in mark.split()]
    assert sorted(groups) == sorted(OF)
    shown = options_as_markdown(page)
    assert re.findall(r"^\| \[`(\w+)`\]", shown, re.MULTILINE) == [
        name for group in groups for name in options_of(OF[group])
    ]
    assert "| [`stay`](configuration.md#stay-default-04) | `--stay` | `0.4` | " in shown


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('AudioError("no audio in it")', [Message("no audio in it", "AudioError")]),
        ('StoreError(f"{path}: cannot be read ({error})")', [Message("…: cannot be read (…)", "StoreError")]),
        ('OptionError("fade", "must be short")', [Message("fade: must be short", "OptionError")]),
        (
            'NothingAllowedError("candidates", f"{text!r} matches nothing", hint="query")',
            [Message("candidates: … matches nothing", "NothingAllowedError", ("query",))],
        ),
        ('MixError("one" if first else "two")', [Message("one", "MixError"), Message("two", "MixError")]),
        ('MapError(one_line(f"{path}: no " + "map"))', [Message("…: no map", "MapError")]),
        (
            'LibraryError("nothing", hint="tag" if few else "analyse")',
            [Message("nothing", "LibraryError", ("tag", "analyse"))],
        ),
        (
            'def f(path):\n what = "no map" if path else "no picture"\n raise MapError(f"{path}: {what}")',
            [Message("…: no map", "MapError"), Message("…: no picture", "MapError")],
        ),
        (
            'def f():\n what = "one"\n if a:\n  raise MapError(what)\n what = "two"\n raise MapError(what)',
            [Message("one", "MapError"), Message("two", "MapError")],
        ),
        ("ModelError(str(error))", []),  # that of another error
    ],
)
def test_messages_in_code(code, found):
    assert list(in_module("deejai_core/a.py", ast.parse(code))) == found


def test_what_helps_stands_below_a_message():
    assert line(Message("nothing analysed yet", "NotAnalysedError", ("analyse",))) == (
        "* `nothing analysed yet`  \n  run `beet deejai analyze`"
    )


def test_a_site_that_is_whole(tmp_path):
    (tmp_path / "a.html").write_text('<h1 id="one">A</h1><a href="b.html#two">b</a><a href="https://beets.io">beets</a>')
    (tmp_path / "b.html").write_text('<img src="c.png"><h2 id="two">B</h2><a href="#two">two</a>')
    assert list(faults(tmp_path)) == []


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "a.html: loads https://cdn.example/x.js"),
        ('<img src="//example/x.png">', "a.html: loads //example/x.png"),
        ('<link rel="stylesheet" href="https://fonts.example/x.css">', "a.html: loads https://fonts.example/x.css"),
        ('<video poster="https://example/x.png"></video>', "a.html: loads https://example/x.png"),
        ('<img src="#" srcset="x.png 1x, https://example/x.png 2x">', "a.html: loads https://example/x.png"),
        ('<p style="background: url(//example/x.png)">', "a.html: loads //example/x.png"),
        ("<style>@import url(//example/x.css)</style>", "a.html: loads //example/x.css"),
        ('<a href="#none">none</a>', "a.html: #none leads nowhere"),
        ('<a href="none.html">none</a>', "a.html: none.html leads nowhere"),
    ],
)
def test_what_is_wrong_with_a_site(tmp_path, html, fault):
    (tmp_path / "a.html").write_text(html)
    assert list(faults(tmp_path)) == [fault]


def test_a_style_that_comes_from_elsewhere(tmp_path):
    (tmp_path / "a.html").touch()
    (tmp_path / "a.css").write_text("@import url(https://fonts.example/f.css); b { background: url('pictures/a.png') }")
    assert list(faults(tmp_path)) == ["a.css: loads https://fonts.example/f.css"]


def test_every_public_name_is_in_the_reference():
    shown = set(
        re.findall(r"`(\w+)`|^\.\. auto\w+:: deejai_core\.(\w+)$", (DOCS / "api-reference.md").read_text(), re.MULTILINE)
    )
    assert set(deejai_core.__all__) <= {name for names in shown for name in names}
