"""Figures of studies: Figure 1 of PRL (Blasi & Amato 2019), other galaxies, return, radio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.bubble import Bubble
from ..data.read import fermi_igrb, icecube, pev_gamma_limit
from .page import (
    BLACK,
    BLUE,
    COLUMN_INCH,
    GREEN,
    GREY,
    INTENSITY_UNIT,
    NORMAL,
    ORANGE,
    PAGE_INCH,
    PURPLE,
    RED,
    SKY,
    SMALL,
    band,
    dress,
    error_bars,
    legend,
    outlined,
    page,
    panel,
    positive,
    shades,
)
from .spectra import draw_points

_SWITCHED_OFF = {
    "nothing": ("as tracked", BLACK, "-"),
    "geometry": ("geometry off", BLUE, "-"),
    "geometry and cut-off": ("geometry and cut-off off", ORANGE, (0, (5, 1.5))),
    "geometry and diffusion": ("geometry and diffusion off", RED, (0, (1.5, 1))),
    "all three": ("all three off", GREEN, "-"),
}

_DASHED, _DOTTED = (0, (5, 1.5)), (0, (1.5, 1))


def figure_1(media: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Circumgalactic neutrinos (per flavour) and gamma rays for several overdensities, and measurements.

    Parameters
    ----------
    media : sequence of mapping
        For each overdensity "delta_G", "prl_17", "energy_GeV", and the curves "neutrino" and "gamma", E^2 I
        in GeV cm^-2 s^-1 sr^-1.
    """
    from matplotlib.ticker import LogLocator

    figure = page(ax, PAGE_INCH, 3.7)
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
    for colour, medium in zip(colours, media, strict=True):
        panels[0].axhline(medium["prl_17"], color=colour, linewidth=0.8, linestyle=_DASHED)
        label = panels[0].annotate(
            rf"PRL 17, $\delta_G = {medium['delta_G']:g}$",
            (0.02, medium["prl_17"]),
            xycoords=("axes fraction", "data"),
        )
        label.set(fontsize=SMALL, color=colour, position=(0, 1.5), anncoords="offset points")
        outlined(label)
    panels[0].set_ylim(1e-14, 3e-6)
    panels[1].add_artist(panels[1].get_legend())
    legend(panels[1], handles, loc="lower left")
    return figure


def causes_figure(media: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Tracked over estimated neutrinos, with the causes of their difference switched off in turn.

    Parameters
    ----------
    media : sequence of mapping
        For each overdensity "delta_G", "energy_GeV" and "switched_off": by name the ratio as a curve.
    """
    columns = min(len(media), 2)
    highest = max(np.nanmax(ratio.value) for medium in media for ratio in medium["switched_off"].values())
    figure = page(ax, PAGE_INCH, 2.4 * -(-len(media) // columns) + 0.3)
    panels = figure.subplots(-(-len(media) // columns), columns, sharex=True, sharey=True, squeeze=False)
    for axes, medium in zip(panels.flat, media, strict=False):
        for name, (label, colour, style) in _SWITCHED_OFF.items():
            band(axes, medium["energy_GeV"], medium["switched_off"][name], label, colour, style)
        axes.axhline(0.5, color=GREY, linewidth=0.6, label="one half")
        dress(axes, "$E$  [GeV]", "tracked / PRL Eq. 17")
        axes.label_outer()
        axes.set(xscale="log", yscale="log", xlim=(1.0, 1e7), ylim=(1e-3, max(3.0, 1.3 * highest)))
        axes.set_title(rf"$\delta_G = {medium['delta_G']:g}$", fontsize=NORMAL, pad=4)
    for axes in panels.flat[len(media) :]:
        axes.remove()
    legend(panels[0, 0], loc="lower left")
    return figure


_MARKERS = "osD^v<>p"


# In one dimension there is no end to it.
_HIGHEST = 2e3


CARRIED_BY = {
    "alfven": r"$u = v_A$",
    "momentum": r"$\rho u^2 = P_{\rm CR}$",
    "bubble": "expanding bubble",
}
"""Titles of what carries the plasma."""


def coupling_figure(media: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Density, grammage of all gas and B/C with return over, or beside, those without.

    Parameters
    ----------
    media : sequence of mapping
        Of one halo: "outflow", "delta_G", "energy_GeV", "density" (with return over without),
        "in_one_dimension", "grammage_g_cm2" and "boron_over_carbon" (each "with_return" and "without").
    """
    outflows = list(dict.fromkeys(medium["outflow"] for medium in media))
    overdensities = sorted({medium["delta_G"] for medium in media})
    colours = dict(zip(overdensities, shades(len(overdensities)), strict=True))
    figure = page(ax, PAGE_INCH, 6.2)
    panels = figure.subplots(3, len(outflows), sharex=True, sharey="row", squeeze=False)
    for medium in media:
        E, colour = np.asarray(medium["energy_GeV"], float), colours[medium["delta_G"]]
        marker = _MARKERS[overdensities.index(medium["delta_G"]) % len(_MARKERS)]
        ratio, *others = panels[:, outflows.index(medium["outflow"])]
        error_bars(ratio, E, medium["density"], rf"$\delta_G={medium['delta_G']:g}$", colour, marker)
        ratio.plot(E, medium["in_one_dimension"], color=colour, linewidth=0.6, linestyle=_DASHED)
        for axes, name in zip(others, ("grammage_g_cm2", "boron_over_carbon"), strict=True):
            error_bars(axes, E, medium[name]["with_return"], "_", colour, marker)
            if medium["delta_G"] == overdensities[0]:  # it hardly depends on what lies outside
                axes.plot(E, medium[name]["without"].value, color=GREY, linewidth=0.8, linestyle=_DOTTED)
    for axes, outflow in zip(panels[0], outflows, strict=True):
        axes.axhline(1.0, color=GREY, linewidth=0.6)
        axes.set_title(CARRIED_BY[outflow], fontsize=NORMAL, pad=4)
    labels = ("density, with return / without", "grammage of all gas  [g cm$^{-2}$]", "implied B/C")
    for row, label in zip(panels, labels, strict=True):
        for axes in row:
            dress(axes, "$E$  [GeV]", label)
            axes.set(xscale="log", yscale="log")
            axes.label_outer()
    panels[0, 0].set_ylim(0.7, _HIGHEST)
    if outflows != ["bubble"]:
        panels[0, 0].plot([], [], color=GREY, linewidth=0.6, linestyle=_DASHED, label="in one dimension")
    panels[1, 0].plot([], [], color=GREY, linewidth=0.8, linestyle=_DOTTED, label="without return")
    legend(panels[0, 0], loc="upper left")
    legend(panels[1, 0], loc="upper right")
    return figure


PUBLISHED_CUTOFF_GeV = (1e7, 1e8)
"""Range that Blasi & Amato (2019) quote, from Blasi, Amato & D'Angelo (2015)."""


_COLOURS = (RED, BLUE, GREEN, PURPLE, ORANGE, SKY)


def _wide(values: ArrayLike, below: float, above: float) -> tuple[float, float]:
    """Limits of a logarithmic axis, so many times beyond the values."""
    array = np.asarray(values, dtype=float)
    return float(array.min()) / below, float(array.max()) * above


def _fields(axes: Any, bubbles: Mapping[str, Bubble]) -> None:
    """Saturated field at the disc and at the surface, with the names, above and below in turn."""
    by_luminosity = sorted(bubbles.items(), key=lambda item: item[1].L_CR_erg_s)
    for order, (name, bubble) in enumerate(by_luminosity):
        x, high, low = bubble.L_CR_erg_s, bubble.disc_field_uG, bubble.surface_field_uG
        axes.plot([x, x], [low, high], color=GREY, linewidth=0.8, zorder=1)
        y, shift, side = (low, -5, "top") if order % 2 else (high, 4, "bottom")
        where = {"xytext": (0, shift), "textcoords": "offset points", "ha": "center", "va": side}
        outlined(axes.annotate(name, (x, y), fontsize=SMALL, **where))
    for marker, key, label, colour in (
        ("o", "disc_field_uG", "at the disc", BLUE),
        ("s", "surface_field_uG", "at the surface", GREEN),
    ):
        _points(axes, bubbles, marker, key, label, colour)
    both = [field for b in bubbles.values() for field in (b.disc_field_uG, b.surface_field_uG)]
    axes.set_ylim(_wide(both, 4.0, 8.0))


def _sizes(axes: Any, bubbles: Mapping[str, Bubble]) -> None:
    """Surface and front."""
    for bubble in bubbles.values():
        ends = [bubble.surface_height_kpc, bubble.front_kpc]
        axes.plot([bubble.L_CR_erg_s] * 2, ends, color=GREY, linewidth=0.8, zorder=1)
    _points(axes, bubbles, "^", "front_kpc", "front", RED)
    _points(axes, bubbles, "s", "surface_height_kpc", "surface", GREEN)
    both = [r for b in bubbles.values() for r in (b.surface_height_kpc, b.front_kpc)]
    axes.set_ylim(_wide(both, 2.0, 2.0))


def _points(axes: Any, bubbles: Mapping[str, Bubble], marker: str, key: str, label: str, colour: str) -> None:
    """One number of every bubble against its luminosity."""
    x = [bubble.L_CR_erg_s for bubble in bubbles.values()]
    y = [getattr(bubble, key) for bubble in bubbles.values()]
    axes.plot(x, positive(y), marker, color=colour, markersize=4, markeredgewidth=0, label=label)


def galaxies(
    bubbles: Mapping[str, Bubble],
    strong: Mapping[str, tuple[ArrayLike, ArrayLike]],
    ax: Any = None,
) -> Any:
    """Field and size of bubbles against the luminosity of their galaxy, and the cut-off of strong sources.

    Parameters
    ----------
    bubbles : mapping of str to Bubble
        At least one, by the name of the galaxy.
    strong : mapping of str to (array_like, array_like)
        Luminosities [erg/s] and the energies [GeV] below which particles are held, by label, such as the
        field around the sources. At most six.
    """
    figure = page(ax, PAGE_INCH, 3.6)
    panels = figure.subplot_mosaic([["field", "cutoff"], ["size", "cutoff"]], width_ratios=(1.15, 1))
    field, size, cutoff = (panels[name] for name in ("field", "size", "cutoff"))
    _fields(field, bubbles)
    _sizes(size, bubbles)
    for axes in (field, size):
        axes.set(xscale="log", yscale="log", xlim=_wide([b.L_CR_erg_s for b in bubbles.values()], 4.0, 4.0))
    dress(field, "", "$B_{\\rm sat}$  [$\\mu$G]")
    field.tick_params(labelbottom=False)
    legend(field, loc="upper left")
    dress(size, "$L_{\\rm CR}$  [erg s$^{-1}$]", "$r$  [kpc]")
    legend(size, loc="upper left")
    cutoff.axhspan(*PUBLISHED_CUTOFF_GeV, color=GREY, alpha=0.18, linewidth=0)
    for colour, (label, (luminosity, energy)) in zip(_COLOURS, strong.items(), strict=False):
        cutoff.plot(luminosity, positive(energy), color=colour, linewidth=1.2, label=label)
    cutoff.text(
        0.97,
        1.3 * PUBLISHED_CUTOFF_GeV[0],
        "Blasi & Amato 2019",
        transform=cutoff.get_yaxis_transform(),
        ha="right",
        va="center",
        fontsize=SMALL,
        color=BLACK,
    )
    cutoff.set(xscale="log", yscale="log")
    cutoff.margins(x=0.0)
    dress(cutoff, "$L$ of the source  [erg s$^{-1}$]", "lowest energy that leaves  [GeV]")
    legend(cutoff, loc="upper left")
    return figure


def radio_figure(media: Sequence[Mapping[str, Any]], paper_Jy: tuple[float, float], ax: Any = None) -> Any:
    """Flux of the whole sky against frequency for several overdensities, beside the range of the paper.

    Parameters
    ----------
    media : sequence of mapping
        "delta_G", "frequency_Hz", and "flux_Jy" as an `Estimate`.
    paper_Jy : (float, float)
        Range that the paper gives.
    """
    axes = panel(ax, COLUMN_INCH, 2.9)
    for colour, medium in zip(shades(len(media)), media, strict=True):
        GHz = np.asarray(medium["frequency_Hz"]) / 1e9
        band(axes, GHz, medium["flux_Jy"], rf"$\delta_G = {medium['delta_G']:g}$", colour)
    axes.axhspan(*paper_Jy, color=GREY, alpha=0.2, linewidth=0)
    axes.text(0.97, np.sqrt(paper_Jy[0] * paper_Jy[1]), "PRL text", fontsize=SMALL, ha="right", va="center",
              transform=axes.get_yaxis_transform())  # fmt: skip
    dress(axes, r"$\nu$  [GHz]", r"$S_\nu$ of $4\pi$ sr  [Jy]")
    axes.set(xscale="log", yscale="log", xlim=(0.03, 30.0))
    legend(axes, loc="lower left")
    return axes.figure
