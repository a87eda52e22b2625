"""Gravity of the Galaxy: the potential MWPotential2014 of Bovy (2015, ApJS 216, 29).

A bulge with an exponential cut, a disc of Miyamoto & Nagai (1975) and a halo of Navarro, Frenk & White
(1997); each gives a share of the force at 8 kpc, where the circular speed is 220 km/s. Zero at infinity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma, gammainc, gammaincc

from ..exceptions import UserError
from ..units import KPC_MYR_KM_S, FloatArray

_NORMALISED_AT_KPC, _CIRCULAR_KM_S = 8.0, 220.0
_BULGE_INDEX = 0.6  # 3/2 - alpha/2 of rho ~ r^-alpha exp(-(r/r_c)^2), alpha = 1.8


@dataclass(frozen=True)
class GalacticPotential:
    """Potential and vertical force, axisymmetric.

    Attributes
    ----------
    bulge_share, disc_share, halo_share : float
        Of the force at 8 kpc.
    bulge_cut_kpc, disc_a_kpc, disc_b_kpc, halo_scale_kpc : float
        Scales: r_c, both of the disc, and r_s.
    """

    bulge_share: float = 0.05
    disc_share: float = 0.6
    halo_share: float = 0.35
    bulge_cut_kpc: float = 1.9
    disc_a_kpc: float = 3.0
    disc_b_kpc: float = 0.28
    halo_scale_kpc: float = 16.0

    def __post_init__(self) -> None:
        scales = (self.bulge_cut_kpc, self.disc_a_kpc, self.disc_b_kpc, self.halo_scale_kpc)
        if min(scales) <= 0.0 or min(self.bulge_share, self.disc_share, self.halo_share) < 0.0:
            raise UserError("a Galactic potential: allowed: scales above zero, shares of zero or more")

    @cached_property
    def _strengths(self) -> tuple[float, float, float]:
        """G M of the bulge, of the disc, and 4 pi G rho_s r_s^3 of the halo [kpc^3/Myr^2]."""
        r, v2 = _NORMALISED_AT_KPC, (_CIRCULAR_KM_S / KPC_MYR_KM_S) ** 2
        bulge = self.bulge_share * v2 * r / gammainc(_BULGE_INDEX, (r / self.bulge_cut_kpc) ** 2)
        disc = self.disc_share * v2 * math.hypot(r, self.disc_a_kpc + self.disc_b_kpc) ** 3 / r**2
        x = r / self.halo_scale_kpc
        return float(bulge), disc, self.halo_share * v2 * r / (math.log1p(x) - x / (1.0 + x))

    def potential_kpc2_Myr2(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Phi in (kpc/Myr)^2."""
        R, z = np.asarray(R_kpc, float), np.asarray(z_kpc, float)
        bulge, disc, halo = self._strengths
        r = np.hypot(R, z)
        x2 = (r / self.bulge_cut_kpc) ** 2
        outer = gammaincc(_BULGE_INDEX - 0.5, x2) * gamma(_BULGE_INDEX - 0.5) / gamma(_BULGE_INDEX)
        spheroid = bulge * (gammainc(_BULGE_INDEX, x2) / r + outer / self.bulge_cut_kpc)
        height = self.disc_a_kpc + np.hypot(z, self.disc_b_kpc)
        return np.asarray(
            -spheroid - disc / np.hypot(R, height) - halo * np.log1p(r / self.halo_scale_kpc) / r
        )

    def vertical_gravity_kpc_Myr2(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """g = dPhi/dz in kpc/Myr^2, towards the plane where it is above zero."""
        R, z = np.asarray(R_kpc, float), np.asarray(z_kpc, float)
        bulge, disc, halo = self._strengths
        r = np.hypot(R, z)
        x = r / self.halo_scale_kpc
        inside = bulge * gammainc(_BULGE_INDEX, (r / self.bulge_cut_kpc) ** 2)
        inside = inside + halo * (np.log1p(x) - x / (1.0 + x))
        thick = np.hypot(z, self.disc_b_kpc)
        height = self.disc_a_kpc + thick
        return np.asarray(z * (inside / r**3 + disc * height / (thick * np.hypot(R, height) ** 3)))
