"""Figures of D at a place of a galaxy: measured on orbits, beside theory, and some of the orbits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...fields.units import FloatArray, energy_label
from .page import (
    BLACK,
    BLUE,
    COLUMN_INCH,
    GREEN,
    GREY,
    PAGE_INCH,
    RED,
    dress,
    legend,
    page,
    panel,
    plain_numbers,
    shades,
)

_THEORIES = (
    ("D_formula_cm2_s", "$r_Lv/(3F)$", BLACK, (0, (5, 1.5))),
    ("D_slab_cm2_s", "quasi-linear, slab", BLUE, "-"),
    ("D_broadened_cm2_s", "quasi-linear, all directions", GREEN, "-"),
    ("D_bohm_cm2_s", "Bohm, $r_Lv/3$", GREY, (0, (1.5, 1))),
)


def diffusion_figure(rows: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """D along the lines and across them against energy, tracks beside theory.

    Parameters
    ----------
    rows : sequence of dict
        Of `local_diffusion.json`.
    """
    axes = panel(ax, COLUMN_INCH, 3.2)
    E = np.array([row["energy_GeV"] for row in rows]) / 1e6
    for key, label, colour, style in _THEORIES:
        axes.plot(E, [row[key] for row in rows], color=colour, linestyle=style, linewidth=1.0, label=label)
    for name, label, marker in (("along", "tracks: along", "o"), ("across", "tracks: across", "v")):
        D, error = (np.array([row[f"D_{name}{end}_cm2_s"] for row in rows]) for end in ("", "_error"))
        shown = D > 0.0
        axes.errorbar(
            E[shown], D[shown], error[shown], fmt=marker, color=RED, markersize=3.5, elinewidth=0.8,
            label=label,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    plain_numbers(axes.xaxis)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.45)
    dress(axes, "$E$  [PeV]", "$D$  [cm$^2$ s$^{-1}$]")
    legend(axes, loc="upper left", ncols=1)
    return axes.figure


def tracks_figure(row: Mapping[str, Any], spacing_kpc: float, tracks: FloatArray, ax: Any = None) -> Any:
    """Some orbits of one energy: the way along the mean field, and the pitch angle, against the path.

    Parameters
    ----------
    row : dict
        Of `local_diffusion.json`.
    spacing_kpc : float
        Path between records.
    tracks : ndarray, shape (tracks, records, 6)
        Place and direction.
    """
    figure = page(ax, PAGE_INCH, 2.7)
    way, pitch = figure.subplots(1, 2)
    free_path = row["free_path_kpc"]
    path = spacing_kpc * np.arange(tracks.shape[1]) / free_path
    for track, colour in zip(tracks, shades(len(tracks)), strict=True):
        way.plot(path, (track[:, 2] - track[0, 2]) / free_path, color=colour, linewidth=0.8)
        pitch.plot(path, track[:, 5], color=colour, linewidth=0.8)
    for axes in (way, pitch):
        axes.axhline(0.0, color=GREY, linewidth=0.6)
    pitch.set_ylim(-1.05, 1.05)
    where = f"{energy_label(row['energy_GeV'])}, $R$ = {row['R_kpc']:.3g} kpc, $z$ = {row['z_kpc']:.3g} kpc"
    where += f", $\\lambda$ = {free_path:.3g} kpc, measured"
    way.set_title(where, fontsize="small", loc="left")
    dress(way, "path  [$\\lambda$]", "way along the field  [$\\lambda$]")
    dress(pitch, "path  [$\\lambda$]", "$\\mu$")
    return figure
