"""The gas that the escaping cosmic rays drag along behind the Bell wall: its velocity and its expansion.

Radial, as fast as a recipe of `OUTFLOW` says. "alfven": the Alfven speed of the amplified field (PRL, after
Eq. 14). "momentum": as fast as their pressure can push. Densities are rho/m_p; R, z are galactocentric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .bell import SATURATION, dilution
from .exceptions import UserError
from .units import C_KPC_MYR, KPC_MYR_CM_S, M_P_G, FloatArray
from .waves.flow import FASTEST_FLOW
from .waves.streaming import alfven_speed_kpc_Myr

CENTRE_KPC = 1e-3
"""Within 1 pc of the Galactic centre the radial outflow falls to zero, so that it stays finite."""


class Drive(NamedTuple):
    """What sets the gas around a galaxy in motion.

    Attributes
    ----------
    recipe : str
        A key of `OUTFLOW`.
    energy_flux, total_flux : float
        At the disc [erg cm^-2 s^-1]: E^2 phi of the current that amplifies the field, and the energy flux of
        all cosmic rays.
    R_d_kpc : float
        Radius of the disc, beyond which both are diluted.
    saturation : str
        How far the field grows, a key of `bell.SATURATION`.
    background_uG : float
        Field that is there without the instability.
    """

    recipe: str
    energy_flux: float
    total_flux: float
    R_d_kpc: float
    saturation: str = "current"
    background_uG: float = 0.0


class Recipe(NamedTuple):
    """A recipe: the speed [kpc/Myr] for (drive, dilution, density), and how it grows with the last two."""

    speed_kpc_Myr: Callable[[Drive, FloatArray, ArrayLike], FloatArray]
    powers: Callable[[Drive], tuple[float, float]]


def momentum_speed_kpc_Myr(total_flux: ArrayLike, density_cm3: ArrayLike) -> FloatArray:
    """Speed (F/(4 rho))^(1/3) in kpc/Myr of gas that takes up the pressure of cosmic rays.

    From rho u^2 = P_CR and the enthalpy flux 4 P_CR u, which is all of their energy flux F.
    """
    rho = M_P_G * np.asarray(density_cm3, dtype=float)
    return np.cbrt(np.asarray(total_flux, dtype=float) / (4.0 * rho)) / KPC_MYR_CM_S


def _alfven_speed(drive: Drive, diluted: FloatArray, density_cm3: ArrayLike) -> FloatArray:
    field_uG = SATURATION[drive.saturation].field_uG
    return alfven_speed_kpc_Myr(
        field_uG(drive.energy_flux * diluted, density_cm3, drive.background_uG), density_cm3
    )


def _alfven_powers(drive: Drive) -> tuple[float, float]:
    saturation = SATURATION[drive.saturation]
    return saturation.flux_power, saturation.density_power - 0.5


OUTFLOW = {
    "alfven": Recipe(_alfven_speed, _alfven_powers),
    "momentum": Recipe(
        lambda drive, diluted, density_cm3: momentum_speed_kpc_Myr(drive.total_flux * diluted, density_cm3),
        lambda drive: (1 / 3, -1 / 3),
    ),
}
"""Recipes by name: B_sat/sqrt(4 pi rho) of PRL, and the speed at which rho u^2 is the pressure behind it."""


def outflow_speed_kpc_Myr(
    R_kpc: ArrayLike, z_kpc: ArrayLike, density_cm3: ArrayLike, drive: Drive
) -> FloatArray:
    """Speed in kpc/Myr of the plasma.

    Parameters
    ----------
    R_kpc, z_kpc : array_like
        Galactocentric coordinates.
    density_cm3 : array_like
        Number density of the circumgalactic gas there.
    drive : Drive
        What sets it in motion.

    Raises
    ------
    KeyError
        If there is no such recipe.
    """
    return OUTFLOW[drive.recipe].speed_kpc_Myr(drive, dilution(R_kpc, z_kpc, drive.R_d_kpc), density_cm3)


def outflow_velocity_kpc_Myr(
    R_kpc: ArrayLike, z_kpc: ArrayLike, density_cm3: ArrayLike, drive: Drive
) -> tuple[FloatArray, FloatArray]:
    """Velocity (u_R, u_z) in kpc/Myr of the plasma, away from the centre; as `outflow_speed_kpc_Myr`."""
    R, z = np.asarray(R_kpc, dtype=float), np.asarray(z_kpc, dtype=float)
    speed = outflow_speed_kpc_Myr(R, z, density_cm3, drive)
    speed_over_r = speed / np.maximum(np.hypot(R, z), CENTRE_KPC)
    return speed_over_r * R, speed_over_r * z


def outflow_divergence_Myr(
    R_kpc: ArrayLike,
    z_kpc: ArrayLike,
    density_cm3: ArrayLike,
    drive: Drive,
    density_slope: ArrayLike = 0.0,
) -> FloatArray:
    """Divergence in 1/Myr of `outflow_velocity_kpc_Myr`, in gas with d ln n/d ln r = `density_slope`.

    (2 + d ln u/d ln r) u/r: in uniform gas 2 u/r where the flux is not diluted; where it falls as r^-2, u/r
    at the Alfven speed of the recipe "current", and (4/3) u/r at that of "momentum". The jump of u at the
    surface of the Bell region is not in it.
    """
    R, z = np.asarray(R_kpc, dtype=float), np.asarray(z_kpc, dtype=float)
    r = np.hypot(R, z)
    flux_power, density_power = OUTFLOW[drive.recipe].powers(drive)
    expansion = np.where(r < CENTRE_KPC, 3.0, 2.0)
    expansion -= np.where(2 * r**2 > drive.R_d_kpc**2, 2 * flux_power, 0.0)
    expansion = expansion + density_power * np.asarray(density_slope, dtype=float)
    return expansion * outflow_speed_kpc_Myr(R, z, density_cm3, drive) / np.maximum(r, CENTRE_KPC)


def pressure_over_momentum_flux(density_cm3: ArrayLike, drive: Drive) -> FloatArray:
    """P_CR/(rho u^2) where the flux is not diluted and nothing is lost: P = F/(3 u), of protons carried at u.

    Lambda c/(3 u) at the Alfven speed of the field of PRL Eq. 8 and slope 2; 4/3 for "momentum", which counts
    the work on the way, F = 4 P u.
    """
    u_cm_s = outflow_speed_kpc_Myr(0.0, 0.0, density_cm3, drive) * KPC_MYR_CM_S
    return drive.total_flux / (3.0 * M_P_G * np.asarray(density_cm3, dtype=float) * u_cm_s**3)


def check_outflow_speed(
    surface_level: Callable[[FloatArray, FloatArray], FloatArray],
    density_cm3: Callable[[ArrayLike, ArrayLike], FloatArray],
    end_kpc: float,
    drive: Drive,
) -> None:
    """Refuse an outflow that is too fast, in the plane or on the axis: its frame is entered to first order.

    Parameters
    ----------
    surface_level : callable
        Positive where the outflow is, by (R, z).
    density_cm3 : callable
        Of the gas, by (R, z).
    end_kpc : float
        How far out it is.
    drive : Drive
        What sets it in motion.

    Raises
    ------
    UserError
        Naming the profile of the gas, if gas as dense as at the centre would be slow enough everywhere, else
        its overdensity.
    """
    s = np.linspace(0.0, end_kpc, 2001)
    R, z = np.append(s, 0.0 * s), np.append(0.0 * s, s)
    there = surface_level(R, z) > 0
    as_it_is, uniform = (
        np.where(there, outflow_speed_kpc_Myr(R, z, density, drive), 0.0) / C_KPC_MYR
        for density in (density_cm3(R, z), density_cm3(0.0, 0.0))
    )
    if as_it_is.max() <= FASTEST_FLOW:
        return
    key, gas = (
        ("cgm_beta", "gas that falls less") if uniform.max() <= FASTEST_FLOW else ("delta_G", "denser gas")
    )
    at = int(np.argmax(as_it_is))
    raise UserError(
        f'medium.{key}: the outflow (medium.outflow = "{drive.recipe}") reaches {as_it_is[at]:.2g} c at '
        f"{s[at % s.size]:.3g} kpc; {gas}, or less luminosity, must keep it below {FASTEST_FLOW:g} c"
    )
