"""Figures of orbits through a galaxy: how protons leave by each description, and what D they measure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...fields.turbulence.statistics import TurbulenceStatistics
from ...fields.units import FloatArray, energy_label
from ...mc.orbits.local_diffusion import Place
from .page import BLACK, BLUE, COLUMN_INCH, GREEN, GREY, PAGE_INCH, RED, SMALL, dress, legend, page, panel
from .tracks import share_inside

_WAYS = {
    "tracks": (RED, "-", "tracks"),
    "guiding-centre": (BLUE, (0, (3, 1)), "guiding centres along the lines"),
    "isotropic": (GREEN, (0, (1, 1)), "diffusion in all directions"),
    "transport equation": (GREY, (0, (5, 1)), "transport equation"),
}


def escape_figure(
    panels: Sequence[tuple[Mapping[str, Any], Mapping[str, FloatArray]]], ax: Any = None
) -> Any:
    """Share still inside against time, and time in layers against height: an energy in each column.

    Parameters
    ----------
    panels : sequence of (row, times of escape [Myr] by way)
        Rows of `GalacticTest.row`.
    """
    figure = page(ax, PAGE_INCH, 4.6)
    grid = figure.subplots(2, len(panels), squeeze=False)
    for column, (row, times) in enumerate(panels):
        upper, lower = grid[:, column]
        for way, values in times.items():
            colour, style, _ = _WAYS[way]
            share_inside(upper, 1e3 * values, color=colour, linestyle=style, linewidth=1.0)
        mean = 1e3 * row["leaving_time_Myr"]["transport equation"]["value"]
        upper.axvline(mean, color=GREY, linewidth=0.8, linestyle=(0, (5, 1)))
        upper.set(xscale="log", yscale="log", ylim=(0.01, 1.3))
        upper.xaxis.set_minor_formatter("")
        middles = 0.5 * np.add(row["z_edges_kpc"][1:], row["z_edges_kpc"][:-1])
        for way, found in row["time_in_layers_Myr_kpc"].items():
            colour, style, label = _WAYS[way]
            error = 1e3 * np.asarray(found["error"]) if "error" in found else None
            value = 1e3 * np.asarray(found["value"])
            lower.errorbar(middles, value, error, color=colour, linestyle=style, linewidth=1.0, label=label)
        lower.set_yscale("log")
        first = column == 0
        dress(upper, "$t$  [kyr]", "share inside" if first else "")
        dress(lower, "$|z|$  [kpc]", "time per height  [kyr kpc$^{-1}$]" if first else "")
        label = f"{energy_label(row['energy_GeV'])}\n{row['flag']}"
        upper.text(0.96, 0.93, label, transform=upper.transAxes, ha="right", va="top", fontsize=SMALL)
    handles = grid[1, 0].get_legend_handles_labels()[0]
    figure.legend(handles=handles, fontsize=SMALL, frameon=False, ncols=2, loc="outside upper center")
    return figure


def local_figure(rows: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """lambda along the lines that tracks measure, over that of the medium, against height."""
    axes = panel(ax, COLUMN_INCH, 2.6)
    for row, colour in zip(rows, np.resize([RED, BLUE, GREEN, BLACK], len(rows)), strict=True):
        local = row["local"]
        formula = np.array([one["formula_kpc"] for one in local])
        value, error = (
            np.array([one[key] for one in local]) / formula for key in ("free_path_kpc", "free_path_error")
        )
        z, label = [one["z_kpc"] for one in local], energy_label(row["energy_GeV"])
        axes.errorbar(z, value, error, color=colour, marker="o", markersize=3, linewidth=0.8, label=label)
    axes.axhline(1.0, color=GREY, linewidth=0.8, linestyle=(0, (5, 1)), label="$r_L/F$")
    axes.set_ylim(bottom=0.0)
    dress(axes, "$|z|$  [kpc]", "$\\lambda$ of tracks over $r_L/F$")
    legend(axes)
    return axes.figure


def waves_figure(
    places: Sequence[Place],
    larmor_radii_kpc: Sequence[float],
    met: Sequence[TurbulenceStatistics],
    ax: Any = None,
) -> Any:
    """What orbits meet: power along lines against k r_L at three heights, and the amplitude against height.

    Parameters
    ----------
    places : sequence of Place
        With the waves as they should be.
    larmor_radii_kpc : sequence of float
        Those of the protons that the waves are for, there.
    met : sequence of TurbulenceStatistics
        The waves as measured, see `GalacticTest.waves_met`.
    """
    figure = page(ax, PAGE_INCH, 2.9)
    left, right = figure.subplots(1, 2)
    for place, r_L, found, colour in zip(places, larmor_radii_kpc, met, [RED, BLUE, GREEN], strict=True):
        z, wanted = place.z_kpc, place.waves
        count = len(found.power)
        x, error = found.k_kpc * r_L, found.power.std(axis=0) / math.sqrt(count - 1)
        left.plot(x, found.expected_power, color=colour, linewidth=0.8)
        style = {"color": colour, "linestyle": "", "marker": "o", "markersize": 2.5, "linewidth": 0.8}
        left.errorbar(x, found.power.mean(axis=0), error, label=f"$z$ = {z:.2g} kpc", **style)
        share = wanted.rms_uG / wanted.mean_field_uG
        spread = found.rms.std() / math.sqrt(count - 1)
        right.errorbar(z, share * found.rms.mean(), share * spread, **style)
    shares = [place.waves.rms_uG / place.waves.mean_field_uG for place in places]
    right.plot([place.z_kpc for place in places], shares, color=BLACK, linewidth=0.8, label="as asked for")
    measured = [share * float(found.rms.mean()) for share, found in zip(shares, met, strict=True)]
    right.set_ylim(0.0, 1.5 * max(shares + measured))
    left.set(xscale="log", yscale="log")
    dress(left, "$k\\,r_L$ along a line", "power per $\\ln k$ over $B^2$")
    dress(right, "$|z|$  [kpc]", "$\\delta B/B$")
    divergence = max(float(np.median(found.divergence)) for found in met)
    said = f"{energy_label(places[0].energy_GeV)}\n$|\\mathrm{{div}}\\,B|$ = {divergence:.0e} $k\\,\\delta B$"
    right.text(0.05, 0.07, said, transform=right.transAxes, va="bottom", fontsize=SMALL)
    legend(left, loc="lower left")
    legend(right, loc="upper right")
    return figure
