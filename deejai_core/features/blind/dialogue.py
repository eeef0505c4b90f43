"""A blind test in lines of text: rounds, the listener's answers, and at the end what made which list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from deejai_core.errors import HINTS
from deejai_core.features.blind.rounds import Round, find_seeds, rounds
from deejai_core.features.blind.sides import LoadModel, open_pair
from deejai_core.features.blind.verdict import LEVEL, MOST_NEEDED, POWER, Verdict, judge
from deejai_core.features.blind.votes import Vote, export_votes, keep_votes, merge_votes, read_votes
from deejai_core.formats.entries import Track
from deejai_core.library import Library
from deejai_core.lists.lookup import user_path
from deejai_core.lists.request import Request
from deejai_core.models.protocol import Model
from deejai_core.options.lists import BlindTest
from deejai_core.progress import Teller
from deejai_core.words import counted, one_line

ANSWERS = {"1": 0, "2": 1, "0": None}
END, AGAIN = "q", "r"

Say = Callable[[str], None]
Ask = Callable[[str], str | None]
Play = Callable[[list[Track]], None]


def hold_and_tell(
    library: Library,
    model: Model,
    load: LoadModel,
    words: Sequence[str],
    request: Request,
    options: BlindTest,
    teller: Teller,
    ask: Ask,
    play: Play | None = None,
) -> None:
    """Hold a test, store its votes, and show the result of all votes for its two sides.

    words: the two sides, and a query of tracks to begin with. Other arguments: see `open_pair` and `hold_test`.
    """
    sides, words = words[:2], words[2:]
    read_votes(library)  # so that a damaged file is noticed before anybody has listened to anything
    pair = open_pair(library, model, load, sides, request, teller)
    made = rounds(pair, find_seeds(pair, words), options.blind_tracks, np.random.default_rng(request.walk.seed))

    def keep(vote: Vote) -> None:
        keep_votes(library, [vote])

    voted = hold_test(made, options.blind_rounds, say=teller.say, ask=ask, keep=keep, play=play)
    for line in (*reveal_lines(voted), *result_lines(pair.labels, read_votes(library))):
        teller.say(line)


def exchange_votes(library: Library, theirs: str | None, ours: str | None, teller: Teller) -> None:
    """Merge the votes of a friend's file, and export one for a friend, with a line about each. None: no such file."""
    if theirs:
        new, every = merge_votes(library, user_path(theirs))
        teller.say(f"{counted(new, 'new vote')} of {every:,} in {one_line(theirs)}")
    if ours:
        path = user_path(ours).absolute()
        teller.say(f"{counted(export_votes(library, path), 'vote')} written to {path}")


def results_lines(votes: Sequence[Vote], words: Mapping[str, str] = HINTS) -> Iterator[str]:
    """Return the results of all comparisons. words: gives the advice for a name in `HINTS`."""
    for sides, verdict in verdicts(votes).items():
        yield from verdict_lines(sides, verdict)
    if not votes:
        yield f"no votes yet; {words['hold a blind test']}"


def hold_test(
    rounds: Iterable[Round],
    most: int,
    *,
    say: Say,
    ask: Ask,
    keep: Callable[[Vote], None],
    play: Play | None = None,
) -> list[tuple[Round, Vote]]:
    """Hold up to this many rounds; return those with a vote.

    say: takes a line. ask: returns the answer to a question, None at the end of the input. keep: receives each vote as soon
    as it is cast. play: plays tracks; None if the listener only sees the lists. Ctrl-C also ends the test.
    """
    voted = []
    try:
        for number, each in enumerate(rounds, 1):
            say(f"Round {number} of {most}: what goes with {each.seed.name}?")
            for place, members in enumerate(each.lists, 1):
                say(f"  list {place}")
                for member in members:
                    say(f"    {member.name}")
            chosen = _choice(each, say, ask, play)
            if chosen == END:
                break
            vote = each.vote(ANSWERS[chosen])
            keep(vote)
            voted.append((each, vote))
            if number == most:
                break
        else:
            say("There are no more seeds for which the two sides make different lists.")
    except KeyboardInterrupt:
        say("")  # end the line on which the terminal shows it
    return voted


def reveal_lines(voted: Sequence[tuple[Round, Vote]]) -> Iterator[str]:
    """Return what made the lists of each round, and which of them was chosen."""
    for number, (each, vote) in enumerate(voted, 1):
        chosen = "neither was chosen" if vote.chosen is None else f"{vote.chosen} was chosen"
        yield f"Round {number}: list 1 was {each.sides[0]}, list 2 {each.sides[1]}; {chosen}"


def verdicts(votes: Iterable[Vote]) -> dict[tuple[str, str], Verdict]:
    """Return the verdict on each two sides that were compared."""
    of_pair: dict[tuple[str, str], Counter[str | None]] = {}
    for vote in votes:
        of_pair.setdefault(vote.sides, Counter())[vote.chosen] += 1
    return {sides: judge((count[sides[0]], count[sides[1]]), count[None]) for sides, count in sorted(of_pair.items())}


def result_lines(labels: tuple[str, str], votes: Iterable[Vote]) -> Iterator[str]:
    """Return the result of all votes for these two sides."""
    one, other = sorted(labels)
    verdict = verdicts(votes).get((one, other))
    if verdict:
        yield from verdict_lines((one, other), verdict)
    else:
        yield f"No vote for {one} or {other} yet."


def verdict_lines(sides: tuple[str, str], verdict: Verdict) -> Iterator[str]:
    """Return how many votes either side has, whether that may be chance, and how many would be enough."""
    (one, other), total = verdict.votes, verdict.total
    yield f"{sides[0]} {one:,}, {sides[1]} {other:,}, could not tell {verdict.undecided:,}"
    if one == other:
        yield "  Neither is ahead: no number of such votes would tell them apart."
        return
    share = f"{100 * max(one, other) / total:.0f} %"
    yield f"  {sides[0] if one > other else sides[1]} was chosen in {share} of {counted(total, 'vote')}."
    yield (
        "  If nobody could hear a difference, a result at least this one-sided would come up "
        f"{_probability(verdict.probability)} of the time (exact binomial test, two-sided)."
    )
    if verdict.tells:
        yield f"  That is less than {100 * LEVEL:.0f} %, so it is hardly chance."
    elif verdict.needed is None:
        yield f"  That may be chance. If {share} is the true share, even {MOST_NEEDED:,} votes would hardly tell."
    else:
        yield (
            f"  That may be chance. If {share} is the true share, {verdict.needed:,} votes would be enough to show it, "
            f"at least {100 * POWER:.0f} % of the time: {verdict.needed - total:,} more to go."
        )


def _probability(probability: float) -> str:
    percent = 100 * probability
    return "less than 0.01 %" if percent < 0.01 else f"{percent:.2g} %" if percent < 10 else f"{percent:.0f} %"


def _choice(each: Round, say: Say, ask: Ask, play: Play | None) -> str:
    """Return one of `ANSWERS`, or `END`."""
    if play:
        _play(each, say, play)
    question = "Which one goes better with it? (1, 2, 0: cannot tell, q: end" + (", r: play again)" if play else ")")
    while True:
        answer = ask(question)
        if answer is None:
            return END
        answer = answer.strip().lower()
        if answer in (*ANSWERS, END):
            return answer
        if answer == AGAIN and play:
            _play(each, say, play)
        else:
            known = "answer 1, 2, 0, q or r" if play else "answer 1, 2, 0 or q"
            say(f"{known}, not {one_line(answer)[:40]!r}" if answer else known)


def _play(each: Round, say: Say, play: Play) -> None:
    for place, members in enumerate(each.lists, 1):
        say(f"  playing list {place}")
        play([track for member in members for track in member.tracks])
