"""`beet deejai blind`, as a user types it: two lists that differ plainly, told apart by ear.

Each artist of the composed collection plays in a genre of their own.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys

import pytest

from tests.plugin.conftest import BEET, Beets, Result, copied, text


def started(beets: Beets, *words: str) -> subprocess.Popen:
    env = os.environ | {"BEETSDIR": str(beets.folder), "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    command = [BEET, "deejai", "blind", *words]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=env, cwd=beets.folder)


def hold(beets: Beets, *words: str, answers: str) -> Result:
    """Answers are read from standard input, a line each."""
    process = started(beets, *words)
    out, err = process.communicate(answers.encode(), timeout=120)
    assert b"Traceback" not in err, err
    return Result(text(out), text(err), process.returncode)


ODDS = "If nobody could hear a difference, a result at least this one-sided would come up"
WORDS = ("genre", "random", "--seed", "3", "-n", "3", "--rounds", "7", "--artist-separation", "0")


def by_ear(shown: str) -> str:
    """Answers of a listener who knows one thing: songs by the artist of the first one go best with it."""
    answers = []
    for part in shown.split("Round ")[1:]:
        artist = re.match(r"\d+ of 7: what goes with (.*?) - ", part)
        if artist:
            one, _, other = part.partition("  list 2")
            answers.append("1" if one.count(f"    {artist[1]} - ") > other.count(f"    {artist[1]} - ") else "2")
    return "\n".join(answers) + "\n"


def test_a_listener_tells_genre_from_chance(analysed):
    shown = hold(analysed, *WORDS, answers="0\n" * 7)
    assert shown.lines[-2] == "genre 0, random 0, could not tell 7"
    told = hold(analysed, *WORDS, answers=by_ear(shown.out))  # the same rounds
    assert told.status == 0
    before, after = told.out.split("Round 1: ")
    assert "random" not in before
    assert len(re.findall("genre was chosen", after)) == 8  # of seven rounds, and of all votes
    assert after.splitlines()[-4:] == [
        "genre 7, random 0, could not tell 7",
        "  genre was chosen in 100 % of 7 votes.",
        f"  {ODDS} 1.6 % of the time (exact binomial test, two-sided).",
        "  That is less than 5 %, so it is hardly chance.",
    ]
    assert analysed.deejai("blind").lines == after.splitlines()[-4:]
    assert "votes     14 of blind tests" in analysed.deejai("status").lines
    assert any(line.split()[:3] == ["ok", "votes", "14"] for line in analysed.deejai("doctor", status=None).lines)


def test_votes_are_merged_with_a_friends_once(analysed, analysed_library, tmp_path):
    friend = copied(analysed_library, tmp_path / "friend")
    hold(analysed, *WORDS, answers="1\n2\nq\n")
    hold(friend, *WORDS, answers="1\n")  # and then the input ends
    assert friend.deejai("blind", "--export", "mine.jsonl").lines == [f"1 vote written to {friend.folder}/mine.jsonl"]
    for new in ("1 new vote of 1", "0 new votes of 1"):
        assert analysed.deejai("blind", "--merge", friend.folder / "mine.jsonl").out.startswith(new)
    assert re.match(r"genre \d, random \d, could not tell 0", analysed.deejai("blind").out)
    assert "votes     3 of blind tests" in analysed.deejai("status").lines


def test_ctrl_c_keeps_the_votes_that_were_cast(analysed):
    process = started(analysed, *WORDS)
    for answer in (b"1\n", b"2\n"):
        while not process.stdout.readline().startswith(b"Which one"):
            pass
        process.stdin.write(answer)
        process.stdin.flush()
    while not process.stdout.readline().startswith(b"Which one"):
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert b"Traceback" not in err
    assert re.search(rb"Round 2: list 1 was (genre|random).*\ngenre \d, random \d, could not tell 0\n", out)
    assert "votes     2 of blind tests" in analysed.deejai("status").lines


def test_both_lists_are_played(analysed):
    script = "import sys; print('played', sum(1 for line in open(sys.argv[1])), 'songs', flush=True)"
    (analysed.folder / "player.py").write_text(script)
    player = shlex.join([sys.executable, str(analysed.folder / "player.py")])
    config = analysed.folder / "config.yaml"
    config.write_text(f"{config.read_text()}\nplay: {{command: {player}}}\n")
    told = hold(analysed, *WORDS, "--play", answers="r\n1\nq\n")
    assert told.lines.count("played 3 songs") == 2 * 2 + 2


def test_a_damaged_file_is_found_out_before_anybody_listens(analysed):
    hold(analysed, *WORDS, answers="1\n2\n1\n")
    path = analysed.data / "votes.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    for command in (["blind"], ["blind", "genre", "random"], ["blind", "--export", "mine.jsonl"]):
        error = analysed.deejai(*command, status=1).err
        assert error == f"error: {path}: line 4 is not a vote (not JSON); `beet deejai doctor --fix` repairs it\n"
    assert path.read_bytes() == whole[:-20]
    assert any("line 4 is not a vote" in line for line in analysed.deejai("status").lines)
    assert "problem  votes" in analysed.deejai("doctor", status=1).out
    assert "copied everything intact to a new file" in analysed.deejai("doctor", "--fix", status=None).out
    assert "votes     2 of blind tests" in analysed.deejai("status").lines
    assert [kept.read_bytes() for kept in analysed.data.glob("votes.jsonl.damaged-*")] == [whole[:-20]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sound"], "compares two ways to make lists, not 1; give two: beet deejai blind sound random QUERY"),
        (["sound", "feel"], "'feel' is not a way to make lists; choose two of sound, track2vec, random, genre, bliss"),
        (["sound", "model:musicnn"], "sound and model:musicnn are the same here, musicnn-msd-1"),
        (["sound", "model:other"], "unknown model 'other'; choose one of: musicnn"),
        (["sound", "epsilon:2"], "epsilon:2: must be between 0 and 2, not 2"),
        (["sound", "track2vec"], "Track2Vec has learned no track of this library; run `beet deejai train --track2vec`"),
        (["sound", "random", "nothing like it"], "no track matches 'nothing like it'"),
        (["genre", "random", "-n", "0"], "--number: must be at least 1, not 0"),
        (["genre", "random", "--rounds", "x"], "option --rounds: invalid integer value: 'x'"),
        (["--merge", "gone.jsonl"], "gone.jsonl: cannot be read (No such file or directory)"),
        (["--merge", "config.yaml"], "config.yaml: not a file of votes, by its first line; nothing was merged"),
        (["--export", "config.yaml"], "config.yaml: this file exists and has no votes; choose another name"),
    ],
)
def test_what_cannot_be_done_is_one_line(analysed, words, told):
    result = analysed.deejai("blind", *words, status=None)
    assert result.status != 0
    assert told in result.err


def test_an_empty_library_and_no_votes(beets):
    assert beets.deejai("blind").out.startswith("no votes yet; start a blind test: beet deejai blind sound random QUERY")
    assert "Your beets library is empty" in beets.deejai("blind", "sound", "random", status=1).err


def test_another_epsilon_leaves_the_library_as_it_is(analysed):
    before = analysed.field("deejai_vector")
    told = hold(analysed, "sound", "epsilon:1.5", "--seed", "1", "--artist-separation", "0", answers="1\n")
    assert "musicnn-msd-1 epsilon 1.5" in told.lines[-5] + told.lines[-4] + told.lines[-3]
    assert analysed.field("deejai_vector") == before
