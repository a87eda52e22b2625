"""Figures of tracks: D against r_L, its convergence with path length, escape times, turbulence, one track.

As in `figures`: plain numbers and a path in, a PNG of 200 dots per inch out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...fields.galaxy import Galaxy
from ...fields.turbulence.statistics import TurbulenceStatistics
from ...fields.units import FloatArray
from .page import (
    BLACK,
    BLUE,
    COLUMN_INCH,
    GREEN,
    GREY,
    NORMAL,
    ORANGE,
    PAGE_INCH,
    RED,
    SMALL,
    dress,
    legend,
    page,
    panel,
    plain_numbers,
    positive,
    shades,
    show_at_least,
)

FLAGS = {
    "diffusive": (GREEN, "o"),
    "marginal": (ORANGE, "s"),
    "ballistic": (RED, "^"),
    "not converged": (GREY, "x"),
}
"""Colour and marker of each classification."""

_THEORIES = (
    ("D_qlt", "quasi-linear", BLUE, "-"),
    ("D_formula", "$r_Lv/(3F)$", BLACK, (0, (5, 1.5))),
    ("D_bohm", "Bohm, $r_Lv/3$", GREY, (0, (1.5, 1))),
    ("D_small_angle", "$(2/3)\\,v\\,r_L^2/l_c$", RED, (0, (4, 1, 1, 1))),
)


def diffusion_against_larmor_radius(
    rows: Sequence[Mapping[str, Any]],
    published: tuple[Sequence[float], Sequence[float]] | None = None,
    ax: Any = None,
) -> Any:
    """D measured on tracks, beside theory, against r_L/l_c.

    Parameters
    ----------
    rows : sequence of dict
        Of `DiffusionTest.row`; a theory, or D across the field, that is None everywhere is left out.
    published : (array_like, array_like), optional
        r_L/l_c and D/(c L_max) of others.
    """
    axes = panel(ax, COLUMN_INCH, 3.1)
    x = np.array([row["r_L_over_lc"] for row in rows])
    theories = []
    for key, label, colour, style in _THEORIES:
        y = np.array([np.nan if row[key] is None else row[key] for row in rows], float)
        if np.isfinite(y).sum() > 1:
            axes.plot(x, y, color=colour, linestyle=style, linewidth=1.0, label=label)
            theories.append(y)
    ends = 0.8 * x.min(), 1.25 * x.max()
    measured = [row["D_over_cLmax"] for row in rows]
    if published is not None:
        near = [(r_L, D) for r_L, D in zip(*published, strict=True) if ends[0] < r_L < ends[1]]
        measured += [D for _, D in near]
        axes.plot(
            [r_L for r_L, _ in near], [D for _, D in near], "D", markersize=6, markerfacecolor="none",
            color=BLACK, linestyle="none", markeredgewidth=0.7, label="published, good to 20%",
        )  # fmt: skip
    for flag, (colour, marker) in FLAGS.items():
        mine = [row for row in rows if row["flag"] == flag]
        if mine:
            axes.errorbar(
                [row["r_L_over_lc"] for row in mine],
                [row["D_over_cLmax"] for row in mine],
                [row["error"] for row in mine],
                fmt=marker, markersize=3.5, color=colour, elinewidth=0.8, label=f"tracks: {flag}",
            )  # fmt: skip
    across = [row for row in rows if row.get("D_perp") is not None and row["D_perp"] > row["D_perp_error"]]
    if across:
        D, error = (np.array([row[key] for row in across]) for key in ("D_perp", "D_perp_error"))
        axes.errorbar(
            [row["r_L_over_lc"] for row in across], D, error, fmt="v", markersize=4, color=BLUE,
            markerfacecolor="none", markeredgewidth=0.8, elinewidth=0.8, label="tracks: across the field",
        )  # fmt: skip
        measured += list(D)
    # Of every line at least an end is to be seen.
    low = min([0.15 * min(measured), *(0.5 * np.nanmax(y) for y in theories)])
    high = max([2.0 * max(measured), *(2.0 * np.nanmin(y) for y in theories)])
    axes.set(xscale="log", yscale="log")
    plain_numbers(axes.xaxis)
    axes.set(xlim=ends, ylim=(low, high * (high / low) ** 0.2))
    dress(axes, "$r_L/l_c$", "$D/(c\\,L_{\\max})$")
    legend(axes, loc="upper left")
    return axes.figure


def running_diffusion(
    curves: Sequence[tuple[str, FloatArray, FloatArray, FloatArray]], ax: Any = None
) -> Any:
    """Running D over its plateau against the path over the mean free path.

    Parameters
    ----------
    curves : sequence of (label, path over lambda, D over plateau, its error)
        One for each energy; NaN where one measurement ends and the next begins.
    """
    axes = panel(ax, COLUMN_INCH, 2.6)
    axes.axhline(1.0, color=GREY, linewidth=0.6)
    s = np.geomspace(0.1, 1e4, 400)
    axes.plot(s, 1.0 - (1.0 - np.exp(-s)) / s, color=BLACK, linewidth=1.0, linestyle=(0, (5, 1.5)),
              label="isotropic scattering")  # fmt: skip
    for (label, x, y, error), colour in zip(curves, shades(len(curves)), strict=True):
        axes.plot(x, y, color=colour, linewidth=1.0, label=label)
        axes.fill_between(x, y - error, y + error, color=colour, alpha=0.25, linewidth=0)
    last = max(float(x[-1]) for _, x, _, _ in curves)
    highest = max(float(np.nanmax(y)) for _, _, y, _ in curves)
    axes.set(xscale="log", xlim=(0.2, 1.2 * last), ylim=(0.0, max(1.9, 1.5 * highest)))
    dress(axes, "$v\\,t/\\lambda$", "$\\langle\\Delta x^2\\rangle/2t$  over $D$")
    legend(axes, loc="upper left", ncols=2)
    return axes.figure


def share_inside(axes: Any, times: FloatArray, **style: Any) -> None:
    """Draw the share of particles that are still inside against time, from the times at which they left."""
    ordered = np.sort(times)
    axes.step(ordered, 1.0 - np.arange(1, ordered.size + 1) / ordered.size, where="post", **style)


def exit_times(
    panels: Sequence[tuple[str, FloatArray, FloatArray, FloatArray, FloatArray]],
    ax: Any = None,
) -> Any:
    """Share still inside against time: tracks, the hybrid engine, the diffusion equation.

    Parameters
    ----------
    panels : sequence of (label, times of tracks, times of the hybrid engine, time, share left by diffusion)
        Times over that of diffusion; one panel each.
    """
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = page(ax, PAGE_INCH, 0.5 + 1.75 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for number, (axes, (label, tracks, hybrid, time, left)) in enumerate(
        zip(grid.flat, panels, strict=False)
    ):
        axes.plot(time, left, color=GREY, linewidth=2.2, alpha=0.6, label="diffusion equation")
        for times, name, colour, style in (
            (hybrid, "hybrid engine", BLUE, (0, (3, 1))),
            (tracks, "tracks", RED, "-"),
        ):
            share_inside(axes, times, color=colour, linestyle=style, linewidth=1.0, label=name)
        axes.set(yscale="log", xlim=(0.0, 4.0), ylim=(0.01, 1.3))
        below = number + columns >= len(panels)
        dress(
            axes,
            "$t$ over $(H+0.71\\lambda)^2/2D$" if below else "",
            "share inside" if number % columns == 0 else "",
        )
        axes.tick_params(labelbottom=below)
        axes.text(0.96, 0.93, label, transform=axes.transAxes, ha="right", va="top", fontsize=SMALL)
    legend(grid.flat[0], loc="lower left")
    return figure


def pitch_angles(curves: Sequence[tuple[str, Mapping[str, FloatArray]]], ax: Any = None) -> Any:
    """D_mumu against mu, tracks beside quasi-linear theory.

    Parameters
    ----------
    curves : sequence of (label, mapping)
        For each energy "mu", "value" and "error" of tracks, "theory_mu" and "theory"; D_mumu times r_L/v.
    """
    axes = panel(ax, COLUMN_INCH, 2.6)
    for (label, curve), colour in zip(curves, shades(len(curves)), strict=True):
        axes.errorbar(
            curve["mu"], curve["value"], curve["error"],
            fmt="o", markersize=2.5, color=colour, elinewidth=0.8, label=label,
        )  # fmt: skip
        axes.plot(curve["theory_mu"], curve["theory"], color=colour, linewidth=0.9)
    highest = max(max(float(curve[key].max()) for key in ("value", "theory")) for _, curve in curves)
    axes.set(ylim=(0.0, 1.3 * highest), xlim=(-1.0, 1.0))
    dress(axes, "$\\mu$", "$D_{\\mu\\mu}\\,r_L/v$  (lines: quasi-linear)")
    legend(axes, loc="upper center", ncols=3)
    return axes.figure


def turbulence_diagnostics(found: TurbulenceStatistics, ax: Any = None) -> Any:
    """The power met along lines, the correlation, and rms, components and l_c of each realisation."""
    figure = page(ax, PAGE_INCH, 2.5)
    spectrum, correlation, scatter = figure.subplots(1, 3)
    n = len(found.rms)
    mean, error = found.power.mean(axis=0), found.power.std(axis=0, ddof=1) / np.sqrt(n)
    spectrum.plot(found.k_kpc, found.expected_power, color=BLACK, linewidth=1.0, label="asked for")
    spectrum.errorbar(found.k_kpc, mean, error, fmt="o", markersize=2.5, color=BLUE, elinewidth=0.8,
                      label=f"measured, {n} realisations")  # fmt: skip
    spectrum.set(xscale="log", yscale="log", ylim=(0.3 * found.expected_power[-2], None))
    dress(spectrum, "$k$ along a line  [kpc$^{-1}$]", "power per $\\ln k$  over $B^2$")
    legend(spectrum, loc="lower left")

    mean, error = found.correlation.mean(axis=0), found.correlation.std(axis=0, ddof=1) / np.sqrt(n)
    correlation.axhline(0.0, color=GREY, linewidth=0.6)
    scale = found.lag_kpc[-1] / 4.0
    lag = found.lag_kpc / scale
    correlation.plot(lag, mean, color=BLUE, linewidth=1.0)
    correlation.fill_between(lag, mean - error, mean + error, color=BLUE, alpha=0.25, linewidth=0)
    correlation.set(xlim=(0.0, 1.5))
    dress(correlation, "lag over the longest wave", "$\\langle B(0)\\cdot B(r)\\rangle/\\langle B^2\\rangle$")

    columns = [
        ("rms", found.rms), *((f"$B_{axis}^2$", found.squares[:, i]) for i, axis in enumerate("xyz")),
        ("$l_c$", found.correlation_length),
    ]  # fmt: skip
    for x, (_, values) in enumerate(columns):
        spread = np.linspace(-0.25, 0.25, n) if n > 1 else np.zeros(1)
        scatter.plot(x + spread, values, ".", markersize=2.5, color=BLUE)
        scatter.errorbar(x, values.mean(), values.std(ddof=1) / np.sqrt(n), fmt="_", markersize=12, color=RED)
    scatter.axhline(1.0, color=GREY, linewidth=0.6)
    scatter.set_xticks(range(len(columns)), [name for name, _ in columns])
    dress(scatter, "", "rms, $3B_i^2$, $l_c$  over what was asked for")
    scatter.tick_params(axis="x", which="both", length=0, labelsize=NORMAL)
    power = math.ceil(math.log10(max(float(found.divergence.max()), 1e-16)))
    scatter.set_title(f"$|\\nabla\\cdot B| \\leq 10^{{{power}}}\\,k_{{\\max}}B$", fontsize=SMALL)
    return figure


def replay_figure(lines: FloatArray, galaxy: Galaxy, title: str, ax: Any = None) -> Any:
    """Where it was in (R, z), and its height and momentum against age, without its first-passage splits.

    Parameters
    ----------
    lines : ndarray, shape (moves, 9)
        As of `mc.blocks.TRACK_COLUMNS`.
    galaxy : Galaxy
        For its surface.
    title : str
        Title of the figure.
    """
    age, x, y, z, momentum, behind = lines[lines[:, 8] == 0.0, :6].T
    R, outside = np.hypot(x, y), behind > 0
    figure = page(ax, PAGE_INCH, 2.7)
    figure.suptitle(title, fontsize=NORMAL)
    plane, height, energy = figure.subplots(1, 3)
    sides = ((~outside, BLUE, "before the surface"), (outside, RED, "behind it"))
    if galaxy.has_bell_region:
        r = np.linspace(0.0, 1.2 * max(galaxy.surface_extent_kpc), 161)
        for side in (1.0, -1.0):
            level = galaxy.surface_level(r[None, :], side * r[:, None])
            plane.contour(r, side * r, level, levels=[0.0], colors=GREY, linewidths=0.6)
        plane.plot([], [], color=GREY, linewidth=0.6, label="Bell surface")
    # Dots: split particles behind the surface are in between, and are no part of one line.
    for axes, across, values in (
        (plane, R, z),
        (height, positive(age), z),
        (energy, positive(age), momentum / momentum[0]),
    ):
        for where, colour, label in sides:
            named = label if axes is height and where.any() else None
            axes.scatter(across[where], values[where], s=0.6, color=colour, linewidths=0, label=named)
    height.set(xscale="log")
    energy.set(xscale="log")
    dress(plane, "$R$  [kpc]", "$z$  [kpc]")
    dress(height, "age  [Myr]", "$z$  [kpc]")
    dress(energy, "age  [Myr]", "$p$ over that at the start")
    # In corners that tracks leave empty: beyond the outer sphere, and far away when young.
    legend(plane, loc="upper right")
    legend(height, loc="upper left", markerscale=6)
    show_at_least(energy, 1.01)
    return figure
