"""How the sources of cosmic rays are spread over the radius of the disc.

Surface densities are (R/R_0)^a exp(-b (R - R_0)/R_0) with R_0 = 8.5 kpc, cut off at the radius of the disc.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import cumulative_trapezoid

from ..units import FloatArray

_R_0_KPC = 8.5
RADIAL: dict[str, tuple[float, float] | None] = {"uniform": None, "snr": (1.09, 3.87), "pulsar": (1.9, 5.0)}
"""Exponents (a, b): supernova remnants (Green 2015, MNRAS 454, 1517), pulsars (Lorimer et al. 2006, MNRAS
372, 777); None: the same everywhere."""

_SHARES, _RADII = 2049, 20_001


def surface_density(radial: str, R_kpc: ArrayLike) -> FloatArray:
    """Sources per area at a radius, over that at 8.5 kpc, of one of `RADIAL`."""
    x = np.asarray(R_kpc, float) / _R_0_KPC
    if (exponents := RADIAL[radial]) is None:
        return np.ones_like(x)
    a, b = exponents
    return np.asarray(x**a * np.exp(-b * (x - 1.0)))


def radii_of_shares(radial: str, R_d_kpc: float) -> FloatArray:
    """Radii [kpc] within which shares of the sources lie whose roots are evenly spaced from 0 to 1.

    Empty for a uniform disc, whose radii are R_d times these roots.
    """
    if RADIAL[radial] is None:
        return np.zeros(0)
    R = R_d_kpc * np.linspace(0.0, 1.0, _RADII) ** 2  # sources near the centre are few
    within = cumulative_trapezoid(R * surface_density(radial, R), x=R, initial=0.0)
    roots = np.sqrt(within / within[-1])
    return np.interp(np.linspace(0.0, 1.0, _SHARES), roots, R)


def share_within(radii_of_shares_kpc: FloatArray, R_d_kpc: float, R_kpc: ArrayLike) -> FloatArray:
    """Share of the sources within a radius, of the radii that `radii_of_shares` gives."""
    R = np.minimum(np.asarray(R_kpc, float) / R_d_kpc, 1.0)
    if radii_of_shares_kpc.size == 0:
        return R**2
    roots = np.linspace(0.0, 1.0, radii_of_shares_kpc.size)
    return np.interp(R * R_d_kpc, radii_of_shares_kpc, roots) ** 2
