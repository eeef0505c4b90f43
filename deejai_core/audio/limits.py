"""What a single file may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deejai_core.audio.sandbox import Decoder


@dataclass(frozen=True)
class Limits:
    """What a single file may take."""

    seconds: float = 300
    memory: int = 2_000_000_000  # bytes of address space of the process that decodes it

    def decoder(self) -> Decoder:
        from deejai_core.audio.sandbox import Decoder  # with numpy

        return Decoder(seconds=self.seconds, memory=self.memory)


NO_MORE_THAN_USUAL = Limits()
