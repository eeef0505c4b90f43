"""What a user of `beet` may do about an error of the core: each of `deejai_core.errors.HINTS`, in words."""

from __future__ import annotations

from deejai_core.errors import DeejaiError

WORDS = {  # {about}: what the hint is about
    "analyse": "run `beet deejai analyze`",
    "analyse later": (
        "Nothing is lost: `beet deejai analyze` goes on from here. `beet update` forgets tracks whose files are gone"
    ),
    "analyse again": "`beet deejai analyze --force` analyses again",
    "import": "import music first: `beet import ~/Music`",
    "query": "`beet ls` shows what a query finds",
    "query albums": "`beet ls -a` shows what a query finds",
    "tag": "run `beet deejai tag`",
    "train track2vec": "run `beet deejai train --track2vec`",
    "add lists": "`beet deejai history add` adds lists",
}


def in_words(error: DeejaiError) -> str:
    """What is wrong, and what helps."""
    if error.hint is None:
        return str(error)
    return f"{error}{' ' if str(error).endswith('?') else '; '}{WORDS[error.hint].format(about=error.about)}"
