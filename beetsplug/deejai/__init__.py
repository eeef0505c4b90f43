"""Playlists of songs that sound alike, from vectors that a neural network hears in the audio."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from beets import config
from beets.plugins import BeetsPlugin

from .fields import ITEM_TYPES
from .settings import DEFAULTS
from .tags import TAG_GETTERS, TAG_TYPES

if TYPE_CHECKING:
    from beets.importer import ImportSession, ImportTask
    from beets.library import Library
    from beets.ui import Subcommand

    from .analysis import ImportAnalysis

# Nothing here may import numpy, torch or any other large library: every `beet` command loads every plugin.


class DeejaiPlugin(BeetsPlugin):
    item_types = ITEM_TYPES | TAG_TYPES

    def __init__(self) -> None:
        super().__init__()
        self.config.add(DEFAULTS)
        self.config["prefix"].redact = True  # may hold a user name and password, as in smartplaylist
        self.config["lastfm_key"].redact = True
        self.template_fields = dict(TAG_GETTERS)
        self.import_stages = [self.imported]
        self.register_listener("import", self.import_finished)

    def commands(self) -> list[Subcommand]:
        from .commands import deejai_command

        return [deejai_command(self.config, self._log)]

    def imported(self, session: ImportSession, task: ImportTask) -> None:
        """Import stage: vectors for new music. It costs a warning at worst, never the import."""
        try:
            if self.config["auto"].get(bool):
                self._import_analysis(session.lib, task.imported_items())
        except Exception as error:  # an exception here would abort the import half-way
            self._log.warning("new music not analysed ({}); `beet deejai analyze` will try again", error)
            self._log.debug("", exc_info=True)

    def import_finished(self, lib: Library) -> None:
        """The playlists of the configuration, written again with the new music; at worst a warning."""
        try:
            wanted = self.config["playlists_auto"].get(bool) and self.config["playlists"].get(list)
            if wanted and not config["import"]["pretend"].get():
                from .named import write_named

                write_named(self.config, self._log, lib, (), pretend=False)
        except Exception as error:  # it would be shown as a failure of the import, which is complete
            self._log.warning("playlists not written ({}); `beet deejai playlists` will try again", error)
            self._log.debug("", exc_info=True)

    @cached_property
    def _import_analysis(self) -> ImportAnalysis:
        from .analysis import ImportAnalysis

        return ImportAnalysis(self.config, self._log)
