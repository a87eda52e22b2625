"""Figure of circumgalactic light that data at the Sun allow, beside what is measured of isotropic light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...fields.units import FloatArray
from ..data.read import fermi_igrb, icecube
from .page import GREY, INTENSITY_UNIT, NORMAL, PAGE_INCH, PURPLE, dress, legend, page, shades
from .spectra import draw_points
from .studies import CARRIED_BY

_PANELS = {"neutrino": r"neutrinos ($\nu+\bar\nu$, per flavour)", "gamma": "gamma rays"}


def limits_figure(media: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Circumgalactic E^2 I by outflow and overdensity: bands span all media that differ in nothing of these.

    Parameters
    ----------
    media : sequence of mapping
        "outflow", "delta_G", whether it is "allowed", and the curves "neutrino" and "gamma" [GeV cm^-2 s^-1
        sr^-1], each an `Estimate` that knows its energies; without curves a medium is left out.
    """
    shown = [one for one in media if "neutrino" in one]
    outflows = list(dict.fromkeys(one["outflow"] for one in shown))
    overdensities = sorted({one["delta_G"] for one in shown})
    colours = dict(zip(overdensities, shades(len(overdensities)), strict=True))
    figure = page(ax, PAGE_INCH, 2.5 * len(outflows) + 0.6)
    panels = figure.subplots(len(outflows), 2, sharex="col", sharey=True, squeeze=False)
    for row, outflow in zip(panels, outflows, strict=True):
        for axes, (secondary, title) in zip(row, _PANELS.items(), strict=True):
            for delta_G in overdensities:
                alike = [one for one in shown if (one["outflow"], one["delta_G"]) == (outflow, delta_G)]
                _draw_group(axes, alike, secondary, colours[delta_G])
            points = icecube() if secondary == "neutrino" else [fermi_igrb()]
            for one, colour, marker in zip(points, (GREY, PURPLE), "os", strict=False):
                draw_points(axes, one, colour, marker)
            dress(axes, "$E$  [GeV]", f"$E^2 I$  [{INTENSITY_UNIT}]" if secondary == "neutrino" else "")
            axes.set(xscale="log", yscale="log")
            axes.set_title(f"{CARRIED_BY[outflow]}: {title}", fontsize=NORMAL, pad=4)
            axes.label_outer()
    _limit(panels, shown)
    for axes in panels[0]:
        legend(axes, axes.get_legend_handles_labels()[0], loc="upper right")
    panels[0, 1].add_artist(panels[0, 1].get_legend())
    legend(panels[0, 1], _handles(overdensities, colours, shown), loc="lower left", ncols=2)
    return figure


def _draw_group(axes: Any, alike: Sequence[Mapping[str, Any]], secondary: str, colour: Any) -> None:
    """A band of the media that are allowed; hatched between dashed lines, of those that are not."""
    for allowed in (True, False):
        curves = [one[secondary] for one in alike if one["allowed"] is allowed]
        if not curves:
            continue
        E: FloatArray = curves[0].energy_GeV
        errors = [np.nan_to_num(each.error) for each in curves]  # none of fits that were given up
        low, high = (
            np.array([each.value + side * error for each, error in zip(curves, errors, strict=True)])
            for side in (-1.0, 1.0)
        )
        low = np.maximum(low, [0.1 * each.value for each in curves]).min(axis=0)
        high = np.minimum(high, [10.0 * each.value for each in curves]).max(axis=0)
        if allowed:
            axes.fill_between(E, low, high, color=colour, alpha=0.45, linewidth=0.8, zorder=2)
        else:
            axes.fill_between(E, low, high, facecolor="none", edgecolor=colour, hatch="////", linewidth=0.0,
                              alpha=0.45, zorder=1)  # fmt: skip
            for edge in (low, high):
                axes.plot(E, edge, color=colour, linewidth=0.8, linestyle=(0, (5, 1.5)), zorder=1)


def _limit(panels: Any, shown: Sequence[Mapping[str, Any]]) -> None:
    """All that is measured, and all bands but for what is far below."""
    lowest = min(float(one[name].value[len(one[name].value) // 2]) for one in shown for name in _PANELS)
    highest = max(float(one[name].value.max()) for one in shown for name in _PANELS)
    panels[0, 0].set_ylim(max(0.3 * lowest, 1e-15), max(3.0 * highest, 1e-5))
    for axes, (low, high) in zip(panels[0], ((80.0, 2e7), (0.08, 2e5)), strict=True):
        axes.set_xlim(low, high)


def _handles(
    overdensities: Sequence[float], colours: Mapping[float, Any], shown: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """What the colours and the hatching are."""
    from matplotlib.patches import Patch

    found = [
        Patch(color=colours[delta_G], alpha=0.6, linewidth=0, label=rf"$\delta_G = {delta_G:g}$")
        for delta_G in overdensities
    ]
    if any(not one["allowed"] for one in shown):
        found.append(
            Patch(facecolor="none", edgecolor=GREY, hatch="////", linewidth=0.8, linestyle="--",
                  label="excluded by data at the Sun")
        )  # fmt: skip
    return found
