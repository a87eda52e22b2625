"""Figures of what is seen: maps of the sky, and spectra against measurements.

Every function takes plain arrays and a path and writes a PNG of 200 dots per inch, two columns (7 inch) wide.
A quantity with an error is an `Estimate`. What is not positive and finite is left
out of logarithmic axes, an error that is not finite out of the plot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, cycle
from types import MappingProxyType
from typing import Any

import numpy as np

from ...mc.uncertainty import Estimate
from ..data.read import Points, fermi_igrb, icecube, pev_gamma_limit
from .page import (
    BLACK,
    COMPONENTS,
    GREY,
    INTENSITY_UNIT,
    NORMAL,
    PAGE_INCH,
    PURPLE,
    SKY,
    SMALL,
    band,
    dress,
    legend,
    outlined,
    page,
    positive_range,
)

# Markers of measurements that were asked for.
_HOLLOW = "vdp<h>*"


# -- spectra -------------------------------------------------------------------------------


NOTHING: Mapping[str, Any] = MappingProxyType({})
"""No measurements that were asked for."""


def asked_for(data: Sequence[Points], drawn: Sequence[Points]) -> list[Points]:
    """Measurements that were asked for and are none of those drawn already, each once."""
    found: list[Points] = []
    for points in data:
        others = [each for each in (*drawn, *found) if each.x.size == points.x.size]
        if not any(np.allclose((each.x, each.value), (points.x, points.value), 1e-6, 0.0) for each in others):
            found.append(points)
    return found


def draw_asked_for(axes: Any, data: Sequence[Points]) -> None:
    """Measurements that were asked for: hollow, which those that are drawn by themselves are not."""
    for points, colour, marker in zip(data, cycle((BLACK, SKY)), cycle(_HOLLOW), strict=False):
        named = points._replace(label=points.label.lstrip("_").replace("$", r"\$"))
        draw_points(axes, named, colour, marker, markerfacecolor="white", markersize=3.8, zorder=2.5)


def draw_points(axes: Any, points: Points, colour: str, marker: str, **more: Any) -> None:
    """Measurements with error bars, limits as arrows; `more` is Matplotlib's."""
    x, limit = points.x, points.is_limit
    style: dict[str, Any] = {"linestyle": "none", "color": colour, "elinewidth": 0.6, "markersize": 2.6}
    style |= {"marker": marker, "zorder": 1.5, "markeredgewidth": 0.6}
    style |= more
    measured = points.value[~limit]
    if measured.size:
        axes.errorbar(x[~limit], measured, points.errors[:, ~limit], label=points.label, **style)
    ends = points.high[limit]
    widths = np.abs(points.edges - x[:, None])[limit].T
    x_errors = widths if np.any(widths) else None
    style |= {"marker": "none" if measured.size else marker}
    label = "_" if measured.size else points.label
    axes.errorbar(x[limit], ends, 0.35 * ends, x_errors, uplims=True, capsize=1.4, label=label, **style)


def _flux_range(
    spectra: Sequence[Estimate], points: Sequence[Points], line: float | None
) -> tuple[float, float]:
    """Limits in flux: all data, and two decades below the lowest of the peaks."""
    peaks = [high for curve in spectra if (ends := positive_range([curve.value], 1)) for high in ends[1:]]
    peaks += [line] if line else []
    data = np.concatenate([each.drawn for each in points])
    bottom, top = min([*peaks, 1e-9]), max([*peaks, float(data.max())])
    return max(min(1e-2 * bottom, 0.5 * float(data.min())), 1e-12 * top), 6 * top


def _beside(
    axes: Any, spectrum: Mapping[str, Any], points: Sequence[Points], more: Sequence[Points]
) -> list[Any]:
    """A spectrum by component beside measurements, with a legend of these; the handles of its lines."""
    from matplotlib.ticker import LogLocator

    E = np.asarray(spectrum["energy_GeV"], dtype=float)
    for component, label, colour, style in COMPONENTS:
        if component in spectrum:
            band(axes, E, spectrum[component], label, colour, style)
    lines = axes.get_legend_handles_labels()[0]
    for one, colour, marker in zip(points, (GREY, PURPLE), "os", strict=True):
        draw_points(axes, one, colour, marker)
    draw_asked_for(axes, more)
    ends = positive_range([E, *(one.edges for one in (*points, *more))], 12)
    assert ends is not None
    axes.set(xscale="log", yscale="log", xlim=(ends[0] / 1.5, ends[1] * 1.5))
    axes.xaxis.set_major_locator(LogLocator(10, numticks=6))
    measured = [handle for handle in axes.get_legend_handles_labels()[0] if handle not in lines]
    legend(axes, measured, loc="upper right")
    return list(lines)


def spectra(
    neutrino: Mapping[str, Any],
    gamma: Mapping[str, Any],
    *,
    prl_17: float | None = None,
    data: tuple[Sequence[Points], Sequence[Points]] = ((), ()),
    title: str,
    ax: Any = None,
) -> Any:
    """Sky-averaged spectra of neutrinos, per flavour, and gamma rays against measurements.

    Parameters
    ----------
    neutrino, gamma : mapping
        "energy_GeV" and, under "total", "disc", "halo" and "cgm" (those that there are), the
        `Estimate` of E^2 I in GeV cm^-2 s^-1 sr^-1. Neutrinos are nu + nubar per flavour.
    prl_17 : float, optional
        The estimate of PRL Eq. 17 in the same unit.
    data : (sequence of Points, sequence of Points)
        Of neutrinos and of gamma rays, to be drawn beside those that always are.
    title : str
        Title of the figure.
    """
    from matplotlib.ticker import NullFormatter

    figure = page(ax, PAGE_INCH, 3.5)
    figure.suptitle(title, fontsize=NORMAL + 1)
    panels = figure.subplots(1, 2, sharey=True)
    known = ([*icecube()], [fermi_igrb(), pev_gamma_limit()])
    more = [asked_for(each, drawn) for each, drawn in zip(data, known, strict=True)]
    names = (r"Neutrinos ($\nu+\bar\nu$, per flavour)", r"Gamma rays")
    y_label = f"$E^2 I$  [{INTENSITY_UNIT}]"
    shown = [spectrum[name] for spectrum in (neutrino, gamma) for name, *_ in COMPONENTS if name in spectrum]
    for axes, spectrum, points, others in zip(panels, (neutrino, gamma), known, more, strict=True):
        lines = _beside(axes, spectrum, points, others)
    for axes, name, label in zip(panels, names, (y_label, ""), strict=True):
        dress(axes, "$E$  [GeV]", label)
        axes.set_title(name, fontsize=NORMAL, pad=4)
    panels[0].set_ylim(_flux_range(shown, [*chain(*known, *more)], prl_17))
    panels[0].yaxis.set_minor_formatter(NullFormatter())
    panels[1].add_artist(panels[1].get_legend())
    legend(panels[1], lines, loc="lower left")
    where = {"transform": panels[1].transAxes, "fontsize": SMALL, "ha": "right", "va": "top"}
    said = "IGRB: without the Galaxy;\nto be compared with\ncircumgalactic alone"
    outlined(panels[1].text(0.97, 0.84, said, **where), 2.5)
    if prl_17:
        panels[0].axhline(prl_17, color=BLACK, linewidth=0.6, linestyle=(0, (6, 2)))
        left = panels[0].annotate("PRL Eq. 17", (0.02, prl_17), xycoords=("axes fraction", "data"))
        left.set(fontsize=SMALL, position=(0, 2), anncoords="offset points")
        outlined(left)
    return figure
