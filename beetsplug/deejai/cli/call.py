"""A verb as it was called, and what most verbs ask of that."""

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
    """What a verb is called with: the plugin's configuration, its log, the library, options and words."""

    config: confuse.Subview
    log: BeetsLogger
    library: BeetsLibrary
    opts: optparse.Values
    args: list[str]

    @property
    def configured(self) -> Settings:
        """The configuration, whatever the options say. An error in it is one line to the user."""
        return read_settings(self.config)

    @property
    def settings(self) -> Settings:
        """The configuration, overridden by the options."""
        return read_settings(self.config, given_options(self.opts))

    @property
    def model_name(self) -> str:
        """What loads the model that the library uses."""
        from .models import name_in_use

        return name_in_use(self.library, self.configured)

    def load_model(self) -> Model:
        """The model that the library uses. Raises ModelError if it cannot be loaded."""
        from .models import model_in_use

        return model_in_use(self.library, self.configured)

    @property
    def teller(self) -> Teller:
        """What a verb says goes there."""
        from .progress import teller

        return teller(self.log)

    def refuse_words(self, message: str) -> None:
        """Raises UserError if there are words, of which the verb takes none."""
        if self.args:
            raise UserError(message)

    def require_tracks(self) -> None:
        """Raises EmptyError if the library is empty."""
        if self.library.is_empty():
            raise EmptyError("the library is empty", hint="import")

    def matching(self) -> list[int] | None:
        """The tracks that the words find; None without words, which means all. Raises UserError if it is none."""
        if not self.args:
            return None
        ids = [item.id for item in self.library.lib.items(self.args) if item.id]
        if not ids:
            raise UserError(f"no track matches {' '.join(self.args)!r}; `beet ls` shows what a query finds")
        return ids


def check_range(flag: str, value: float | None, low: int, high: int | None = None, unit: str = "") -> None:
    """Raises UserError for the value of an option that lies outside. value: None if it was not given."""
    if value is None or (low <= value and (high is None or value <= high)):
        return
    allowed = f"at least {low}" if high is None else f"from {low} to {high}"
    given = f"{value:g}" if isinstance(value, float) else value
    raise UserError(f"{flag}: must be {allowed}{unit}, not {given}")


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        ui.print_(line)
