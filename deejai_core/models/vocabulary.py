"""A model's words for what music sounds like: the tags of the Million Song Dataset, and what people type for them.

Free of numpy, since every `beet` command that runs with the plugin knows their names.
"""

from __future__ import annotations

import difflib
import re

TAGS = (  # in the order of the network's outputs; what is stored counts on it
    "rock",
    "pop",
    "alternative",
    "indie",
    "electronic",
    "female vocalists",
    "dance",
    "00s",
    "alternative rock",
    "jazz",
    "beautiful",
    "metal",
    "chillout",
    "male vocalists",
    "classic rock",
    "soul",
    "indie rock",
    "mellow",
    "electronica",
    "80s",
    "folk",
    "90s",
    "chill",
    "instrumental",
    "punk",
    "oldies",
    "blues",
    "hard rock",
    "ambient",
    "acoustic",
    "experimental",
    "female vocalist",
    "guitar",
    "hip-hop",
    "70s",
    "party",
    "country",
    "easy listening",
    "sexy",
    "catchy",
    "funk",
    "electro",
    "heavy metal",
    "progressive rock",
    "60s",
    "rnb",
    "indie pop",
    "sad",
    "house",
    "happy",
)


def plain_name(text: str) -> str:
    """A tag as a field's name has it: "Hip-Hop" is hip_hop."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


_NUMBERS = {plain_name(tag): number for number, tag in enumerate(TAGS)}


def tag_number(text: str) -> int | None:
    """The place in `TAGS` of the tag that `text` means, however it is written; None if it means none."""
    return _NUMBERS.get(plain_name(text))


def tags_in(text: str) -> list[int] | None:
    """The places in `TAGS` of the tags that a text is made of, each once, as they come; None if a word belongs to none.

    At each word the longest tag is taken: "indie rock" is not indie, then rock.
    """
    words = [name for word in text.split() for name in plain_name(word).split("_")]
    longest = max(name.count("_") + 1 for name in _NUMBERS)
    found: dict[int, None] = {}
    place = 0
    while place < len(words):
        for count in range(longest, 0, -1):
            number = _NUMBERS.get("_".join(words[place : place + count]))
            if number is not None:
                break
        else:
            return None
        found[number] = None
        place += count
    return list(found) or None


def close_tags(text: str) -> list[str]:
    """The tags that `text` may have been meant for, best first; all of them if none is near."""
    near = difflib.get_close_matches(plain_name(text), _NUMBERS, n=5)
    return [TAGS[_NUMBERS[name]] for name in near] or list(TAGS)
