"""Figure of the galaxy seen from outside, beside what Fermi-LAT reports of M31.

As in `figures`: plain arrays and a path in, a PNG of 200 dots per inch out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import FloatArray
from ...mc.uncertainty import Estimate
from ..data.read import M31_DISTANCE_KPC, m31_emission, mean_E2_intensity
from .page import (
    COMPONENTS,
    GREY,
    INTENSITY_UNIT,
    NORMAL,
    PAGE_INCH,
    PURPLE,
    SMALL,
    band,
    colour_bar,
    dress,
    legend,
    page,
    positive,
    positive_range,
)

_DECADES = 6


def _draw_image(figure: Any, axes: Any, image: FloatArray, x_kpc: FloatArray, y_kpc: FloatArray) -> None:
    """E^2 I on the plane of the sky in logarithmic colours."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm

    low, high = positive_range([image], _DECADES) or (0.1, 1.0)
    norm = LogNorm(low, max(high, 1.001 * low))
    colours = colormaps["inferno"].with_extremes(bad="0.75")
    shown = np.ma.masked_invalid(positive(image))
    mesh = axes.pcolormesh(x_kpc, y_kpc, shown, cmap=colours, norm=norm, shading="nearest", rasterized=True)
    axes.set(aspect="equal")
    dress(axes, "$x$, along the major axis  [kpc]", "$y$  [kpc]")
    axes.tick_params(which="both", color="white")
    if shown.count():
        bar = colour_bar(figure, axes, mesh, pad=0.02)
        bar.set_label(f"$E^2 I$  [{INTENSITY_UNIT}]", fontsize=SMALL)


def _draw_m31(axes: Any, energy_GeV: float, slope: float, left_kpc: float) -> tuple[float, float]:
    """Halo and disc of M31 as bars over the radius of the halo, and how far the outer one reaches.

    The flux of the disc, whose size is not published, is spread over the same circle. The ends of the bars.
    """
    m31 = m31_emission()
    halo, (near, far) = m31["halo circle"], m31["outer halo"].extent_kpc
    right = M31_DISTANCE_KPC * np.tan(np.radians(halo.radius_deg))
    paper = f"as $E^{{-{slope:g}}}$\n(Pshirkov et al. 2015)"
    ends = []
    for fitted, name, style in (
        (halo, f"M31 halo {paper}", "-"),
        (m31["disc"], "M31 disc, same circle", "--"),
    ):
        circle = (halo.radius_deg, fitted.low_GeV, fitted.high_GeV)
        value, error = mean_E2_intensity(fitted.flux_cm2_s, *circle, energy_GeV=energy_GeV, slope=slope)
        low, high = value - error, value + error
        axes.fill_between([left_kpc, right], low, high, color=PURPLE, alpha=0.25, linewidth=0)
        axes.plot([left_kpc, right], [value, value], color=PURPLE, linestyle=style, linewidth=1.6, label=name)
        ends += [low, high]
    axes.axvspan(near, far, color=GREY, alpha=0.25, linewidth=0)
    label = f"M31: excess out to {near:g}–{far:g} kpc (Karwin et al. 2019)"
    middle = np.sqrt(near * far)
    text = axes.text(middle, 0.03, label, transform=axes.get_xaxis_transform(), fontsize=SMALL, rotation=90)
    text.set(horizontalalignment="center", verticalalignment="bottom")
    return float(min(ends)), float(max(ends))


def galaxy_from_outside(
    image: ArrayLike,
    x_kpc: ArrayLike,
    y_kpc: ArrayLike,
    ring_edges_kpc: ArrayLike,
    profiles: Mapping[str, Estimate],
    *,
    energy_GeV: float,
    slope: float = 2.0,
    title: str,
    ax: Any = None,
) -> Any:
    """Image of the galaxy, and brightness against projected radius beside the halo and disc of M31.

    Parameters
    ----------
    image : array_like, shape (n_y, n_x)
        E^2 I in GeV cm^-2 s^-1 sr^-1.
    x_kpc, y_kpc : array_like
        Its pixel centres on the plane of the sky.
    ring_edges_kpc : array_like, shape (n_ring + 1,)
        Edges of the rings, in projected radius.
    profiles : mapping of str to Estimate
        Mean E^2 I of the rings, shape (n_ring,), under "total" and, as there are,
        "disc", "halo" and "cgm".
    energy_GeV : float
        Energy of all E^2 I.
    slope : float
        Spectrum E^-slope taken for M31, to go from its flux in a range to E^2 I at this energy.
    title : str
        Title of the figure.
    """
    figure = page(ax, PAGE_INCH, 3.6)
    figure.suptitle(title, fontsize=NORMAL + 1)
    left, right = figure.subplots(1, 2)
    _draw_image(figure, left, *(np.asarray(each, dtype=float) for each in (image, x_kpc, y_kpc)))
    edges = np.asarray(ring_edges_kpc, dtype=float)
    radius = 0.5 * (edges[1:] + edges[:-1])
    for name, label, colour, style in COMPONENTS:
        if name in profiles:
            band(right, radius, profiles[name], label, colour, style)
    bar = _draw_m31(right, energy_GeV, slope, radius[0])
    drawn = positive_range([profiles["total"].value], _DECADES) or bar
    right.set(xscale="log", yscale="log", xlim=(radius[0], 1.1 * m31_emission()["outer halo"].extent_kpc[1]))
    right.set(ylim=(0.005 * min(drawn[0], bar[0]), 5 * max(drawn[1], bar[1])))
    dress(right, "projected radius  [kpc]", f"$E^2 I$  [{INTENSITY_UNIT}]")
    legend(right, loc="lower left")
    return figure
