"""What a radio does, in lines of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deejai_core.errors import LostError
from deejai_core.features.radio.changes import Fate
from deejai_core.features.radio.radio import RadioObserver, Remark
from deejai_core.lists.reasons import relaxed
from deejai_core.lists.space import Member
from deejai_core.playlists.candidates import Pick

NAMED_REFUSALS = 3  # in a row; more are details
REMARKS: dict[Remark, str] = {
    "random": "the player's random mode is on, so it ignores the order of its queue",
    "single": "the player's single mode is on, so it stops after each song",
    "exhausted": "the library has no more songs that the options allow",
    "unknown": "no song in the player's queue is in the library and analysed",
}


class RadioText(RadioObserver):
    """Reports what a radio does in lines of text.

    player: its name. tell, warn, detail: take one line each about events, about what keeps the radio from working as it
    should, and about details. remarks: the text of each remark.
    """

    def __init__(
        self,
        player: str,
        tell: Callable[[str], None],
        warn: Callable[[str], None],
        detail: Callable[[str], None] = lambda line: None,
        remarks: Mapping[Remark, str] = REMARKS,
    ) -> None:
        self.player = player
        self.tell, self.warn, self.detail = tell, warn, detail
        self.remarks = remarks

    def added(self, member: Member, pick: Pick | None) -> None:
        if pick is None:
            self.tell(f"added: {member.name} (seed)")
            return
        self.tell(f"added: {pick.similarity:.3f} {member.name}")
        for warning in relaxed([pick]):
            self.tell(f"       {warning}")

    def left_out(self, member: Member, reason: str, number: int) -> None:
        (self.tell if number <= NAMED_REFUSALS else self.detail)(f"left out: {member.name}: {reason}")

    def turned_away(self, name: str, fate: Fate) -> None:
        self.tell(f"{fate}: {name}; less like this")

    def emptied(self) -> None:
        self.tell("the queue is empty; the radio continues from the next song that is added")

    def remarked(self, remark: Remark) -> None:
        self.warn(self.remarks[remark])

    def lost(self, error: LostError) -> None:
        self.warn(f"{self.player} is gone ({error.reason}); the radio continues when it is back")

    def found_again(self) -> None:
        self.tell(f"{self.player} is back")
