"""Maps of the sky in Mollweide projection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import FloatArray
from .page import (
    GREY,
    INTENSITY_UNIT,
    NORMAL,
    PAGE_INCH,
    SMALL,
    colour_bar,
    outlined,
    page,
    positive,
    positive_range,
)


def sky_image(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A HEALPix map (RING, Galactic) on cells in longitude and latitude: edges of -l and b in rad, image."""
    import healpy

    nside = healpy.npix2nside(values.size)
    x, b = np.linspace(-180, 180, 721), np.linspace(-90, 90, 361)
    l_centre, b_centre = -(x[1:] + x[:-1]) / 2, (b[1:] + b[:-1]) / 2
    pixels = healpy.ang2pix(nside, l_centre[None, :], b_centre[:, None], lonlat=True)
    return np.radians(x), np.radians(b), values[pixels]


def sky_scale(values: FloatArray) -> Any:
    """Logarithmic colours over at most four decades; linear ones if the map varies less than threefold."""
    from matplotlib.colors import LogNorm, Normalize

    low, high = positive_range([values], 4) or (0.0, 1.0)
    if high < 3 * low:
        low, high = (low, high) if high > 1.001 * low else (0.9 * low, 1.1 * high)
    return LogNorm(low, high) if high >= 3 * low > 0 else Normalize(low, high)


def _sky_colour_bar(figure: Any, axes: Any, mesh: Any, unit: str) -> None:
    """A bar below the map; a common power of ten goes into the label where the scale is linear."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    bar = colour_bar(figure, axes, mesh, shrink=0.72, pad=0.04)
    factor = ""
    if not isinstance(mesh.norm, LogNorm):
        power = int(np.floor(np.log10(mesh.norm.vmax)))
        bar.ax.xaxis.set_major_locator(MaxNLocator(4))
        bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**power:.3g}"))
        factor = rf"$10^{{{power}}}$ "
    bar.set_label(f"$E^2 I$  [{factor}{unit}]", fontsize=SMALL)


def graticule(axes: Any, colour: str = "white") -> None:
    """Meridians with their longitude, increasing to the left, and parallels with their latitude."""
    degrees = (-120, -60, 0, 60, 120)
    axes.set_xticks(np.radians(degrees), [""] * len(degrees))
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]), ["−60°", "−30°", "0°", "30°", "60°"])
    axes.tick_params(labelsize=SMALL - 1)
    axes.set_longitude_grid_ends(90)
    axes.grid(True, color=colour, alpha=0.35, linewidth=0.4)
    for x in degrees:
        label = axes.text(np.radians(x), np.radians(-8), f"{-x % 360}°", fontsize=SMALL - 1)
        label.set(color=colour, horizontalalignment="center", verticalalignment="top")
        outlined(label, 1.2, "black" if colour == "white" else "white")
    axes.spines["geo"].set_linewidth(0.6)


def _spread(norm: Any, values: FloatArray) -> str:
    """What the ends of linear colours are over the mean: they show little as if it were much."""
    from matplotlib.colors import LogNorm

    mean = float(np.nanmean(values)) if np.isfinite(values).any() else 0.0
    if isinstance(norm, LogNorm) or not mean > 0.0:
        return ""
    return f": {norm.vmin / mean:.2f} to {norm.vmax / mean:.2f} of its mean"


def contrast_panels(maps: Mapping[str, ArrayLike], *, title: str, ax: Any = None) -> Any:
    """Maps of a contrast in Mollweide projection, two a row, on one scale from -0.5 to 0.5, or wider.

    Parameters
    ----------
    maps : mapping of str to array_like, shape (12 nside^2,)
        I/<I> - 1 by name of the panel, RING order, Galactic coordinates.
    title : str
        Title of the figure.
    """
    from matplotlib.colors import Normalize

    rows = (len(maps) + 1) // 2
    figure = page(ax, PAGE_INCH, 1.95 * rows + 0.9)
    figure.suptitle(title, fontsize=NORMAL + 1)
    panels = figure.subplots(rows, 2, subplot_kw={"projection": "mollweide"}, squeeze=False)
    largest = max(float(np.nanmax(np.abs(values))) for values in maps.values())
    end = 0.5 * max(np.ceil(largest / 0.5), 1.0)
    for axes, (name, values) in zip(panels.flat, maps.items(), strict=False):
        x, b, image = sky_image(np.asarray(values, float))
        shown = np.ma.masked_invalid(image)
        mesh = axes.pcolormesh(x, b, shown, cmap="RdBu_r", norm=Normalize(-end, end), rasterized=True)
        axes.set_title(name, fontsize=NORMAL, pad=4)
        graticule(axes, GREY)
    for axes in panels.flat[len(maps) :]:
        axes.remove()
    bar = colour_bar(figure, list(panels.flat[: len(maps)]), mesh, shrink=0.6, pad=0.03)
    bar.set_label(r"$I/\langle I\rangle - 1$", fontsize=SMALL)
    return figure


def sky_panels(
    maps: Mapping[str, ArrayLike],
    *,
    title: str,
    unit: str = INTENSITY_UNIT,
    energy_label: str,
    ax: Any = None,
) -> Any:
    """Up to four maps in Mollweide projection, each with its own colours.

    l = 0 is in the centre and l increases to the left, as seen from inside.

    Parameters
    ----------
    maps : mapping of str to array_like, shape (12 nside^2,)
        E^2 I by name of the panel, RING order, Galactic coordinates.
    title, energy_label : str
        What is shown, and at which energy.
    unit : str
        Unit of E^2 I.

    Raises
    ------
    ValueError
        If a map has a number of pixels that HEALPix does not know.
    """
    from matplotlib import colormaps

    figure = page(ax, PAGE_INCH, 2.35 * ((len(maps) + 1) // 2) + 0.3)
    figure.suptitle(f"{title}, {energy_label}", fontsize=NORMAL + 1)
    panels = figure.subplots((len(maps) + 1) // 2, 2, subplot_kw={"projection": "mollweide"}, squeeze=False)
    colours = colormaps["inferno"].with_extremes(bad="0.75")
    for axes, (name, values) in zip(panels.flat, maps.items(), strict=False):
        values = np.asarray(values, dtype=float)
        x, b, image = sky_image(values)
        norm = sky_scale(values)
        shown = np.ma.masked_invalid(positive(image))
        mesh = axes.pcolormesh(x, b, shown, cmap=colours, norm=norm, rasterized=True)
        axes.set_title(name + _spread(norm, values), fontsize=NORMAL, pad=4)
        graticule(axes)
        if shown.count():
            _sky_colour_bar(figure, axes, mesh, unit)
    for axes in panels.flat[len(maps) :]:
        axes.remove()
    return figure
