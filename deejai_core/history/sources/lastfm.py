"""A user's listening history on Last.fm, through its web service."""

from __future__ import annotations

import html
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deejai_core.errors import HistoryError
from deejai_core.extras import extra
from deejai_core.history.mentions import Mention, Play, SongList
from deejai_core.history.sources.values import mention, moment, number, text

if TYPE_CHECKING:
    from xml.dom.minidom import Element

    import pylast

SERVER = "https://ws.audioscrobbler.com/2.0/"
PAGE = 200  # the most that Last.fm sends at once
INTERVAL = 0.2  # seconds from request to request: Last.fm allows five a second
SMALLER = (40, 5, 1)  # page sizes that are tried if a page does not arrive; each divides the one before
FIRST = (1, 2, 10, 100)  # tracks that are requested, one by one, to learn how many there are
WAITS = (1, 2, 4, 8, 16)  # seconds before the same request is repeated
GARBLED = 3  # repetitions of a request whose answer makes no sense
TRANSIENT = {"8", "11", "16", "29", "500", "502", "503", "504"}  # operation failed, offline, unavailable, too many requests
# Players that were offline submit their plays later, with the time. Last.fm accepts nothing older than this.
LATE = 14 * 24 * 60 * 60  # seconds
PATIENCE = 5  # how often pages may be counted again without any progress


class _NoAnswerError(HistoryError):
    """Last.fm did not answer repeated requests."""


class _GarbledError(_NoAnswerError):
    """Last.fm answered each time, but not in its protocol."""


class LastFm:
    """One user's history.

    Every method raises HistoryError, in one line; the constructor raises MissingError without pylast.

    A track that never arrives complete, because its name contains something that XML does not allow, is left out;
    `on_warning` receives one line with their number.
    """

    def __init__(
        self,
        user: str,
        key: str,
        *,
        server: str | None = None,
        on_warning: Callable[[str], None] = lambda warning: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """key: of the web service, https://www.last.fm/api.

        server: the URL of another one with the same protocol; by default the one in the environment variable
        DEEJAI_LASTFM_SERVER, or else Last.fm itself.
        """
        with extra("history"):
            import pylast

        self.user = user
        self._pylast = pylast
        network = _network(pylast, key, server or os.environ.get("DEEJAI_LASTFM_SERVER") or SERVER)
        self._account = pylast.User(user, network)
        self._on_warning = on_warning
        self._pause = pause
        self._asked = -math.inf
        self._left_out = 0

    def scrobbles(self, newest: int | None = None, *, until: int | None = None) -> Iterator[list[Play]]:
        """Yield the plays, the oldest first, in pages of at most 200.

        newest: the time of the newest play that the caller has of this user, or None. A caller that stores each page before
        asking for the next may stop anywhere, and continue later from the newest stored play: nothing before it is missing.
        Since scrobbles may be submitted late, the two weeks before `newest` are yielded again; the caller must not store a
        play (same time, same song) twice. until: seconds since 1970; None for now. Plays that a wrong clock dates into the
        future are left for later, so that none of them counts as the newest.
        """
        until = int(time.time()) if until is None else until
        since = 0 if newest is None else max(newest - LATE, 0)
        self._left_out = 0
        method, patience, given = "user.getRecentTracks", PATIENCE, since
        total = self._count(method, _window(since, until))
        page = math.ceil(total / PAGE)  # Last.fm counts pages from the newest play
        while page > 0:
            left_out = self._left_out
            answers = self._page(method, _window(since, until), page)
            if patience and any(_number(answer, "total") not in (0, total) for answer in answers):
                # Some were submitted late, or deleted: the pages have moved. They are counted again after what was yielded.
                patience, since, self._left_out = patience - 1, given, left_out
                total = self._count(method, _window(since, until))
                page = math.ceil(total / PAGE)
                continue
            tracks = [track for answer in answers for track in _elements(answer, "track")]
            plays = [play for track in reversed(tracks) if (play := _play(track))]
            if plays:
                yield plays
                if plays[-1].at - 1 > given:
                    patience, given = PATIENCE, plays[-1].at - 1
            page -= 1
        self._warn("play")

    def loved(self) -> SongList:
        """Return the songs that the user loves, in the order in which they were marked."""
        return SongList(f"Last.fm: loved by {self.user}", self._songs("user.getLovedTracks")[::-1])

    def top(self, limit: int = 1000) -> SongList:
        """Return the songs that the user played most, at most `limit`, the most played first."""
        return SongList(f"Last.fm: most played by {self.user}", self._songs("user.getTopTracks", limit))

    def _songs(self, method: str, limit: float = math.inf) -> tuple[Mention, ...]:
        """Yield each song once, even if it moves to another page meanwhile."""
        songs: dict[Mention, None] = {}
        self._left_out = 0
        page, pages = 1, math.ceil(self._count(method, {}) / PAGE)
        while page <= pages and len(songs) < limit:
            tracks = [track for answer in self._page(method, {}, page) for track in _elements(answer, "track")]
            songs |= dict.fromkeys(song for track in tracks if (song := _song(track)))
            page += 1
        self._warn("song")
        return tuple(songs)[: None if limit == math.inf else int(limit)]

    def _warn(self, what: str) -> None:
        if self._left_out:
            some = f"{self._left_out:,} {what}{'s' if self._left_out > 1 else ''}"
            self._on_warning(f"Last.fm: {some} of {self.user} left out, because it never sends them in a readable form")

    def _count(self, method: str, params: dict[str, int]) -> int:
        """Return the number of tracks."""
        problem: _GarbledError
        for page in FIRST:  # each request returns one track, and that may be the one that cannot be read
            try:
                found = self._ask(method, params | {"limit": 1} | ({"page": page} if page > 1 else {}))
                return _number(found, "total") or _number(found, "totalPages")
            except _GarbledError as error:
                problem = error
        raise problem

    def _page(self, method: str, params: dict[str, int], page: int, size: int = PAGE) -> list[Element]:
        """Return the elements that contain the tracks of a page, in order: several if it only arrives in pieces."""
        try:
            whole, single = size == PAGE, size == SMALLER[-1]
            waits = WAITS if whole or single else WAITS[:1]
            return [self._ask(method, params | {"limit": size, "page": page}, waits, GARBLED if whole else 1)]
        except _NoAnswerError:
            total = self._count(method, params)  # if this fails, too, the page is not at fault
            if single:
                self._left_out += 1
                return []
            smaller = next(other for other in SMALLER if other < size)
            parts = range((page - 1) * (size // smaller) + 1, page * (size // smaller) + 1)
            there = [part for part in parts if part <= math.ceil(total / smaller)]
            return [answer for part in there for answer in self._page(method, params, part, smaller)]

    def _ask(self, method: str, params: dict[str, int], waits: Sequence[int] = WAITS, garbled: int = GARBLED) -> Element:
        """Return the element that contains the tracks. Errors that may pass are tried again, with growing pauses."""
        problem: object = None
        for attempt, wait in enumerate((0, *waits)):
            self._pause(max(wait, self._asked + INTERVAL - time.monotonic()))
            try:
                # The one private call. The public ones cannot request a page by number and do not return totals: a history
                # could not be read from its oldest play on, and one unreadable answer would end all of it.
                answer = self._account._request(method, False, {"user": self.user, **params})
                return _elements(answer.documentElement)[0]
            except self._pylast.WSError as error:
                if str(error.status) not in TRANSIENT:
                    raise HistoryError(self._refusal(error)) from error
                problem = error
            except self._pylast.NetworkError as error:
                problem = error.underlying_error
            except (self._pylast.MalformedResponseError, IndexError, AttributeError, ValueError) as error:
                if attempt >= garbled:
                    raise _GarbledError("Last.fm does not answer sensibly; try again later") from error
                problem = "its answer makes no sense"
            finally:
                self._asked = time.monotonic()
        raise _NoAnswerError(f"Last.fm does not answer ({text(str(problem))}); try again later")

    def _refusal(self, error: pylast.WSError) -> str:
        status = str(error.status)
        if status == "6" and "user" in error.details.lower():  # otherwise another parameter is wrong
            return f"Last.fm knows no user {self.user!r}"
        if status == "17":
            return (
                f"Last.fm: the recent tracks of {self.user!r} are hidden; show them at https://www.last.fm/settings/privacy"
            )
        if status in ("10", "26"):
            return f"Last.fm refuses the API key ({text(error.details)}); see https://www.last.fm/api/account/create"
        return f"Last.fm: {text(error.details)} (error {status})"


def _network(library: Any, key: str, server: str) -> pylast.LastFMNetwork:
    """Return how Last.fm is called. library: the module pylast. server: its address."""
    network: pylast.LastFMNetwork = library.LastFMNetwork(api_key=key)
    url = urlsplit(server)
    network.ws_server = (url.netloc, url.path or "/")
    if url.scheme == "http":

        class Plain(library.httpx.HTTPTransport):  # type: ignore[misc]  # of whichever httpx pylast stands on
            """A connection without https, which pylast otherwise always uses."""

            def handle_request(self, request: Any) -> Any:
                request.url = request.url.copy_with(scheme="http")
                return super().handle_request(request)

        network.proxy = {"https://": Plain()}
    return network


def _window(since: int, until: int) -> dict[str, int]:
    return {"from": since, "to": until} if since else {"to": until}


def _play(track: Element) -> Play | None:
    """Return a play; None also for the song that is playing now, which is on every page and has no time yet."""
    song = _song(track)
    at = next((moment(date.getAttribute("uts")) for date in _elements(track, "date")), None)
    return Play(song, at) if song and at is not None else None


def _song(track: Element) -> Mention | None:
    artist = next(iter(_elements(track, "artist")), None)
    named = artist and next(iter(_elements(artist, "name")), artist)  # lists have it one level deeper than plays
    return mention(_text(named), _child(track, "name"), _child(track, "album"), _child(track, "mbid"))


def _child(element: Element, name: str) -> str:
    return _text(next(iter(_elements(element, name)), None))


def _text(element: Element | None) -> str:
    """Return the text, unescaped once more: Last.fm has names that were escaped twice."""
    nodes = element.childNodes if element else []
    return html.unescape("".join(node.data for node in nodes if node.nodeType in (node.TEXT_NODE, node.CDATA_SECTION_NODE)))


def _elements(element: Element, name: str | None = None) -> list[Element]:
    """Return the children that are elements."""
    nodes = [node for node in element.childNodes if node.nodeType == node.ELEMENT_NODE]
    return [node for node in nodes if name in (None, node.tagName)]


def _number(element: Element, attribute: str) -> int:
    return int(number(element.getAttribute(attribute)) or 0)
