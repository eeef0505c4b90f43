"""The OpenSubsonic API: who sends a request, what it asks for, and the form of the response.

docs/subsonic.md lists the functions.

Every response has the status 200, as clients expect, even an error; its content says which it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from deejai_core.errors import DeejaiError
from deejai_core.extras import extra
from deejai_core.features.subsonic import annotating, browsing, listings, media, playlists, sonic
from deejai_core.features.subsonic.answers import (
    GENERIC,
    NOT_FOUND,
    WRONG_LOGIN,
    SubsonicError,
    encode,
    failed,
    is_callback,
    succeeded,
)
from deejai_core.features.subsonic.call import Call, Server
from deejai_core.features.subsonic.users import LONGEST_NAME
from deejai_core.features.web.guard import LARGEST_REQUEST
from deejai_core.features.web.library import RefusedError
from deejai_core.features.web.words import in_words

if TYPE_CHECKING:
    from flask import Flask, Request, Response

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    # Clients in a browser come from other sites. They log in by parameters, so no other page can act in their name.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, Accept-Ranges",
}
EXTENSIONS = ("apiKeyAuthentication", "formPost", "indexBasedQueue", "songLyrics", "sonicSimilarity", "transcodeOffset")

log = logging.getLogger(__name__)


def ping(call: Call) -> dict[str, Any]:
    return {}


def get_license(call: Call) -> dict[str, Any]:
    return {"license": {"valid": True}}


def get_extensions(call: Call | None = None) -> dict[str, Any]:
    return {"openSubsonicExtensions": [{"name": name, "versions": [1]} for name in EXTENSIONS]}


def token_info(call: Call) -> dict[str, Any]:
    return {"tokenInfo": {"username": call.user}}


def get_user(call: Call) -> dict[str, Any]:
    if call.text("username", call.user) != call.user:
        raise SubsonicError(NOT_FOUND, "username: only your own account is shown")
    return {"user": _user(call.user)}


def get_users(call: Call) -> dict[str, Any]:
    return {"users": {"user": [_user(call.user)]}}


def get_scan_status(call: Call) -> dict[str, Any]:
    return {"scanStatus": {"scanning": False, "count": len(call.catalogue.songs)}}


def _user(name: str) -> dict[str, Any]:
    may = dict.fromkeys(("scrobblingEnabled", "downloadRole", "playlistRole", "streamRole"), True)
    roles = ("admin", "settings", "upload", "coverArt", "comment", "podcast", "jukebox", "share", "videoConversion")
    return {"username": name, **may, **{f"{role}Role": False for role in roles}, "folder": [browsing.MUSIC_FOLDER]}


def _nothing(name: str, of: str) -> Callable[[Call], dict[str, Any]]:
    """Answer requests that clients send at start-up for functions that are not supported here."""
    return lambda call: {name: {of: []}}


ENDPOINTS: dict[str, Callable[[Call], dict[str, Any] | Response]] = {
    "ping": ping,
    "getLicense": get_license,
    "getOpenSubsonicExtensions": get_extensions,
    "tokenInfo": token_info,
    "getUser": get_user,
    "getUsers": get_users,
    "getScanStatus": get_scan_status,
    "startScan": get_scan_status,
    "getMusicFolders": browsing.get_music_folders,
    "getIndexes": browsing.get_indexes,
    "getMusicDirectory": browsing.get_music_directory,
    "getGenres": browsing.get_genres,
    "getArtists": browsing.get_artists,
    "getArtist": browsing.get_artist,
    "getAlbum": browsing.get_album,
    "getSong": browsing.get_song,
    "getAlbumInfo": browsing.get_album_info,
    "getAlbumInfo2": browsing.get_album_info,
    "getArtistInfo": sonic.get_artist_info,
    "getArtistInfo2": sonic.get_artist_info2,
    "search2": browsing.search2,
    "search3": browsing.search3,
    "getAlbumList": listings.get_album_list,
    "getAlbumList2": listings.get_album_list2,
    "getRandomSongs": listings.get_random_songs,
    "getSongsByGenre": listings.get_songs_by_genre,
    "getStarred": listings.get_starred,
    "getStarred2": listings.get_starred2,
    "getTopSongs": listings.get_top_songs,
    "getSimilarSongs": sonic.get_similar_songs,
    "getSimilarSongs2": sonic.get_similar_songs2,
    "getSonicSimilarTracks": sonic.get_sonic_similar_tracks,
    "findSonicPath": sonic.find_sonic_path,
    "getPlaylists": playlists.get_playlists,
    "getPlaylist": playlists.get_playlist,
    "createPlaylist": playlists.create_playlist,
    "updatePlaylist": playlists.update_playlist,
    "deletePlaylist": playlists.delete_playlist,
    "stream": media.stream,
    "download": media.download,
    "getCoverArt": media.get_cover_art,
    "getLyrics": media.get_lyrics,
    "getLyricsBySongId": media.get_lyrics_by_song_id,
    "star": annotating.star,
    "unstar": annotating.unstar,
    "setRating": annotating.set_rating,
    "scrobble": annotating.scrobble,
    "getNowPlaying": annotating.get_now_playing,
    "getPlayQueue": annotating.get_play_queue,
    "getPlayQueueByIndex": annotating.get_play_queue_by_index,
    "savePlayQueue": annotating.save_play_queue,
    "savePlayQueueByIndex": annotating.save_play_queue_by_index,
    "getBookmarks": _nothing("bookmarks", "bookmark"),
    "getInternetRadioStations": _nothing("internetRadioStations", "internetRadioStation"),
    "getNewestPodcasts": _nothing("newestPodcasts", "episode"),
    "getPodcasts": _nothing("podcasts", "channel"),
    "getShares": _nothing("shares", "share"),
    "getVideos": _nothing("videos", "video"),
}
OPEN_TO_ALL = {"getOpenSubsonicExtensions": get_extensions}  # as the API requires


def create_app(server: Server) -> Flask:
    """Create the application. Raises MissingError if Flask is not installed."""
    with extra("subsonic"):
        import flask
        import imagesize  # noqa: F401 (needed by the processes that look for covers, which cannot say that it is missing)
        from werkzeug.exceptions import HTTPException

    app = flask.Flask("deejai-subsonic", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_REQUEST
    app.config["MAX_FORM_PARTS"] = 100  # for multipart forms, which no client sends

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def explain(error: HTTPException) -> tuple[str, int]:
        return f"{error.name}. The API is below /rest/.\n", error.code or 500

    @app.get("/")
    def welcome() -> tuple[str, dict[str, str]]:
        return "deejai: an OpenSubsonic server. Give this address to a Subsonic client.\n", {"Content-Type": "text/plain"}

    @app.route("/rest/<name>", methods=["GET", "POST"])
    def answer(name: str) -> Response:
        values = _values(flask.request)
        first = {key: some[0] for key, some in values.items()}
        format_ = first.get("f", "xml")
        callback = first.get("callback", "")
        if format_ == "jsonp" and not is_callback(callback):
            format_ = "json"
        status = 200
        try:
            answered = _answer(server, name.removesuffix(".view"), values, first, flask.request)
            if not isinstance(answered, dict):
                return answered
            told = succeeded(answered)
        except SubsonicError as error:
            told = failed(error.code, str(error))
        except RefusedError as error:
            told = failed(NOT_FOUND if error.status == 404 else GENERIC, str(error))
            status = error.status if error.status in (406, 416, 503) else 200
        except DeejaiError as error:
            told = failed(GENERIC, in_words(error))
        except Exception as error:
            log.error("%s", name[:100], exc_info=error)
            told = failed(GENERIC, "something went wrong; the terminal that the server runs in says what")
        data, type_ = encode(told, format_, callback)
        response = flask.Response(data, status, content_type=type_)
        if status == 503:
            response.headers["Retry-After"] = "5"
        return response

    return app


def _answer(
    server: Server, name: str, values: dict[str, list[str]], first: dict[str, str], request: Request
) -> dict[str, Any] | Response:
    """Return an endpoint's answer, as a dictionary or as a complete response."""
    if name in OPEN_TO_ALL:
        return OPEN_TO_ALL[name]()
    user = _identify(server, first, request.remote_addr or "")
    if name not in ENDPOINTS:
        raise SubsonicError(GENERIC, f"{name[:60]}: this server does not offer that")
    return ENDPOINTS[name](Call(server, user, values, request))


def _identify(server: Server, first: dict[str, str], address: str) -> str:
    if "apiKey" in first:  # 160 bits cannot be guessed
        return server.users.identify(first)
    name = first.get("u", "")[:LONGEST_NAME]
    server.guesses.check(name, address)
    try:
        return server.users.identify(first)
    except SubsonicError as error:
        if error.code == WRONG_LOGIN:
            server.guesses.wrong(name, address)
        raise


def _values(request: Request) -> dict[str, list[str]]:
    """Return the parameters of a request, from its URL and from a form in its body."""
    found: dict[str, list[str]] = {}
    for values in (request.args, request.form):
        for key, some in values.lists():
            found.setdefault(key, []).extend(some)
    return found
