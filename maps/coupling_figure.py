"""What returns from the Bell region, against energy, for several media."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .figure_page import GREY, NORMAL, PAGE_INCH, dress, error_bars, legend, new_figure, save, shades

_MARKERS = "osD^v<>p"


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
    figure = new_figure(PAGE_INCH, 2.9)
    ratio, grammage, boron = figure.subplots(1, 3)
    overdensities = sorted({medium["delta_G"] for medium in media})
    scales = sorted({medium["z_B_kpc"] for medium in media})
    colours = dict(zip(overdensities, shades(len(overdensities)), strict=True))
    for medium in media:
        E, colour = medium["energy_GeV"], colours[medium["delta_G"]]
        marker = _MARKERS[scales.index(medium["z_B_kpc"]) % len(_MARKERS)]
        label = rf"$z_B={medium['z_B_kpc']:g}$ kpc, $\delta_G={medium['delta_G']:g}$"
        error_bars(ratio, E, medium["density"], label, colour, marker)
        ratio.plot(E, medium["in_one_dimension"], color=colour, linewidth=0.6, linestyle=(0, (5, 1.5)))
        for axes, name in ((grammage, "grammage_g_cm2"), (boron, "boron_over_carbon")):
            error_bars(axes, E, medium[name]["with_return"], "_", colour, marker)
            axes.plot(
                E, medium[name]["without"]["value"], color=colour, linewidth=0.6, linestyle=(0, (1.5, 1))
            )
    ratio.axhline(1.0, color=GREY, linewidth=0.6)
    names = (
        "density in the disc, with return / without",
        "grammage of the disc  [g cm$^{-2}$]",
        "implied B/C",
    )
    for axes, name in zip((ratio, grammage, boron), names, strict=True):
        dress(axes, "$E$  [GeV]")
        axes.set_title(name, fontsize=NORMAL - 0.5, pad=4)
        axes.set(xscale="log", yscale="log")
    ratio.set_ylim(0.7, None)
    for style, text in (((0, (1.5, 1)), "without return"), ("-", "with return")):
        boron.plot([], [], color=GREY, linewidth=0.8, linestyle=style, label=text)
    ratio.plot([], [], color=GREY, linewidth=0.6, linestyle=(0, (5, 1.5)), label="one dimension")
    legend(boron, loc="lower left")
    legend(ratio, loc="upper left")
    save(figure, path)
