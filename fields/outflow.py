"""The gas that the escaping cosmic rays drag along behind the Bell wall: its velocity and its expansion.

Radial, as fast as a recipe of `OUTFLOW` says. "alfven": the Alfven speed of the amplified field (PRL, after
Eq. 14). "momentum": as fast as their pressure can push. "wind": as a wind from the disc that they drive.
Densities are rho/m_p; R, z are galactocentric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class RadialWind:
    """A steady wind from a disc on spheres about the Galactic centre, beyond its table as at its end.

    Attributes
    ----------
    r_kpc, speed_kpc_Myr : ndarray, shape (n,)
        Distances, rising, and its speed there.
    flux_cm3_kpc_Myr : float
        rho u/m_p out of each side of the disc, which is diluted as the flux of cosmic rays is.
    R_d_kpc : float
        Radius of the disc.
    base_field_uG, critical_kpc : float
        Field along the flow at its base, and where it becomes faster than its pressures: for the record.

    Raises
    ------
    UserError
        If distances do not rise, or a number is not above zero.
    """

    r_kpc: FloatArray
    speed_kpc_Myr: FloatArray
    flux_cm3_kpc_Myr: float
    R_d_kpc: float
    base_field_uG: float
    critical_kpc: float

    def __post_init__(self) -> None:
        """Refuse what is not allowed."""
        numbers = *self.r_kpc, *self.speed_kpc_Myr, self.flux_cm3_kpc_Myr, self.R_d_kpc
        rises = len(self.r_kpc) > 1 and bool(np.all(np.diff(self.r_kpc) > 0.0))
        if not (rises and np.isfinite(numbers).all() and min(numbers) > 0.0):
            raise UserError("RadialWind: allowed: distances that rise, and numbers above zero")

    def speed_at_kpc_Myr(self, r_kpc: ArrayLike) -> FloatArray:
        """u(r), by a power law between two distances of the table."""
        ln_u = np.interp(np.log(self._within(r_kpc)), np.log(self.r_kpc), np.log(self.speed_kpc_Myr))
        return np.asarray(np.exp(ln_u), float)

    def slope(self, r_kpc: ArrayLike) -> FloatArray:
        """d ln u/d ln r, of those power laws; zero out of the table."""
        r, of_part = (
            np.asarray(r_kpc, float),
            np.diff(np.log(self.speed_kpc_Myr)) / np.diff(np.log(self.r_kpc)),
        )
        part = np.clip(np.searchsorted(self.r_kpc, r, side="right") - 1, 0, of_part.size - 1)
        inside = (r >= self.r_kpc[0]) & (r <= self.r_kpc[-1])
        return np.where(inside, of_part[part], 0.0)

    def density_cm3(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """rho/m_p of what flows through each sphere: the same mass through all of them outside the disc."""
        flux = self.flux_cm3_kpc_Myr * dilution(R_kpc, z_kpc, self.R_d_kpc)
        return np.asarray(flux / self.speed_at_kpc_Myr(np.hypot(R_kpc, z_kpc)), float)

    def _within(self, r_kpc: ArrayLike) -> FloatArray:
        return np.clip(np.asarray(r_kpc, float), self.r_kpc[0], self.r_kpc[-1])


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
    wind : RadialWind, optional
        That of the recipe "wind".
    """

    recipe: str
    energy_flux: float
    total_flux: float
    R_d_kpc: float
    saturation: str = "current"
    background_uG: float = 0.0
    wind: RadialWind | None = None


class Place(NamedTuple):
    """Where an outflow is asked for: distance from the centre, dilution of the flux, density of the gas.

    In `slope` the last two are d ln/d ln r.
    """

    r_kpc: FloatArray
    diluted: FloatArray
    density: ArrayLike


class Recipe(NamedTuple):
    """A recipe: the speed [kpc/Myr] at a place, and d ln u/d ln r from the slopes there."""

    speed_kpc_Myr: Callable[[Drive, Place], FloatArray]
    slope: Callable[[Drive, Place], FloatArray]


def momentum_speed_kpc_Myr(total_flux: ArrayLike, density_cm3: ArrayLike) -> FloatArray:
    """Speed (F/(4 rho))^(1/3) in kpc/Myr of gas that takes up the pressure of cosmic rays.

    From rho u^2 = P_CR and the enthalpy flux 4 P_CR u, which is all of their energy flux F.
    """
    rho = M_P_G * np.asarray(density_cm3, dtype=float)
    return np.cbrt(np.asarray(total_flux, dtype=float) / (4.0 * rho)) / KPC_MYR_CM_S


def _alfven_speed(drive: Drive, at: Place) -> FloatArray:
    field_uG = SATURATION[drive.saturation].field_uG
    return alfven_speed_kpc_Myr(
        field_uG(drive.energy_flux * at.diluted, at.density, drive.background_uG), at.density
    )


def _alfven_slope(drive: Drive, at: Place) -> FloatArray:
    saturation = SATURATION[drive.saturation]
    return saturation.flux_power * at.diluted + (saturation.density_power - 0.5) * np.asarray(at.density)


def _of_wind(drive: Drive) -> RadialWind:
    assert drive.wind is not None
    return drive.wind


OUTFLOW = {
    "alfven": Recipe(_alfven_speed, _alfven_slope),
    "momentum": Recipe(
        lambda drive, at: momentum_speed_kpc_Myr(drive.total_flux * at.diluted, at.density),
        lambda drive, at: (at.diluted - np.asarray(at.density)) / 3.0,
    ),
    "wind": Recipe(
        lambda drive, at: _of_wind(drive).speed_at_kpc_Myr(at.r_kpc),
        lambda drive, at: _of_wind(drive).slope(at.r_kpc),
    ),
}
"""Recipes by name: B_sat/sqrt(4 pi rho) of PRL; where rho u^2 is the pressure behind it; that of a wind."""


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
    at = Place(np.hypot(R_kpc, z_kpc), dilution(R_kpc, z_kpc, drive.R_d_kpc), density_cm3)
    return OUTFLOW[drive.recipe].speed_kpc_Myr(drive, at)


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
    slopes = Place(r, np.where(2 * r**2 > drive.R_d_kpc**2, -2.0, 0.0), density_slope)
    expansion = np.where(r < CENTRE_KPC, 3.0, 2.0) + OUTFLOW[drive.recipe].slope(drive, slopes)
    return expansion * outflow_speed_kpc_Myr(R, z, density_cm3, drive) / np.maximum(r, CENTRE_KPC)


def pressure_over_momentum_flux(density_cm3: ArrayLike, drive: Drive) -> FloatArray:
    """P_CR/(rho u^2) at R_d/2^(1/2), to where the flux is not diluted, if nothing is lost on the way there.

    P = F/(3 u), of protons carried at u. Lambda c/(3 u) at the Alfven speed of the field of PRL Eq. 8 and
    slope 2; 4/3 for "momentum", which counts the work on the way, F = 4 P u.
    """
    u_cm_s = outflow_speed_kpc_Myr(0.0, np.sqrt(0.5) * drive.R_d_kpc, density_cm3, drive) * KPC_MYR_CM_S
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
        its overdensity, or the wind.
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
    if drive.wind is not None:
        key, gas = "outflow", "a denser base of the wind"
    elif uniform.max() <= FASTEST_FLOW:
        key, gas = "cgm_beta", "gas that falls less"
    else:
        key, gas = "delta_G", "denser gas"
    at = int(np.argmax(as_it_is))
    raise UserError(
        f'medium.{key}: the outflow (medium.outflow = "{drive.recipe}") reaches {as_it_is[at]:.2g} c at '
        f"{s[at % s.size]:.3g} kpc; {gas}, or less luminosity, must keep it below {FASTEST_FLOW:g} c"
    )
