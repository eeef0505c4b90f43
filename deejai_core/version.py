"""The version of deejai."""

__version__ = "0.1.0"
