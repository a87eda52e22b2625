"""Protons along a wind: carried at u + v_A, scattered by waves that they excite and that are damped at once.

    (1/A) d/dz [A (V n - D dn/dz)] = d/dln p [(1/3) (1/A) d(A V)/dz n],    n per ln p,  V = u + v_A,

and at the base, above a disc in which n is even and V rises from zero,

    V n - D dn/dz - d/dln p [(V/3 + b) n] = S,

S the protons released per area of one side, b what gas of the disc takes of ln p per time and area. With the
work P_c V on the plasma of the disc what they are released with is the enthalpy flux 4 P_c V of a fluid.
D = r_L v/(3F) (REV Eq. 3) where growth v_A |dP/dz|/(U_B F) (REV Eq. 2, P of one ln p) balances damping:
k v_s F (REV Eq. 6), or the cascade (2c_K)^(-3/2) k v_A F^(1/2).

Momenta are solved from the highest down, n_j = p_j^-m nu_j, with nu to second order in ln p; a momentum is
one implicit system, and its D is found in rounds. In space the cells conserve, and what is carried across a
face is taken from upstream along the slope of n in ln z that the last round had.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import solve_banded

from ...fields.exceptions import NotConverged, UserError
from ...fields.units import (
    C_KPC_MYR,
    GEV_ERG,
    KPC_MYR_CM_S,
    M_P_GEV,
    FloatArray,
    speed_kpc_Myr,
    total_energy_GeV,
)
from ...fields.waves.streaming import larmor_radius_kpc, magnetic_energy_density_eV_cm3
from ...fields.waves.tube_waves import KOLMOGOROV_CONSTANT, landau_speed_kpc_Myr
from .wind import Wind
from .wind_flow import PRESSURE_ERG_CM3

DAMPING = ("landau", "cascade")
_ROUNDS, _SETTLED = 200, 1e-7
_STEEPEST = 6.0
# n ~ 1/z beyond the end, as of steady diffusion where A ~ z^2.
_SLOPE_AT_END = 1.0
_LOWEST_F, _NOTHING = 1e-30, 1e-12


@dataclass(frozen=True)
class Release:
    """Protons released by the disc.

    Attributes
    ----------
    p_GeV : ndarray, shape (n,)
        Momenta, even in the logarithm.
    rate_cm2_s : ndarray, shape (n,)
        S, per ln p and area of one side.
    lost_cm_s : ndarray, shape (n,)
        b: loss of ln p in the gas of one side of the disc, per time and area over density.
    """

    p_GeV: FloatArray
    rate_cm2_s: FloatArray
    lost_cm_s: FloatArray

    def __post_init__(self) -> None:
        if self.p_GeV.size < 4 or np.ptp(np.diff(np.log(self.p_GeV))) > 1e-6:
            raise UserError("momenta of a wind: allowed: four or more, even in the logarithm")
        if self.rate_cm2_s.min() < 0.0 or not self.rate_cm2_s.any():
            raise UserError("protons released into a wind: allowed: zero or more, and some")

    @property
    def step(self) -> float:
        """Of ln p."""
        return float(np.log(self.p_GeV[1] / self.p_GeV[0]))

    @cached_property
    def kinetic_erg(self) -> FloatArray:
        """Kinetic energy of a proton, (n,)."""
        return (total_energy_GeV(self.p_GeV) - M_P_GEV) * GEV_ERG

    @property
    def energy_flux_erg_cm2_s(self) -> float:
        """Kinetic energy released per area of one side."""
        return float((self.rate_cm2_s * self.kinetic_erg).sum() * self.step)


@dataclass(frozen=True)
class WindProtons:
    """Protons along a wind.

    Attributes
    ----------
    release : Release
        What the disc lets go.
    z_kpc : ndarray, shape (cells + 1,)
        The base, then middles of cells.
    faces_kpc : ndarray, shape (cells + 1,)
        The base first.
    n_cm3 : ndarray, shape (cells + 1, n)
        Density per ln p at `z_kpc`.
    D_kpc2_Myr : ndarray, shape (cells + 1, n)
        On faces.
    rounds : int
        Most that a momentum took.
    """

    release: Release
    z_kpc: FloatArray
    faces_kpc: FloatArray
    n_cm3: FloatArray
    D_kpc2_Myr: FloatArray
    rounds: int

    @property
    def pressure(self) -> FloatArray:
        """P_c at `z_kpc` in m_p (kpc/Myr)^2 cm^-3, (cells + 1,)."""
        p = self.release.p_GeV
        each = p * speed_kpc_Myr(p) / C_KPC_MYR / 3.0 * GEV_ERG / PRESSURE_ERG_CM3
        return np.asarray(self.n_cm3 @ each * self.release.step)

    @property
    def gamma_c(self) -> FloatArray:
        """1 + P_c/(energy density) at `z_kpc`, (cells + 1,)."""
        energy = self.n_cm3 @ self.release.kinetic_erg * self.release.step / PRESSURE_ERG_CM3
        return np.asarray(1.0 + self.pressure / energy)


class Transport:
    """The equation of protons along one wind, solved by `solve`.

    Parameters
    ----------
    wind : Wind
        What carries them.
    release : Release
        What the disc lets go.
    cells : int
        Even in ln z.
    damping : str
        "landau" or "cascade".
    slope : float
        Of the momenta released, near enough: what nu is over.
    """

    def __init__(
        self, wind: Wind, release: Release, cells: int = 300, damping: str = "landau", slope: float = 2.0
    ) -> None:
        if damping not in DAMPING:
            raise UserError(f"damping {damping!r}: allowed: {', '.join(DAMPING)}")
        self.release, self.damping, self.power = release, damping, slope - 0.6
        z = self.faces_kpc = np.geomspace(wind.base.z_kpc, wind.tube.end_kpc, cells + 1)
        self.z_kpc = np.append(z[0], np.sqrt(z[1:] * z[:-1]))
        x = np.log(wind.z_kpc)

        def at_faces(values: FloatArray) -> FloatArray:
            return np.exp(np.interp(np.log(z), x, np.log(values)))

        self.area, self.V = at_faces(wind.area), at_faces(wind.waves_kpc_Myr)
        self.v_A, self.B_uG = at_faces(wind.v_A_kpc_Myr), at_faces(wind.B_uG)
        self.v_s = landau_speed_kpc_Myr(at_faces(wind.temperature_K))
        self.U_B = magnetic_energy_density_eV_cm3(self.B_uG) * 1e-9  # GeV/cm^3
        carried = self.area * self.V
        self.expansion = np.append(carried[0], np.diff(carried)) / 3.0
        """A V/3 at the base, and the gain of A V over each cell: what turns n into loss of ln p."""

    def wave_power(self, at: int, gradient: FloatArray) -> FloatArray:
        """F on faces where the density per ln p of a momentum falls by `gradient` [cm^-3/kpc]."""
        p = self.release.p_GeV[at]
        beta = float(speed_kpc_Myr(p)) / C_KPC_MYR
        growth = self.v_A * np.abs(gradient) * p * beta / 3.0 / self.U_B
        k = 1.0 / larmor_radius_kpc(p, self.B_uG)
        if self.damping == "landau":
            F = np.sqrt(growth / (k * self.v_s))
        else:
            F = (growth * (2.0 * KOLMOGOROV_CONSTANT) ** 1.5 / (k * self.v_A)) ** (2.0 / 3.0)
        return np.asarray(np.clip(F, _LOWEST_F, 1.0))

    def wave_powers(self, protons: WindProtons) -> FloatArray:
        """F of a solution, (cells + 1, n)."""
        each = (self.wave_power(at, self._gradient(n)) for at, n in enumerate(protons.n_cm3.T))
        return np.array(list(each)).T

    def diffusion(self, at: int, F: FloatArray) -> FloatArray:
        """D on faces, r_L v/(3F)."""
        p = self.release.p_GeV[at]
        return np.asarray(larmor_radius_kpc(p, self.B_uG) * float(speed_kpc_Myr(p)) / (3.0 * F))

    def solve(self, start: FloatArray | None = None) -> WindProtons:
        """Densities, with the waves they excite.

        Parameters
        ----------
        start : ndarray, shape (cells + 1, n), optional
            F to begin with.

        Raises
        ------
        NotConverged
            If D and density of a momentum do not settle.
        """
        p = self.release.p_GeV
        n, D = np.zeros((self.z_kpc.size, p.size)), np.zeros((self.z_kpc.size, p.size))
        F, most = np.full(self.z_kpc.size, 1e-4), 0
        for at in range(p.size - 1, -1, -1):
            F = start[:, at] if start is not None else F
            n[:, at], F, rounds = self._settled(at, n, F)
            D[:, at], most = self.diffusion(at, F), max(most, rounds)
        return WindProtons(self.release, self.z_kpc, self.faces_kpc, n, D, most)

    def response(self, D_kpc2_Myr: FloatArray, rate: FloatArray) -> FloatArray:
        """Density at the base, (n,), of other particles, released at `rate` (n,) into the same waves."""
        n = np.zeros_like(D_kpc2_Myr)
        for at in range(rate.size - 1, -1, -1):
            n[:, at] = self._relaxed(at, n, D_kpc2_Myr[:, at], float(rate[at]))
        return n[0]

    def energy_flux(self, protons: WindProtons) -> FloatArray:
        """A times the flux of kinetic energy through faces, (cells + 1,), in pressure times speed."""
        each = self.release.kinetic_erg * self.release.step / PRESSURE_ERG_CM3
        through = np.array(
            [
                self._through(protons.n_cm3[:, at], protons.D_kpc2_Myr[:, at])
                for at in range(self.release.p_GeV.size)
            ]
        )
        return np.asarray(each @ through)

    # -- one momentum --------------------------------------------------------------------

    def _settled(self, at: int, n: FloatArray, F: FloatArray) -> tuple[FloatArray, FloatArray, int]:
        """n of a momentum, and F, from those above it."""
        rate = float(self.release.rate_cm2_s[at]) / KPC_MYR_CM_S
        above = n[:, min(at + 1, n.shape[1] - 1)]
        slope, before = self._slope(above), np.zeros(len(n))
        if not rate and not above.any():
            return before, F, 0
        if not rate:
            # Below what is released there are few, which take the waves as they find them.
            return self._relaxed(at, n, self.diffusion(at, F), 0.0), F, 0
        for done in range(_ROUNDS):
            new = self._solved(at, n, self.diffusion(at, F), rate, slope)
            some = new > _NOTHING * new.max()
            moved = float(np.abs(before[some] / new[some] - 1.0).max())
            if moved < _SETTLED:
                return new, F, done
            before, slope = new, self._slope(new)
            F = self.wave_power(at, self._gradient(new))
        raise NotConverged(f"D of protons of {self.release.p_GeV[at]:.3g} GeV/c in a wind does not settle")

    def _relaxed(self, at: int, n: FloatArray, D: FloatArray, rate: float) -> FloatArray:
        """n of a momentum where D is given, in a few rounds for the slope along which it is carried."""
        new = n[:, min(at + 1, n.shape[1] - 1)]
        for _ in range(3):
            new = self._solved(at, n, D, rate, self._slope(new))
        return new

    def _gradient(self, n: FloatArray) -> FloatArray:
        """-dn/dz on faces."""
        inner = -np.diff(n) / np.diff(self.z_kpc)
        return np.append(inner, _SLOPE_AT_END * n[-1] / self.faces_kpc[-1])

    def _slope(self, n: FloatArray) -> FloatArray:
        """-d ln n/d ln z upstream of each face, (cells + 1,)."""
        if not n.all():
            return np.zeros(n.size)
        steep = -np.diff(np.log(n)) / np.diff(np.log(self.z_kpc))
        return np.clip(np.append(steep[0], steep), 0.0, _STEEPEST)

    def _carried(self, slope: FloatArray) -> FloatArray:
        """A V on faces, times what n there is over that upstream of it."""
        return np.asarray(self.area * self.V * (self.faces_kpc / self.z_kpc) ** -slope)

    def _conductance(self, D: FloatArray) -> FloatArray:
        """A D over the distance between the middles of cells, on all faces but the last."""
        return np.asarray((self.area * D)[:-1] / np.diff(self.z_kpc))

    def _losing(self, at: int) -> FloatArray:
        """Loss of ln p by expansion, and in the disc, (cells + 1,)."""
        losing = self.expansion.copy()
        losing[0] += self.area[0] * float(self.release.lost_cm_s[at]) / KPC_MYR_CM_S
        return losing

    def _through(self, n: FloatArray, D: FloatArray) -> FloatArray:
        """A (V n - D dn/dz) on faces."""
        slope = self._slope(n)
        across = self._conductance(D) * (n[:-1] - n[1:])
        end = self.area[-1] * D[-1] * _SLOPE_AT_END / self.faces_kpc[-1] * n[-1]
        return self._carried(slope) * n + np.append(across, end)

    def _solved(self, at: int, n: FloatArray, D: FloatArray, rate: float, slope: FloatArray) -> FloatArray:
        """n of a momentum where D and the slope along which it is carried are given."""
        p, h, m, last = self.release.p_GeV, self.release.step, self.power, self.release.p_GeV.size - 1
        carried, across, size = self._carried(slope), self._conductance(D), self.z_kpc.size

        def falling(k: int) -> FloatArray:
            """What falls from a momentum above, as nu of this one."""
            if at + k > last:
                return np.zeros(size)
            return np.asarray(self._losing(at + k) * n[:, at + k] * (p[at + k] / p[at]) ** m)

        # The first step is of first order.
        second = at < last - 1
        right = (2.0 * falling(1) - 0.5 * falling(2) if second else falling(1)) / h
        right[0] += self.area[0] * rate
        bands = np.zeros((3, size))
        bands[1] = self._losing(at) * ((1.5 if second else 1.0) / h + m)
        bands[1] += carried
        bands[1, :-1] += across
        bands[1, 1:] += across
        bands[1, -1] += self.area[-1] * D[-1] * _SLOPE_AT_END / self.faces_kpc[-1]
        bands[0, 1:] = -across
        bands[2, :-1] = -across - carried[:-1]
        return np.maximum(solve_banded((1, 1), bands, right, check_finite=False), 0.0)
