"""The figure of cosmic rays near their source: residence, grammage, D along the tube, gamma-ray halo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....fields.units import MYR_YR, FloatArray, energy_label
from ....mc.coupled.flux_tube import TubeRun
from ..page import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    INTENSITY_UNIT,
    NORMAL,
    ORANGE,
    PAGE_INCH,
    PURPLE,
    RED,
    SKY,
    dress,
    legend,
    page,
    positive,
    shades,
)

_DASHED, _DOTTED = (0, (5, 1.5)), (0, (1.5, 1))
PHASE_COLOURS = {
    "hot-ionised": RED,
    "warm-ionised": ORANGE,
    "warm-ionised-helium": PURPLE,
    "warm-neutral": GREEN,
    "cold-neutral": SKY,
    "diffuse-molecular": BLUE,
}
_PC = 1e3
# D is drawn at this energy, and the halo at that one.
_PROTON_GEV, _GAMMA_GEV = 100.0, 10.0


def near_source(
    spectra: Mapping[str, Mapping[str, FloatArray]],
    particles: Sequence[Mapping[str, Any]],
    runs: Mapping[str, TubeRun],
    halos: Mapping[str, Mapping[str, Any]],
    ax: Any = None,
) -> Any:
    """Residence and grammage against energy in each phase; D and the halo of the first one along the tube.

    Parameters
    ----------
    spectra : mapping
        For each phase "energy_GeV", "residence_Myr", "galactic_Myr" and "grammage_g_cm2".
    particles : sequence of mapping
        Test protons: "phase", "energy_GeV", "residence_Myr" and its error.
    runs : mapping of TubeRun
        Of each phase.
    halos : mapping
        For each phase "age_Myr", "energy_GeV", "s_kpc" and "brightness" (ages, cells, energies).
    """
    figure = page(ax, PAGE_INCH, 5.2)
    (time, gas), (diffusion, light) = figure.subplots(2, 2)
    for name, one in spectra.items():
        colour, label = PHASE_COLOURS.get(name, BLACK), name.replace("-", " ")
        E = one["energy_GeV"]
        time.plot(E, MYR_YR * one["residence_Myr"], color=colour, linewidth=1.2, label=label)
        gas.plot(E, positive(one["grammage_g_cm2"]), color=colour, linewidth=1.2)
    first = next(iter(spectra.values()))
    alone = MYR_YR * first["galactic_Myr"]
    time.plot(
        first["energy_GeV"], alone, color=GREY, linestyle=_DASHED, linewidth=1.0, label="$D$ of the Galaxy"
    )
    for point in particles:
        E, t, error = (point[key] for key in ("energy_GeV", "residence_Myr", "residence_error_Myr"))
        colour = PHASE_COLOURS.get(point["phase"], BLACK)
        style = {"fmt": "o", "markersize": 3, "elinewidth": 0.8, "markerfacecolor": "none"}
        time.errorbar(E, MYR_YR * t, MYR_YR * error, color=colour, **style)
    if particles:
        time.plot([], [], "o", color=GREY, markersize=3, markerfacecolor="none", label="test protons")
    gas.axhspan(5.0, 10.0, color=GREY, alpha=0.25, linewidth=0)
    gas.text(0.97, 7.0, "Galaxy, 10 to 50 GeV", transform=gas.get_yaxis_transform(), ha="right", va="center",
             fontsize=7)  # fmt: skip
    dress(time, "$E$  [GeV]", "time within $L_c$  [yr]")
    dress(gas, "$E$  [GeV]", "grammage  [g cm$^{-2}$]")
    for axes in (time, gas):
        axes.set(xscale="log", yscale="log")
    time.set_ylim(top=3.0 * time.get_ylim()[1])
    legend(time, loc="upper right", ncols=2, columnspacing=1.0)
    name = next(iter(runs))
    _diffusion(diffusion, runs[name], halos[name]["age_Myr"], name)
    _halo(light, halos[name], name)
    return figure


def _diffusion(axes: Any, run: TubeRun, ages_Myr: Sequence[float], name: str) -> None:
    """D over that of the Galaxy along the tube, at each age."""
    at = int(np.argmin(np.abs(np.log(run.waves.p_GeV / _PROTON_GEV))))
    known = {each.age_Myr: each for each in run.snapshots}
    for colour, age in zip(shades(len(ages_Myr)), ages_Myr, strict=True):
        D = run.waves.D_kpc2_Myr(known[age].F)[:, at] / run.waves.D_gal_kpc2_Myr[at]
        axes.plot(_PC * run.tube.faces_kpc, D, color=colour, linewidth=1.2, label=f"{1e3 * age:.3g} kyr")
    dress(axes, "$s$  [pc]", "$D/D_{\\rm gal}$")
    axes.set(yscale="log")
    axes.set_title(f"{name.replace('-', ' ')}, {energy_label(_PROTON_GEV)}", fontsize=NORMAL, pad=4)
    legend(axes, loc="lower right")


def _halo(axes: Any, halo: Mapping[str, Any], name: str) -> None:
    """Brightness of gamma rays along the tube, at each age."""
    at = int(np.argmin(np.abs(np.log(np.asarray(halo["energy_GeV"]) / _GAMMA_GEV))))
    for colour, one in zip(shades(len(halo["age_Myr"])), halo["brightness"], strict=True):
        axes.plot(_PC * np.asarray(halo["s_kpc"]), positive(one[:, at]), color=colour, linewidth=1.2)
    E = energy_label(float(halo["energy_GeV"][at]))
    dress(axes, "$s$  [pc]", f"$E^2 I$  [{INTENSITY_UNIT}]")
    axes.set(yscale="log")
    axes.set_title(f"{name.replace('-', ' ')}, gamma rays of {E}", fontsize=NORMAL, pad=4)
