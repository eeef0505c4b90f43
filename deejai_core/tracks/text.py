"""Text in the form in which it is compared with what somebody types."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """Return text without accents, case and repeated spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in letters if not unicodedata.combining(char)).split())
