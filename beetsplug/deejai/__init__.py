"""Playlists of songs that sound alike, from vectors that a neural network computes from the audio."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from beets import config, ui
from beets.plugins import BeetsPlugin

from deejai_core.words import counted

from .cli.command import HELP, NAME, LazyCommand
from .cli.defaults import DEFAULTS
from .library.attributes import ITEM_TYPES
from .library.tag_fields import TAG_GETTERS, TAG_TYPES

if TYPE_CHECKING:
    from beets.importer import ImportSession, ImportTask
    from beets.library import Item, Library

    from deejai_core.embedding.analysis import NotEmbedded
    from deejai_core.embedding.library_analysis import ImportAnalysis

# Every `beet` command loads every plugin: modules that only some commands need, of any size, are imported where they are
# needed.


class DeejaiPlugin(BeetsPlugin):
    item_types = ITEM_TYPES | TAG_TYPES

    def __init__(self) -> None:
        super().__init__()
        self.config.add(DEFAULTS)
        self.config["prefix"].redact = True  # may hold a user name and password, as in smartplaylist
        self.config["lastfm_key"].redact = True
        self.config["subsonic_users"].redact = True
        self.template_fields = dict(TAG_GETTERS)
        self.import_stages = [self.imported]
        self.register_listener("import_task_files", self.files_imported)
        self.register_listener("import", self.import_finished)
        self._import_analysis: ImportAnalysis | None = None  # with the data that it has read, for all albums of an import
        self._analysed = self._failed = 0  # tracks of this import
        self._warned: set[str] = set()

    def commands(self) -> list[ui.Subcommand]:
        return [LazyCommand(NAME, HELP, self._command)]

    def _command(self) -> ui.Subcommand:
        from .cli.commands import deejai_command

        return deejai_command(self.config, self._log)

    def imported(self, session: ImportSession, task: ImportTask) -> None:
        """Import stage: compute vectors for new music. At worst, it logs a warning; it never stops the import."""
        items = task.imported_items()
        try:
            if self.config["auto"].get(bool):
                analysed, failed = self._analyse(session.lib, items)
                self._analysed += analysed
                self._failed += failed
        except Exception as error:  # an exception here would abort the import half-way
            self._failed += len(items)
            if str(error) not in self._warned:  # once, not for each album
                from .cli.hints import in_words

                self._log.warning("new music not analysed ({}); `beet deejai analyze` will try again", in_words(error))
                self._warned.add(str(error))
            self._log.debug("", exc_info=True)

    def files_imported(self, session: ImportSession, task: ImportTask) -> None:
        """Note the state of the new files, so that other audio in their place is noticed; this never stops the import."""
        try:
            if self.config["auto"].get(bool):
                from deejai_core.embedding.changed_files import note_files

                from .library.beets_library import BeetsLibrary

                note_files(BeetsLibrary(session.lib), _ids(task.imported_items()))
        except Exception:  # the next `analyze` notes them
            self._log.debug("", exc_info=True)

    def import_finished(self, lib: Library, paths: list[bytes]) -> None:
        """Report how many tracks were analysed, and write the playlists of the configuration; at worst, log a warning."""
        if self._import_analysis:
            self._import_analysis.close()
        if self._analysed or self._failed:
            failed = f", {self._failed:,} failed; `beet deejai analyze` tries again" if self._failed else ""
            ui.print_(f"deejai: {counted(self._analysed, 'track')} analysed{failed}")
        try:
            wanted = self.config["playlists_auto"].get(bool) and self.config["playlists"].get(list)
            if wanted and not config["import"]["pretend"].get():
                from .cli.named import write_named
                from .library.beets_library import BeetsLibrary

                write_named(self.config, self._log, BeetsLibrary(lib), (), pretend=False)
        except Exception as error:  # it would look like a failure of the import, which is complete
            self._log.warning("playlists not written ({}); `beet deejai playlists` will try again", error)
            self._log.debug("", exc_info=True)

    def _analyse(self, lib: Library, items: list[Item]) -> tuple[int, int]:
        from .library.beets_library import BeetsLibrary

        library = BeetsLibrary(lib)
        if self._import_analysis is None:
            from deejai_core.embedding.library_analysis import ImportAnalysis
            from deejai_core.models.registry import tagging_model

            from .cli.models import model_in_use
            from .cli.settings import read_settings

            settings = read_settings(self.config)
            model = model_in_use(library, settings)
            self._import_analysis = ImportAnalysis(model, tagging_model(model), settings.analysis, self._warn)
        return self._import_analysis(library, _ids(items))

    def _warn(self, failure: NotEmbedded) -> None:
        from deejai_core.words import one_line

        self._log.warning("{}: not analysed: {}", one_line(os.fspath(failure.path)), failure.reason)


def _ids(items: Iterable[Item]) -> list[int]:
    return [item.id for item in items if item.id]
