"""Maps as files: a self-contained page, or a picture."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
from importlib.resources import files
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deejai_core.errors import MapError
from deejai_core.extras import extra
from deejai_core.features.map.data import FAINT, GREY, OTHER, PALETTE, RAMP, SHADES
from deejai_core.files import write_named
from deejai_core.refusals import WRITING, refusal
from deejai_core.words import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

MARK = "deejai map"  # identifies our own files, near their beginning
RECOGNISED = 2000  # bytes of it
PICTURES = {".png": "png", ".svg": "svg"}
SUFFIXES = (".html", ".htm", *PICTURES)

INK = "#1c1c1c"
MOST_NUMBERED = 60  # tracks of a path that get a number in a picture
MOST_DRAWN = 20_000  # tracks whose dots a vector graphic contains one by one


def map_page(data: dict[str, Any], title: str) -> bytes:
    """Return a self-contained HTML page with the map. data: from `map_data`."""
    static = files("deejai_core.features.map") / "static"
    script = (static / "map.js").read_text(encoding="utf-8")
    start = "deejaiMap.draw(document.body, JSON.parse(document.getElementById('data').textContent));"
    # Nothing but these two scripts may ever run in it, whatever the metadata contain.
    hashes = " ".join(f"'sha256-{_sha256(text)}'" for text in (script, start))
    # "<" is escaped, so that no title can end the element with the data.
    embedded = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f"""<!doctype html>
<!-- {MARK} -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src {hashes}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>html, body {{ height: 100%; margin: 0 }}
{(static / "map.css").read_text(encoding="utf-8")}</style>
</head>
<body>
<script type="application/json" id="data">{embedded}</script>
<script>{script}</script>
<script>{start}</script>
</body>
</html>
""".encode("utf-8", "replace")


def map_picture(data: dict[str, Any], title: str, kind: str = "png") -> bytes:
    """Return a picture of the map with its legends. data: from `map_data`. kind: "png" or "svg". Raises MissingError."""
    with extra("map"):
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D

    x, y = np.array(data["x"]), np.array(data["y"])
    shown = np.ones(len(x), bool) if data["shown"] is None else np.isin(np.arange(len(x)), data["shown"])
    figure = Figure(figsize=(11, 8), dpi=140, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(_plain(title), color=INK)
    size = np.clip(30_000 / len(x), 1.5, 40)
    points = {"s": size, "linewidths": 0, "rasterized": len(x) > MOST_DRAWN}
    axes.scatter(x[~shown], y[~shown], color=FAINT, **points)
    chosen = next(each for each in data["fields"] if each["legend"] == data["color"])
    of = np.array(chosen["of"])
    if "scale" in chosen:
        shades = np.array([np.nan if shade is None else shade for shade in chosen["scale"]["of"]])[of]
        ramp = LinearSegmentedColormap.from_list("deejai", RAMP)
        axes.scatter(x[shown & np.isnan(shades)], y[shown & np.isnan(shades)], color=GREY, **points)
        has = shown & ~np.isnan(shades)
        coloured = axes.scatter(x[has], y[has], c=shades[has], cmap=ramp, vmin=0, vmax=SHADES, **points)
        bar = figure.colorbar(coloured, ax=axes, ticks=[0, SHADES], shrink=0.4, label=_plain(chosen["legend"]))
        bar.ax.set_yticklabels([_plain(chosen["scale"][end]) for end in ("low", "high")])
    else:
        none = OTHER - 1
        numbers = np.array([none if number is None else number for number in chosen["colours"]["of"]])[of]
        colours = np.array([*PALETTE, FAINT, GREY])  # -2 and -1 count from the end
        axes.scatter(x[shown], y[shown], color=colours[numbers[shown]], **points)
        names = [*enumerate(chosen["colours"]["names"]), (OTHER, "other"), (none, "none")]
        entries = [
            Line2D([], [], marker="o", linestyle="", color=colours[number], label=f"{_plain(name)} ({count:,})")
            for number, name in names
            if (count := int((numbers[shown] == number).sum()))
        ]
        legend = _plain(chosen["legend"])
        axes.legend(handles=entries, title=legend, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    lines = [_draw_path(axes, x, y, path, style) for path, style in zip(data["paths"], cycle(data["styles"]))]
    if lines:
        figure.legend(handles=lines, loc="outside lower center", ncols=min(2, len(lines)), frameon=False, handlelength=4)
    picture = io.BytesIO()
    metadata = {"Software": MARK} if kind == "png" else {"Creator": MARK, "Date": None}
    # The same map is the same file: without a salt, matplotlib names the parts of an SVG randomly.
    with matplotlib.rc_context({"svg.hashsalt": MARK, "svg.fonttype": "none"}):
        figure.savefig(picture, format=kind, facecolor="white", bbox_inches="tight", metadata=metadata)
    return picture.getvalue()


def _draw_path(axes: Axes, x: np.ndarray, y: np.ndarray, path: dict[str, Any], style: dict[str, Any]) -> Line2D:
    """Draw a path with its tracks numbered. Return its line for the legend."""
    tracks, colour = path["tracks"], style["colour"] or INK
    line: dict[str, Any] = {"color": colour, "linewidth": 1.2, "linestyle": (0, style["dash"]) if style["dash"] else "-"}
    marker: Any = (style["corners"], 0, style["turn"]) if style["corners"] else "o"
    axes.plot(x[tracks], y[tracks], alpha=0.8, **line)
    if len(tracks) <= MOST_NUMBERED:
        axes.scatter(x[tracks], y[tracks], s=130, marker=marker, color="white", edgecolors=colour, linewidths=1.2, zorder=3)
        for number, track in enumerate(tracks, 1):
            axes.text(x[track], y[track], str(number), ha="center", va="center", fontsize=6, color=INK, zorder=4)
    else:
        axes.scatter(x[tracks], y[tracks], s=10, marker=marker, color=colour, zorder=3)
    label = f"{_plain(path['name'])} ({len(tracks):,})"
    (handle,) = axes.plot([], [], marker=marker, markersize=8, markerfacecolor="white", label=label, **line)
    return handle


def write_map(path: Path, content: bytes, *, within: Path | None = None) -> None:
    """Write a page or picture atomically. It replaces an older map, but never another file.

    Its folder is created if `make_folder` allows it. Raises MapError; the existing file is then unchanged.
    """
    try:
        if path.is_file() and not _is_map(path):
            raise MapError(f"{path}: this file exists and is not a map; choose another name")
        write_named(path, content, within)
    except (OSError, ValueError) as error:  # ValueError: an impossible name
        raise MapError(refusal(path, "cannot write the map", error, WRITING)) from error


def _is_map(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(RECOGNISED)
    return not beginning or MARK.encode() in beginning


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _plain(text: str) -> str:
    """Return text that matplotlib does not take for mathematics."""
    return one_line(text).replace("$", r"\$")
