"""Phrases that make readers stumble, what to write instead, and where documentation, help and messages have them.

    python -m tools.plain_english

prints them all. Add a phrase when you see one that is wrong, archaic or inverted in nearly every sentence that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from optparse import SUPPRESS_HELP
from pathlib import Path

from beetsplug.deejai.cli.commands import deejai_command
from beetsplug.deejai.cli.hints import WORDS
from tools.messages import messages

ROOT = Path(__file__).parent.parent

INSTEAD = {  # a blank stands for any white space
    r"\bis said\b": "tell who says it: the output shows, the message names",
    r"\b(what|which) there (is|are|was|were)\b": "name it: all commands, the options",
    r"\b(all|any|one|two|first|last) that there (is|are)\b": "name it: all commands, the first",
    r"[.;:] who (asks|cannot|does|has|knows|looks|may|reads|wants)\b": "anybody who, or: if you",
    r"\b(by|for|than) who (?!else)\w+": "anybody who, or: if you",
    r"\banew\b": "again, from scratch",
    r"\b(every|in) so many\b": "the number, or: every N seconds",
    r"\bof ours\b": "our own",
    r"\bfor want of\b": "because there is no",
    r"\b(that|which) (is|are) (none\b|no (?!better|faster|less|longer|more|slower|worse)\w+)": "is not, is not a",
    r"\bbut for\b": "except for, except",
    r", be (it|they)\b": "whether it is",
    r"\bnor (are|can|do|does|has|is|may)\b": "and it does not",
    r"\bby lot\b": "at random",
    r"\bcomes? of (it|that|them|this)\b": "the result is",
    r"\bdear(er|est)?\b": "expensive, slow",
    r"\b(is|are) told (apart|by|from|so)\b": "is recognised by, you are told",
    r"\bto be had\b": "available",
    r"\b(there|where|here)(in|of|to|unto|upon)\b": "in it, of which",
    r"\bknows? no\b": "does not know, does not support",
    r"\b(one|an?)( \w+)?( to)? a line\b": "one per line",
    r"\bat last\b": "finally",
    r"\b(amongst|ere|hence|lest|thrice|whence|whilst)\b": "among, before, so, so that not, three times, from where, while",
    r"\bwhat helps\b": "what to do",
    r"\bweigh(s|ed|ing)?\b": "weight, count",
    r"\bat that[.,;]": "nothing, or: even",
    r"\bis to be \w+ed\b": "must be",
    r"\b(it|command|deejai|model|network|page|server) wants\b": "needs, requires",
    r"\bfor ever\b": "without end, until you stop it",
    r"\bof now\b": "current",
}


@dataclass(frozen=True)
class Phrase:
    """line: from 1."""

    line: int
    text: str
    instead: str


def phrases(text: str) -> Iterator[Phrase]:
    """Those of a text that are in `INSTEAD`, in the order of that table."""
    for pattern, instead in INSTEAD.items():
        for found in re.finditer(pattern.replace(" ", r"\s+"), text, re.IGNORECASE):
            yield Phrase(text.count("\n", 0, found.start()) + 1, " ".join(found[0].split()), instead)


def prose(markdown: str) -> str:
    """A page without its code and where its links lead, line by line."""
    markdown = re.sub(r"^```.*?^```", lambda code: "\n" * code[0].count("\n"), markdown, flags=re.DOTALL | re.MULTILINE)
    markdown = re.sub(r"^(    |\$ ).*", "", markdown, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`|(?<=\])\([^)\n]*\)|<!--.*?-->", "·", markdown)


def texts() -> dict[str, str]:
    """What users read: each page by its path from the root, and all help texts and messages, one per line."""
    above = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
    pages = {
        path.relative_to(ROOT).as_posix(): prose(path.read_text(encoding="utf-8"))
        for path in [*above, *sorted((ROOT / "docs").rglob("*.md"))]
    }
    return pages | {
        "help": "\n".join(helps()),
        "messages": "\n".join([*WORDS.values(), *(message.text for message in messages())]),
    }


def helps() -> Iterator[str]:
    """What `--help` says of every verb and option."""
    for verb in deejai_command(config=None, log=None).verbs:
        yield verb.help
        for parser in (verb.parser, *(part.parser for part in getattr(verb, "verbs", ()))):
            yield parser.description or ""
            yield from (option.help for option in parser.option_list if option.help != SUPPRESS_HELP)


if __name__ == "__main__":
    for where, text in texts().items():
        for phrase in phrases(text):
            print(f"{where}:{phrase.line}: {phrase.text!r}; better: {phrase.instead}")
