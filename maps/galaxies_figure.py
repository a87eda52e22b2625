"""A figure of other galaxies: their bubbles, and the low-energy cut-off of strong sources.

As in `figures`: plain records and a path in, a PNG of 200 dots per inch out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..fields.bubble import Bubble
from .figure_page import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PAGE_INCH,
    PURPLE,
    RED,
    SKY,
    SMALL,
    dress,
    legend,
    new_figure,
    outlined,
    positive,
    save,
)

PUBLISHED_CUTOFF_GeV = (1e7, 1e8)
"""Range that Blasi & Amato (2019) quote, from Blasi, Amato & D'Angelo (2015)."""

_COLOURS = (RED, BLUE, GREEN, PURPLE, ORANGE, SKY)


def _wide(values: ArrayLike, below: float, above: float) -> tuple[float, float]:
    """Limits of a logarithmic axis, so many times beyond the values."""
    array = np.asarray(values, dtype=float)
    return float(array.min()) / below, float(array.max()) * above


def _fields(axes: Any, bubbles: Mapping[str, Bubble]) -> None:
    """Saturated field at the disc and at the surface, with the names, above and below in turn."""
    by_luminosity = sorted(bubbles.items(), key=lambda item: item[1].L_CR_erg_s)
    for order, (name, bubble) in enumerate(by_luminosity):
        x, high, low = bubble.L_CR_erg_s, bubble.disc_field_uG, bubble.surface_field_uG
        axes.plot([x, x], [low, high], color=GREY, linewidth=0.8, zorder=1)
        y, shift, side = (low, -5, "top") if order % 2 else (high, 4, "bottom")
        where = {"xytext": (0, shift), "textcoords": "offset points", "ha": "center", "va": side}
        outlined(axes.annotate(name, (x, y), fontsize=SMALL, **where))
    for marker, key, label, colour in (
        ("o", "disc_field_uG", "at the disc", BLUE),
        ("s", "surface_field_uG", "at the surface", GREEN),
    ):
        _points(axes, bubbles, marker, key, label, colour)
    both = [field for b in bubbles.values() for field in (b.disc_field_uG, b.surface_field_uG)]
    axes.set_ylim(_wide(both, 4.0, 8.0))


def _sizes(axes: Any, bubbles: Mapping[str, Bubble]) -> None:
    """Surface and front."""
    for bubble in bubbles.values():
        ends = [bubble.surface_height_kpc, bubble.front_kpc]
        axes.plot([bubble.L_CR_erg_s] * 2, ends, color=GREY, linewidth=0.8, zorder=1)
    _points(axes, bubbles, "^", "front_kpc", "front", RED)
    _points(axes, bubbles, "s", "surface_height_kpc", "surface", GREEN)
    both = [r for b in bubbles.values() for r in (b.surface_height_kpc, b.front_kpc)]
    axes.set_ylim(_wide(both, 2.0, 2.0))


def _points(axes: Any, bubbles: Mapping[str, Bubble], marker: str, key: str, label: str, colour: str) -> None:
    """One number of every bubble against its luminosity."""
    x = [bubble.L_CR_erg_s for bubble in bubbles.values()]
    y = [getattr(bubble, key) for bubble in bubbles.values()]
    axes.plot(x, positive(y), marker, color=colour, markersize=4, markeredgewidth=0, label=label)


def galaxies(
    path: Path, bubbles: Mapping[str, Bubble], strong: Mapping[str, tuple[ArrayLike, ArrayLike]]
) -> None:
    """Field and size of bubbles against the luminosity of their galaxy, and the cut-off of strong sources.

    Parameters
    ----------
    path : Path
        File to write.
    bubbles : mapping of str to Bubble
        At least one, by the name of the galaxy.
    strong : mapping of str to (array_like, array_like)
        Luminosities [erg/s] and the energies [GeV] below which particles are held, by label, such as the
        field around the sources. At most six.
    """
    figure = new_figure(PAGE_INCH, 3.6)
    panels = figure.subplot_mosaic([["field", "cutoff"], ["size", "cutoff"]], width_ratios=(1.15, 1))
    field, size, cutoff = (panels[name] for name in ("field", "size", "cutoff"))
    _fields(field, bubbles)
    _sizes(size, bubbles)
    for axes in (field, size):
        axes.set(xscale="log", yscale="log", xlim=_wide([b.L_CR_erg_s for b in bubbles.values()], 4.0, 4.0))
    dress(field, "", "$B_{\\rm sat}$  [$\\mu$G]")
    field.tick_params(labelbottom=False)
    legend(field, loc="upper left")
    dress(size, "$L_{\\rm CR}$  [erg s$^{-1}$]", "$r$  [kpc]")
    legend(size, loc="upper left")
    cutoff.axhspan(*PUBLISHED_CUTOFF_GeV, color=GREY, alpha=0.18, linewidth=0)
    for colour, (label, (luminosity, energy)) in zip(_COLOURS, strong.items(), strict=False):
        cutoff.plot(luminosity, positive(energy), color=colour, linewidth=1.2, label=label)
    cutoff.text(
        0.97,
        1.3 * PUBLISHED_CUTOFF_GeV[0],
        "Blasi & Amato 2019",
        transform=cutoff.get_yaxis_transform(),
        ha="right",
        va="center",
        fontsize=SMALL,
        color=BLACK,
    )
    cutoff.set(xscale="log", yscale="log")
    cutoff.margins(x=0.0)
    dress(cutoff, "$L$ of the source  [erg s$^{-1}$]", "lowest energy that leaves  [GeV]")
    legend(cutoff, loc="upper left")
    save(figure, path)
