"""A call of a verb, and what most verbs need from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from beets import ui
from beets.exceptions import UserError

from deejai_core.errors import EmptyError

from .settings import Settings, given_options, read_settings

if TYPE_CHECKING:
    import optparse
    from collections.abc import Iterable

    import confuse
    from beets.logging import BeetsLogger

    from deejai_core.models.protocol import Model
    from deejai_core.progress import Teller

    from ..library.beets_library import BeetsLibrary


@dataclass(frozen=True)
class Call:
    """The arguments of a verb: the plugin's configuration, its log, the library, options and words."""

    config: confuse.Subview
    log: BeetsLogger
    library: BeetsLibrary
    opts: optparse.Values
    args: list[str]

    @property
    def configured(self) -> Settings:
        """The configuration, without the options. An error in it is one line to the user."""
        return read_settings(self.config)

    @property
    def settings(self) -> Settings:
        """The configuration, overridden by the options."""
        return read_settings(self.config, given_options(self.opts))

    @property
    def model_name(self) -> str:
        """The name of the model that the library uses, for `load_model`."""
        from .models import name_in_use

        return name_in_use(self.library, self.configured)

    def load_model(self) -> Model:
        """Return the model that the library uses. Raises ModelError if it cannot be loaded."""
        from .models import model_in_use

        return model_in_use(self.library, self.configured)

    @property
    def teller(self) -> Teller:
        """Where a verb's messages go."""
        from .progress import teller

        return teller(self.log)

    def refuse_words(self, message: str) -> None:
        """Raise UserError if a verb that takes no words got any."""
        if self.args:
            raise UserError(message)

    def require_tracks(self) -> None:
        """Raise EmptyError if the library is empty."""
        if self.library.is_empty():
            raise EmptyError("the library is empty", hint="import")

    def matching(self) -> list[int] | None:
        """Return the tracks that the words find; None without words (all). Raises UserError if they find none."""
        if not self.args:
            return None
        ids = [item.id for item in self.library.lib.items(self.args) if item.id]
        if not ids:
            raise UserError(f"no track matches {' '.join(self.args)!r}; `beet ls` shows what a query finds")
        return ids


def check_range(flag: str, value: float | None, low: int, high: int | None = None, unit: str = "") -> None:
    """Raise UserError if the value of an option is outside its range. value: None if it was not given."""
    if value is None or (low <= value and (high is None or value <= high)):
        return
    allowed = f"at least {low}" if high is None else f"from {low} to {high}"
    given = f"{value:g}" if isinstance(value, float) else value
    raise UserError(f"{flag}: must be {allowed}{unit}, not {given}")


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        ui.print_(line)
