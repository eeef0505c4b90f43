"""`beet deejai completion`: real shells complete verbs and options."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import time
from optparse import SUPPRESS_HELP
from pathlib import Path

import pytest

from beetsplug.deejai.cli.commands import deejai_command
from beetsplug.deejai.cli.commands.shell import SHELLS as OFFERED
from beetsplug.deejai.cli.completion import SHELLS, script

BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")

# What is typed before the tab key, and all that then may follow.
TYPED = [
    ("beet deejai sim", {"similar", "similar-artists"}),
    ("beet deejai similar --keep", {"--keep-on"}),
    ("beet deejai journey A B --keep-", {"--keep-first", "--keep-last"}),
    ("beet deejai similar --space ", {"sound", "track2vec"}),
    ("beet deejai similar x --drunk 0.2 --min", {"--minutes", "--min-length"}),
    ("beet deejai similar --drunk ", set()),
    ("beet deejai analyse --ret", {"--retry"}),
    ("beet -l other.db -v deejai stat", {"status"}),
    ("beet deejai model u", {"use"}),
    ("beet deejai model use --", {"--help"}),
    ("beet deejai help tra", {"train"}),
    ("beet deejai completion z", {"zsh"}),
    ("beet deejai status sim", set()),
    ("beet deej", {"deejai"}),
]


def test_the_shells_that_are_offered_are_those_that_there_are():
    assert tuple(SHELLS) == OFFERED


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> dict[str, Path]:
    """The scripts in files, by shell."""
    folder = tmp_path_factory.mktemp("completion")
    command = deejai_command(config=None, log=None)
    for shell in SHELLS:
        (folder / f"beet-deejai.{shell}").write_text(script(shell, command))
    return {shell: folder / f"beet-deejai.{shell}" for shell in SHELLS}


def need(shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")


def completed_by_bash(setup: str, lines: list[str]) -> list[set[str]]:
    """What bash offers at the end of each line."""
    ask = """
    ask() {
        COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
        COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        [[ $(complete -p beet) =~ -F\\ ([^ ]+) ]]
        "${BASH_REMATCH[1]}" beet "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s ' "${COMPREPLY[@]}"; echo
    }
    """
    asked = "\n".join(f"ask {shlex.join(re.split(' +', line))}" for line in lines)
    process = subprocess.run(
        ["bash", "--norc", "-c", f"{setup}\n{ask}\n{asked}"], capture_output=True, text=True, check=True
    )
    assert not process.stderr
    return [set(line.split()) for line in process.stdout.splitlines()]


class TestBash:
    def test_verbs_options_and_values(self, scripts):
        need("bash")
        offered = completed_by_bash(f"source {scripts['bash']}", [line for line, _ in TYPED])
        assert offered == [words for _, words in TYPED]

    def test_every_option_of_every_verb(self, scripts):
        need("bash")
        command = deejai_command(config=None, log=None)
        verbs = {f"beet deejai {verb.name}": verb for verb in command.verbs}
        for name, group in list(verbs.items()):
            verbs |= {f"{name} {verb.name}": verb for verb in getattr(group, "verbs", [])}
        flags = [
            {
                flag
                for option in verb.parser.option_list
                if option.help != SUPPRESS_HELP
                for flag in (*option._short_opts, *option._long_opts)
            }
            for verb in verbs.values()
        ]
        assert len(flags) > 25
        assert completed_by_bash(f"source {scripts['bash']}", [f"{name} -" for name in verbs]) == flags

    def test_beside_the_completion_of_beets(self, scripts, beets):
        need("bash")
        if not BASH_COMPLETION.exists():
            pytest.skip("bash-completion is not installed")
        own = beets.folder / "beet.bash"
        own.write_text(beets.run("completion").out)
        setup = f"source {BASH_COMPLETION}; source {own}; source {scripts['bash']}"
        assert completed_by_bash(setup, ["beet stat", "beet ls artist_cr", "beet deejai stat", "beet dee"]) == [
            {"stats"},
            {"artist_credit:"},
            {"status"},
            {"deejai"},
        ]


def test_fish(scripts):
    need("fish")
    asked = "; ".join(f"complete -C {shlex.quote(line)}; echo ---" for line, _ in TYPED)
    process = subprocess.run(
        ["fish", "--no-config", "-c", f"source {scripts['fish']}; {asked}"], capture_output=True, text=True, check=True
    )
    assert not process.stderr
    *answers, rest = process.stdout.split("---\n")
    assert not rest
    assert [{line.split("\t")[0] for line in answer.splitlines()} for answer in answers] == [words for _, words in TYPED]


class Typist:
    """A shell on a terminal of its own, with somebody who types."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        pid, self.terminal = pty.fork()
        if not pid:
            os.chdir(folder)
            env = os.environ | {"PS1": "ready> ", "TERM": "dumb", "HISTFILE": "/dev/null"}
            os.execvpe(arguments[0], arguments, env)  # noqa: S606 (the shells of this file)
        self.shown = ""
        self.read_until("ready> ")

    def read_until(self, end: str) -> str:
        deadline = time.monotonic() + 60
        while end not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.terminal], [], [], 1)[0]:
                self.shown += os.read(self.terminal, 4096).decode()
        before, _, self.shown = self.shown.partition(end)
        return before

    def run(self, line: str) -> None:
        os.write(self.terminal, f"{line}; echo do''ne\n".encode())
        self.read_until("\r\ndone\r\n")
        self.read_until("ready> ")

    def complete(self, line: str) -> str:
        """The line after a press of the tab key, as the shell itself then reads it."""
        os.write(self.terminal, f"{line}\t\x01set -- '\x05'; echo \"<$1>\"\n".encode())
        self.read_until("\r\n<")
        return self.read_until(">\r\n")


@pytest.mark.parametrize(
    ("shell", "arguments", "setup"),
    [
        ("bash", ["bash", "--norc", "-i"], ""),
        ("zsh", ["zsh", "-f", "-i"], "bindkey -e; autoload -Uz compinit; compinit -D; "),
    ],
    ids=["bash", "zsh"],
)
def test_a_press_of_the_tab_key(scripts, tmp_path, shell, arguments, setup):
    """The shell types what all that may follow has in common."""
    need(shell)
    (tmp_path / "song.flac").touch()
    typist = Typist(arguments, tmp_path)
    typist.run(f"{setup}source {scripts[shell]}")
    for line, words in [*TYPED, ("beet deejai similar so", {"song.flac"}), ("beet deejai similar -o so", {"song.flac"})]:
        begun = line.split(" ")[-1]
        common = os.path.commonprefix(sorted(words)) if words else begun  # noqa: RUF071 (letter by letter)
        assert typist.complete(line).rstrip() == (line.removesuffix(begun) + common).rstrip()


def test_the_command(beets):
    need("bash")
    own = beets.folder / "own.bash"
    own.write_text(beets.deejai("completion", "bash").out)
    assert completed_by_bash(f"source {own}", ["beet deejai simila"]) == [{"similar", "similar-artists"}]
    assert "completion for which shell? Name one of bash, zsh, fish" in beets.deejai("completion", "csh", status=1).err
