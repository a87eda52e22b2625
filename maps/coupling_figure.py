"""What returns from the Bell region, against energy, for several media."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .figure_page import GREY, NORMAL, PAGE_INCH, dress, error_bars, legend, new_figure, save, shades

_MARKERS = "osD^v<>p"
_DASHED, _DOTTED = (0, (5, 1.5)), (0, (1.5, 1))
# In one dimension there is no end to it.
_HIGHEST = 2e3


def coupling_figure(path: Path, media: Sequence[Mapping[str, Any]]) -> None:
    """Density, disc grammage and B/C with return over, or beside, those without.

    Parameters
    ----------
    path : Path
        File to write.
    media : sequence of mapping
        "z_B_kpc", "delta_G", "energy_GeV", "density" (with return over without), "in_one_dimension",
        "grammage_g_cm2" and "boron_over_carbon" (each "with_return" and "without").
    """
    scales = sorted({medium["z_B_kpc"] for medium in media})
    overdensities = sorted({medium["delta_G"] for medium in media})
    colours = dict(zip(overdensities, shades(len(overdensities)), strict=True))
    figure = new_figure(PAGE_INCH, 6.2)
    panels = figure.subplots(3, len(scales), sharex=True, sharey="row", squeeze=False)
    for medium in media:
        E, colour = np.asarray(medium["energy_GeV"], float), colours[medium["delta_G"]]
        marker = _MARKERS[overdensities.index(medium["delta_G"]) % len(_MARKERS)]
        ratio, *others = panels[:, scales.index(medium["z_B_kpc"])]
        error_bars(ratio, E, medium["density"], rf"$\delta_G={medium['delta_G']:g}$", colour, marker)
        ratio.plot(E, medium["in_one_dimension"], color=colour, linewidth=0.6, linestyle=_DASHED)
        for axes, name in zip(others, ("grammage_g_cm2", "boron_over_carbon"), strict=True):
            error_bars(axes, E, medium[name]["with_return"], "_", colour, marker)
            axes.plot(E, medium[name]["without"]["value"], color=GREY, linewidth=0.8, linestyle=_DOTTED)
    for axes, scale in zip(panels[0], scales, strict=True):
        axes.axhline(1.0, color=GREY, linewidth=0.6)
        axes.set_title(rf"$z_B={scale:g}$ kpc", fontsize=NORMAL, pad=4)
    labels = ("density, with return / without", "grammage of the disc  [g cm$^{-2}$]", "implied B/C")
    for row, label in zip(panels, labels, strict=True):
        for axes in row:
            dress(axes, "$E$  [GeV]", label)
            axes.set(xscale="log", yscale="log")
            axes.label_outer()
    panels[0, 0].set_ylim(0.7, _HIGHEST)
    panels[0, 0].plot([], [], color=GREY, linewidth=0.6, linestyle=_DASHED, label="in one dimension")
    panels[1, 0].plot([], [], color=GREY, linewidth=0.8, linestyle=_DOTTED, label="without return")
    legend(panels[0, 0], loc="upper left")
    legend(panels[1, 0], loc="upper right")
    save(figure, path)
