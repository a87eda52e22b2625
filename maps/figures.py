"""Figures of what is seen: maps of the sky, and spectra against measurements.

Every function takes plain arrays and a path and writes a PNG of 200 dots per inch, two columns (7 inch) wide.
A quantity with an error is a mapping with keys "value" and "error". What is not positive and finite is left
out of logarithmic axes, an error that is not finite out of the plot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..fields.units import FloatArray
from .figure_page import (
    BLACK,
    COMPONENTS,
    GREY,
    NORMAL,
    PAGE_INCH,
    PURPLE,
    SMALL,
    Curve,
    band,
    colour_bar,
    dress,
    legend,
    new_figure,
    outlined,
    positive,
    positive_range,
    save,
)
from .measurements import Points, fermi_igrb, icecube, pev_gamma_limit

INTENSITY_UNIT = r"GeV cm$^{-2}$ s$^{-1}$ sr$^{-1}$"


# -- the sky -------------------------------------------------------------------------------


def _sky_image(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A HEALPix map (RING, Galactic) on cells in longitude and latitude: edges of -l and b in rad, image."""
    import healpy

    nside = healpy.npix2nside(values.size)
    x, b = np.linspace(-180, 180, 721), np.linspace(-90, 90, 361)
    l_centre, b_centre = -(x[1:] + x[:-1]) / 2, (b[1:] + b[:-1]) / 2
    pixels = healpy.ang2pix(nside, l_centre[None, :], b_centre[:, None], lonlat=True)
    return np.radians(x), np.radians(b), values[pixels]


def _sky_scale(values: FloatArray) -> Any:
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


def _graticule(axes: Any) -> None:
    """Meridians with their longitude, increasing to the left, and parallels with their latitude."""
    degrees = (-120, -60, 0, 60, 120)
    axes.set_xticks(np.radians(degrees), [""] * len(degrees))
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]), ["−60°", "−30°", "0°", "30°", "60°"])
    axes.tick_params(labelsize=SMALL - 1)
    axes.set_longitude_grid_ends(90)
    axes.grid(True, color="white", alpha=0.35, linewidth=0.4)
    for x in degrees:
        label = axes.text(np.radians(x), np.radians(-8), f"{-x % 360}°", fontsize=SMALL - 1)
        label.set(color="white", horizontalalignment="center", verticalalignment="top")
        outlined(label, 1.2, "black")
    axes.spines["geo"].set_linewidth(0.6)


def sky_panels(
    maps: Mapping[str, ArrayLike], path: Path, *, title: str, unit: str = INTENSITY_UNIT, energy_label: str
) -> None:
    """Up to four maps in Mollweide projection, each with its own colours.

    l = 0 is in the centre and l increases to the left, as seen from inside.

    Parameters
    ----------
    maps : mapping of str to array_like, shape (12 nside^2,)
        E^2 I by name of the panel, RING order, Galactic coordinates.
    path : Path
        File to write.
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

    figure = new_figure(PAGE_INCH, 2.35 * ((len(maps) + 1) // 2) + 0.3)
    figure.suptitle(f"{title}, {energy_label}", fontsize=NORMAL + 1)
    panels = figure.subplots((len(maps) + 1) // 2, 2, subplot_kw={"projection": "mollweide"}, squeeze=False)
    colours = colormaps["inferno"].with_extremes(bad="0.75")
    for axes, (name, values) in zip(panels.flat, maps.items(), strict=False):
        values = np.asarray(values, dtype=float)
        x, b, image = _sky_image(values)
        norm = _sky_scale(values)
        shown = np.ma.masked_invalid(positive(image))
        mesh = axes.pcolormesh(x, b, shown, cmap=colours, norm=norm, rasterized=True)
        axes.set_title(name, fontsize=NORMAL, pad=4)
        _graticule(axes)
        if shown.count():
            _sky_colour_bar(figure, axes, mesh, unit)
    for axes in panels.flat[len(maps) :]:
        axes.remove()
    save(figure, path)


# -- spectra -------------------------------------------------------------------------------


def draw_points(axes: Any, points: Points, colour: str, marker: str) -> None:
    """Measurements with error bars, limits as arrows."""
    E, flux, limit = points.energy_GeV, points.flux, points.is_limit
    style: dict[str, Any] = {"linestyle": "none", "color": colour, "elinewidth": 0.6, "markersize": 2.6}
    style |= {"marker": marker, "zorder": 1.5, "markeredgewidth": 0.6}
    measured = flux[~limit]
    if measured.size:
        errors = np.abs(measured[:, [0, 2]] - measured[:, 1:2]).T
        axes.errorbar(E[~limit, 1], measured[:, 1], errors, label=points.label, **style)
    ends = flux[limit, 2]
    widths = np.abs(E[limit][:, [0, 2]] - E[limit, 1:2]).T
    x_errors = widths if np.any(widths) else None
    style |= {"marker": "none" if measured.size else marker}
    label = "_" if measured.size else points.label
    axes.errorbar(E[limit, 1], ends, 0.35 * ends, x_errors, uplims=True, capsize=1.4, label=label, **style)


def _flux_range(
    spectra: Sequence[Curve], points: Sequence[Points], line: float | None
) -> tuple[float, float]:
    """Limits in flux: all data, and two decades below the lowest of the peaks."""
    peaks = [high for curve in spectra if (ends := positive_range([curve["value"]], 1)) for high in ends[1:]]
    peaks += [line] if line else []
    data = np.concatenate([np.where(p.is_limit, p.flux[:, 2], p.flux[:, 1]) for p in points])
    bottom, top = min([*peaks, 1e-9]), max([*peaks, float(data.max())])
    return max(1e-2 * bottom, 1e-12 * top), 6 * top


def spectra(
    path: Path,
    neutrino: Mapping[str, Any],
    gamma: Mapping[str, Any],
    *,
    prl_17: float | None = None,
    title: str,
) -> None:
    """Sky-averaged spectra of neutrinos, per flavour, and gamma rays against measurements.

    Parameters
    ----------
    path : Path
        File to write.
    neutrino, gamma : mapping
        "energy_GeV" and, under "total", "disc", "halo" and "cgm" (those that there are), "value" and "error"
        of E^2 I in GeV cm^-2 s^-1 sr^-1. Neutrinos are nu + nubar per flavour.
    prl_17 : float, optional
        The estimate of PRL Eq. 17 in the same unit.
    title : str
        Title of the figure.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    figure = new_figure(PAGE_INCH, 3.5)
    figure.suptitle(title, fontsize=NORMAL + 1)
    panels = figure.subplots(1, 2, sharey=True)
    data = ([*icecube()], [fermi_igrb(), pev_gamma_limit()])
    names = (r"Neutrinos ($\nu+\bar\nu$, per flavour)", r"Gamma rays")
    y_label = f"$E^2 I$  [{INTENSITY_UNIT}]"
    shown = [spectrum[name] for spectrum in (neutrino, gamma) for name, *_ in COMPONENTS if name in spectrum]
    for axes, spectrum, points, name in zip(panels, (neutrino, gamma), data, names, strict=True):
        E = np.asarray(spectrum["energy_GeV"], dtype=float)
        for component, label, colour, style in COMPONENTS:
            if component in spectrum:
                band(axes, E, spectrum[component], label, colour, style)
        lines = axes.get_legend_handles_labels()[0]
        for one, colour, marker in zip(points, (GREY, PURPLE), "os", strict=True):
            draw_points(axes, one, colour, marker)
        dress(axes, "$E$  [GeV]", y_label if axes is panels[0] else "")
        ends = positive_range([E, *(one.energy_GeV for one in points)], 12)
        assert ends is not None
        axes.set(xscale="log", yscale="log", xlim=(ends[0] / 1.5, ends[1] * 1.5))
        axes.set_title(name, fontsize=NORMAL, pad=4)
        axes.xaxis.set_major_locator(LogLocator(10, numticks=6))
        measured = [handle for handle in axes.get_legend_handles_labels()[0] if handle not in lines]
        legend(axes, measured, loc="upper right")
    panels[0].set_ylim(_flux_range(shown, [*data[0], *data[1]], prl_17))
    panels[0].yaxis.set_minor_formatter(NullFormatter())
    panels[1].add_artist(panels[1].get_legend())
    legend(panels[1], lines, loc="lower left")
    if prl_17:
        panels[0].axhline(prl_17, color=BLACK, linewidth=0.6, linestyle=(0, (6, 2)))
        left = panels[0].annotate("PRL Eq. 17", (0.02, prl_17), xycoords=("axes fraction", "data"))
        left.set(fontsize=SMALL, position=(0, 2), anncoords="offset points")
        outlined(left)
    save(figure, path)
