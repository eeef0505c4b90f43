"""The exceptions that the package shows, and the tree that documents them."""

from __future__ import annotations

import inspect

import deejai_core
from deejai_core import errors


def test_every_error_is_public_and_in_the_tree():
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    assert classes <= set(deejai_core.__all__)
    for name in classes:
        assert issubclass(getattr(deejai_core, name), deejai_core.DeejaiError)
        assert name in errors.__doc__
