"""Waves along a flux tube, one wavenumber for each momentum: growth by a gradient, damping, and D.

    dF/dt + v_A dF/ds = (Gamma_CR - Gamma_NL - Gamma_IN - Gamma_FG) F,    D = r_L v/(3 F),    F >= F_galaxy,

with F per ln k at k = 1/r_L(p) (REV Eqs. 2, 3, 6). Rates are of energy. Waves travel away from the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ..disc.phases import GasPhase
from ..exceptions import UserError
from ..units import (
    C_KPC_MYR,
    EV_ERG,
    GEV_ERG,
    K_B_ERG_K,
    KPC2_MYR_CM2_S,
    KPC_MYR_CM_S,
    M_P_G,
    MYR_S,
    FloatArray,
    speed_kpc_Myr,
)
from . import streaming

NONLINEAR = ("landau", "cascade", "none")
_NEWTON = 40
KOLMOGOROV_CONSTANT = 3.6
"""c_K of `cascade_damping_rate_Myr` (Ptuskin & Zirakashvili 2003)."""


def cascade_damping_rate_Myr(k_kpc: ArrayLike, v_A_kpc_Myr: ArrayLike, F: ArrayLike) -> FloatArray:
    """Rate (2 c_K)^(-3/2) k v_A F^(1/2) in 1/Myr at which waves cascade away, of energy.

    Ptuskin & Zirakashvili (2003, A&A 403, 1); the other form of non-linear damping, beside REV Eq. 6.
    """
    root = np.sqrt(np.asarray(F, dtype=float))
    return (2.0 * KOLMOGOROV_CONSTANT) ** -1.5 * np.asarray(k_kpc) * np.asarray(v_A_kpc_Myr) * root


def landau_speed_kpc_Myr(temperature_K: ArrayLike) -> FloatArray:
    """v_s of REV Eq. 6 at a temperature, 1.25 (kT/m_p)^(1/2) as Nava et al. (2019).

    1.1e7 cm/s at 1e6 K; the 3e6 cm/s of REV are those of 7e4 K.
    """
    return 1.25 * np.sqrt(K_B_ERG_K * np.asarray(temperature_K, float) / M_P_G) / KPC_MYR_CM_S


@dataclass(frozen=True)
class TubeWaves:
    """What makes and damps the waves of a tube.

    Attributes
    ----------
    p_GeV : ndarray, shape (n,)
        Momenta, one for each wavenumber 1/r_L.
    phase : GasPhase
        The gas.
    D_gal_cm2_s, slope : float
        D in the Galaxy, D_gal (v/c) (p c/GeV)^slope along the field: the F that is always there.
    growth, ion_neutral, advected : bool
        Whether protons excite waves; whether neutrals damp them; whether they travel (and carry the protons).
    nonlinear : str
        "landau" (REV Eq. 6), "cascade" (Ptuskin & Zirakashvili 2003) or "none".
    shear_scale_kpc : float
        L of Farmer & Goldreich (2004) damping; 0: without.
    """

    p_GeV: FloatArray
    phase: GasPhase
    D_gal_cm2_s: float = 1.5e28
    slope: float = 1.0 / 3.0
    growth: bool = True
    ion_neutral: bool = True
    advected: bool = True
    nonlinear: str = "landau"
    shear_scale_kpc: float = 0.05

    def __post_init__(self) -> None:
        if self.nonlinear not in NONLINEAR:
            raise UserError(f"nonlinear damping {self.nonlinear!r}: allowed: {', '.join(NONLINEAR)}")
        if self.D_gal_cm2_s <= 0.0 or self.shear_scale_kpc < 0.0:
            raise UserError("waves of a tube: allowed: D_gal above zero, a scale of shear of zero or more")

    @cached_property
    def speed_kpc_Myr(self) -> FloatArray:
        """Of the protons, (n,)."""
        return speed_kpc_Myr(self.p_GeV)

    @cached_property
    def r_L_kpc(self) -> FloatArray:
        """Larmor radii, (n,)."""
        return streaming.larmor_radius_kpc(self.p_GeV, self.phase.B_uG)

    @cached_property
    def D_gal_kpc2_Myr(self) -> FloatArray:
        """D in the Galaxy, (n,)."""
        beta = self.speed_kpc_Myr / C_KPC_MYR
        return self.D_gal_cm2_s / KPC2_MYR_CM2_S * beta * self.p_GeV**self.slope

    @cached_property
    def F_gal(self) -> FloatArray:
        """F of the Galaxy, (n,), which makes that D."""
        return self.r_L_kpc * self.speed_kpc_Myr / (3.0 * self.D_gal_kpc2_Myr)

    @cached_property
    def _v_A_of_all_kpc_Myr(self) -> float:
        return float(streaming.alfven_speed_kpc_Myr(self.phase.B_uG, self.phase.density_cm3))

    @cached_property
    def v_A_kpc_Myr(self) -> FloatArray:
        """Speed of the waves, (n,): of the ions alone where neutrals cannot follow, else of all gas.

        The border is k v_A = nu/2 of the ions, below which waves of the ions alone do not propagate (Zweibel
        & Shull 1982). In the band between the two there is no wave; what is damped most there has the speed
        of all gas.
        """
        phase = self.phase
        ions = float(streaming.alfven_speed_kpc_Myr(phase.B_uG, phase.ions_cm3))
        nu = phase.collision_rate_s * MYR_S * float(self.ion_neutral)
        return np.where(ions / self.r_L_kpc >= 0.5 * nu, ions, self._v_A_of_all_kpc_Myr)

    @cached_property
    def v_s_kpc_Myr(self) -> float:
        """v_s of REV Eq. 6 at this temperature."""
        return float(landau_speed_kpc_Myr(self.phase.temperature_K))

    @cached_property
    def U_B_eV_cm3(self) -> float:
        """B^2/(4 pi), as REV."""
        return float(streaming.magnetic_energy_density_eV_cm3(self.phase.B_uG))

    @cached_property
    def pressure_eV_cm3(self) -> FloatArray:
        """Of one proton per cm^3: p v/3, (n,)."""
        return self.p_GeV * self.speed_kpc_Myr / C_KPC_MYR / 3.0 * GEV_ERG / EV_ERG

    @cached_property
    def linear_damping_Myr(self) -> FloatArray:
        """Rates that do not depend on F, (n,)."""
        phase, k = self.phase, 1.0 / self.r_L_kpc
        rate = np.zeros(k.size)
        if self.ion_neutral and phase.neutral_fraction > 0.0:
            ions = streaming.alfven_speed_kpc_Myr(phase.B_uG, phase.ions_cm3)
            rate += streaming.ion_neutral_damping_rate_Myr(
                k, ions, phase.neutrals_cm3, phase.ions_cm3, phase.collision_temperature_K
            )
        if self.shear_scale_kpc > 0.0:
            # (epsilon/(r_L v_A))^(1/2), with the epsilon of turbulence that moves all gas at its scale.
            slow = self._v_A_of_all_kpc_Myr
            shear = streaming.turbulent_damping_rate_Myr(k, slow, self.shear_scale_kpc)
            rate += shear * np.sqrt(slow / self.v_A_kpc_Myr)
        return rate

    def nonlinear_damping_Myr(self, F: FloatArray) -> FloatArray:
        """Rate that grows with F, (..., n)."""
        if self.nonlinear == "landau":
            return streaming.nonlinear_landau_damping_rate_Myr(1.0 / self.r_L_kpc, self.v_s_kpc_Myr, F)
        if self.nonlinear == "cascade":
            return cascade_damping_rate_Myr(1.0 / self.r_L_kpc, self.v_A_kpc_Myr, F)
        return np.zeros_like(F)

    def D_kpc2_Myr(self, F: FloatArray) -> FloatArray:
        """r_L v/(3 F) (REV Eq. 3), waves counting no more than the field itself, (..., n)."""
        return self.r_L_kpc * self.speed_kpc_Myr / (3.0 * np.minimum(F, 1.0))

    def after(self, F: FloatArray, gained: FloatArray, dt_Myr: float) -> FloatArray:
        """F one implicit step later, (..., n), where growth alone would add `gained`; always positive."""
        linear = 1.0 + dt_Myr * self.linear_damping_Myr
        total = np.maximum(F + gained, 0.0)
        if self.nonlinear == "landau":
            a = dt_Myr * self.v_s_kpc_Myr / self.r_L_kpc
            new = 2.0 * total / (linear + np.sqrt(linear**2 + 4.0 * a * total))
        elif self.nonlinear == "cascade":
            a = dt_Myr * self.nonlinear_damping_Myr(np.ones_like(self.p_GeV))
            root = np.sqrt(np.maximum(total, self.F_gal) / linear)
            for _ in range(_NEWTON):  # from above, where the cubic bends upwards
                root -= (a * root**3 + linear * root**2 - total) / (3.0 * a * root**2 + 2.0 * linear * root)
                root = np.maximum(root, 1e-12)
            new = root**2
        else:
            new = total / linear
        return np.maximum(new, self.F_gal)
