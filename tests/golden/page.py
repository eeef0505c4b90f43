"""What the page's API answers: JSON, statuses, and its own words for what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.djpage import Answer, Page
from tests.plugin.conftest import Beets

from .library import display_names, read_rows
from .record import Recording, masked

AISLE, DUST, KETTLE, ANVIL, SURGE, MARGIN = 9, 10, 1, 5, 24, 18  # ids
OUTSIDE = "outside"  # stands for a song that is not in the library
HIDDEN = ("x", "y", "vector")  # of a map, and of what was uploaded
ASKED = (
    "/api/status",
    "/api/search?q=kettle",
    "/api/search?q=invented%204&limit=3",
    "/api/search?q=invented%204&limit=3&offset=2",
    "/api/search?q=length:..1:00",
    "/api/search?q=",
    "/api/search?q=title:%22",
    "/api/tracks?ids=9,30,9,999",
    "/api/track/9",
    "/api/track/999",
    "/api/track/x",
    "/api/map/progress",
    "/api/map",
    "/api/art/9",
    "/api/art/999",
    "/api/audio/9",
    "/api/audio/9?formats=opus",
    "/api/audio/40",
    "/api/nothing",
    "/api/search?q=a&limit=1000",
)
QUEUES: dict[str, dict[str, Any]] = {
    "the usual": {"seeds": [AISLE]},
    "several seeds": {"seeds": [AISLE, ANVIL, OUTSIDE], "coming": [None] * 4},
    "played": {"seeds": [AISLE], "played": [30, 31, ANVIL], "coming": [None] * 4},
    "fixed places": {"seeds": [AISLE], "coming": [None, SURGE, None, None, KETTLE, None]},
    "pinned": {"seeds": [AISLE], "pinned": [KETTLE], "coming": [None] * 4},
    "removed and less": {"seeds": [AISLE], "removed": [DUST], "less": [ANVIL, OUTSIDE], "coming": [None] * 4},
    "knobs": {"seeds": [AISLE], "keep_on": 0, "stay": 0, "coming": [None] * 4},
    "drunk": {"seeds": [AISLE], "drunk": 0.5, "seed": 3, "coming": [None, KETTLE, None, None]},
    "artists once": {"seeds": [KETTLE], "coming": [None] * 20, "rules": {"artist_separation": "once"}},
    "separation": {"seeds": [KETTLE], "coming": [None] * 6, "rules": {"artist_separation": 3}},
    "rules": {
        "seeds": [KETTLE],
        "coming": [None] * 8,
        "rules": {"min_length": 120, "max_length": 300, "mix_in_key": True, "not_played_days": 30, "mood": {"happy": 0.5}},
    },
    "from": {"seeds": [KETTLE], "coming": [None] * 3, "rules": {"candidates": "artist:Nave"}},
    "all there is": {"seeds": [KETTLE], "coming": [None] * 3, "rules": {"candidates": "title:Wren"}},
}
JOURNEYS: dict[str, dict[str, Any]] = {
    "there and back": {"waypoints": [AISLE, SURGE, AISLE], "between": 2},
    "less": {"waypoints": [AISLE, OUTSIDE], "between": 3, "less": [DUST], "rules": {"artist_separation": 2}},
    "drunk": {"waypoints": [AISLE, SURGE], "drunk": 0.4, "seed": 2},
}
SAVED: dict[str, dict[str, Any]] = {
    "new": {"title": "Mine: a/b", "ids": [AISLE, 30, KETTLE]},
    "there already": {"title": "Mine: a/b", "ids": [AISLE]},
    "replaced": {"title": "Mine: a/b", "ids": [AISLE], "replace": True},
    "nothing known": {"title": "Nobody", "ids": [999]},
    "no title": {"title": " ", "ids": [AISLE]},
}
REFUSED: dict[str, tuple[str, Any]] = {
    "no object": ("/api/similar", [1]),
    "no seeds": ("/api/similar", {}),
    "a seed that is gone": ("/api/similar", {"seeds": [999]}),
    "no id": ("/api/similar", {"seeds": ["x"]}),
    "no vector": ("/api/similar", {"seeds": [{"vector": "AAAA"}]}),
    "too many places": ("/api/similar", {"seeds": [AISLE], "coming": [None] * 101}),
    "a knob too far": ("/api/similar", {"seeds": [AISLE], "drunk": 2}),
    "half a step": ("/api/similar", {"seeds": [AISLE], "keep_on": 1.5}),
    "an unknown rule": ("/api/similar", {"seeds": [AISLE], "rules": {"colour": 1}}),
    "an unknown tag": ("/api/similar", {"seeds": [AISLE], "rules": {"mood": {"hapy": 1}}}),
    "from nothing": ("/api/similar", {"seeds": [AISLE], "rules": {"candidates": "title:zzz"}}),
    "one waypoint": ("/api/journey", {"waypoints": [AISLE]}),
    "twice in a row": ("/api/journey", {"waypoints": [AISLE, AISLE]}),
    "too far between": ("/api/journey", {"waypoints": [AISLE, SURGE], "between": 101}),
    "another method": ("/api/status", {}),
    "no audio": ("/api/upload?name=x.mp3", b"no audio"),
}


def record(beets: Beets, music: Path) -> dict[str, str]:
    recording = Recording(beets, music, display_names())
    with Page(beets.folder) as page:
        for path in ASKED:
            recording.begin(f"GET {path}")
            tell(recording, page.get(path))
        for path, bodies in {"/api/similar": QUEUES, "/api/journey": JOURNEYS, "/api/save": SAVED}.items():
            for title, body in bodies.items():
                recording.begin(f"POST {path}: {title}")
                tell(recording, page.post(path, filled(body)))
        for title, (path, body) in REFUSED.items():
            recording.begin(f"POST {path}: {title}")
            tell(recording, page.post(path, filled(body)))
        recording.begin("POST /api/upload")
        uploaded = page.post("/api/upload?name=one.flac", (beets.folder / "outside.flac").read_bytes())
        tell(recording, uploaded)
        recording.begin("POST /api/similar: what was uploaded")
        file = {name: uploaded.json[name] for name in ("vector", "artist", "title", "length")}
        tell(recording, page.post("/api/similar", {"seeds": [file], "coming": [None] * 3}))
        recording.begin("POST /api/save: a download")
        saved = page.post("/api/save", {"title": "Mine", "ids": [AISLE, 30], "download": True})
        tell(recording, saved)
        recording.begin("from another's page")
        tell(recording, page.post("/api/similar", {"seeds": [AISLE]}, Origin="http://evil.example"))
    return recording.files("page") | {"page.m3u": masked(saved.body.decode(), beets, music)}


def filled(body: object) -> object:
    """A body with the song that is not in the library in its place."""
    if not isinstance(body, dict):
        return body
    song = {name: read_rows()[-1][name] for name in ("vector", "artist", "title", "length")}
    return {
        name: [song if one == OUTSIDE else one for one in value] if isinstance(value, list) else value
        for name, value in body.items()
    }


def tell(recording: Recording, answer: Answer) -> None:
    kind = answer.headers.get("content-type", "")
    recording.decided(f"status {answer.status} {kind}")
    if kind == "application/json":
        recording.json(answer.body.decode(), hidden=HIDDEN)
