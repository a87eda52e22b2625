"""Figure 1 of the paper, and what keeps the tracked flux below its estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .figure_page import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    NORMAL,
    ORANGE,
    PAGE_INCH,
    PURPLE,
    RED,
    SMALL,
    band,
    dress,
    legend,
    new_figure,
    outlined,
    save,
    shades,
)
from .figures import INTENSITY_UNIT, draw_points
from .measurements import fermi_igrb, icecube, pev_gamma_limit

_SWITCHED_OFF = {
    "nothing": ("as tracked", BLACK, "-"),
    "geometry": ("geometry off", BLUE, "-"),
    "geometry and cut-off": ("geometry and cut-off off", ORANGE, (0, (5, 1.5))),
    "geometry and diffusion": ("geometry and diffusion off", RED, (0, (1.5, 1))),
    "all three": ("all three off", GREEN, "-"),
}


def figure_1(path: Path, media: Sequence[Mapping[str, Any]]) -> None:
    """Circumgalactic neutrinos (per flavour) and gamma rays for several overdensities, and measurements.

    Parameters
    ----------
    path : Path
        File to write.
    media : sequence of mapping
        For each overdensity "delta_G", "prl_17", "energy_GeV", and the curves "neutrino" and "gamma", E^2 I
        in GeV cm^-2 s^-1 sr^-1.
    """
    from matplotlib.ticker import LogLocator

    figure = new_figure(PAGE_INCH, 3.7)
    panels = figure.subplots(1, 2, sharey=True)
    colours = shades(len(media))
    data = (icecube(), [fermi_igrb(), pev_gamma_limit()])
    names = (r"Neutrinos ($\nu+\bar\nu$, per flavour)", "Gamma rays")
    for axes, secondary, points, name in zip(panels, ("neutrino", "gamma"), data, names, strict=True):
        for colour, medium in zip(colours, media, strict=True):
            band(
                axes, medium["energy_GeV"], medium[secondary], rf"$\delta_G = {medium['delta_G']:g}$", colour
            )
        handles = axes.get_legend_handles_labels()[0]
        for one, colour, marker in zip(points, (GREY, PURPLE), "os", strict=True):
            draw_points(axes, one, colour, marker)
        dress(axes, "$E$  [GeV]", f"$E^2 I$  [{INTENSITY_UNIT}]" if axes is panels[0] else "")
        axes.set(xscale="log", yscale="log", xlim=(0.3 if secondary == "gamma" else 1.0, 3e7))
        axes.set_title(name, fontsize=NORMAL, pad=4)
        axes.xaxis.set_major_locator(LogLocator(10, numticks=6))
        measured = [one for one in axes.get_legend_handles_labels()[0] if one not in handles]
        legend(axes, measured, loc="upper right")
    for medium in media:
        panels[0].axhline(medium["prl_17"], color=GREEN, linewidth=0.8)
        label = panels[0].annotate(
            rf"PRL 17, $\delta_G = {medium['delta_G']:g}$",
            (0.02, medium["prl_17"]),
            xycoords=("axes fraction", "data"),
        )
        label.set(fontsize=SMALL, color=GREEN, position=(0, 1.5), anncoords="offset points")
        outlined(label)
    panels[0].set_ylim(1e-14, 3e-6)
    panels[1].add_artist(panels[1].get_legend())
    legend(panels[1], handles, loc="lower left")
    save(figure, path)


def causes_figure(path: Path, media: Sequence[Mapping[str, Any]]) -> None:
    """Tracked over estimated neutrinos, with the causes of their difference switched off in turn.

    Parameters
    ----------
    path : Path
        File to write.
    media : sequence of mapping
        For each overdensity "delta_G", "energy_GeV" and "switched_off": by name the ratio as a curve.
    """
    columns = min(len(media), 2)
    figure = new_figure(PAGE_INCH, 2.4 * -(-len(media) // columns) + 0.3)
    panels = figure.subplots(-(-len(media) // columns), columns, sharex=True, sharey=True, squeeze=False)
    for axes, medium in zip(panels.flat, media, strict=False):
        for name, (label, colour, style) in _SWITCHED_OFF.items():
            band(axes, medium["energy_GeV"], medium["switched_off"][name], label, colour, style)
        axes.axhline(0.5, color=GREY, linewidth=0.6)
        dress(axes, "$E$  [GeV]", "tracked / PRL Eq. 17")
        axes.label_outer()
        axes.set(xscale="log", yscale="log", xlim=(1.0, 1e7), ylim=(1e-3, 3.0))
        axes.set_title(rf"$\delta_G = {medium['delta_G']:g}$", fontsize=NORMAL, pad=4)
    for axes in panels.flat[len(media) :]:
        axes.remove()
    legend(panels[0, 0], loc="lower left")
    save(figure, path)
