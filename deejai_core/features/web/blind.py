"""Blind tests on the page: the server keeps what made which list, and says so only when a test has ended."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from deejai_core.errors import ModelError
from deejai_core.features.blind.dialogue import result_lines, reveal_lines
from deejai_core.features.blind.rounds import Round, find_seeds, rounds
from deejai_core.features.blind.sides import PLAIN, LoadModel, open_pair
from deejai_core.features.blind.votes import Vote, keep_votes, read_votes
from deejai_core.features.web.library import BlindResult, RefusedError
from deejai_core.library import Library
from deejai_core.lists.request import Request
from deejai_core.models.protocol import Model
from deejai_core.options.lists import BlindTest
from deejai_core.progress import silence

MOST_TESTS = 4  # at once, each with two spaces in memory; of more, the oldest is forgotten, but not its votes


@dataclass(eq=False)
class Test:
    """One that somebody is at. shown: the round that waits for a vote."""

    labels: tuple[str, str]
    rounds: Iterator[Round]
    shown: Round | None = None
    voted: list[tuple[Round, Vote]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class BlindTests:
    """Those of one page. Called by several threads at once; every method may raise RefusedError or DeejaiError."""

    sides = PLAIN

    def __init__(self, library: Library, model: Model, load: LoadModel, request: Request, options: BlindTest) -> None:
        """load: gives a model by its name. request: the rules, and how lists go on. options: how many of how long."""
        self.rounds = options.blind_rounds
        self._tracks = options.blind_tracks
        self._library = library
        self._model = model
        self._load = load
        self._request = request
        self._tests: dict[str, Test] = {}
        self._opening = threading.Lock()

    def begin(self, sides: tuple[str, str], words: str) -> str:
        """Begin a test of two sides with tracks that a query finds, or any without one; returns what it is called."""
        read_votes(self._library)  # a damaged file is found out before anybody has listened to anything
        with self._opening:  # one at a time: what is weighted takes memory
            pair = open_pair(self._library, self._model, self._load, sides, self._request, silence())
            made = rounds(pair, find_seeds(pair, [words] if words.strip() else []), self._tracks, np.random.default_rng())
            for old in list(self._tests)[: -MOST_TESTS + 1]:
                self._tests.pop(old, None)
            name = secrets.token_urlsafe(16)
            self._tests[name] = Test(pair.labels, made)
        return name

    def next(self, name: str) -> Round | None:
        """The round that waits for a vote, or a new one; None if there is none any more."""
        test = self._test(name)
        with test.lock:
            if test.shown is None and len(test.voted) < self.rounds:
                test.shown = next(test.rounds, None)
            return test.shown

    def vote(self, name: str, chosen: int | None) -> int:
        """Keep a vote on that round; returns how many this test has by now. chosen: 0 or 1; None: cannot tell."""
        test = self._test(name)
        with test.lock:
            if test.shown is None:
                raise RefusedError("no round of this test is waiting for a vote", 409)
            vote = test.shown.vote(chosen)
            keep_votes(self._library, [vote])
            test.voted.append((test.shown, vote))
            test.shown = None
            return len(test.voted)

    def end(self, name: str) -> BlindResult:
        """End a test, and say what was what."""
        test = self._test(name)
        with test.lock:
            test.rounds, test.shown = iter(()), None
        return BlindResult(list(reveal_lines(test.voted)), list(result_lines(test.labels, read_votes(self._library))))

    def _test(self, name: str) -> Test:
        if name not in self._tests:
            raise RefusedError("this test is over; begin a new one", 404)
        return self._tests[name]


def load_none(name: str) -> Model:
    """Of a program that knows no models by name."""
    raise ModelError(f"{name!r} cannot be loaded here; choose sound, which uses the current model")
