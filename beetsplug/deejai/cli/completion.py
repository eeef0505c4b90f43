"""Completion of `beet deejai` for bash, zsh and fish: scripts made of the very parsers of its verbs.

beets' own completion knows no verbs of a command. Each script completes what follows `beet deejai` and leaves the rest of
`beet` to whatever completed it before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from optparse import SUPPRESS_HELP, Option, OptionParser

from .group import Verb, VerbsCommand

FILES = re.compile(r"FILE|FOLDER|PLAYLIST|SOURCE")  # arguments that may be files, in a usage line
WITH_VALUE = ("-l", "--library", "-d", "--directory", "-c", "--config", "-p", "--plugins", "-P", "--disable-plugins")
# of beets itself, in front of the command


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
    words: tuple[tuple[str, str], ...]  # that it takes as arguments, or its verbs, with their help
    files: bool = False


def bash_script(command: VerbsCommand) -> str:
    return BASH.format(**_tables(command, lambda word, help_: _quoted(word)))


def zsh_script(command: VerbsCommand) -> str:
    return ZSH.format(**_tables(command, _described))


def fish_script(command: VerbsCommand) -> str:
    nodes = list(_nodes(command))
    lines = []
    for node in nodes:
        here = f"complete -c beet -n {_fish(f'__beet_deejai_at {_fish(node.path)}')}"
        lines.append(f"{here} {'-F' if node.files else '-f'}")
        lines += [f"{here} -f -a {_fish(word)} -d {_fish(help_)}" for word, help_ in node.words]
        lines += [f"{here} {_fish_flag(flag)} -d {_fish(flag.help)}" for flag in node.flags]
    paths = " ".join(_fish(node.path) for node in nodes)
    return FISH.format(help=_fish(command.help), paths=paths, lines="\n".join(lines), global_options=" ".join(WITH_VALUE))


SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


def _nodes(command: Verb | VerbsCommand, above: str = "") -> Iterator[Node]:
    """The command and all its verbs, each under all its names."""
    verbs = getattr(command, "verbs", [])
    words = [(verb.name, verb.help) for verb in verbs] or [(word, "") for word in command.words]
    usage = command.parser.usage or ""
    flags = [_flag(option, command.parser) for option in command.parser.option_list if option.help != SUPPRESS_HELP]
    for name in (command.name, *command.aliases):
        path = f"{above} {name}".strip()
        yield Node(path, command.help, tuple(flags), tuple(words), bool(FILES.search(usage)))
        for verb in verbs:
            yield from _nodes(verb, path)


def _flag(option: Option, parser: OptionParser) -> Flag:
    help_ = (option.help or "").replace("%default", str(parser.defaults.get(option.dest)))
    if not option.takes_value():
        value = ""
    elif option.choices:
        value = "word"
    else:
        value = {"FILE": "file", "DIR": "folder"}.get(option.metavar, "text")
    return Flag((*option._short_opts, *option._long_opts), help_, value, tuple(option.choices or ()))


def _tables(command: VerbsCommand, written: Callable[[str, str], str]) -> dict[str, str]:
    """The cases of bash and zsh. written: how a word with its help stands in an array."""
    nodes = list(_nodes(command))
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
    """A word with its help, as `_describe` of zsh takes it."""
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


# Functions of bash and zsh.
TABLES = """\
# What may follow the words "$1": verbs or other words, files. Status 1 if they are not the way to a verb.
_beet_deejai_arguments() {{
    case $1 in
{arguments}
        *) return 1 ;;
    esac
}}

_beet_deejai_flags() {{
    case $1 in
{flags}
    esac
}}

# What an option takes: "$1" is the words up to its verb, and the option.
_beet_deejai_value() {{
    case $1 in
{values}
    esac
}}

"""

# Of bash and zsh, too: in the loop over the words so far, which place in the tree of verbs `word` leads to.
WAY = """\
        case $word in
            {global_options}) [[ -n $place ]] || (( at++ )) ;;
            -*) ;;
            *)
                _beet_deejai_arguments "${{place:+$place }}$word" || break
                place=${{place:+$place }}$word ;;
        esac
    done
    if [[ -z $place ]]; then
        _beet_deejai_others "$@"
        return
    fi
"""

BASH = (
    """\
# Completion of `beet deejai` for bash. Source it after that of beets itself, to which it leaves all other commands.

"""
    + TABLES
    + """\
_beet_deejai() {{
    local -a offers
    local place= at word files= value= current=$2 previous=$3
    for (( at = 1; at < COMP_CWORD; at++ )); do
        word=${{COMP_WORDS[at]}}
"""
    + WAY
    + """\
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    offers=() files=
    _beet_deejai_value "$place $previous"
    if [[ -z $value && $current == -* ]]; then
        _beet_deejai_flags "$place"
    elif [[ -z $value ]]; then
        _beet_deejai_arguments "$place"
    fi
    COMPREPLY=( $(compgen -W "${{offers[*]}}" -- "$current") )
    if [[ $value == folder ]]; then
        compopt +o default -o dirnames
    elif [[ $value != file && -z $files ]]; then
        compopt +o default
    fi
}} 2>/dev/null  # bash 3.2, as of macOS, knows no compopt, and offers files more often

# Everything but `beet deejai` is for what completes `beet` otherwise: that of beets, or of the system.
_beet_deejai_others() {{
    if ! declare -F _beet >/dev/null; then
        _comp_load beet || _completion_loader beet
        complete -o default -F _beet_deejai beet
    fi
    if declare -F _beet >/dev/null; then
        compopt +o default -o filenames
        _beet "$@"
    elif (( COMP_CWORD == 1 )); then
        COMPREPLY=( $(compgen -W deejai -- "$2") )
    fi
}}

complete -o default -F _beet_deejai beet
"""
)

ZSH = (
    """\
# Completion of `beet deejai` for zsh. Source it after compinit. What completed `beet` before goes on with all else.

"""
    + TABLES
    + """\
_beet_deejai() {{
    local place= at word files= value= previous=$words[CURRENT-1]
    local -a offers
    for (( at = 2; at < CURRENT; at++ )); do
        word=$words[at]
"""
    + WAY
    + """\
    offers=() files=
    if [[ $PREFIX == --*=* ]]; then
        previous=${{PREFIX%%=*}}
        compset -P 1 '*='
    fi
    _beet_deejai_value "$place $previous"
    if [[ $value == word ]]; then
        compadd -- $offers
    elif [[ $value == file ]]; then
        _files
    elif [[ $value == folder ]]; then
        _files -/
    elif [[ $value == text ]]; then
        _message value
    elif [[ $PREFIX == -* ]]; then
        _beet_deejai_flags "$place"
        _describe -o option offers
    else
        _beet_deejai_arguments "$place"
        [[ -z $offers ]] || _describe argument offers
        [[ -z $files ]] || _files
    fi
}}

_beet_deejai_others() {{
    if [[ -n $_beet_deejai_before ]]; then
        $_beet_deejai_before
    elif (( CURRENT == 2 )); then
        compadd deejai
    else
        _default
    fi
}}

[[ $_comps[beet] == _beet_deejai ]] || typeset -g _beet_deejai_before=$_comps[beet]
compdef _beet_deejai beet
"""
)

FISH = """\
# Completion of `beet deejai` for fish, beside that of beets itself (`beet fish`).

set -g __beet_deejai_paths {paths}

# Whether the words so far are the way to this verb, and what is typed belongs to it.
function __beet_deejai_at
    set -l place
    set -l skip
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip
        else if string match -q -- '-*' $word
            if test -z "$place"; and contains -- $word {global_options}
                set skip yes
            end
        else
            set -l further (string trim "$place $word")
            contains -- $further $__beet_deejai_paths; or break
            set place $further
        end
    end
    test "$place" = "$argv[1]"
end

complete -c beet -n "__beet_deejai_at ''" -f -a deejai -d {help}
{lines}
"""
