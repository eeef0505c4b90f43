"""Messages about files that the operating system refuses: which file, what failed, why, and what to do next.

Each table has the remedies for one purpose, by errno: another place is no remedy for a file that is to be read.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from deejai_core.words import one_line

Remedies = Mapping[int, str]  # by errno

ANY: Remedies = {  # a file for any purpose
    **dict.fromkeys((errno.EACCES, errno.EPERM), "change the permissions of the file or its folder"),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space"),
    errno.EROFS: "make its disk writable",
    errno.ELOOP: "correct its symbolic links",
    errno.EIO: "check the disk",
    errno.EBUSY: "if another program is using it, try again when it has finished",
}
READING: Remedies = {  # a file that the user has named, to be read
    **ANY,
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL), "check its name"),
    errno.EISDIR: "name a file in that folder",
}
WRITING: Remedies = {  # a file to be written, whose place the user chooses
    **dict.fromkeys((errno.EACCES, errno.EPERM), "choose another place, or change its permissions"),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space, or choose another place"),
    errno.EROFS: "choose a place that is not read-only",
    errno.EFBIG: "choose a place that takes larger files",
    errno.EIO: "check the disk, or choose another place",
    errno.ENOENT: "choose a folder that exists",
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "choose a place that is a folder"),
    errno.EISDIR: "name a file in that folder",
    errno.ENAMETOOLONG: "choose a shorter name",
    **dict.fromkeys((errno.ELOOP, errno.EINVAL), "choose another name"),
}
OWN: Remedies = {  # a file to be written whose place is given, such as those of deejai
    **ANY,
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "make it and its folder writable"),
    errno.ENOENT: "check that its disk is mounted",
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "move the file that is in the place of its folder"),
    errno.EISDIR: "move the folder that has its name",
    errno.ENAMETOOLONG: "move the library to a shorter path",
}
OF_SQLITE = {  # the errno for what SQLite reports, by the beginning of its message
    "attempt to write a readonly database": errno.EACCES,
    "unable to open database file": errno.EACCES,
    "database or disk is full": errno.ENOSPC,
    "disk I/O error": errno.EIO,
    "database is locked": errno.EBUSY,
    "database table is locked": errno.EBUSY,
}


def refusal(path: str | os.PathLike[str], failed: str, error: Exception, remedies: Remedies) -> str:
    """Return the whole message, in one line: "a.m3u: cannot be written (File name too long); choose a shorter name".

    failed: what could not be done. error: an OSError, an error of SQLite, or the ValueError for an impossible name; for any
    other, the message has no remedy.
    """
    return with_remedy(one_line(f"{os.fspath(path)}: {failed} ({reason_of(error)})"), error, remedies)


def unexpected(error: OSError) -> str:
    """Return the message for an error that nobody expected, which knows at most the name of its file."""
    where = f"{one_line(os.fsdecode(error.filename))}: " if isinstance(error.filename, str | bytes) else ""
    return with_remedy(f"{where}{reason_of(error)}", error)


def reason_of(error: Exception) -> str:
    """Return the reason alone: the text of an OSError also has a number and a path, maybe of a temporary file.

    Libraries such as HDF5 and Arrow add more; of such a text, only the words of the system are left.
    """
    told = getattr(error, "strerror", None) or str(error)
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else told
    return reason if reason in told else told


def with_remedy(line: str, error: Exception, remedies: Remedies = ANY) -> str:
    """Return a line about an error, followed by what to do next if that is known."""
    remedy = remedies.get(_number(error) or 0)
    return f"{line}; {remedy}" if remedy else line


def _number(error: Exception) -> int | None:
    if isinstance(error, OSError):
        return error.errno
    if isinstance(error, ValueError):
        return errno.EINVAL
    return next((number for beginning, number in OF_SQLITE.items() if str(error).startswith(beginning)), None)
