"""What can go wrong, as a tree.

DeejaiError
├── AudioError              a file has no readable audio
│   └── UnavailableError    it could not be read this time: missing, forbidden, out of memory
├── ModelError              a model is unknown, or its weights or libraries are missing or damaged
├── ClusterError            other machines cannot be reached, or do not embed as this one does
├── StoreError              the slice store, the index or others' vectors cannot be opened, read or written
│   └── DamagedError        a file of our own contains impossible values
├── MicrophoneError         a microphone is missing, or cannot be used
├── PlaylistError           a playlist cannot be read or written
├── MixError                a mix cannot be made or written
├── MapError                a map cannot be written
├── LibraryError            a music library is empty, or cannot be read or written
│   ├── EmptyError          it has no tracks
│   ├── NotAnalysedError    nothing in it is analysed yet, or not what was requested
│   ├── QueryError          a query is not valid
│   │   └── NoMatchError    words name nothing in it
│   └── UnmountedError      the folder of its files is missing or empty
├── OptionError             an option has an impossible value
│   └── NothingAllowedError it leaves no track for a list to take
├── ExternalFileError       a file outside the library cannot be in a list
├── HistoryError            a source of playlists and plays cannot be read
├── TrainingError           a model cannot be trained from the available data
├── PlayerError             a music player does not do what it is asked to do
│   ├── LostError           it does not answer
│   └── RefusedError        it refuses a command
│       └── UnplayableError it does not accept this song, but may accept others
└── MissingError            a library that only some commands need is not installed

Every message is one line, ready to be shown to a user. It names the file or option concerned; only an AudioError does not
name the file, which the caller knows. What to do about it is an error's `hint`: a name, which each program words
for its users and adds to the message.

    try:
        key = audio_key(path)
    except deejai_core.DeejaiError as error:
        sys.exit(f"{path}: {error}")
"""

from __future__ import annotations

HINTS = {
    "analyse": "analyse the library",
    "analyse with the model": "switch the library to {about}, analyse it, and switch back",
    "analyse later": "analyse the library again when its files are back; what is done is kept",
    "analyse again": "analyse it again, whatever is stored",
    "analyse them again": "analyse these tracks again",
    "analyse to compute them again": "analyse the library, which computes them from the stored slices",
    "analyse to update": "analyse the library again, which updates them",
    "analyse to look into files": "analyse the library, to find out whether these hold other songs",
    "update": "analyse the library to update them",
    "return to epsilon": "the next analysis uses {about}",
    "analyse all or sweep": "see whether all tracks are analysed, or try other epsilons",
    "analyse to project": "analyse the library, which fits it",
    "analyse to index": "analyse the library, which builds the index",
    "analyse to index anew": "analyse the library, which builds a new index",
    "analyse to renew the index": "analyse the library, which renews the index",
    "weight again": "compute all vectors again from what is stored",
    "list failures": "see which files could not be analysed",
    "see failures": "see which they are",
    "repair": "copy everything intact to a new file",
    "repair the library": "call the library's `repair`, which saves what is intact",
    "import": "add music to the library",
    "query": "see what a query finds",
    "query albums": "see which albums a query finds",
    "read lengths": "read the lengths of the files again",
    "list fields": "see which fields the library has",
    "tag": "compute the tags",
    "tag more": "analyse the files with the second network, and compute its tags",
    "tag by the bundled model": "tracks get those of the bundled model",
    "train track2vec": "learn from the lists of the history",
    "train track2vec again": "learn from the lists of the history again",
    "history report": "see which songs of the history the library has",
    "show all songs": "ask for all of them",
    "more lists or alone": "add lists to the history, or use the learned space alone",
    "more lists or epochs": "add lists to the history, or go on with more epochs",
    "more music or epochs": "add music to the library, or go on with more epochs",
    "begin again": "begin the training again",
    "see what is missing": "see which songs the library lacks, and which tracks are not analysed",
    "add lists": "add lists to the history",
    "choose a model": "choose the library's model again",
    "download": "download the model and use it",
    "finish or replace": "go on with the training of the model, or replace it",
    "finish training": "go on with the training of the model",
    "configure a network": "give a configuration with the network",
    "import a network": "import a network first",
    "list models": "see which models there are",
    "replace": "replace the one of this name",
    "use another model": "use another model first",
    "hold a blind test": "hold a blind test",
    "name two sides": "name two, such as sound and random",
    "fill the history": "add a first source to the history",
    "name a source": "learn what can be a source of the history",
    "name an account": "say whose account it is",
    "name a seed": "say what to start from",
    "player address": "say where the player is",
    "player password": "give a password that allows it",
    "player queue": "make room in the player's queue",
    "player folder": "say where the player has its music",
    "choose a microphone": "see which microphones there are, or hear something else",
    "list microphones": "see which microphones there are",
    "fewer neighbours": "take {about} neighbours",
    "correct hubs": "correct hubs",
    "go on correcting hubs": "go on correcting hubs",
    "compare all tracks": "compare all tracks instead",
    "compare whole songs": "compare with whole songs, or analyse the library again, whatever is stored",
    "another name or replace": "choose another name, or have the file replaced",
    "serve elsewhere": "choose another address or port",
    "say what samples": "give the format of samples without a header",
    "example query": "see what a query looks like",
    "describe": "say that these words describe how music sounds",
    "describe by the others": "as a description of sound, it has unknown words ({about}); ask for the others alone",
    "go on from the checkpoint": "train again to go on from the last checkpoint",
    "switch to the model": "{about} can be used from now on",
    "compute the rest": "analyse the library, which computes the rest",
    "list the failures": "see which files could not be analysed, and why",
    "say where files were": "if they were moved, say from where to where",
    "make new vectors": "analyse the library to make new ones",
    "give tracks these vectors": "use {about} to give the tracks these vectors",
    "weight or begin again": "analyse again to compute their new vectors, or begin again",
    "go on analysing": "analyse again to go on from here",
    "go on hearing": "have the files heard again to go on from here",
    "list or retry failures": "see which files could not be analysed, or try them again",
    "tag again": "ask for them to be tagged again",
    "analyse more or configure": "analyse more music, or more windows of each track, or bring a projection",
    "analyse some again": "analyse these tracks again, whatever is stored",
    "keep epsilon": "analyse with epsilon {about} from now on",
}


class DeejaiError(Exception):
    """The root of all errors that this package raises on purpose.

    hint: what the user may do about it, as one of `HINTS`; None where the message says all there is to say. about: what
    the hint is about, such as the name of a model.
    """

    def __init__(self, message: str = "", *, hint: str | None = None, about: str = "") -> None:
        super().__init__(message)
        if hint not in HINTS and hint is not None:
            raise ValueError(f"unknown hint {hint!r}")
        self.hint = hint
        self.about = about


class AudioError(DeejaiError):
    """A file has no readable audio. Reading it again fails until the file changes."""


class UnavailableError(AudioError):
    """A file could not be read this time, but not because of its content. Reading it again may succeed."""


class ModelError(DeejaiError):
    """A model is unknown, or its weights or libraries are missing or damaged."""


class ClusterError(DeejaiError):
    """Other machines cannot be reached, or do not embed as this one does."""


class StoreError(DeejaiError):
    """The slice store, the index or others' vectors cannot be opened, read or written."""


class DamagedError(StoreError):
    """A file of our own contains impossible values. Reading it fails until it is repaired."""


class MicrophoneError(DeejaiError):
    """A microphone is missing, or cannot be used."""


class PlaylistError(DeejaiError):
    """A playlist cannot be read or written."""


class MixError(DeejaiError):
    """A mix cannot be made or written."""


class MapError(DeejaiError):
    """A map cannot be written."""


class LibraryError(DeejaiError):
    """A music library is empty, or cannot be read or written."""


class EmptyError(LibraryError):
    """A music library has no tracks."""


class NotAnalysedError(LibraryError):
    """Nothing in a library is analysed yet, or not what was requested."""


class QueryError(LibraryError):
    """A query is not valid."""


class NoMatchError(QueryError):
    """Words name nothing in a library: they are not a title or a file, and match nothing as a query.

    query: the words that match nothing. kind: "track" or "album". near: the title or artist with the closest spelling, if
    one is close.
    """

    def __init__(
        self,
        message: str,
        *,
        query: str = "",
        kind: str = "track",
        near: str | None = None,
        hint: str | None = None,
        about: str = "",
    ) -> None:
        super().__init__(message, hint=hint, about=about)
        self.query = query
        self.kind = kind
        self.near = near


class UnmountedError(LibraryError):
    """The folder of a library's files is missing or empty, most likely a drive that is not mounted."""


class OptionError(DeejaiError):
    """An option has a value that is not possible.

    option: its name, as a field of `options` or a parameter. value: the given value, if the problem does not contain it.
    problem: what is wrong with it.
    """

    def __init__(self, option: str, problem: str, *, value: str = "", hint: str | None = None) -> None:
        super().__init__(f"{option} {value}: {problem}" if value else f"{option}: {problem}", hint=hint)
        self.option = option
        self.value = value
        self.problem = problem


class NothingAllowedError(OptionError):
    """An option leaves no track for a list to take."""


class ExternalFileError(DeejaiError):
    """A file outside the library cannot be in a list."""


class HistoryError(DeejaiError):
    """A source of playlists and plays cannot be read."""


class TrainingError(DeejaiError):
    """A model cannot be trained from the available data."""


class PlayerError(DeejaiError):
    """A music player does not do what it is asked to do."""


class LostError(PlayerError):
    """A player does not answer. reason: why, without the player's name."""

    def __init__(self, player: str, reason: str) -> None:
        super().__init__(f"cannot reach {player} ({reason})", hint="player address")
        self.reason = reason


class RefusedError(PlayerError):
    """A player refuses a command."""


class UnplayableError(RefusedError):
    """A player does not accept a song, but may accept others. The message is only the reason."""


class MissingError(DeejaiError):
    """A library that only some commands need is not installed."""
