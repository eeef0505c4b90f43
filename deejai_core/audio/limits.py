"""Limits for reading a single file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deejai_core.audio.sandbox import Decoder


@dataclass(frozen=True)
class Limits:
    """Limits for reading a single file."""

    seconds: float = 300
    memory: int = 2_000_000_000  # bytes of address space of the process that decodes it

    def decoder(self) -> Decoder:
        from deejai_core.audio.sandbox import Decoder  # imports numpy

        return Decoder(seconds=self.seconds, memory=self.memory)


NO_MORE_THAN_USUAL = Limits()
