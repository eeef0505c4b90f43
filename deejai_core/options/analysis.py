"""How files are analysed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from deejai_core.models.device import CPU, DEVICES
from deejai_core.options.option import option
from deejai_core.options.values import Choice, Epsilon, Maybe, Number, SwitchOr, Whole

if TYPE_CHECKING:
    from deejai_core.audio.limits import Limits

MORE = "more"  # also tags by networks that must process the files themselves


class _HasEpsilon(Protocol):
    epsilon: float


@dataclass(frozen=True)
class Analysis:
    """How files are analysed.

    windows: how many windows of a track the model embeds, at most. epsilon: cosine distance below which two slices are the
    same; None for the model's own. tags: whether tracks also get tags; `MORE`: also those of the model's companions.
    threads: files at once; None for one per core, one less during an import. device: where the network runs, one of
    `DEVICES`. time_limit, memory_limit: seconds and MB per file. retries: how often a file is tried again that failed, but
    not because of its content.
    """

    windows: int = option(16, Whole(2), listed=False)
    epsilon: float | None = option(None, Maybe(Epsilon()), written=None, listed=False)
    tags: bool | str = option(False, SwitchOr(MORE), listed=False)
    threads: int | None = option(None, Maybe(Whole(1)), written=None, listed=False)
    device: str = option(CPU, Choice(*DEVICES), listed=False)
    time_limit: float = option(300, Number(1), listed=False)
    memory_limit: int = option(2_000, Whole(500), listed=False)
    retries: int = option(2, Whole(0), listed=False)

    @property
    def limits(self) -> Limits:
        from deejai_core.audio.limits import Limits

        return Limits(seconds=self.time_limit, memory=self.memory_limit * 1_000_000)

    def epsilon_for(self, model: _HasEpsilon) -> float:
        return model.epsilon if self.epsilon is None else self.epsilon
