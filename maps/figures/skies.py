"""Maps of the sky in Mollweide projection."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
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

_MERIDIANS_DEG = (-120, -60, 0, 60, 120)
_PARALLELS_DEG = (-60, -30, 0, 30, 60)
_NEWTON_STEPS = 30  # many, for those at the poles

_COLUMNS, _ROWS = 1200, 600
"""Of the image of a map: twice the dots that a panel has on a page of two."""


def draw_sky(axes: Any, values: ArrayLike, norm: Any, cmap: Any) -> Any:
    """A HEALPix map (RING, Galactic) in axes in Mollweide projection; what is not finite is "bad" to `cmap`.

    An image of dots that each know their pixel: projecting a mesh of cells takes a hundred times as long.
    """
    import healpy
    from matplotlib.image import AxesImage

    array = np.asarray(values, float)
    pixels = _pixels_of_dots(healpy.npix2nside(array.size))
    image = AxesImage(axes, cmap=cmap, norm=norm, interpolation="nearest", extent=(0, 1, 0, 1))
    image.set_data(np.ma.masked_invalid(array[pixels]))
    image.set_transform(axes.transAxes)
    image.set_clip_path(axes.patch)
    axes.add_image(image)
    return image


@lru_cache(maxsize=2)
def _pixels_of_dots(nside: int) -> np.ndarray:
    """The pixel that each dot of an image shows, (_ROWS, _COLUMNS); beyond the rim what is at the rim."""
    import healpy

    x, y = ((np.arange(n) + 0.5) * 2.0 / n - 1.0 for n in (_COLUMNS, _ROWS))
    theta = np.arcsin(-y)[:, None]  # the first row is the upper one
    sin_b = (2.0 * theta + np.sin(2.0 * theta)) / np.pi
    l = -np.pi * np.clip(x / np.cos(theta), -1.0, 1.0)
    return np.asarray(healpy.ang2pix(nside, np.arccos(sin_b), l))


def _place(l_deg: ArrayLike, b_deg: ArrayLike) -> FloatArray:
    """Where a direction is in axes in Mollweide projection, from 0 to 1 each; l from -180 to 180."""
    b = np.radians(np.asarray(b_deg, float))
    theta = b.copy()
    for _ in range(_NEWTON_STEPS):
        slope = np.maximum(2.0 + 2.0 * np.cos(2.0 * theta), 1e-9)
        theta = theta - (2.0 * theta + np.sin(2.0 * theta) - np.pi * np.sin(b)) / slope
    x = -np.asarray(l_deg) / 180.0 * np.cos(theta)
    return 0.5 + 0.5 * np.stack(np.broadcast_arrays(x, np.sin(theta)), axis=-1)


def sky_scale(values: FloatArray) -> Any:
    """Logarithmic colours over at most four decades; linear ones if the map varies less than threefold."""
    from matplotlib.colors import LogNorm, Normalize

    low, high = positive_range([values], 4) or (0.0, 1.0)
    if high < 3 * low:
        low, high = (low, high) if high > 1.001 * low else (0.9 * low, 1.1 * high)
    return LogNorm(low, high) if high >= 3 * low > 0 else Normalize(low, high)


def _sky_colour_bar(figure: Any, axes: Any, image: Any, unit: str) -> None:
    """A bar below the map; a common power of ten goes into the label where the scale is linear."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    bar = colour_bar(figure, axes, image, shrink=0.72, pad=0.04)
    factor = ""
    if not isinstance(image.norm, LogNorm):
        power = int(np.floor(np.log10(image.norm.vmax)))
        bar.ax.xaxis.set_major_locator(MaxNLocator(4))
        bar.ax.xaxis.set_major_formatter(FuncFormatter(partial(_over, 10.0**power)))
        factor = rf"$10^{{{power}}}$ "
    bar.set_label(f"$E^2 I$  [{factor}{unit}]", fontsize=SMALL)


def _over(unit: float, value: float, _: Any = None) -> str:
    return f"{value / unit:.3g}"


def graticule(axes: Any, colour: str = "white") -> None:
    """Meridians with their longitude, increasing to the left, and parallels with their latitude.

    Lines and numbers that stay where they are: ticks would be projected anew in each pass of the layout.
    """
    from matplotlib.collections import LineCollection

    axes.set_xticks([])
    axes.set_yticks([])
    along, across = np.linspace(-89.9, 89.9, 61), np.array([-180.0, 180.0])
    lines = [_place(l, along) for l in _MERIDIANS_DEG] + [_place(across, b) for b in _PARALLELS_DEG]
    style = {"colors": colour, "alpha": 0.35, "linewidths": 0.4, "transform": axes.transAxes}
    axes.add_collection(LineCollection(lines, **style), autolim=False)
    for l in _MERIDIANS_DEG:
        label = axes.text(*_place(l, -8.0), f"{l % 360}°", fontsize=SMALL - 1, transform=axes.transAxes)
        label.set(color=colour, horizontalalignment="center", verticalalignment="top")
        outlined(label, 1.2, "black" if colour == "white" else "white")
    for b in _PARALLELS_DEG:
        x, y = _place(180.0, b)
        # Beside the rim, and further from the plane than it, as the rim leans there.
        where = {"xy": (x, 0.5 + 1.1 * (y - 0.5)), "xycoords": "axes fraction", "xytext": (-4.0, 0.0)}
        label = axes.annotate(f"{b}°".replace("-", "−"), textcoords="offset points", **where)
        label.set(fontsize=SMALL - 1, horizontalalignment="right", verticalalignment="center")
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
        image = draw_sky(axes, values, Normalize(-end, end), "RdBu_r")
        axes.set_title(name, fontsize=NORMAL, pad=4)
        graticule(axes, GREY)
    for axes in panels.flat[len(maps) :]:
        axes.remove()
    bar = colour_bar(figure, list(panels.flat[: len(maps)]), image, shrink=0.6, pad=0.03)
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
        norm, shown = sky_scale(values), positive(values)
        image = draw_sky(axes, shown, norm, colours)
        axes.set_title(name + _spread(norm, values), fontsize=NORMAL, pad=4)
        graticule(axes)
        if np.isfinite(shown).any():
            _sky_colour_bar(figure, axes, image, unit)
    for axes in panels.flat[len(maps) :]:
        axes.remove()
    return figure
