"""A folder of files as a music library, with one SQLite file for its data."""

from deejai_core.folder.library import FolderLibrary
from deejai_core.folder.refresh import Refreshed

__all__ = ["FolderLibrary", "Refreshed"]
