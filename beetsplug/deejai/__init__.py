"""Playlists of songs that sound alike, from vectors that a neural network hears in the audio."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from beets import config, ui
from beets.plugins import BeetsPlugin

from .fields import ITEM_TYPES
from .settings import DEFAULTS
from .tags import TAG_GETTERS, TAG_TYPES
from .words import counted

if TYPE_CHECKING:
    from beets.importer import ImportSession, ImportTask
    from beets.library import Library

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
        self.register_listener("import_task_files", self.files_imported)
        self.register_listener("import", self.import_finished)
        self._analysed = self._failed = 0  # tracks of this import
        self._warned: set[str] = set()

    def commands(self) -> list[ui.Subcommand]:
        from .commands import deejai_command

        return [deejai_command(self.config, self._log)]

    def imported(self, session: ImportSession, task: ImportTask) -> None:
        """Import stage: vectors for new music. It costs a warning at worst, never the import."""
        items = task.imported_items()
        try:
            if self.config["auto"].get(bool):
                analysed, failed = self._import_analysis(session.lib, items)
                self._analysed += analysed
                self._failed += failed
        except Exception as error:  # an exception here would abort the import half-way
            self._failed += len(items)
            if str(error) not in self._warned:  # once, not for each album
                self._log.warning("new music not analysed ({}); `beet deejai analyze` will try again", error)
                self._warned.add(str(error))
            self._log.debug("", exc_info=True)

    def files_imported(self, session: ImportSession, task: ImportTask) -> None:
        """Notes what the new files are like, so that another song in their place is noticed; it never costs the import."""
        try:
            if self.config["auto"].get(bool):
                from .changed import note_imported

                note_imported(session.lib, task.imported_items())
        except Exception:  # the next `analyze` notes them
            self._log.debug("", exc_info=True)

    def import_finished(self, lib: Library) -> None:
        """Says how many tracks were analysed, and writes the playlists of the configuration; at worst a warning."""
        if self._analysed or self._failed:
            failed = f", {self._failed:,} failed; `beet deejai analyze` tries again" if self._failed else ""
            ui.print_(f"deejai: {counted(self._analysed, 'track')} analysed{failed}")
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
