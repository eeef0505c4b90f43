"""A picture of spectrograms, and of an autoencoder's reconstructions."""

from __future__ import annotations

import io

import numpy as np

from deejai_core.extras import extra
from deejai_core.models.deejai.model import HOP, RANGE, SAMPLE_RATE

MARK = "deejai"


def check_pictures() -> None:
    """Raise MissingError if pictures cannot be drawn: before hours of training, not after them."""
    with extra("map"):
        import matplotlib  # noqa: F401


def reconstruction_picture(originals: np.ndarray, reconstructions: np.ndarray) -> bytes:
    """Return a PNG with the originals above and the reconstruction of each below it.

    Both: (n, mels, frames) decibels, from -80 to 0. Raises MissingError.
    """
    with extra("map"):
        from matplotlib.figure import Figure

    count, mels, frames = originals.shape
    figure = Figure(figsize=(1.2 + 1.8 * count, 3.8), dpi=60, layout="constrained")
    rows = figure.subplots(2, count, sharex=True, sharey=True, squeeze=False)
    seconds = frames * HOP / SAMPLE_RATE
    for axes, label, slices in zip(rows, ("original", "reconstruction"), (originals, reconstructions), strict=True):
        axes[0].set_ylabel(f"{label}\nmel band")
        for place, picture in zip(axes, slices, strict=True):
            shown = place.imshow(
                picture, origin="lower", aspect="auto", cmap="magma", vmin=-RANGE, vmax=0, extent=(0, seconds, 0, mels)
            )
    figure.colorbar(shown, ax=rows, label="dB below the loudest")
    figure.supxlabel("seconds", fontsize="medium")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", facecolor="white", metadata={"Software": MARK})
    return picture.getvalue()
