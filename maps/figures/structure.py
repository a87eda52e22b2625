"""Figures of the structure of a sky: multipoles, profiles, where its light comes from, and its errors.

As in `figures`: plain arrays and a path in, a PNG of 200 dots per inch out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...mc.uncertainty import Estimate
from .page import (
    NORMAL,
    PAGE_INCH,
    SMALL,
    band,
    colour_bar,
    dress,
    error_bars,
    legend,
    page,
    plain_numbers,
    positive,
    positive_range,
    shades,
    show_at_least,
)
from .skies import draw_sky, graticule, sky_scale

_MARKERS = ("o", "s", "^", "D", "v", "P")


def _spectra(axes: Any, power: Mapping[str, Estimate]) -> None:
    """C_l from l = 1, energies side by side; what noise has made negative is left out."""
    shift = np.linspace(-0.02, 0.02, len(power)) if len(power) > 1 else [0.0]
    for i, (label, curve) in enumerate(power.items()):
        C, error = (np.asarray(each, float)[1:] for each in (curve.value, curve.error))
        l = (np.arange(C.size) + 1) * (1 + shift[i])
        colour, marker = shades(len(power))[i], _MARKERS[i % len(_MARKERS)]
        error_bars(axes, l, Estimate(C, error), label, colour, marker)
    axes.set(xscale="log", yscale="log")
    ends = positive_range([np.asarray(curve.value, float)[1:] for curve in power.values()], 8)
    if ends:
        axes.set_ylim(ends[0] / 3, ends[1] * 3)
    dress(axes, r"$\ell$", r"$C_\ell$  of $I/\langle I\rangle$  [sr]")
    lmax = max(np.size(curve.value) for curve in power.values()) - 1
    ticks = [l for l in (1, 2, 3, 5, 10, 20, 30, 50, 100) if l <= lmax]
    axes.set_xticks(ticks, [str(l) for l in ticks])
    axes.set_xticks([], minor=True)


def _steps(axes: Any, edges: ArrayLike, curves: Mapping[str, Estimate]) -> None:
    """Means over bins as steps with their errors; a logarithmic scale if they vary more than fivefold."""
    for colour, (label, curve) in zip(shades(len(curves)), curves.items(), strict=True):
        value, error = (np.asarray(each, float) for each in (curve.value, curve.error))
        error = np.where(np.isfinite(error), error, 0.0)
        axes.stairs(value, edges, color=colour, linewidth=1.2, label=label, baseline=None)
        axes.stairs(
            value + error, edges, baseline=value - error, color=colour, alpha=0.22, fill=True, linewidth=0
        )
    values = [curve.value for curve in curves.values()]
    ends = positive_range(values, 6)
    if ends and ends[1] > 5 * ends[0]:
        axes.set(yscale="log", ylim=(ends[0] / 1.5, ends[1] * 1.5))
        if ends[1] < 300 * ends[0]:
            plain_numbers(axes.yaxis)
    show_at_least(axes, 1.05)
    axes.set_xlim(np.min(edges), np.max(edges))


def sky_structure(
    power: Mapping[str, Estimate],
    b_edges_deg: ArrayLike,
    by_latitude: Mapping[str, Estimate],
    l_edges_deg: ArrayLike,
    by_longitude: Mapping[str, Estimate],
    r_kpc: ArrayLike,
    within: Mapping[str, Estimate],
    *,
    title: str,
    b_max_deg: float = 90.0,
    ax: Any = None,
) -> Any:
    """Power spectrum, profiles in latitude and longitude, and the share of the light from within r.

    Parameters
    ----------
    power : mapping of str to Estimate
        C_l of I/<I> from l = 0, by energy (`structure.power_spectrum`).
    b_edges_deg, l_edges_deg : array_like, shape (n + 1,)
        Edges of the bins of the profiles; longitude is drawn increasing to the left.
    by_latitude, by_longitude : mapping of str to Estimate
        I/<I> by energy (`structure.latitude_profile`, `structure.longitude_profile`).
    r_kpc : array_like
        Galactocentric radii.
    within : mapping of str to Estimate
        Share of the mean intensity of the sky that comes from r < r_kpc, by energy
        (`structure.contribution_by_distance`).
    title : str
        Title of the figure.
    b_max_deg : float
        |b| below which the profile in longitude was made.
    """
    figure = page(ax, PAGE_INCH, 5.2)
    figure.suptitle(title, fontsize=NORMAL + 1)
    (spectrum, latitude), (longitude, radius) = figure.subplots(2, 2)
    _spectra(spectrum, power)
    legend(spectrum, loc="best")

    intensity = r"$I/\langle I\rangle$"
    _steps(latitude, b_edges_deg, by_latitude)
    dress(latitude, r"$b$  [deg]", intensity)
    latitude.set_xticks(_round_degrees(b_edges_deg, 30))
    _longitudes(longitude, l_edges_deg, by_longitude, b_max_deg)
    dress(longitude, r"$l$  [deg]", intensity)

    r = np.asarray(r_kpc, float)
    if np.ptp([curve.value for curve in within.values()], axis=0).max() < 0.05:
        radius.text(0.04, 0.92, ", ".join(within), transform=radius.transAxes, fontsize=SMALL)
        within = dict([list(within.items())[-1]])
    for colour, (label, curve) in zip(shades(len(within)), within.items(), strict=True):
        band(radius, r, curve, label, colour)
    radius.set(xscale="log", xlim=(r[r > 0].min(), r.max()), ylim=(0.0, 1.05))
    plain_numbers(radius.xaxis)
    dress(radius, r"$r$  [kpc]", r"share of $\langle I\rangle$ from within $r$")
    return figure


def _longitudes(axes: Any, edges_deg: ArrayLike, curves: Mapping[str, Estimate], b_max_deg: float) -> None:
    """A profile in longitude, which increases to the left."""
    _steps(axes, edges_deg, curves)
    if b_max_deg < 90:
        where = rf"$|b| < {b_max_deg:g}^\circ$"
        axes.text(0.04, 0.92, where, transform=axes.transAxes, fontsize=NORMAL)
    ticks = _round_degrees(edges_deg, 60)
    axes.set_xticks(ticks, [f"{l % 360:g}" for l in ticks])
    axes.invert_xaxis()


def _round_degrees(edges: ArrayLike, step: int) -> list[int]:
    low, high = (int(np.round(end)) for end in (np.min(edges), np.max(edges)))
    return list(range(-(-low // step) * step, high + 1, step))


def relative_error_maps(maps: Mapping[str, ArrayLike], *, title: str, ax: Any = None) -> Any:
    """Relative statistical errors over the sky in Mollweide projection, two panels a row, one scale for all.

    l = 0 is in the centre and l increases to the left, as seen from inside. Grey where there is no error.

    Parameters
    ----------
    maps : mapping of str to array_like, shape (12 nside^2,)
        Relative error (one is 100%) by name of the panel, RING order, Galactic coordinates.
    title : str
        Title of the figure.

    Raises
    ------
    ValueError
        If a map has a number of pixels that HEALPix does not know.
    """
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm

    rows = (len(maps) + 1) // 2
    figure = page(ax, PAGE_INCH, 1.95 * rows + 0.9)
    figure.suptitle(title, fontsize=NORMAL + 1)
    panels = figure.subplots(rows, 2, subplot_kw={"projection": "mollweide"}, squeeze=False)
    colours = colormaps["viridis"].with_extremes(bad="0.75")
    percent = {name: 100 * np.asarray(values, float) for name, values in maps.items()}
    norm = sky_scale(np.concatenate(list(percent.values())))
    for axes, (name, values) in zip(panels.flat, percent.items(), strict=False):
        image = draw_sky(axes, positive(values), norm, colours)
        axes.set_title(name, fontsize=NORMAL, pad=4)
        graticule(axes)
    for axes in panels.flat[len(maps) :]:
        axes.remove()
    bar = colour_bar(figure, list(panels.flat[: len(maps)]), image, shrink=0.6, pad=0.03)
    if isinstance(norm, LogNorm):
        plain_numbers(bar.ax.xaxis)
    bar.set_label("relative error [%]", fontsize=SMALL)
    return figure
