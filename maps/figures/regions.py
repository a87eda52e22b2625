"""Figure of the gamma rays of regions of the sky, by component, beside what was measured there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...mc.uncertainty import Estimate
from ..data.read import Points
from .page import (
    COMPONENTS,
    GREY,
    INTENSITY_UNIT,
    NORMAL,
    PAGE_INCH,
    SMALL,
    band,
    dress,
    legend,
    outlined,
    page,
)
from .spectra import NOTHING, asked_for, draw_asked_for, draw_points

# How far the energies of the figure go beyond those that were measured.
_BELOW, _ABOVE = 30.0, 3.0


def spectra_in_regions(
    regions: Mapping[str, tuple[Any, Mapping[str, Estimate], Points]],
    more: Mapping[str, Sequence[Points]] = NOTHING,
    ax: Any = None,
) -> Any:
    """Mean E^2 I of gamma rays in each region against energy.

    Parameters
    ----------
    regions : mapping
        By title: the region, whose limits are said; E^2 I [GeV cm^-2 s^-1 sr^-1] of the components and of
        their "total", each an `Estimate` that knows its energies; and the points measured there.
    more : mapping of str to sequence of Points
        By title: to be drawn besides.
    """
    figure = page(ax, PAGE_INCH, 3.3)
    panels = figure.subplots(1, len(regions), sharey=True, squeeze=False)[0]
    floor = 0.1 * min(float(points.value.min()) for _, _, points in regions.values())
    highest = []
    for axes, (title, (region, means, points)) in zip(panels, regions.items(), strict=True):
        low, high = points.edges.min() / _BELOW, points.edges.max() * _ABOVE
        for component, label, colour, style in COMPONENTS:
            E = means[component].energy_GeV
            assert E is not None
            near = (E >= low / 2.0) & (E <= 2.0 * high)
            curve = Estimate(means[component].value[near], means[component].error[near])
            if np.max(curve.value, initial=0.0) < floor:
                continue
            band(axes, E[near], curve, label, colour, style)
            highest.append(float(np.max(curve.value, initial=0.0)))
        highest.append(float(points.high.max()))
        draw_points(axes, points, GREY, "o")
        draw_asked_for(axes, asked_for(more.get(title, ()), [points]))
        dress(axes, "$E$  [GeV]", f"$E^2 I$  [{INTENSITY_UNIT}]" if axes is panels[0] else "")
        axes.set(xscale="log", yscale="log", xlim=(low, high))
        axes.set_title(f"{title}: {region}", fontsize=NORMAL, pad=4)
    panels[0].set_ylim(floor, 3.0 * max(highest))
    for axes in panels[:-1]:
        legend(axes, axes.get_legend_handles_labels()[0][-1:], loc="upper right")
    legend(panels[-1], loc="upper right")
    said = "sources were masked in the measurement,\nnot in the model"
    where = {"transform": panels[0].transAxes, "fontsize": SMALL, "ha": "right", "va": "top"}
    outlined(panels[0].text(0.97, 0.88, said, **where), 2.5)
    return figure
