"""A wind and the protons that drive it, found together.

The fluid's equation for cosmic rays has one adiabatic index and no diffusion. What protons do besides is put
in as a term of its own, G = d ln P_c/dz of the protons less that of the fluid (`wind_flow`), and as their
pressure at the base over the fluid's, until the pressure of the protons is that in the wind everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fields.exceptions import NotConverged
from ...fields.units import FloatArray
from .wind import Wind, driven_wind
from .wind_base import NoWind
from .wind_flow import Closure, EvenSpline, WindBase, WindTube
from .wind_protons import Release, Transport, WindProtons

AGREED = 0.005
"""Most by which pressures may differ in the end."""
_ROUNDS = 40
# Of the spline of G; fewer than cells, so that what a cell has of noise does not grow from round to round.
_MOST_KNOTS, _CELLS_PER_KNOT = 100, 3
_SMALLEST_SHARE = 0.05


@dataclass(frozen=True)
class DrivenWind:
    """A wind, its protons, and how they agree.

    Attributes
    ----------
    wind : Wind
        The gas.
    fluid : Wind
        The same base without diffusion, where the search began.
    transport : Transport
        The equation of the protons in it.
    protons : WindProtons
        Its solution.
    differences : list of float
        Largest |P_c of protons/P_c of the wind - 1| in each round.
    """

    wind: Wind
    fluid: Wind
    transport: Transport
    protons: WindProtons
    differences: list[float]


def wind_with_protons(
    base: WindBase,
    tube: WindTube,
    release: Release,
    cells: int = 300,
    damping: str = "landau",
    slope: float = 2.0,
) -> DrivenWind:
    """The wind that protons drive which it carries.

    Parameters
    ----------
    base, tube : WindBase, WindTube
        Where it starts, and along what; the flux of the base is that of the protons.
    release : Release
        Protons of the disc.
    cells, damping, slope
        As of `Transport`.

    Raises
    ------
    NoWind
        If there is none, at first or with what protons do.
    NotConverged
        If pressures do not agree in the end.
    """
    fluid = wind = driven_wind(base, tube)
    differences: list[float] = []
    extra, base_share = np.zeros(min(_MOST_KNOTS, cells // _CELLS_PER_KNOT)), 1.0
    F: FloatArray | None = None
    step = 1.0
    for _ in range(_ROUNDS):
        transport = Transport(wind, release, cells, damping, slope)
        protons = transport.solve(F)
        F = transport.wave_powers(protons)
        x, found = np.log(wind.z_kpc), np.log(protons.z_kpc)
        held = np.exp(np.interp(found, x, np.log(wind.cosmic_ray_pressure)))
        differences.append(float(np.abs(protons.pressure / held - 1.0).max()))
        if differences[-1] < AGREED and len(differences) > 1:
            return DrivenWind(wind, fluid, transport, protons, differences)
        at, asked = _extra(wind, protons, extra.size)
        share = float(protons.pressure[0] / base.cosmic_ray_pressure(float(wind.u_kpc_Myr[0])))
        if len(differences) > 1 and differences[-1] > 0.9 * differences[-2]:
            step = max(0.5 * step, _SMALLEST_SHARE)
        while True:
            tried = extra + step * (asked - extra), base_share + step * (share - base_share)
            try:
                wind = driven_wind(base, tube, Closure(EvenSpline(at, tried[0]), tried[1]), wind.critical)
            except NoWind:
                # There may be one on the way there.
                step *= 0.5
                if step < _SMALLEST_SHARE:
                    raise
            else:
                extra, base_share = tried
                break
    raise NotConverged(f"wind and protons do not agree: pressures differ by {differences[-1]:.2g}")


def _extra(wind: Wind, protons: WindProtons, knots: int) -> tuple[FloatArray, FloatArray]:
    """ln z and z G there."""
    x, at = np.log(wind.z_kpc), np.log(protons.z_kpc[1:])
    gamma = wind.base.gamma_c * (2.0 * wind.u_kpc_Myr + wind.v_A_kpc_Myr) / (2.0 * wind.waves_kpc_Myr)
    followed = gamma * np.gradient(np.log(wind.density_cm3), x, edge_order=2)
    found = np.gradient(np.log(protons.pressure[1:]), at, edge_order=2) - np.interp(at, x, followed)
    even = np.linspace(x[0], x[-1], knots)
    return even, np.interp(even, at, found)
