"""Completion of `beet deejai` for bash, zsh and fish: the scripts in `scripts/`, filled from the parsers of its verbs.

beets' own completion does not know verbs of a command. Each script completes what follows `beet deejai` and leaves the rest
of `beet` to the existing completion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from optparse import SUPPRESS_HELP, Option, OptionParser
from pathlib import Path

from beets.ui import Subcommand

from .group import Verb, VerbsCommand

FILES = re.compile(r"FILE|FOLDER|PLAYLIST|SOURCE")  # arguments that may be files, in a usage line
WITH_VALUE = ("-l", "--library", "-d", "--directory", "-c", "--config", "-p", "--plugins", "-P", "--disable-plugins")
# of beets itself, before the command


@dataclass(frozen=True)
class Flag:
    """An option as it is typed."""

    names: tuple[str, ...]
    help: str
    value: str  # what follows it: "" nothing, "word" one of `words`, "file", "folder", or "text"
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Node:
    """What may follow some words: `path` is "deejai", "deejai similar", "deejai model use", ..."""

    path: str
    help: str
    flags: tuple[Flag, ...]
    words: tuple[tuple[str, str], ...]  # its possible arguments, or its verbs, with their help
    files: bool = False


def script(shell: str, command: VerbsCommand) -> str:
    """Return the script for one of `SHELLS`."""
    return _filled(f"deejai.{shell}", SHELLS[shell](list(_nodes(command))))


def _filled(file: str, texts: dict[str, str]) -> str:
    """Return a file of `scripts/`, with texts or other such files in place of names between @."""

    def text(name: str) -> str:
        return texts[name] if name in texts else _filled(f"{name}.sh", texts).rstrip("\n")

    template = Path(__file__).with_name("scripts").joinpath(file).read_text(encoding="utf-8")
    return re.sub(r"@(\w+)@", lambda match: text(match[1]), template)


def _nodes(command: Subcommand, above: str = "") -> Iterator[Node]:
    """Return the command and all its verbs, each under all its names."""
    verbs = command.verbs if isinstance(command, VerbsCommand) else []
    words = [(verb.name, verb.help) for verb in verbs]
    words += [(word, "") for word in command.words] if isinstance(command, Verb) else []
    usage = command.parser.usage or ""
    flags = [_flag(option, command.parser) for option in command.parser.option_list if option.help != SUPPRESS_HELP]
    for name in (command.name, *command.aliases):
        path = f"{above} {name}".strip()
        yield Node(path, command.help, tuple(flags), tuple(words), bool(FILES.search(usage)))
        for verb in verbs:
            yield from _nodes(verb, path)


def _flag(option: Option, parser: OptionParser) -> Flag:
    help_ = (option.help or "").replace("%default", str(parser.defaults.get(option.dest or "")))
    if not option.takes_value():
        value = ""
    elif option.choices:
        value = "word"
    else:
        value = {"FILE": "file", "DIR": "folder"}.get(option.metavar or "", "text")
    return Flag((*option._short_opts, *option._long_opts), help_, value, tuple(option.choices or ()))


def _for_fish(nodes: Sequence[Node]) -> dict[str, str]:
    lines = []
    for node in nodes:
        here = f"complete -c beet -n {_fish(f'__beet_deejai_at {_fish(node.path)}')}"
        lines.append(f"{here} {'-F' if node.files else '-f'}")
        lines += [f"{here} -f -a {_fish(word)} -d {_fish(help_)}" for word, help_ in node.words]
        lines += [f"{here} {_fish_flag(flag)} -d {_fish(flag.help)}" for flag in node.flags]
    return {
        "help": _fish(nodes[0].help),
        "paths": " ".join(_fish(node.path) for node in nodes),
        "lines": "\n".join(lines),
        "global_options": " ".join(WITH_VALUE),
    }


def _cases(written: Callable[[str, str], str], nodes: Sequence[Node]) -> dict[str, str]:
    """Return the cases of bash and zsh. written: formats a word with its help for an array."""
    arguments, flags, values = [], [], []
    for node in nodes:
        words = " ".join(written(word, help_) for word, help_ in node.words)
        arguments.append(f"{_quoted(node.path)}) offers=({words}) files={'yes' if node.files else ''} ;;")
        names = " ".join(written(name, flag.help) for flag in node.flags for name in flag.names)
        flags.append(f"{_quoted(node.path)}) offers=({names}) ;;")
        for flag in node.flags:
            if flag.value:
                after = "|".join(_quoted(f"{node.path} {name}") for name in flag.names)
                values.append(f"{after}) value={flag.value} offers=({' '.join(flag.words)}) ;;")
    cases = {"arguments": arguments, "flags": flags, "values": values}
    tables = {name: "\n".join(f"        {case}" for case in lines) for name, lines in cases.items()}
    return tables | {"global_options": "|".join(WITH_VALUE)}


def _described(word: str, help_: str) -> str:
    """Return a word with its help for `_describe` of zsh."""
    return _quoted(word.replace(":", "\\:") + (f":{help_}" if help_ else ""))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish_flag(flag: Flag) -> str:
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in flag.names)
    takes = {
        "": "",
        "word": f" -x -a {_fish(' '.join(flag.words))}",
        "file": " -r -F",
        "folder": " -x -a '(__fish_complete_directories)'",
        "text": " -x",
    }
    return names + takes[flag.value]


SHELLS: dict[str, Callable[[Sequence[Node]], dict[str, str]]] = {
    "bash": partial(_cases, lambda word, help_: _quoted(word)),
    "zsh": partial(_cases, _described),
    "fish": _for_fish,
}
