"""Who may log in: listeners by name, each with a password; and how often passwords may be guessed.

The protocol's salted token, `md5(password + salt)`, can only be checked by a server that knows the password, and anybody
who sees a token can send it again. So the configuration holds passwords in plain text, and outside the home network they
need TLS.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deejai_core.errors import OptionError
from deejai_core.features.subsonic.answers import MISSING, TWO_LOGINS, WRONG_KEY, WRONG_LOGIN, SubsonicError

MOST_GUESSES = 10  # wrong passwords for one listener from one address, after which all requests are refused
FORGOTTEN = 600  # seconds after which a wrong password no longer counts
DELAYS = (0.0, 0.0, 0.5, 1.0, 2.0)  # seconds by which the answer to the first, second, ... wrong password is delayed
MOST_WAITING = 3  # answers delayed at once: each occupies a thread
REMEMBERED = 10_000  # listeners and addresses whose guesses are counted
LONGEST_NAME = 100  # characters
KEY_OF = b"deejai subsonic api key"


@dataclass(frozen=True)
class Users:
    """Listeners by name, with their passwords. owner: the one whose plays, stars and ratings are also the library's."""

    passwords: Mapping[str, str]
    owner: str | None = None

    def __post_init__(self) -> None:
        """Raises OptionError."""
        if not self.passwords:
            raise OptionError("subsonic_users", "no listener is configured; add each with a name and a password")
        for name, password in self.passwords.items():
            if not name or len(name) > LONGEST_NAME or not name.isprintable():
                raise OptionError(
                    "subsonic_users", f"{name[:40]!r} is not a valid name; use 1 to {LONGEST_NAME} printable characters"
                )
            if not password:
                raise OptionError("subsonic_users", f"{name} has no password")
        if self.owner is not None and self.owner not in self.passwords:
            raise OptionError("subsonic_owner", f"{self.owner!r} is not one of subsonic_users")

    def api_key(self, name: str) -> str:
        """Return what a client may send instead of a name and a password. It changes with the password."""
        return hmac.new(self.passwords[name].encode(), KEY_OF + name.encode(), hashlib.sha256).hexdigest()[:40]

    def identify(self, values: Mapping[str, str]) -> str:
        """Return the listener whose request has these parameters. Raises SubsonicError."""
        key, name = values.get("apiKey"), values.get("u")
        token, salt, password = values.get("t"), values.get("s"), values.get("p")
        if key is not None:
            if any(value is not None for value in (name, token, salt, password)):
                raise SubsonicError(TWO_LOGINS, "give either apiKey or a name and password, not both")
            found = [known for known in self.passwords if _same(key, self.api_key(known))]
            if not found:
                raise SubsonicError(WRONG_KEY, "the API key is wrong")
            return found[0]
        if name is None:
            raise SubsonicError(MISSING, "u: the name of a listener is missing")
        right = self.passwords.get(name)
        known = right if right is not None else ""  # as much work for an unknown name as for a known one
        if password is not None:
            if token is not None:
                raise SubsonicError(TWO_LOGINS, "give either t and s or p, not both")
            good = _same(_plain_password(password), known)
        elif token is None:
            raise SubsonicError(MISSING, "t and s, or p: the password is missing")
        elif salt is None:
            raise SubsonicError(MISSING, "s: the salt of the token is missing")
        else:
            good = _same(token.lower(), hashlib.md5((known + salt).encode("utf-8", "replace")).hexdigest())  # noqa: S324
        if right is None or not good:
            raise SubsonicError(WRONG_LOGIN, "the name or the password is wrong")
        return name


@dataclass
class Guesses:
    """Counts wrong passwords per listener and address: answers are delayed, then refused.

    Somebody who guesses a listener's password locks out nobody else, and that listener only at the same address.
    """

    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    _wrong: OrderedDict[tuple[str, str], list[float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_WAITING))

    def check(self, name: str, address: str) -> None:
        """Raise SubsonicError if there were too many."""
        with self._lock:
            times = self._recent((name, address))
        if len(times) >= MOST_GUESSES:
            minutes = max(1, round((times[-MOST_GUESSES] + FORGOTTEN - self.clock()) / 60))
            raise SubsonicError(WRONG_LOGIN, f"too many wrong passwords; try again in {minutes} min")

    def wrong(self, name: str, address: str) -> None:
        """Count a wrong password, and wait as long as its answer is delayed."""
        with self._lock:
            times = [*self._recent((name, address)), self.clock()][-MOST_GUESSES:]
            self._wrong[name, address] = times
            self._wrong.move_to_end((name, address))
            while len(self._wrong) > REMEMBERED:
                self._wrong.popitem(last=False)
        delay = DELAYS[min(len(times), len(DELAYS)) - 1]
        if delay and self._waiting.acquire(blocking=False):
            try:
                self.wait(delay)
            finally:
                self._waiting.release()

    def _recent(self, who: tuple[str, str]) -> list[float]:
        return [one for one in self._wrong.get(who, ()) if self.clock() - one < FORGOTTEN]


def _plain_password(text: str) -> str:
    """Return a password as clients send it: in plain text, or as `enc:` and the hexadecimal of its UTF-8."""
    if not text.startswith("enc:"):
        return text
    try:
        return bytes.fromhex(text[4:]).decode()
    except ValueError:
        return text


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
