"""Browsing folders, artists, albums, songs and genres, and searching for them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from deejai_core.features.subsonic import elements
from deejai_core.features.subsonic.answers import NOT_FOUND, SubsonicError
from deejai_core.features.subsonic.call import Call
from deejai_core.features.subsonic.catalogue import ARTICLES, Album, Artist, Song, matching, sort_key
from deejai_core.tracks.text import plain

MUSIC_FOLDER = 1  # the only one
MOST_FOUND = 500
MOST_SKIPPED = 10_000_000


def get_music_folders(call: Call) -> dict[str, Any]:
    root = next(iter(call.catalogue.folders.values()))
    return {"musicFolders": {"musicFolder": [{"id": MUSIC_FOLDER, "name": root.name}]}}


def get_indexes(call: Call) -> dict[str, Any]:
    """Return the folders of the music folder by first letter, and the songs directly in it."""
    folders = call.catalogue.folders
    root = next(iter(folders.values()))
    named = [(sort_key(folders[id_].name), {"id": id_, "name": folders[id_].name}) for id_ in root.folders]
    children = elements.songs(call, (call.catalogue.songs[row] for row in root.songs))
    return {
        "indexes": {
            "ignoredArticles": ARTICLES,
            "lastModified": int(1000 * max((song.number("added") for song in call.catalogue.songs), default=0)),
            "index": _index(named),
            "child": [_child_of(call, child, root.id) for child in children],
        }
    }


def get_music_directory(call: Call) -> dict[str, Any]:
    """Return a folder; or an artist or an album, whose ids clients have from other requests."""
    id_, catalogue = call.id(), call.catalogue
    if folder := catalogue.folders.get(id_):
        folders = [
            {"id": one, "parent": id_, "isDir": True, "title": catalogue.folders[one].name} for one in folder.folders
        ]
        found = elements.songs(call, (catalogue.songs[row] for row in folder.songs))
        children = [*folders, *(_child_of(call, child, id_) for child in found)]
        return {"directory": {"id": id_, "parent": folder.parent or None, "name": folder.name, "child": children}}
    if album := catalogue.album(id_):
        found = elements.songs(call, (catalogue.songs[row] for row in album.songs))
        return {"directory": {"id": album.id, "name": album.title, "child": found}}
    if artist := catalogue.artists.get(id_):
        found = elements.albums(call, (catalogue.albums[one] for one in artist.albums), as_folder=True)
        return {"directory": {"id": artist.id, "name": artist.name, "child": found}}
    raise SubsonicError(NOT_FOUND, "there is no such folder")


def get_artists(call: Call) -> dict[str, Any]:
    found = call.catalogue.artist_list
    shown = elements.artists(call, found)
    named = [(sort_key(artist.sort_name or artist.name), one) for artist, one in zip(found, shown, strict=True)]
    return {"artists": {"ignoredArticles": ARTICLES, "index": _index(named, "artist")}}


def get_artist(call: Call) -> dict[str, Any]:
    """Return an artist's albums; for an artist without any, the albums that they appear on."""
    artist, catalogue = call.artist(), call.catalogue
    ids = artist.albums or dict.fromkeys(catalogue.songs[row].album for row in artist.songs)
    albums = sorted((catalogue.albums[id_] for id_ in ids), key=lambda album: (album.year, sort_key(album.title)))
    (shown,) = elements.artists(call, [artist])
    return {"artist": {**shown, "album": elements.albums(call, albums)}}


def get_album(call: Call) -> dict[str, Any]:
    album = call.album()
    (shown,) = elements.albums(call, [album])
    return {"album": {**shown, "song": elements.songs(call, (call.catalogue.songs[row] for row in album.songs))}}


def get_song(call: Call) -> dict[str, Any]:
    (shown,) = elements.songs(call, [call.song()])
    return {"song": shown}


def get_genres(call: Call) -> dict[str, Any]:
    found = call.catalogue.genres.items()
    genres = [{"value": name, "songCount": len(rows), "albumCount": len(albums)} for name, (rows, albums) in found]
    return {"genres": {"genre": genres}}


def get_album_info(call: Call) -> dict[str, Any]:
    id_ = call.id()
    song = call.catalogue.song(id_)
    album = call.catalogue.album(song.album if song else id_)
    if album is None:
        raise SubsonicError(NOT_FOUND, "there is no such album")
    return {"albumInfo": {"musicBrainzId": album.release or None}}


def search2(call: Call) -> dict[str, Any]:
    artists, albums, songs = _search(call)
    return {
        "searchResult2": {
            "artist": [{"id": artist.id, "name": artist.name} for artist in artists],
            "album": elements.albums(call, albums, as_folder=True),
            "song": elements.songs(call, songs),
        }
    }


def search3(call: Call) -> dict[str, Any]:
    artists, albums, songs = _search(call)
    return {
        "searchResult3": {
            "artist": elements.artists(call, artists),
            "album": elements.albums(call, albums),
            "song": elements.songs(call, songs),
        }
    }


def _search(call: Call) -> tuple[list[Artist], list[Album], list[Song]]:
    """Return the matches, up to the requested number of each kind; for an empty text everything, in a fixed order."""
    catalogue, text = call.catalogue, call.text("query").strip().strip('"*').strip()
    pages = {}
    for kind in ("artist", "album", "song"):
        offset = call.whole(f"{kind}Offset", 0, 0, MOST_SKIPPED)
        pages[kind] = slice(offset, offset + call.whole(f"{kind}Count", 20, 0, MOST_FOUND))
    if not text:
        return (
            catalogue.artist_list[pages["artist"]],
            catalogue.by_name[pages["album"]],
            catalogue.songs[pages["song"]],
        )
    artists = matching(((plain(artist.name), artist) for artist in catalogue.artist_list), text)
    albums = matching(((plain(f"{album.title} {album.artist}"), album) for album in catalogue.by_name), text)
    page = pages["song"]
    ids = catalogue.names.search(text, page.stop - page.start, page.start).ids if page.stop > page.start else []
    rows = [catalogue.row_of_track[id_] for id_ in ids if id_ in catalogue.row_of_track]
    return artists[pages["artist"]], albums[pages["album"]], [catalogue.songs[row] for row in rows]


def _index(named: Iterable[tuple[str, dict[str, Any]]], name: str = "artist") -> list[dict[str, Any]]:
    """Group things by the first letter of the name that they are filed under."""
    ordered = sorted(named, key=lambda entry: entry[0])
    groups: dict[str, list[dict[str, Any]]] = {}
    for letter, entries in groupby(ordered, key=lambda entry: _letter(entry[0])):
        groups.setdefault(letter, []).extend(one for _, one in entries)
    return [{"name": letter, name: groups[letter]} for letter in sorted(groups)]


def _letter(key: str) -> str:
    return key[0].upper() if key[:1].isalpha() else "#"


def _child_of(call: Call, child: dict[str, Any], folder: str) -> dict[str, Any]:
    return {**child, "parent": folder}
