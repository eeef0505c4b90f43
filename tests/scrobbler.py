"""A server on this machine that speaks the protocol of Last.fm, with all its moods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

KEY = "0123456789abcdef0123456789abcdef"


@dataclass
class Scrobbler:
    """What the server knows, and what it is asked. Songs are (artist, title); scrobbles (seconds, artist, title)."""

    user: str = "rj"
    scrobbles: list[tuple[int, str, str]] = field(default_factory=list)
    loved: list[tuple[str, str]] = field(default_factory=list)  # in the order they came to be loved
    top: list[tuple[str, str]] = field(default_factory=list)
    now_playing: tuple[str, str] | None = None
    # One for each request to come; True: it has answered, and nothing else is to be said.
    moods: list[Callable[[BaseHTTPRequestHandler], bool]] = field(default_factory=list)
    # By title, how it answers whatever that song would be in.
    spoilt: dict[str, Callable[[BaseHTTPRequestHandler], bool]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def pages(self) -> list[int]:
        """The pages of scrobbles that were asked for."""
        return [int(asked["page"]) for asked in self.asked if "page" in asked]

    def answer(self, asked: dict[str, str]) -> str:
        if asked["api_key"] != KEY:
            return error(10, "Invalid API key - You must be granted a valid key by last.fm")
        if asked["user"] != self.user:
            return error(6, "User not found")
        page, limit = int(asked.get("page", 1)), int(asked.get("limit", 50))
        match asked["method"]:
            case "user.getRecentTracks":
                first, last = int(asked.get("from", 0)), int(asked.get("to", 2**40))
                # As it was observed: `from` belongs to the window, `to` does not.
                found = sorted((scrobble for scrobble in self.scrobbles if first <= scrobble[0] < last), reverse=True)
                playing = [played(*self.now_playing)] if self.now_playing else []
                shown = [played(artist, title, at) for at, artist, title in found[(page - 1) * limit : page * limit]]
                return tracks("recenttracks", playing + shown, page, limit, len(found))
            case "user.getLovedTracks":
                shown = [listed(*song, date=True) for song in self.loved[::-1][(page - 1) * limit : page * limit]]
                return tracks("lovedtracks", shown, page, limit, len(self.loved))
            case "user.getTopTracks":
                shown = [listed(*song) for song in self.top[(page - 1) * limit : page * limit]]
                return tracks("toptracks", shown, page, limit, len(self.top))
        return error(3, "Invalid Method - No method with that name in this package")


@contextmanager
def serving(scrobbler: Scrobbler) -> Iterator[Scrobbler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            scrobbler.asked.append(asked)
            if not (scrobbler.moods and scrobbler.moods.pop(0)(self)):
                answer = scrobbler.answer(asked)
                spoilt = (mood for title, mood in scrobbler.spoilt.items() if f"<name>{title}</name>" in answer)
                next(spoilt, lambda handler: say(handler, 200, answer))(self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scrobbler.url = f"http://127.0.0.1:{server.server_port}/2.0/"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield scrobbler
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(handler: BaseHTTPRequestHandler, status: int, body: str) -> None:
    data = body.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "text/xml; charset=utf-8")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


# Moods.


def well(handler: BaseHTTPRequestHandler) -> bool:
    return False


def failing(status: int, body: str = "<html>Bad Gateway</html>") -> Callable[[BaseHTTPRequestHandler], bool]:
    return lambda handler: say(handler, status, body) or True


def refusing(code: int, message: str, status: int = 200) -> Callable[[BaseHTTPRequestHandler], bool]:
    return failing(status, error(code, message))


def cutting(handler: BaseHTTPRequestHandler) -> bool:
    """The connection ends in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'<?xml version="1.0" encoding="UTF-8"?><lfm status="ok"><recenttracks')
    handler.close_connection = True
    return True


def garbling(handler: BaseHTTPRequestHandler) -> bool:
    """A title has a character that no XML may have."""
    return failing(200, lfm("ok", "<recenttracks><name>&#3;</name></recenttracks>"))(handler)


# Its XML.


def error(code: int, message: str) -> str:
    return lfm("failed", f'<error code="{code}">{message}</error>')


def tracks(name: str, shown: list[str], page: int, limit: int, total: int) -> str:
    pages = -(-total // limit)
    attributes = f'user="RJ" page="{page}" perPage="{limit}" totalPages="{pages}" total="{total}"'
    return lfm("ok", f"<{name} {attributes}>\n" + "\n".join(shown) + f"\n</{name}>")


def lfm(status: str, inner: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<lfm status="{status}">\n{inner}\n</lfm>\n'


def played(artist: str, title: str, at: int | None = None, mbid: str = "", album: str = "Album") -> str:
    """A track of user.getRecentTracks; without a time it is playing now."""
    date = "" if at is None else f'<date uts="{at}">23 Feb 2012, 12:26</date>'
    return f"""<track{' nowplaying="true"' if at is None else ""}>
  <artist mbid="">{escape(artist)}</artist>
  <name>{escape(title)}</name>
  <streamable>0</streamable>
  <mbid>{mbid}</mbid>
  <album mbid="">{escape(album)}</album>
  <url>https://www.last.fm/music/x</url>
  <image size="small">https://lastfm.freetls.fastly.net/i/u/34s/x.jpg</image>
  {date}
</track>"""


def listed(artist: str, title: str, *, date: bool = False) -> str:
    """A track of user.getLovedTracks or user.getTopTracks."""
    return f"""<track rank="1">
  <artist>
    <url>https://www.last.fm/music/x</url>
    <name>{escape(artist)}</name>
    <mbid>0ef3f425-9bd2-4216-9dd2-219d2fe90f1f</mbid>
  </artist>
  {'<date uts="1330000000">23 Feb 2012, 12:26</date>' if date else "<playcount>7</playcount>"}
  <mbid></mbid>
  <url>https://www.last.fm/music/x/_/y</url>
  <name>{escape(title)}</name>
</track>"""
