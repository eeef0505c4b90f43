"""Documentation, help and messages avoid phrases that make readers stumble."""

from __future__ import annotations

import pytest

from tools.plain_english import phrases, prose, texts

TEXTS = texts()


@pytest.mark.parametrize("where", sorted(TEXTS))
def test_plain_english(where):
    assert [*phrases(TEXTS[where])] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lists what there is", "what there is"),
        ("lists what\nthere is", "what there is"),
        ("It is said that it works.", "is said"),
        ("It costs nothing. Who asks for it pays.", ". Who asks"),
        ("analysed anew", "anew"),
        ("a file that is none", "that is none"),
        ("a file that is no mix", "that is no mix"),
        ("all but for one", "but for"),
        ("one song a line", "one song a line"),
        ("It wants a token.", "It wants"),
    ],
)
def test_a_phrase(text, found):
    assert [phrase.text for phrase in phrases(text)] == [found]


@pytest.mark.parametrize(
    "text",
    [
        "Beyond that there is Spark.",
        "a list that is no longer than ten songs",
        "Everybody who takes part votes.",
        "a friend who has a library",
        "You want the page on your phone?",
        "the weights, and `beet deejai reweigh`",
    ],
)
def test_plain_text(text):
    assert [*phrases(text)] == []


def test_where_a_phrase_is():
    assert [phrase.line for phrase in phrases("one\ntwo\nanew")] == [3]


def test_code_and_links_are_not_read():
    page = """Text, `what there is`, and [a page](what-there-is.md).

    beet ls anew

```
anew
```
anew
"""
    assert [(phrase.line, phrase.text) for phrase in phrases(prose(page))] == [(8, "anew")]


def test_help_and_messages_are_read():
    assert "only list the files that would be analysed" in TEXTS["help"]
    assert len(TEXTS["messages"].splitlines()) > 400
