"""Radio spectrum of the circumgalactic gas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .figure_page import COLUMN_INCH, GREY, SMALL, band, dress, legend, new_figure, save, shades


def radio_figure(path: Path, media: Sequence[Mapping[str, Any]], paper_Jy: tuple[float, float]) -> None:
    """Flux of the whole sky against frequency for several overdensities, beside the range of the paper.

    Parameters
    ----------
    path : Path
        File to write.
    media : sequence of mapping
        "delta_G", "frequency_Hz", and "value" and "error" of the flux in Jy.
    paper_Jy : (float, float)
        Range that the paper gives.
    """
    figure = new_figure(COLUMN_INCH, 2.9)
    axes = figure.subplots()
    for colour, medium in zip(shades(len(media)), media, strict=True):
        GHz = np.asarray(medium["frequency_Hz"]) / 1e9
        band(axes, GHz, medium, rf"$\delta_G = {medium['delta_G']:g}$", colour)
    axes.axhspan(*paper_Jy, color=GREY, alpha=0.2, linewidth=0)
    axes.text(0.97, np.sqrt(paper_Jy[0] * paper_Jy[1]), "PRL text", fontsize=SMALL, ha="right", va="center",
              transform=axes.get_yaxis_transform())  # fmt: skip
    dress(axes, r"$\nu$  [GHz]", r"$S_\nu$ of $4\pi$ sr  [Jy]")
    axes.set(xscale="log", yscale="log", xlim=(0.03, 30.0))
    legend(axes, loc="lower left")
    save(figure, path)
