"""The gas that the escaping cosmic rays drag along behind the Bell wall: its velocity and its expansion."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .bell import SATURATION, amplified_field_uG
from .units import FloatArray
from .waves.streaming import alfven_speed_kpc_Myr

CENTRE_KPC = 1e-3
"""Within 1 pc of the Galactic centre the radial outflow falls to zero, so that it stays finite."""


def outflow_velocity_kpc_Myr(
    R_kpc: ArrayLike,
    z_kpc: ArrayLike,
    energy_flux: float,
    R_d_kpc: float,
    density_cm3: ArrayLike,
    saturation: str = "current",
    background_uG: float = 0.0,
) -> tuple[FloatArray, FloatArray]:
    """Velocity (u_R, u_z) in kpc/Myr of the plasma: radial, with the Alfven speed of the amplified field.

    |u| = B_sat(x)/sqrt(4 pi rho) (PRL, after Eq. 14). Parameters as in `amplified_field_uG`.
    """
    R, z = np.asarray(R_kpc, dtype=float), np.asarray(z_kpc, dtype=float)
    B_uG = amplified_field_uG(R, z, energy_flux, R_d_kpc, density_cm3, saturation, background_uG)
    speed_over_r = alfven_speed_kpc_Myr(B_uG, density_cm3) / np.maximum(np.hypot(R, z), CENTRE_KPC)
    return speed_over_r * R, speed_over_r * z


def outflow_divergence_Myr(
    R_kpc: ArrayLike,
    z_kpc: ArrayLike,
    energy_flux: float,
    R_d_kpc: float,
    density_cm3: ArrayLike,
    saturation: str = "current",
    background_uG: float = 0.0,
    density_slope: ArrayLike = 0.0,
) -> FloatArray:
    """Divergence in 1/Myr of `outflow_velocity_kpc_Myr`, in gas with d ln n/d ln r = `density_slope`.

    (2 + d ln u/d ln r) u/r: in uniform gas 2 u/r where the flux is not diluted, and u/r where it falls as
    r^-2 and the recipe is "current". The jump of u at the surface of the Bell region is not in it.
    """
    R, z = np.asarray(R_kpc, dtype=float), np.asarray(z_kpc, dtype=float)
    r = np.hypot(R, z)
    B_uG = amplified_field_uG(R, z, energy_flux, R_d_kpc, density_cm3, saturation, background_uG)
    recipe = SATURATION[saturation]
    expansion = np.where(r < CENTRE_KPC, 3.0, 2.0)
    expansion -= np.where(2 * r**2 > R_d_kpc**2, 2 * recipe.flux_power, 0.0)
    expansion = expansion + (recipe.density_power - 0.5) * np.asarray(density_slope, dtype=float)
    return expansion * alfven_speed_kpc_Myr(B_uG, density_cm3) / np.maximum(r, CENTRE_KPC)
