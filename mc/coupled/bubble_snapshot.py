"""An expanding bubble at an age: its profiles, its front and its budgets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import KPC_CM, M_P_G, FloatArray


@dataclass(frozen=True, repr=False)
class Snapshot:
    """A bubble at an age.

    Attributes
    ----------
    age_Myr : float
        Since the source was switched on.
    r_kpc, u_kpc_Myr : ndarray, shape (zones + 1,)
        Faces, the first of which is the edge of the cavity, and the speed of the gas there.
    density_cm3, gas_pressure, cosmic_pressure : ndarray, shape (zones,)
        rho/m_p, and pressures in erg cm^-3.
    protons_cm3 : ndarray, shape (zones + 1, groups)
        Cosmic rays in the cavity (row 0) and the zones, per group of `p_edges_GeV`.
    cavity_pressure : float
        Of cosmic rays in the cavity [erg cm^-3].
    p_edges_GeV : ndarray
        Edges of the groups.
    front_kpc : float
        Where the outermost gas moves at half of the highest speed: in the middle of a shock.
    energy_erg : dict of float
        injected; in cosmic rays, gas in motion, heat; escaped, lost in pp, cooled (below the lowest group),
        work on the gas, radiated, lost on the wall, against gravity.
    """

    age_Myr: float
    r_kpc: FloatArray
    u_kpc_Myr: FloatArray
    density_cm3: FloatArray
    gas_pressure: FloatArray
    cosmic_pressure: FloatArray
    protons_cm3: FloatArray
    cavity_pressure: float
    p_edges_GeV: FloatArray
    front_kpc: float
    energy_erg: dict[str, float]

    @property
    def contact_kpc(self) -> float:
        """Edge of the cavity."""
        return float(self.r_kpc[0])

    @property
    def centres_kpc(self) -> FloatArray:
        """Middle of each zone."""
        return 0.5 * (self.r_kpc[1:] + self.r_kpc[:-1])

    def gas_cm3(self, r_kpc: ArrayLike) -> FloatArray:
        """Gas density, zone by zone: none in the cavity."""
        return np.append(0.0, self.density_cm3)[self._row(r_kpc)]

    def speed_kpc_Myr(self, r_kpc: ArrayLike) -> FloatArray:
        """Speed of the gas; in the cavity that of a uniform expansion, which is how it cools."""
        faces, speeds = np.append(0.0, self.r_kpc), np.append(0.0, self.u_kpc_Myr)
        return np.asarray(np.interp(np.asarray(r_kpc, float), faces, speeds))

    def cosmic_rays_cm3(self, r_kpc: ArrayLike) -> FloatArray:
        """Protons per cm^3 in each group, zone by zone, (..., groups)."""
        return self.protons_cm3[self._row(r_kpc)]

    def _row(self, r_kpc: ArrayLike) -> np.ndarray:
        return np.minimum(np.searchsorted(self.r_kpc, r_kpc, side="right"), self.density_cm3.size)

    @property
    def swept_g(self) -> float:
        """Mass of the gas between the cavity and the front."""
        volumes = 4.0 / 3.0 * np.pi * np.diff(np.minimum(self.r_kpc, self.front_kpc) ** 3) * KPC_CM**3
        return float(M_P_G * (volumes * self.density_cm3).sum())

    @property
    def imbalance(self) -> float:
        """What is missing of, or over in, the energy injected, as a share of it: of cosmic rays and gas."""
        E = self.energy_erg
        cosmic = E["injected"] - E["cosmic_rays"] - E["escaped"] - E["pp"] - E["cooled"] - E["work"]
        gas = E["work"] - E["motion"] - E["heat"] - E["against_gravity"] - E["radiated"] - E["wall"]
        return max(abs(cosmic), abs(gas)) / max(E["injected"], 1e-300)


def front_of(r: FloatArray, u: FloatArray) -> float:
    """Where the outermost gas moves at half of the highest speed."""
    half = 0.5 * float(u.max())
    if not half > 0.0:
        return float(r[0])
    i = int(np.flatnonzero(u >= half)[-1])
    if i + 1 == r.size:
        return float(r[-1])
    return float(r[i] + (r[i + 1] - r[i]) * (u[i] - half) / (u[i] - u[i + 1]))
