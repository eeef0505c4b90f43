"""What votes for one of two sides show: an exact binomial test, and how many votes would be enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LEVEL = 0.05  # below this probability, chance is not a good explanation
POWER = 0.8  # the probability with which a difference should be noticed
MOST_NEEDED = 1_000  # votes; a difference that needs more does not matter to a listener


@dataclass(frozen=True)
class Verdict:
    """The result of votes.

    probability: of votes at least as one-sided if nobody heard a difference. needed: how many votes in all would be enough
    to notice a difference like this one, with a probability of `POWER`; None: more than `MOST_NEEDED`, or there is no
    difference.
    """

    votes: tuple[int, int]  # for either side
    undecided: int  # votes for "cannot tell"
    probability: float
    needed: int | None

    @property
    def total(self) -> int:
        """The votes for one of the two sides."""
        return sum(self.votes)

    @property
    def tells(self) -> bool:
        """Whether chance is not a good explanation."""
        return self.probability < LEVEL


def judge(votes: tuple[int, int], undecided: int = 0) -> Verdict:
    """Return the verdict on votes for either side. Votes for "cannot tell" count for neither."""
    total, most = sum(votes), max(votes)
    return Verdict(votes, undecided, two_sided(most, total), votes_needed(most / total) if total else None)


def two_sided(votes: int, total: int) -> float:
    """Return the probability that one side of a coin comes up at least this often, in this many tosses."""
    most = max(votes, total - votes)
    ways = math.comb(total, most)
    tail = ways
    for number in range(most, total):
        ways = ways * (total - number) // (number + 1)  # comb(total, number + 1)
        tail += ways
    return min(1.0, 2 * tail / (1 << total))


def votes_needed(share: float) -> int | None:
    """Return the least number of votes that shows a difference with probability `POWER`, if this is one side's true share.

    None: more than `MOST_NEEDED`. share: 0 to 1.
    """
    share = max(share, 1 - share)
    if share == 0.5:
        return None
    return next((total for total in range(1, MOST_NEEDED + 1) if power(share, total) >= POWER), None)


def power(share: float, total: int) -> float:
    """Return the probability that this many votes show a difference, if this is one side's true share."""
    fair, real = _probabilities(0.5, total), _probabilities(share, total)
    at_least = np.cumsum(fair[::-1])[::-1]  # of this many votes or more
    telling = np.flatnonzero(2 * at_least < LEVEL)
    if not len(telling):
        return 0.0
    least = telling[0]
    return float(real[least:].sum() + real[: total - least + 1].sum())


def _probabilities(share: float, total: int) -> np.ndarray:
    """Return (total + 1,), the probability of each number of votes, from 0 on."""
    if share == 1:
        return np.asarray(np.eye(total + 1)[total])
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])  # of factorials
    numbers = np.arange(total + 1)
    chosen = logs[total] - logs - logs[::-1]
    return np.asarray(np.exp(chosen + numbers * math.log(share) + (total - numbers) * math.log1p(-share)))
