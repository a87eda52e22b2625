"""Figure of a halo with field lines: where they lead, how steep they are, and how far protons go along them.

As in `figures`: plain arrays in, a figure of two columns out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .page import (
    NORMAL,
    PAGE_INCH,
    SMALL,
    colour_bar,
    dress,
    legend,
    outlined,
    page,
    plain_tick,
    positive,
    positive_range,
)

_DECADES, _NARROW = 4.0, 3.0


def field_lines(
    R_kpc: ArrayLike,
    z_kpc: ArrayLike,
    panels: Sequence[tuple[str, str, ArrayLike]],
    lines_kpc: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    surface_kpc: tuple[ArrayLike, ArrayLike] | None = None,
    contours: tuple[str, ArrayLike],
    ax: Any = None,
) -> Any:
    """Quantities of the half-plane in colours, with the lines that leave the disc over each of them.

    Parameters
    ----------
    R_kpc, z_kpc : array_like, shapes (n_R,) and (n_z,)
        Places.
    panels : sequence of (str, str, array_like of shape (n_R, n_z))
        Title, label of the colours and values; what is not above zero is left grey, and a panel of nothing
        else is left out.
    lines_kpc : sequence of (array_like, array_like)
        (R, z) along each line.
    surface_kpc : tuple of array_like, optional
        (R, z) along the surface of the Bell region.
    contours : (str, array_like of shape (n_R, n_z))
        What is drawn into the last panel at powers of ten, and its values.
    """
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.patheffects import Normal, Stroke

    R, z = np.asarray(R_kpc, float), np.asarray(z_kpc, float)
    panels = [each for each in panels if positive_range([each[2]], _DECADES)]
    panel_inch = (PAGE_INCH - 0.8) / len(panels)
    figure = page(ax, PAGE_INCH, min(max(panel_inch * z[-1] / R[-1], 0.9) + 1.25, 8.0))
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    colours = colormaps["viridis"].with_extremes(bad="0.85")
    on_any = [Stroke(linewidth=2.2, foreground="black"), Normal()]
    for axes, (title, label, values) in zip(row, panels, strict=True):
        low, high = positive_range([values], _DECADES) or (0.1, 1.0)
        # Ticks of a logarithmic bar need some room.
        narrow = high < _NARROW * low
        margin = 0.0 if high > 1.01 * low else 0.1 * high
        norm = Normalize(low - margin, high + margin) if narrow else LogNorm(low, high)
        shown = np.ma.masked_invalid(positive(values)).T
        mesh = axes.pcolormesh(R, z, shown, cmap=colours, norm=norm, shading="nearest", rasterized=True)
        for number, line in enumerate(lines_kpc):
            name = "field lines" if axes is row[0] and number == 0 else "_"
            axes.plot(*line, color="white", linewidth=0.7, label=name)
        if surface_kpc is not None:
            drawn = axes.plot(*surface_kpc, color="white", linewidth=1.1, path_effects=on_any)
            drawn[0].set_label("Bell surface" if axes is row[0] else "_")
        axes.set(xlim=(R[0], R[-1]), ylim=(0.0, z[-1]))
        dress(axes, "$R$  [kpc]", "$z$  [kpc]" if axes is row[0] else "")
        axes.set_title(title, fontsize=NORMAL)
        colour_bar(figure, axes, mesh, pad=0.02).set_label(label, fontsize=SMALL)
    _contours(row[-1], R, z, *contours)
    legend(row[0], loc="lower right", labelcolor="white")
    for text in row[0].get_legend().get_texts() if row[0].get_legend() else ():
        outlined(text, 1.6, "black")
    return figure


def _contours(axes: Any, R: Any, z: Any, name: str, values: ArrayLike) -> None:
    """Contours at powers of ten, marked with their values; the title of the axes says what they are."""
    shown = np.ma.masked_invalid(positive(values)).T
    found = positive_range([values], _DECADES)
    if found is None:
        return
    levels = 10.0 ** np.arange(np.ceil(np.log10(found[0])), np.floor(np.log10(found[1])) + 1)
    if levels.size:
        drawn = axes.contour(R, z, shown, levels=levels, colors="black", linewidths=0.8, linestyles="--")
        marks = axes.clabel(drawn, fmt=plain_tick, fontsize=SMALL, inline_spacing=2)
        for text in marks:
            outlined(text, 1.6)
    axes.set_title(f"{axes.get_title()}; dashed: {name}", fontsize=NORMAL)
