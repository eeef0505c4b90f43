"""The DJ page and the API beneath it, for any library. docs/web.md describes the API.

The server is stateless: the page holds its queue, and each response depends only on the request and the library.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deejai_core.errors import DeejaiError
from deejai_core.extras import extra
from deejai_core.features.web import requests
from deejai_core.features.web.audio import FOR_BROWSERS, MIME_TYPES, Transcoders, begins_as_audio, file_response, open_track
from deejai_core.features.web.covers import Covers
from deejai_core.features.web.guard import LARGEST_REQUEST, LARGEST_UPLOAD, TAKE_FILES, TRANSCODE_PATH, UPLOAD_PATH, Guard
from deejai_core.features.web.library import Library, Listed, RefusedError, View
from deejai_core.features.web.requests import Reference
from deejai_core.features.web.search import Found
from deejai_core.features.web.token_page import CONTENT_SECURITY_POLICY, token_page
from deejai_core.features.web.uploads import Uploads
from deejai_core.features.web.words import in_words
from deejai_core.playlists.candidates import Pick
from deejai_core.playlists.journey import journey
from deejai_core.playlists.queue import fill
from deejai_core.playlists.rules import BY_NAME
from deejai_core.tracks.songs import Song

if TYPE_CHECKING:
    from flask import Flask, Request, Response

STATIC = Path(__file__).with_name("static")
MAP_STATIC = Path(__file__).parent.parent / "map/static"  # the script that draws maps, and its style

PAGES = ("/", "/blind")  # the pages on which a browser without the token is asked for it

MOST_FOUND = 100
MOST_SKIPPED = 1_000_000
MOST_OF_A_GROUP = 50  # tracks of an artist or an album
MOST_COMING = 100
USUAL = 10  # songs in a response, if the request does not say how many
MOST_WAYPOINTS = 20
MOST_BETWEEN = 100

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Start:
    """What the page starts with."""

    ids: Sequence[int] = ()  # ids of the seeds
    demo: float | None = None  # seconds after which it skips to the next track
    program: str = "the server"  # the program that printed the address; shown to a browser without the token


def create_app(library: Library, guard: Guard, uploads: Uploads, covers: Covers, start: Start) -> Flask:
    """Create the application. Raises MissingError if Flask is not installed."""
    with extra("web"):
        import flask
        import imagesize  # noqa: F401 (needed by the processes that look for covers, which cannot say that it is missing)
        from flask.json.provider import DefaultJSONProvider
        from werkzeug.exceptions import HTTPException

    app = flask.Flask("deejai", static_folder=None)
    json_provider = DefaultJSONProvider(app)
    json_provider.sort_keys = False
    app.json = json_provider
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    transcoders = Transcoders()
    read_reference = requests.reference_reader(library.dimension)

    @app.before_request
    def check() -> None:
        request = flask.request
        guard.check(request.method, request.path, request.query_string.decode("latin-1"), request.headers.get)
        if request.path in TAKE_FILES:
            request.max_content_length = LARGEST_UPLOAD

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store" if flask.request.path.startswith("/api/") else "no-cache"
        return response

    @app.errorhandler(Exception)
    def explain(error: Exception) -> tuple[Response, int]:
        if isinstance(error, RefusedError):
            status, text = error.status, str(error)
        elif isinstance(error, HTTPException):
            status, text = error.code or 500, f"{error.name.lower()}: {flask.request.method} {flask.request.path[:100]}"
        elif isinstance(error, DeejaiError):
            status, text = 500, in_words(error)
        else:
            status, text = 500, "something went wrong; the terminal that the server runs in says what"
            log.error("%s %s", flask.request.method, flask.request.path, exc_info=error)
        if status == 401 and flask.request.path in PAGES:
            response = flask.Response(token_page(start.program, wrong="token" in flask.request.args), mimetype="text/html")
            response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
            return response, status
        response = flask.jsonify(error=text)
        if allowed := getattr(error, "valid_methods", None):  # 405
            response.headers["Allow"] = ", ".join(sorted(allowed))
        if status == 503:
            response.headers["Retry-After"] = "5"
        return response, status

    @app.get("/")
    def page() -> Response:
        return html("index.html")

    @app.get("/blind")
    def blind_page() -> Response:
        return html("blind.html")

    def html(name: str) -> Response:
        """Return a page, with the cookie by which its requests prove that they know the token."""
        response = flask.send_file(STATIC / name, mimetype="text/html", max_age=0)
        if guard.token and guard.shows_token(f"token={flask.request.args.get('token', '')}", lambda _: None):
            response.set_cookie(guard.cookie, guard.token, httponly=True, samesite="Strict", max_age=365 * 24 * 3600)
        return response

    @app.get("/static/<name>")
    def static(name: str) -> Response:
        return flask.send_from_directory(STATIC, name, max_age=0)

    @app.get("/static/map/<name>")
    def map_static(name: str) -> Response:
        return flask.send_from_directory(MAP_STATIC, name, max_age=0)

    @app.get("/api/status")
    def status() -> dict[str, Any]:
        return {
            "model": library.model,
            "tracks": library.tracks,
            "alike": library.alike,
            "analysis": asdict(library.progress()),
            "writable": library.writable,
            "knobs": requests.write_options(library.walk),
            "rules": requests.write_options(library.rules),
            "tags": list(library.tags),
            "largest_upload": LARGEST_UPLOAD,
            "demo": start.demo,
            "start": _shown(library, start.ids),
        }

    @app.post("/api/analyse")
    def analyse() -> dict[str, Any]:
        library.analyse()
        return {"analysis": asdict(library.progress())}

    @app.get("/api/search")
    def search() -> dict[str, Any]:
        text = requests.read_text(flask.request.args, "q").strip()
        limit = requests.read_whole(flask.request.args, "limit", 20, 1, MOST_FOUND)
        offset = requests.read_whole(flask.request.args, "offset", 0, 0, MOST_SKIPPED)
        found = library.search(text, limit, offset) if text else Found([], [])
        return {
            "tracks": _shown(library, found.ids),
            "groups": [
                asdict(group) | {"ids": group.ids[:MOST_OF_A_GROUP], "tracks": len(group.ids)} for group in found.groups
            ],
            "more": found.more,
        }

    @app.get("/api/tracks")
    def tracks() -> dict[str, Any]:
        text = requests.read_text(flask.request.args, "ids", longest=MOST_OF_A_GROUP * 20)
        return {"tracks": _shown(library, [_id(one) for one in text.split(",")][:MOST_OF_A_GROUP])}

    @app.get("/api/anything")
    def anything() -> dict[str, Any]:
        return {"tracks": _shown(library, [library.anything()])}

    @app.get("/api/track/<id_>")
    def track(id_: str) -> dict[str, Any]:
        return _known(library, id_)

    @app.post("/api/similar")
    def similar() -> dict[str, Any]:
        body = _body(flask.request)
        seeds = requests.read_list(body, "seeds", read_reference, requests.MOST_SEEDS, least=1)
        played = requests.read_list(body, "played", read_reference)
        pinned = requests.read_list(body, "pinned", read_reference, requests.MOST_SEEDS)
        removed = requests.read_list(body, "removed", read_reference)
        less = requests.read_list(body, "less", read_reference, requests.MOST_SEEDS)
        coming = requests.read_list(body, "coming", requests.place_reader(read_reference), MOST_COMING) or [None] * USUAL
        walk = requests.read_walk(body, library.walk)
        seed = requests.read_whole(body, "seed", 0, 0, 2**31 - 1)
        view = library.view(requests.read_rules(body, library.rules, library.vocabulary))
        seeds, played = _songs(view, seeds, "seeds"), _songs(view, played)
        found = fill(
            view.candidates,
            seeds,
            [reference and _at(view, reference) for reference in coming],
            played=played,
            pinned=_songs(view, pinned),
            unwanted=_songs(view, removed),
            less=_songs(view, less),
            keep_on=walk.keep_on,
            stay=walk.stay,
            drunk=walk.drunk,
            seed=seed,
        )
        first = len(seeds) + len(played)
        tracks = _picked(library, view, found, first)
        return {"tracks": tracks, "complete": len(tracks) >= coming.count(None)}

    @app.post("/api/journey")
    def travel() -> dict[str, Any]:
        body = _body(flask.request)
        stops = requests.read_list(body, "waypoints", read_reference, MOST_WAYPOINTS, least=2)
        less = requests.read_list(body, "less", read_reference, requests.MOST_SEEDS)
        between = requests.read_whole(body, "between", 5, 0, MOST_BETWEEN)
        walk = requests.read_walk(body, library.walk)
        seed = requests.read_whole(body, "seed", 0, 0, 2**31 - 1)
        view = library.view(requests.read_rules(body, library.rules, library.vocabulary))
        songs = _songs(view, stops, "waypoints")
        if any(one.vector.tobytes() == next_.vector.tobytes() for one, next_ in pairwise(songs)):
            raise RefusedError("waypoints: the same one twice in a row; a journey leads from one to another")
        rng = np.random.default_rng(seed)
        less = _songs(view, less)
        legs = journey(view.candidates, songs, between=between, drunk=walk.drunk, rng=rng, less=less)
        tracks = [_picked(library, view, leg) for leg in legs]
        return {"legs": tracks, "complete": all(len(leg) == between for leg in tracks)}

    @app.post(UPLOAD_PATH)
    def upload() -> dict[str, Any]:
        name = requests.read_text(flask.request.args, "name") or "a file"
        with uploads.received(flask.request.stream, name) as path:
            external = library.embed(path, name)
        # A recording that is in the library is treated as the library's track: it can be played from there, and saved.
        known = library.describe([external.id]).get(external.id) if external.id else None
        return {
            "track": _json(known) if known else None,
            "artist": known.artist if known else external.artist,
            "title": known.title if known else external.title,
            "length": known.length if known else external.length,
            "vector": requests.write_vector(external.song.vector),
        }

    @app.post(TRANSCODE_PATH)
    def transcode() -> Response:
        name = requests.read_text(flask.request.args, "name") or "a file"
        target = _target(_formats(flask.request))
        with contextlib.ExitStack() as stack:
            path = stack.enter_context(uploads.received(flask.request.stream, name))
            response = transcoders.response(path, target, 0, flask.request)
            response.call_on_close(stack.pop_all().close)  # the file is kept until it has been sent
        return response

    @app.post("/api/save")
    def save() -> Any:
        body = _body(flask.request)
        title = requests.read_text(body, "title").strip()
        ids = requests.read_list(body, "ids", requests.read_id, least=1)
        download = requests.read_switch(body, "download", False)
        if not title:
            raise RefusedError("title: a playlist needs a name")
        if not download:
            path, tracks = library.save(title, ids, replace=requests.read_switch(body, "replace", False))
            return {"path": path, "tracks": tracks}
        name, data, _ = library.playlist(title, ids)
        name = name.encode("utf-8", "replace").decode()
        return flask.send_file(io.BytesIO(data), "application/octet-stream", as_attachment=True, download_name=name)

    @app.get("/api/audio/<id_>")
    def audio(id_: str) -> Response:
        found = library.audio(_id(id_))
        formats = _formats(flask.request)
        start_at = requests.read_number(flask.request.args, "start", 0, 0, 1e6)
        if found is None:
            raise RefusedError(f"there is no track {id_[:20]}", 404)
        path, format_ = found
        file = open_track(path)
        if format_ in MIME_TYPES and (format_ in formats or not formats) and begins_as_audio(file):
            return file_response(file, MIME_TYPES[format_], flask.request)
        file.close()
        return transcoders.response(path, _target(formats), start_at, flask.request)

    @app.get("/api/art/<id_>")
    def art(id_: str) -> Response:
        cover = library.cover(_id(id_))
        if cover is None:
            raise RefusedError(f"there is no track {id_[:20]}", 404)
        picture = covers.read(cover)
        # A missing cover is no error that a browser should log.
        response = flask.Response(picture[0], mimetype=picture[1]) if picture else flask.Response(status=204)
        response.add_etag()
        response.cache_control.private = True
        response.cache_control.max_age = 3600
        response.make_conditional(flask.request)
        return response

    @app.get("/api/blind")
    def blind() -> dict[str, Any]:
        return {"sides": list(library.blind_sides), "rounds": library.blind_rounds}

    @app.post("/api/blind/begin")
    def begin_test() -> dict[str, Any]:
        body = _body(flask.request)
        sides = (requests.read_text(body, "one").strip(), requests.read_text(body, "other").strip())
        return {"test": library.begin_test(sides, requests.read_text(body, "query"))}

    @app.post("/api/blind/next")
    def next_round() -> dict[str, Any]:
        found = library.next_round(requests.read_text(_body(flask.request), "test"))
        if found is None:
            return {"round": None}
        seed = next(iter(_shown(library, [found.seed])), None)
        return {"round": {"seed": seed, "lists": [_shown(library, ids) for ids in found.lists]}}

    @app.post("/api/blind/vote")
    def vote() -> dict[str, Any]:
        body = _body(flask.request)
        chosen = requests.read_whole(body, "chosen", math.nan, 0, 2)  # required; 0: the listener cannot tell
        return {"votes": library.vote(requests.read_text(body, "test"), chosen - 1 if chosen else None)}

    @app.post("/api/blind/end")
    def end_test() -> dict[str, Any]:
        return asdict(library.end_test(requests.read_text(_body(flask.request), "test")))

    @app.get("/api/map")
    def map_() -> Any:
        return flask.jsonify(library.map())

    @app.get("/api/map/sketch")
    def map_sketch() -> Any:
        return flask.jsonify(library.map_sketch())

    @app.get("/api/map/progress")
    def map_progress() -> dict[str, Any]:
        return {"done": library.map_progress}

    return app


def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    A form cannot send this content type: a browser would first ask for permission, which it does not get.
    """
    try:
        body = request.get_json(silent=True) if request.mimetype == "application/json" else None
    except RecursionError:  # nested too deeply
        body = None
    if not isinstance(body, dict):
        raise RefusedError("the body must be a JSON object, of the type application/json")
    return body


def _formats(request: Request) -> list[str]:
    """Return the formats that a browser says it plays; none if it does not say."""
    return [name for name in requests.read_text(request.args, "formats").split(",") if name]


def _target(formats: Sequence[str]) -> str:
    """Return the format to transcode to, for a browser that plays these formats."""
    for name in FOR_BROWSERS:
        if name in formats or not formats:
            return name
    raise RefusedError(f"formats: name one of {', '.join(FOR_BROWSERS)} for tracks that have to be transcoded", 406)


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= requests.LARGEST_ID):
        raise RefusedError("ids of tracks are whole numbers above 0", 404)
    return int(text)


def _known(library: Library, text: str) -> dict[str, Any]:
    found = library.describe([_id(text)])
    if not found:
        raise RefusedError(f"there is no track {text[:20]}", 404)
    (track,) = found.values()
    return _json(track)


def _json(track: Listed) -> dict[str, Any]:
    return asdict(track)


def _shown(library: Library, ids: Iterable[int]) -> list[dict[str, Any]]:
    ids = list(ids)
    found = library.describe(ids)
    return [_json(found[id_]) for id_ in ids if id_ in found]


def _songs(view: View, references: Iterable[Reference], name: str | None = None) -> list[Song]:
    """Return the songs of references.

    A track that is gone or not analysed is left out; with `name`, the name of the list that it is in, it is refused.
    """
    songs = []
    for reference in references:
        song = _at(view, reference)
        if song is None and name:
            raise RefusedError(f"{name}: track {reference} is not in the library, or has not been analysed")
        if song:
            songs.append(song)
    return songs


def _at(view: View, reference: Reference) -> Song | None:
    if isinstance(reference, Song):
        return reference
    position = view.position.get(reference)
    return None if position is None else view.candidates.song(position)


def _picked(library: Library, view: View, picks: Sequence[Pick], first: int = 0) -> list[dict[str, Any]]:
    """Return picks as the page shows them, with places counted from `first`, without tracks that another program has
    removed.
    """
    found = library.describe([view.ids[pick.position] for pick in picks])
    return [
        _json(found[view.ids[pick.position]])
        | {
            "place": pick.place - first,
            "similarity": round(float(pick.similarity), 4),
            "broken": [BY_NAME[name].reason for name in pick.broken],
        }
        for pick in picks
        if view.ids[pick.position] in found
    ]


def new_token() -> str:
    return secrets.token_urlsafe(24)
