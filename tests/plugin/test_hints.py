"""What helps against an error of the core, in words of `beet`."""

from __future__ import annotations

import errno
import os
import re
import shlex

import beets
import pytest
from beets import logging

from beetsplug.deejai.cli.commands import deejai_command
from beetsplug.deejai.cli.group import VerbsCommand
from beetsplug.deejai.cli.hints import WORDS, in_words
from deejai_core.errors import HINTS, LibraryError, UnmountedError


def test_every_hint_has_words():
    assert WORDS.keys() == HINTS.keys()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LibraryError("the library is busy"), "the library is busy"),
        (LibraryError("no vector", hint="analyse"), "no vector; run `beet deejai analyze`"),
        (
            UnmountedError("/music: is the drive mounted?", hint="analyse later"),
            f"/music: is the drive mounted? {WORDS['analyse later']}",
        ),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a\nb"), f"/a b: {os.strerror(errno.ENOSPC)}; free some space"),
        (OSError("no answer"), "no answer"),
    ],
)
def test_words_follow_the_message(error, told):
    assert in_words(error) == told


def test_a_hint_names_what_it_is_about(monkeypatch):
    monkeypatch.setitem(WORDS, "tag", "`beet deejai tag {about}` tags it")
    assert in_words(LibraryError("no tags", hint="tag", about="id:1")) == "no tags; `beet deejai tag id:1` tags it"


def test_commands_in_hints_exist():
    command = deejai_command(beets.config["deejai"], logging.getLogger("beets.deejai"))
    advised = [shlex.split(text)[2:] for words in WORDS.values() for text in re.findall("`(beet deejai [^`]*)`", words)]
    assert ["analyze", "--force"] in advised
    for words in advised:
        verb = command
        while isinstance(verb, VerbsCommand):
            verb = verb.verb(words.pop(0))
        for flag in (word for word in words if word.startswith("-")):
            assert verb.parser.has_option(flag), flag


def test_unknown_hints_are_refused():
    with pytest.raises(ValueError, match="unknown hint 'pray'"):
        LibraryError("all is lost", hint="pray")
