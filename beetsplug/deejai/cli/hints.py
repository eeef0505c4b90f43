"""What users of `beet` may do about an error of the core: each of `deejai_core.errors.HINTS`, in words."""

from __future__ import annotations

from beets.library import Item

from deejai_core.errors import DeejaiError, EmptyError, NoMatchError, OptionError
from deejai_core.refusals import unexpected

A_SOURCE = (
    "a file or folder of playlists or of a service's export, lastfm:USER, lastfm-loved:USER, lastfm-top:USER, "
    "query:QUERY, albums, albums:QUERY or smartplaylists"
)
WORDS = {  # {about}: what the hint is about
    "analyse": "run `beet deejai analyze`",
    "analyse with the model": (
        "run `beet deejai model use {about}`, then `beet deejai analyze`; afterwards `model use` switches back"
    ),
    "analyse later": (
        "Nothing is lost: `beet deejai analyze` goes on from here. `beet update` forgets tracks whose files are gone"
    ),
    "analyse again": "run `beet deejai analyze --force` to analyse again",
    "analyse them again": "`beet deejai analyze` analyses them again",
    "analyse to compute them again": "`beet deejai analyze` computes them again from what is stored",
    "analyse to update": "`beet deejai analyze` updates them",
    "analyse to look into files": "`beet deejai analyze` finds out whether they hold other songs",
    "update": "run `beet deejai analyze` to update them",
    "return to epsilon": "the next `beet deejai analyze` uses {about}",
    "analyse all or sweep": (
        "see in `beet deejai status` whether all tracks are analysed, or try epsilons with "
        "`beet deejai reweigh --sweep 0.05,0.1,0.2,0.4`"
    ),
    "analyse to project": "`beet deejai analyze` fits it",
    "analyse to index": "`beet deejai analyze` builds it",
    "analyse to index anew": "`beet deejai analyze` builds a new one",
    "analyse to renew the index": "`beet deejai analyze` updates it",
    "weight again": "run `beet deejai reweigh`",
    "list failures": "`beet deejai failed` lists them",
    "see failures": "see `beet deejai failed`",
    "repair": "`beet deejai doctor --fix` repairs it",
    "repair the library": "`FolderLibrary.repair` saves what is intact",
    "import": "import music first: `beet import ~/Music`",
    "query": "`beet ls` shows what a query finds",
    "query albums": "`beet ls -a` shows what a query finds",
    "read lengths": "`beet update` reads the lengths",
    "list fields": "`beet fields` lists the fields",
    "tag": "run `beet deejai tag`",
    "tag more": "run `beet deejai tag --more`",
    "tag by the bundled model": "`tag` uses those of the bundled model",
    "train track2vec": "run `beet deejai train --track2vec`",
    "train track2vec again": "`beet deejai train --track2vec` learns them again",
    "history report": "`beet deejai history report` shows why",
    "show all songs": "--all shows them",
    "more lists or alone": "add more lists, or use the learned space alone with --alone",
    "more lists or epochs": ("Add more lists and start again with --force, or continue with more --epochs"),
    "more music or epochs": "Add more music and start again with --force, or continue with more --epochs",
    "begin again": "give --force to start again",
    "see what is missing": (
        "`beet deejai history report` shows what is not in the library, `beet deejai status` what is not analysed"
    ),
    "add lists": "`beet deejai history add` adds lists",
    "choose a model": "`beet deejai model use NAME` writes it again",
    "download": "run `beet deejai model use {about}` to download it",
    "finish or replace": "continue it with `beet deejai train {about} --network ...`, or replace it with --force",
    "finish training": "continue it with `beet deejai train {about} --network ...`",
    "configure a network": "give one with --config FILE.json (docs/onnx.md)",
    "import a network": "import it first with `beet deejai model import`",
    "list models": "`beet deejai model list` lists the models",
    "replace": "--force replaces it",
    "use another model": "switch to another one first, for example with `beet deejai model use {about}`",
    "hold a blind test": "start a blind test: beet deejai blind sound random QUERY",
    "name two sides": "give two: beet deejai blind sound random QUERY",
    "fill the history": "add a source with `beet deejai history add SOURCE`",
    "name a source": f"a source is {A_SOURCE}",
    "name an account": "Give it as lastfm:USER, or set `user` in the section `lastfm` of the configuration",
    "name a seed": "give a query to start from: beet deejai radio QUERY",
    "player address": "set its address by --host and --port or MPD_HOST and MPD_PORT",
    "player password": "give a password that allows it: --password, or PASSWORD@HOST in MPD_HOST",
    "player queue": "`mpc crop` removes all but the current song, and `mpc consume on` keeps the queue short",
    "player folder": (
        "is its music_directory {about}? If not, set `music_directory` in the section `mpd` of beets' configuration"
    ),
    "choose a microphone": "--list-devices lists the microphones, --stdin reads a stream instead",
    "list microphones": "--list-devices lists the microphones",
    "fewer neighbours": "use -k {about}",
    "correct hubs": "set `correct_hubs: yes`",
    "go on correcting hubs": "keep `correct_hubs: yes`",
    "compare all tracks": "set `index: exact` to compare all tracks",
    "compare whole songs": ("compare with whole songs (--against whole), or run `beet deejai analyze --force`"),
    "another name or replace": "choose another name, or give --force to replace it",
    "serve elsewhere": "choose another with --host or --port",
    "say what samples": "for samples without a header, give their format, such as --format s16le",
    "describe": "--words takes the words as a description of sound",
    "describe by the others": "as a description of sound, it has unknown words ({about}); --words skips them",
    "example query": ", such as 'query:genres:jazz year:1970..'",
    "go on from the checkpoint": "run the same command again, without --force, to go on from the last checkpoint",
    "switch to the model": "`beet deejai model use {about}` switches to it",
    "compute the rest": "`beet deejai analyze` computes the rest",
    "list the failures": "`beet deejai failed` lists the failures",
    "say where files were": "if they were moved, give --moved OLD NEW",
    "make new vectors": "`beet deejai analyze` computes new ones",
    "give tracks these vectors": "`beet deejai model use {about}` gives the tracks these vectors",
    "weight or begin again": "`beet deejai analyze` computes their new vectors, --force starts over",
    "go on analysing": "`beet deejai analyze` goes on from here",
    "go on hearing": "the same command goes on from here",
    "list or retry failures": "`beet deejai failed` lists the failures, --retry tries again",
    "tag again": "--force tags them again",
    "analyse more or configure": (
        "analyse more music, or more `windows` of each track, or name a projection in its configuration (docs/onnx.md)"
    ),
    "analyse some again": "run `beet deejai analyze --force QUERY` to analyse them again",
    "keep epsilon": "set `epsilon: {about}` in the configuration; the next `analyze` uses what is set there",
}


def in_words(error: Exception) -> str:
    """Return what is wrong, and what to do."""
    if isinstance(error, OSError):
        return unexpected(error)
    if not isinstance(error, DeejaiError):
        return str(error)
    if isinstance(error, EmptyError):
        return "Your beets library is empty. Import music first: `beet import ~/Music`."
    if isinstance(error, NoMatchError) and (name := _wrong_field(error)):
        return f'no {error.kind} matches {error.query!r}; for a title with a colon, try {name}:"{error.query}"'
    return _with_hint(str(error), error)


def with_hint(text: str, hint: str | None) -> str:
    """Return what was found or done, and what to do."""
    return "; ".join(filter(None, (text, WORDS[hint] if hint else "")))


def problem_in_words(error: OptionError) -> str:
    """Return the same without the option's name and value."""
    return _with_hint(error.problem, error)


def _with_hint(text: str, error: DeejaiError) -> str:
    hint = WORDS[error.hint].format(about=error.about) if error.hint else ""
    if isinstance(error, NoMatchError) and error.near:
        hint = " ".join(filter(None, [f"did you mean {error.near!r}?", hint and f"({hint})"]))
    elif error.hint == "query" and isinstance(error, NoMatchError) and error.kind == "album":
        hint = WORDS["query albums"]
    between = "" if not hint or hint.startswith(",") else " " if text.endswith((".", "?")) else "; "
    return f"{text}{between}{hint}"


def _wrong_field(error: NoMatchError) -> str:
    """Return the field of titles, if the words that match nothing look like a query for an unknown field."""
    field, colon, _ = error.query.partition(":")
    return ("title" if error.kind == "track" else "album") if colon and field not in Item.all_keys() else ""
