"""Figures of winds that cosmic rays drive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...fields.units import FloatArray, energy_label
from ..data.read import Points
from .page import (
    BLACK,
    BLUE,
    GREY,
    NORMAL,
    ORANGE,
    PAGE_INCH,
    RED,
    SMALL,
    dress,
    legend,
    page,
    positive,
    shades,
)
from .spectra import draw_points

_DASHED, _DOTTED = (0, (5, 1.5)), (0, (1.5, 1))


def wind(curves: Mapping[str, Any], measured: Mapping[str, Sequence[Points]], ax: Any = None) -> Any:
    """Speeds, pressures and D along a wind, and protons and B/C at the Sun beside what is measured.

    Parameters
    ----------
    curves : mapping
        "wind", a mapping of profiles ("z_kpc", "u_km_s", "v_A_km_s", "c_km_s", "sound_km_s", "P_g_erg_cm3",
        "P_c_erg_cm3", "density_cm3", "temperature_K"); "critical_kpc"; "protons_z_kpc" and
        "protons_P_c_erg_cm3"; "faces_kpc" and "D_cm2_s" by momentum [GeV/c]; "rigidity_GV", "flux" and
        "boron_over_carbon".
    measured : mapping of str to sequence of Points
        "protons" and "boron_over_carbon".
    """
    figure = page(ax, PAGE_INCH, 4.8)
    (speeds, pressures, gas), (diffusion, protons, ratio) = figure.subplots(2, 3)
    one = curves["wind"]
    z = one["z_kpc"]
    for name, label, colour, dashes in (
        ("u_km_s", "$u$", BLACK, "-"),
        ("v_A_km_s", "$v_A$", BLUE, "-"),
        ("c_km_s", "$c_*$", RED, "-"),
        ("sound_km_s", "sound", GREY, _DASHED),
    ):
        speeds.plot(z, positive(one[name]), color=colour, linestyle=dashes, linewidth=1.2, label=label)
    speeds.axvline(curves["critical_kpc"], color=GREY, linestyle=_DOTTED, linewidth=0.8)
    dress(speeds, "$z$  [kpc]", "speed  [km s$^{-1}$]")
    legend(speeds, loc="lower left", ncols=2)
    pressures.plot(z, one["P_g_erg_cm3"], color=GREY, linewidth=1.2, label="gas")
    pressures.plot(z, one["P_c_erg_cm3"], color=RED, linewidth=1.2, label="cosmic rays")
    kept = slice(None, None, 20)
    pressures.plot(
        curves["protons_z_kpc"][kept], curves["protons_P_c_erg_cm3"][kept], "o", color=RED, markersize=2.6,
        markerfacecolor="none", markeredgewidth=0.7, label="protons",
    )  # fmt: skip
    dress(pressures, "$z$  [kpc]", "pressure  [erg cm$^{-3}$]")
    legend(pressures, loc="lower left")
    gas.plot(z, one["density_cm3"] / one["density_cm3"][0], color=BLACK, linewidth=1.2, label=_density(one))
    gas.plot(
        z, one["temperature_K"] / one["temperature_K"][0], color=ORANGE, linewidth=1.2, label=_kelvin(one)
    )
    dress(gas, "$z$  [kpc]", "over that of the base")
    legend(gas, loc="lower left")
    for colour, (p, D) in zip(shades(len(curves["D_cm2_s"])), curves["D_cm2_s"].items(), strict=True):
        diffusion.plot(curves["faces_kpc"], D, color=colour, linewidth=1.2, label=energy_label(p))
    dress(diffusion, "$z$  [kpc]", "$D$  [cm$^2$ s$^{-1}$]")
    for axes in (speeds, pressures, gas, diffusion):
        axes.set(xscale="log", yscale="log", xlim=(z[0], z[-1]))
    diffusion.set_ylim(top=30.0 * max(float(D.max()) for D in curves["D_cm2_s"].values()))
    legend(diffusion, loc="upper left", ncols=2)
    _at_the_sun(protons, ratio, curves, measured)
    return figure


def _density(one: Mapping[str, FloatArray]) -> str:
    return rf"density, {one['density_cm3'][0]:.3g} cm$^{{-3}}$"


def _kelvin(one: Mapping[str, FloatArray]) -> str:
    power = int(np.floor(np.log10(one["temperature_K"][0])))
    return rf"temperature, ${one['temperature_K'][0] / 10.0**power:.2g} \times 10^{{{power}}}$ K"


def _at_the_sun(
    protons: Any, ratio: Any, curves: Mapping[str, Any], measured: Mapping[str, Sequence[Points]]
) -> None:
    """R^2.7 J of protons, and B/C."""
    R = curves["rigidity_GV"]
    protons.plot(R, R**2.7 * curves["flux"], color=RED, linewidth=1.2, label="wind")
    for points in measured["protons"]:
        draw_points(protons, points.times_power(2.7), BLACK, "o")
    dress(protons, "$R$  [GV]", "$R^{2.7} J$  [GV$^{1.7}$ m$^{-2}$ s$^{-1}$ sr$^{-1}$]")
    ratio.plot(R, curves["boron_over_carbon"], color=RED, linewidth=1.2, label="wind")
    for points in measured["boron_over_carbon"]:
        draw_points(ratio, points, BLACK, "o")
    dress(ratio, "$R$  [GV]", "B/C")
    for axes in (protons, ratio):
        axes.set(xscale="log", yscale="log", xlim=(R[0], R[-1]))
        legend(axes, loc="lower left" if axes is ratio else "upper left")
    shown = [R**2.7 * curves["flux"], *(each.times_power(2.7).value for each in measured["protons"])]
    ends = np.concatenate([values[np.isfinite(values) & (values > 0.0)] for values in shown])
    protons.set_ylim(max(0.4 * ends.min(), 0.02 * ends.max()), 3.0 * ends.max())


_WHY = {
    "bound": ("x", GREY, "too little energy to leave"),
    "too heavy": ("v", GREY, "too heavy"),
    "c*^2 < 0": ("_", GREY, r"$c_*^2 < 0$"),
    "only subsonic": ("d", GREY, "only subsonic"),
    "no saddle": ("+", GREY, r"no way through $c_*$"),
    "not converged": ("*", GREY, "not found"),
}
_SHOWN = (
    ("curvature_over_ams02", "steeper by, beyond AMS-02"),
    ("grammage_10_GV_g_cm2", "grammage at 10 GV  [g cm$^{-2}$]"),
)


def wind_scan(rows: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """For which bases there is a wind, how it bends the spectrum, its grammage; a panel for each field.

    Parameters
    ----------
    rows : sequence of mapping
        One of each base: "n_0_cm3", "T_0_K", "B_0_uG", "wind", "reason", "curvature_over_ams02" (by how much
        the slope rises from 10-100 GV to 0.1-1 TV, beyond that of AMS-02), "grammage_10_GV_g_cm2" and
        "allowed_by_all".
    """
    fields = sorted({row["B_0_uG"] for row in rows})
    figure = page(ax, PAGE_INCH, 5.0)
    panels = figure.subplots(2, len(fields), sharex=True, sharey=True, squeeze=False)
    for line, (key, label) in zip(panels, _SHOWN, strict=True):
        mesh = None
        known = [row[key] for row in rows if row["wind"]]
        for axes, B in zip(line, fields, strict=True):
            mesh = _bases(axes, [row for row in rows if row["B_0_uG"] == B], key, known) or mesh
            axes.set(xscale="log", yscale="log")
            dress(axes, "$n_0$  [cm$^{-3}$]", "$T_0$  [K]")
            axes.label_outer()
        if mesh is not None:
            bar = figure.colorbar(mesh, ax=list(line), pad=0.02, aspect=18)
            bar.set_label(label, fontsize=NORMAL)
            bar.ax.tick_params(labelsize=SMALL, direction="in", width=0.6)
    for axes, B in zip(panels[0], fields, strict=True):
        axes.set_title(f"$B_0$ = {B:g} $\\mu$G", fontsize=NORMAL, pad=4)
    _legend_of_bases(figure, rows)
    axes = panels[0, 0]
    x, y = ([row[key] for row in rows] for key in ("n_0_cm3", "T_0_K"))
    axes.set(xlim=(min(x) / 1.6, max(x) * 1.6), ylim=(min(y) / 1.6, max(y) * 1.6))
    return figure


def _bases(axes: Any, rows: Sequence[Mapping[str, Any]], key: str, known: Sequence[float]) -> Any:
    """The bases of one field: coloured where there is a wind, else a sign that says why not."""
    for reason, (marker, colour, _) in _WHY.items():
        some = [row for row in rows if row["reason"] == reason]
        axes.plot(
            [row["n_0_cm3"] for row in some], [row["T_0_K"] for row in some], marker, color=colour,
            markersize=4.5, markeredgewidth=0.8, linestyle="none", markerfacecolor="none",
        )  # fmt: skip
    winds = [row for row in rows if row["wind"]]
    if not winds:
        return None
    edges = [BLACK if row["allowed_by_all"] else "none" for row in winds]
    return axes.scatter(
        [row["n_0_cm3"] for row in winds], [row["T_0_K"] for row in winds], s=46,
        c=[row[key] for row in winds], vmin=min(known), vmax=max(known), cmap="viridis", edgecolors=edges,
        linewidths=1.4,
    )  # fmt: skip


def _legend_of_bases(figure: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """What the signs are, below the panels."""
    from matplotlib.lines import Line2D

    there = {row["reason"] for row in rows}
    handles = [
        Line2D([], [], marker=marker, color=colour, linestyle="none", markersize=4.5, markerfacecolor="none",
               markeredgewidth=0.8, label=f"no wind: {label}")
        for reason, (marker, colour, label) in _WHY.items()
        if reason in there
    ]  # fmt: skip
    if any(row["allowed_by_all"] for row in rows):
        handles.append(
            Line2D([], [], marker="o", color=BLACK, linestyle="none", markersize=6, markerfacecolor="none",
                   markeredgewidth=1.4, label="allowed by AMS-02")
        )  # fmt: skip
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=4,
            fontsize=SMALL,
            frameon=False,
            handletextpad=0.3,
        )
