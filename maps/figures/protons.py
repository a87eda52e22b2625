"""Figures of the protons: density in the plane and on the axis, times and grammage.

As in `figures`: plain arrays and a path in, a PNG of 200 dots per inch out, as wide as one column (3.4 inch)
or two (7 inch).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...mc.uncertainty import Estimate
from .page import (
    BLACK,
    BLUE,
    COLUMN_INCH,
    COMPONENTS,
    GREEN,
    GREY,
    NORMAL,
    ORANGE,
    PAGE_INCH,
    PURPLE,
    RED,
    SKY,
    SMALL,
    band,
    colour_bar,
    dress,
    error_bars,
    legend,
    lie_together,
    outlined,
    page,
    panel,
    positive,
    positive_range,
    shades,
)

_ENERGY_COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY)


def density_plane(
    R_edges_kpc: ArrayLike,
    z_edges_kpc: ArrayLike,
    panels: Sequence[tuple[str, ArrayLike]],
    *,
    surface_kpc: tuple[ArrayLike, ArrayLike] | None = None,
    mirror: bool = False,
    ax: Any = None,
) -> Any:
    """Density of protons in the meridional plane, one panel and scale of colours per energy.

    Parameters
    ----------
    R_edges_kpc, z_edges_kpc : array_like, shapes (n_R + 1,) and (n_z + 1,)
        Edges of the cells; z from 0 up.
    panels : sequence of (str, array_like of shape (n_R, n_z))
        Label and E^2 n(E) in GeV cm^-3; cells without a positive value are left grey.
    surface_kpc : tuple of array_like, optional
        (R, z) along the surface of the Bell region, z >= 0.
    mirror : bool
        Draw the lower half as well.
    """
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm
    from matplotlib.patheffects import Normal, Stroke

    R, z = np.asarray(R_edges_kpc, dtype=float), np.asarray(z_edges_kpc, dtype=float)
    bottom = -z[-1] if mirror else z[0]
    panel_inch = (PAGE_INCH - 0.8) / len(panels)
    figure = page(ax, PAGE_INCH, min(panel_inch * (z[-1] - bottom) / (R[-1] - R[0]) + 0.95, 8.0))
    rows = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    colours = colormaps["viridis"].with_extremes(bad="0.85")
    for axes, (label, density) in zip(rows, panels, strict=True):
        shown = np.ma.masked_invalid(positive(density)).T
        low, high = positive_range([density], 3) or (0.1, 1.0)
        norm = LogNorm(low if high > 1.01 * low else high / 10, high)
        for sign in (1, -1) if mirror else (1,):
            mesh = axes.pcolormesh(R, sign * z, shown, cmap=colours, norm=norm, rasterized=True)
            if surface_kpc is not None:
                line = axes.plot(
                    surface_kpc[0], sign * np.asarray(surface_kpc[1]), color="white", linewidth=1
                )
                line[0].set_path_effects([Stroke(linewidth=2, foreground="black"), Normal()])
                line[0].set_label("Bell surface" if axes is rows[0] and sign == 1 else "_")
        axes.set(aspect="equal", xlim=(R[0], R[-1]), ylim=(bottom, z[-1]))
        dress(axes, "$R$  [kpc]", "$z$  [kpc]" if axes is rows[0] else "")
        name = axes.text(0.96, 0.95, label, transform=axes.transAxes, fontsize=NORMAL, color="white")
        name.set(horizontalalignment="right", verticalalignment="top")
        outlined(name, 1.6, "black")
        bar = colour_bar(figure, axes, mesh, pad=0.02)
        bar.set_label("$E^2 n$  [GeV cm$^{-3}$]", fontsize=SMALL)
    if surface_kpc is not None:
        legend(rows[0], loc="upper left", labelcolor="white")
        outlined(rows[0].get_legend().get_texts()[0], 1.6, "black")
    return figure


def density_on_axis(
    z_kpc: ArrayLike,
    curves: Mapping[str, Estimate],
    *,
    free_escape: ArrayLike | Mapping[str, ArrayLike],
    advected: ArrayLike | Mapping[str, ArrayLike],
    surface_z_kpc: float | None,
    ax: Any = None,
) -> Any:
    """Density of protons along the axis, between that of free escape and that of advection.

    Parameters
    ----------
    z_kpc : array_like, shape (n,)
        Heights above the disc.
    curves : mapping of str to Estimate
        By label of energy, E^2 n(E) in GeV cm^-3, each of shape (n,).
    free_escape, advected : array_like or mapping by label of energy, shape (n,)
        E^2 times 3 phi/c and phi/u (drawn beyond the surface) in the same unit; one for all energies or
        one for each.
    surface_z_kpc : float or None
        Height of the surface of the Bell region, if there is one.
    """
    z = np.asarray(z_kpc, dtype=float)
    axes = panel(ax, COLUMN_INCH, 3.0)
    colours = dict(zip(curves, _ENERGY_COLOURS, strict=False))
    for (label, curve), marker in zip(curves.items(), "osD^vp", strict=False):
        error_bars(axes, z, curve, label, colours[label], marker)
    drawn = [curve.value for curve in curves.values()]
    for name, estimate, style, shown in (
        (r"advection, $\phi/u$", advected, (0, (5, 1.5)), z >= (surface_z_kpc or 0.0)),
        (r"free escape, $3\,\phi/c$", free_escape, (0, (1.5, 1)), z > 0),
    ):
        lines = estimate if isinstance(estimate, Mapping) else {"": estimate}
        if lie_together(list(lines.values()), 0.2):
            lines = {"": next(iter(lines.values()))}
        for label, line in lines.items():
            values = np.where(
                shown, positive(np.broadcast_to(np.asarray(line, dtype=float), z.shape)), np.nan
            )
            axes.plot(z, values, color=colours.get(label, BLACK), linestyle=style, linewidth=1)
            drawn.append(values)
        if not np.isnan(drawn[-1]).all():
            axes.plot([], [], color=BLACK, linestyle=style, linewidth=1, label=name)
    if surface_z_kpc is not None:
        axes.axvline(surface_z_kpc, color=GREY, linewidth=0.7)
        surface = axes.annotate("Bell surface", (surface_z_kpc, 0.03), xycoords=("data", "axes fraction"))
        surface.set(rotation=90, fontsize=SMALL, color=GREY, position=(-2, 0), anncoords="offset points")
        surface.set(horizontalalignment="right", verticalalignment="bottom")
    near, far = positive_range([z], 12) or (0.1, 1.0)
    axes.set(xscale="log", yscale="log", xlim=(near / 1.3, far * 1.3))
    low, high = positive_range(drawn, 8) or (0.1, 1.0)
    axes.set_ylim(low / 2, high * 2)
    dress(axes, "$z$  [kpc]", "$E^2 n$ on the axis  [GeV cm$^{-3}$]")
    # First those that have error bars, which Matplotlib puts last.
    handles = sorted(axes.get_legend_handles_labels()[0], key=lambda each: each not in axes.containers)
    legend(axes, handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return axes.figure


def escape_and_grammage(
    energy_GeV: ArrayLike,
    *,
    times_Myr: Mapping[str, Estimate],
    grammage: Mapping[str, Estimate],
    ax: Any = None,
) -> Any:
    """Times and grammage of protons against the energy of their injection.

    Parameters
    ----------
    energy_GeV : array_like, shape (n,)
        Energies.
    times_Myr : mapping of str to Estimate
        By what they are times of; at most three.
    grammage : mapping of str to Estimate
        In g/cm^2, under "total", "disc", "halo" and "cgm" (those that there are).
    """
    E = np.asarray(energy_GeV, dtype=float)
    figure = page(ax, COLUMN_INCH, 4.4)
    times, grams = figure.subplots(2, 1, sharex=True)
    for (label, curve), colour, marker in zip(times_Myr.items(), (BLUE, SKY, RED), "ovs", strict=False):
        error_bars(times, E, curve, label, colour, marker)
    for (component, label, colour, _), marker in zip(COMPONENTS, "Dos^", strict=True):
        if component in grammage:
            error_bars(grams, E, grammage[component], label, colour, marker)
    for axes, curves, y_label in (
        (times, [*times_Myr.values()], "Time  [Myr]"),
        (grams, [*grammage.values()], "Grammage  [g cm$^{-2}$]"),
    ):
        low, high = positive_range([curve.value for curve in curves], 12) or (0.1, 1.0)
        axes.set(xscale="log", yscale="log", ylim=(low / 20, high * 3))
        dress(axes, "$E$  [GeV]" if axes is grams else "", y_label)
        # Both fall with energy.
        legend(axes, loc="lower left", ncols=2 if axes is grams else 1)
    return figure


def compared_densities(rows: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Densities of a run over those of the transport equation, a panel for each place.

    Parameters
    ----------
    rows : sequence of dict
        Of `mc.diffusion.compare.Comparison`: place, energy_GeV, ratio, ratio_error, status.
    """
    places = list(dict.fromkeys(row["place"] for row in rows))
    columns = min(4, max(len(places), 1))
    lines = -(-len(places) // columns) or 1
    figure = page(ax, PAGE_INCH, 0.5 + 1.65 * lines)
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    if not rows:
        figure.text(0.5, 0.5, "too few particles: nothing to compare", fontsize=NORMAL, ha="center")
    ratios = [row["ratio"] for row in rows if np.isfinite(row["ratio"])]
    ends = min([0.5, *(0.9 * ratio for ratio in ratios)]), max([1.6, *(1.1 * ratio for ratio in ratios)])
    looks = {"diffusive": (BLUE, "o", "equation trusted"), "lambda": (RED, "s", "$\\lambda$ not small")}
    looks["grid"] = (GREY, "^", "equation not resolved")
    for index, axes in enumerate(panels.flat):
        if index >= len(places):
            axes.axis("off")
            continue
        axes.axhspan(0.97, 1.03, color=GREY, alpha=0.3, linewidth=0, label="3%")
        for status, (colour, marker, label) in looks.items():
            mine = [row for row in rows if row["place"] == places[index] and row["status"] == status]
            if mine:
                axes.errorbar(
                    [row["energy_GeV"] for row in mine], [row["ratio"] for row in mine],
                    [row["ratio_error"] for row in mine], fmt=marker, markersize=2.6, color=colour,
                    elinewidth=0.7, label=label,
                )  # fmt: skip
        axes.set(xscale="log", ylim=ends)
        bottom, left = index + columns >= len(places), index % columns == 0
        dress(axes, "$E$  [GeV]" if bottom else "", "run / transport equation" if left else "")
        axes.tick_params(labelbottom=bottom)
        axes.text(0.04, 0.05, places[index], transform=axes.transAxes, fontsize=SMALL)
    handles: dict[str, Any] = {}
    for axes in panels.flat:
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    if handles:
        panels.flat[0].legend(
            handles.values(), handles.keys(), fontsize=SMALL - 1, frameon=False, loc="upper left"
        )
    return figure


def filling(
    edges_kpc: ArrayLike,
    ages_Myr: Sequence[float],
    panels: Mapping[str, Estimate],
    ax: Any = None,
) -> Any:
    """How the region behind the surface fills: densities in shells at several ages, one panel per energy.

    Parameters
    ----------
    edges_kpc : array_like, shape (n + 1,)
        Radii of the shells.
    ages_Myr : sequence of float
        Since the sources were switched on.
    panels : mapping of str to mapping
        By energy, E^2 n [GeV cm^-3], shape (ages, n); NaN where there is no shell.
    """
    figure = page(ax, PAGE_INCH, 2.6)
    axes_of = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    edges = np.asarray(edges_kpc, float)
    middle = 0.5 * (edges[1:] + edges[:-1])
    for axes, (name, curves) in zip(axes_of, panels.items(), strict=True):
        for i, (age, colour) in enumerate(zip(ages_Myr, shades(len(ages_Myr)), strict=True)):
            curve = Estimate(curves.value[i], curves.error[i])
            label = f"{age:g} Myr" if age < 1e3 else f"{age / 1e3:g} Gyr"
            band(axes, middle, curve, label, colour)
        dress(axes, "$r$  [kpc]", "$E^2 n$  [GeV cm$^{-3}$]" if axes is axes_of[0] else "")
        axes.set(yscale="log", xlim=(0.0, edges[-1]))
        axes.set_title(name, fontsize=NORMAL, pad=4)
    ends = positive_range([curves.value for curves in panels.values()], 5)
    if ends:
        axes_of[0].set_ylim(ends[0] / 2, ends[1] * 2)
    legend(axes_of[-1], loc="upper right")
    return figure
