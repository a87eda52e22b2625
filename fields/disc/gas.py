"""Gas of the Galactic disc: the discs of atomic and molecular gas of McMillan (2017, MNRAS 465, 76)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..gas_density import MASS_PER_HYDROGEN
from ..units import KPC_CM, M_P_G, M_SUN_G, FloatArray

_CM3_PER_MSUN_PC2_KPC = M_SUN_G / (KPC_CM / 1e3) ** 2 / KPC_CM / (MASS_PER_HYDROGEN * M_P_G)


class GasDisc(NamedTuple):
    """rho = Sigma_0/(4 z_d) exp(-R_m/R - R/R_d) sech^2(z/(2 z_d)): a disc with a hole in its centre.

    Attributes
    ----------
    surface_density_Msun_pc2 : float
        Sigma_0, of all nuclei.
    R_m_kpc, R_d_kpc, z_d_kpc : float
        Scales of the hole, of the fall with radius, and of the height.
    """

    surface_density_Msun_pc2: float
    R_m_kpc: float
    R_d_kpc: float
    z_d_kpc: float

    def column_Msun_pc2(self, R_kpc: ArrayLike) -> FloatArray:
        """Mass per area through both sides of the disc."""
        R = np.maximum(np.asarray(R_kpc, float), 1e-9)
        return np.asarray(self.surface_density_Msun_pc2 * np.exp(-self.R_m_kpc / R - R / self.R_d_kpc))

    def hydrogen_cm3(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Hydrogen nuclei per cm^3. The masses hold helium: that of HI is 1.07e10 Msun, of which hydrogen is
        8e9 in 21 cm surveys."""
        x = np.minimum(np.abs(np.asarray(z_kpc, float)) / (2.0 * self.z_d_kpc), 300.0)
        column = self.column_Msun_pc2(R_kpc) * _CM3_PER_MSUN_PC2_KPC
        return np.asarray(column / (4.0 * self.z_d_kpc * np.cosh(x) ** 2))


ATOMIC = GasDisc(53.1, 4.0, 7.0, 0.085)
MOLECULAR = GasDisc(2180.0, 12.0, 1.5, 0.045)


def mcmillan_density_cm3(R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
    """Hydrogen nuclei per cm^3 of both discs."""
    return ATOMIC.hydrogen_cm3(R_kpc, z_kpc) + MOLECULAR.hydrogen_cm3(R_kpc, z_kpc)
