"""The options for writing a list as a playlist."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deejai_core.options.option import option
from deejai_core.options.values import Choice, Maybe, Switch, Value

if TYPE_CHECKING:
    from deejai_core.formats.entries import Style

FORMATS = ("m3u", "extm3u", "pls", "xspf", "jspf")  # those of `formats.export`, which takes long to import


class Base(Value):
    """What paths are relative to: "library", "playlist", or a folder."""

    def read(self, written: Any) -> Path | str:
        name = super().read(str(written) if isinstance(written, Path) else written)
        return name if name in ("library", "playlist") else Path(name)

    def plain(self, value: Path | str) -> str:
        return str(value)


@dataclass(frozen=True)
class Output:
    """How a list is written as a playlist.

    relative_to: "library", "playlist", a folder, or None for absolute paths. Others: see `Style`.
    """

    output_format: str = option("extm3u", Choice(*FORMATS), ", ".join(FORMATS))
    relative_to: Path | str | None = option(
        None,
        Maybe(Base()),
        "write paths relative to DIR, to the `library` or to the `playlist`",
        written=None,
        metavar="DIR",
    )
    forward_slash: bool = option(False, Switch(), "write paths with forward slashes")
    urlencode: bool = option(False, Switch(), "URL-encode paths")
    prefix: str = option("", Value(), "write this text in front of each path")

    def style(self, path: Path, music_folder: Path) -> Style:
        """Return how a playlist at this path names its tracks."""
        from deejai_core.formats.entries import Style

        base = self.relative_to
        if isinstance(base, str):
            base = {"library": music_folder, "playlist": path.parent}.get(base, Path(base))
        return Style(
            relative_to=base,
            forward_slash=self.forward_slash,
            urlencode=self.urlencode,
            prefix=self.prefix,
        )
