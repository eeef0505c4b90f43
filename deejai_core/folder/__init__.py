"""A music library that is a folder: its files, and one SQLite file that knows them."""

from deejai_core.folder.library import FolderLibrary
from deejai_core.folder.refresh import Refreshed

__all__ = ["FolderLibrary", "Refreshed"]
