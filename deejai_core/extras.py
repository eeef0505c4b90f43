"""Libraries that only some commands need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deejai_core.errors import MissingError


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Around the import of a library that comes with the extra `name`. Raises MissingError if it is not installed.

    with extra("train"):
        import gensim
    """
    try:
        yield
    except ImportError as error:
        library = (error.name or str(error)).partition(".")[0]
        raise MissingError(f"{library} is not installed; pip install 'beets-deejai[{name}]'") from error
