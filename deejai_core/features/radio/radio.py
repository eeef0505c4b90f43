"""A radio keeps a player's queue filled, song by song, for as long as somebody listens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from deejai_core.errors import LostError, PlayerError, RefusedError, UnplayableError
from deejai_core.features.radio.changes import Fate, changes
from deejai_core.features.radio.way import WayEntry, next_songs
from deejai_core.lists.space import Member, Space
from deejai_core.options.lists import Rules, Walk
from deejai_core.players.player import Mode, Player, QueueEntry, Snapshot
from deejai_core.playlists.candidates import Pick
from deejai_core.playlists.geometry import blend
from deejai_core.tracks.songs import Song
from deejai_core.words import counted

MOST_SEEDS = 3  # seeds that are played themselves, if a query finds more
MOST_REFUSALS = 50  # songs in a row that the player refuses, after which its configuration must be wrong
LONGEST_PAUSE = 60  # seconds between two attempts to reach a player that is gone

AHEAD = Walk(count=3)

Remark = Literal[Mode, "exhausted", "unknown"]  # no song is left that may be added; none in the queue is known


class RadioObserver:
    """Follows what a radio does. Its methods do nothing; override those that you need."""

    def added(self, member: Member, pick: Pick | None) -> None:
        """Called when a song was added to the queue. pick: how it was chosen; None for a seed."""

    def left_out(self, member: Member, reason: str, number: int) -> None:
        """Called when the player refuses a song, the `number`-th in a row."""

    def turned_away(self, name: str, fate: Fate) -> None:
        """Called when a song was skipped or removed, and the radio changes direction."""

    def emptied(self) -> None:
        """Called when somebody has cleared the queue; the radio continues from whatever is added to it."""

    def remarked(self, remark: Remark) -> None:
        """Called once for something that keeps the radio from working as it should."""

    def lost(self, error: LostError) -> None:
        """Called when the player is gone; the radio tries to reach it."""

    def found_again(self) -> None:
        """Called when the player is back."""


class Radio:
    """A radio, with what it has learned since it began.

    Parameters
    ----------
    space
        The space of the songs, see `open_space`; opened with ``plays=True`` for rules about plays.
    player
        The player whose queue is filled; it must be connected before `start`.
    observer
        Its methods are called for what the radio does; by default nothing is.
    walk
        How it continues; its `count` is how many songs follow the current one, by default 3.
    rules
        Which songs it may play.
    seeds
        The songs that it begins with; without any, it continues from the queue.
    less
        Songs that it should be less like.
    pause
        A function that waits some seconds between two attempts to reach a player that is gone.

    Raises
    ------
    OptionError
        If the rules leave nothing to play.
    """

    def __init__(
        self,
        space: Space,
        player: Player,
        observer: RadioObserver | None = None,
        walk: Walk = AHEAD,
        rules: Rules = Rules(),  # noqa: B008 (it cannot change)
        *,
        seeds: Sequence[Member] = (),
        less: Sequence[Member] = (),
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.space = space
        self.walk = walk
        self.player = player
        self.observer = observer or RadioObserver()
        self.pause = pause
        self.seeds = seeds
        self.less = less
        self._candidates = space.candidates(rules)
        self._rng = np.random.default_rng(walk.seed) if walk.drunk else None
        self._past: list[tuple[str, Fate]] = []  # songs that are over, by the player's names
        self._added: set[str] = set()  # files that the radio added
        self._withdrawn: set[str] = set()  # ids of entries that the radio removed again
        self._unjudged: set[str] = set()  # chosen before a skip and playing since: leads on only if heard to its end
        self._older: set[str] = set()  # in the queue before the radio, which begins with something else
        self._refused: set[int] = set()  # songs that the player refuses
        self._refusals: list[str] = []  # the last ones in a row, and why
        self._before = Snapshot(())
        self._songs: dict[str, Song | None] = {}  # by the player's names; None: without a vector
        self._remarks: set[Remark] = set()

    def start(self, *, play: bool) -> None:
        """Make a beginning in the queue of a connected player. play: whether an empty queue should play then.

        Raises PlayerError, also if the queue is empty and there are no seeds.
        """
        now = self._before = self.player.snapshot()
        if not now.entries and not self.seeds:
            raise PlayerError(f"{self.player.name}'s queue is empty", hint="name a seed")
        if self.seeds:
            self._older = {entry.file for entry in now.entries}
        for entry in now.entries[: len(now.entries) - len(now.upcoming)]:
            if entry.id != now.current:
                self._past.append((entry.file, "played"))
        if not now.entries and self.walk.list_seeds:
            for seed in self._chosen_seeds():
                self._add(seed)
        self._fill(even_if_empty=True)
        if self._refusals and not self._added:
            self._give_up()
        if not now.entries and play:
            self.player.play()
            self._observe()

    def run(self) -> None:
        """Continue until interrupted, through restarts of the player."""
        while True:
            self.go_on()

    def go_on(self) -> None:
        """Wait for news from the player, and react to them."""
        try:
            self.player.wait()
            self._fill()
        except LostError as error:
            self._reconnect(error)

    def _reconnect(self, lost: LostError) -> None:
        self.observer.lost(lost)
        pause = 1
        while True:
            self.pause(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            try:
                self.player.connect()
                # A player that was restarted has other ids: only the current song can be compared.
                over, self._before = self._before.current_entry, self.player.snapshot()
                self._withdrawn.clear()
                current = self._before.current_entry
                if over and (not current or over.file != current.file):
                    self._past.append((over.file, "left"))
                self._fill()
            except LostError:
                continue
            self.observer.found_again()
            return

    def _observe(self) -> tuple[Snapshot, bool]:
        """Return the player's snapshot, noting what happened to songs since the last one, and whether one was skipped."""
        before, self._before = self._before, self.player.snapshot()
        for mode in sorted(self._before.modes):
            self._remark(mode)
        found = changes(before, self._before)
        fates = [] if found.over is None else [found.over]
        fates += [(entry, "refused") for entry in found.refused if entry.id not in self._withdrawn]
        for entry, fate in fates:
            self._past.append((entry.file, fate))
            if fate in ("skipped", "refused"):
                self.observer.turned_away(self._name(entry.file), fate)
        if before.entries and not self._before.entries:
            self.observer.emptied()
        return self._before, found.over is not None and found.over[1] == "skipped"

    def _fill(self, *, even_if_empty: bool = False) -> None:
        """Add missing songs; after a skip, songs that were chosen before it are chosen again."""
        while True:
            now, skipped = self._observe()
            if skipped:
                for entry in now.upcoming:
                    if entry.file in self._added:  # what a listener has added stays
                        self._withdrawn.add(entry.id)
                        self.player.remove(entry)
                self._unjudged = {now.current_entry.file} & self._added if now.current_entry else set()
                continue
            wanted = self.walk.count + (now.current_entry is None)  # the current one does not count as ahead
            lacking = wanted - len(self._upcoming(now)) if now.entries or even_if_empty else 0
            picks = self._choose(now, lacking) if lacking > 0 else []
            if not picks:
                return
            for pick in picks:
                member = self.space.members([pick.position]).get(pick.position)
                if not member or not self._add(member, pick):
                    self._refused.add(pick.position)
                    break  # what follows was chosen to follow it

    def _choose(self, now: Snapshot, count: int) -> list[Pick]:
        way = [self._entry(file, fate) for file, fate in self._past]
        over = {file for file, _ in self._past}
        silent = self._older | self._unjudged
        upcoming = {entry.id for entry in (*self._upcoming(now), now.current_entry) if entry}
        for entry in now.entries:
            if entry.id in upcoming:
                way.append(self._entry(entry.file, "left" if entry.file in silent else "queued"))
            elif entry.file not in over:
                way.append(self._entry(entry.file, "left"))
        picks = next_songs(
            self._candidates,
            way,
            count=count,
            keep_on=self.walk.keep_on,
            stay=self.walk.stay,
            drunk=self.walk.drunk,
            seeds=[seed.song for seed in self.seeds],
            less=[member.song for member in self.less],
            never=self._refused,
            rng=self._rng,
        )
        if not picks:
            known = self.seeds or any(entry.song for entry in way)
            self._remark("exhausted" if known else "unknown")
        return picks

    def _add(self, member: Member, pick: Pick | None = None) -> bool:
        """Add a song to the end of the queue; return whether the player accepted it."""
        try:
            file = self.player.add(member.tracks[0].path)
        except UnplayableError as error:
            self._refusals.append(f"{member.name}: {error}")
            self.observer.left_out(member, str(error), len(self._refusals))
            if len(self._refusals) >= MOST_REFUSALS:
                self._give_up()
            return False
        self._refusals = []
        self._added.add(file)
        self._songs[file] = member.song
        self.observer.added(member, pick)
        return True

    def _give_up(self) -> None:
        raise RefusedError(
            f"{self.player.name} accepts none of {counted(len(self._refusals), 'song')} ({self._refusals[-1]})",
            hint="player folder",
            about=str(self.player.music_folder),
        )

    def _upcoming(self, now: Snapshot) -> list[QueueEntry]:
        """Return the songs that are still to be played; without a current song, all that were not."""
        if now.current_entry:
            return list(now.upcoming)
        over = {file for file, _ in self._past}
        return [entry for entry in now.entries if entry.file not in over]

    def _chosen_seeds(self) -> list[Member]:
        """Return the seeds, or those in the middle of many, in their order."""
        middle = blend([seed.song.vector for seed in self.seeds])
        nearest = sorted(self.seeds, key=lambda seed: -float(seed.song.vector @ middle))[:MOST_SEEDS]
        return [seed for seed in self.seeds if seed in nearest]

    def _entry(self, file: str, fate: Fate) -> WayEntry:
        return WayEntry(self._song(file), fate, chosen=file not in self._added)

    def _song(self, file: str) -> Song | None:
        if file not in self._songs:
            path = self.player.path(file)
            id_ = self.space.library.at([path]).get(path)
            position = None if id_ is None else self.space.position.get(id_)
            self._songs[file] = None if position is None else self._candidates.song(position)
        return self._songs[file]

    def _name(self, file: str) -> str:
        song = self._song(file)
        if song is None or song.position is None:
            return file
        return self.space.names([song.position]).get(song.position, file)

    def _remark(self, remark: Remark) -> None:
        """Report something once."""
        if remark not in self._remarks:
            self._remarks.add(remark)
            self.observer.remarked(remark)
