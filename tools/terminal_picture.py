"""Draws a terminal session as an SVG picture, for the documentation.

    python tools/terminal_picture.py OUT.svg < SESSION.txt

Lines that begin with "$ " are what somebody typed. What stands between `*` and `*` at the beginning of a line is bright.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

CHARACTER, LINE, MARGIN, BAR = 8.4, 20, 18, 30  # pixels
BACKGROUND, FRAME, TEXT, TYPED, BRIGHT = "#1d2129", "#2a303b", "#c8cdd6", "#ffffff", "#8fd694"


def draw(lines: list[str]) -> str:
    width = round(max(map(len, lines)) * CHARACTER + 2 * MARGIN)
    height = len(lines) * LINE + BAR + 2 * MARGIN - 6
    dots = "".join(f'<circle cx="{20 + 18 * number}" cy="15" r="5" fill="#555d6b"/>' for number in range(3))
    texts = []
    for number, line in enumerate(lines):
        bright, _, rest = line[1:].partition("*") if line.startswith("*") else ("", "", line)
        colour = TYPED if line.startswith("$ ") else TEXT
        y = BAR + MARGIN + 8 + number * LINE
        marked = f'<tspan fill="{BRIGHT}">{escape(bright)}</tspan>' if bright else ""
        texts.append(f'<text x="{MARGIN}" y="{y}" fill="{colour}" xml:space="preserve">{marked}{escape(rest)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>\n'
        f'<path d="M0 {BAR}V8a8 8 0 0 1 8-8H{width - 8}a8 8 0 0 1 8 8V{BAR}z" fill="{FRAME}"/>\n{dots}\n'
        + "\n".join(texts)
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Path(sys.argv[1]).write_text(draw(sys.stdin.read().rstrip("\n").split("\n")), encoding="utf-8")
