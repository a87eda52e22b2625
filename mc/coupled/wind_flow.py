"""Equations of a steady wind of gas and cosmic rays in a flux tube, with waves that are damped at once.

    rho u A and B A constant,                         u u' = -(P_g' + P_c')/rho - g,
    P_g' = gamma_g P_g rho'/rho - (gamma_g - 1) (v_A/u) P_c',
    P_c'/P_c = Gamma rho'/rho + G,                    Gamma = gamma_c (2u + v_A)/(2(u + v_A)),

so that (u^2 - c*^2) u'/u = c*^2 A'/A - g - G (P_c/rho) l with

    c*^2 = gamma_g P_g/rho + Gamma (P_c/rho) l,       l = 1 - (gamma_g - 1) v_A/u

(Breitschwerdt, McKenzie & Voelk 1991, A&A 245, 79; Zirakashvili et al. 1996; Recchia, Blasi & Morlino 2016,
MNRAS 462, 4227). Gas takes up all that cosmic rays do on waves, -v_A P_c'. G is zero for a fluid that does
not diffuse; where protons do, and where their gamma_c is another, it is what they say (`wind_loop`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from ...fields.disc.gravity import GalacticPotential
from ...fields.exceptions import UserError
from ...fields.units import K_B_ERG_K, KPC_MYR_CM_S, M_P_G, FloatArray
from ...fields.waves.streaming import alfven_speed_kpc_Myr

PRESSURE_ERG_CM3 = M_P_G * KPC_MYR_CM_S**2
"""The unit of pressure here, m_p (kpc/Myr)^2 cm^-3, in erg cm^-3."""
ENERGY_FLUX_ERG_CM2_S = M_P_G * KPC_MYR_CM_S**3
"""The unit of energy flux, in erg cm^-2 s^-1."""
_LOWEST_KPC = 1e-3
_KELVIN = 2.0 * K_B_ERG_K / (M_P_G * KPC_MYR_CM_S**2)


def square_speed(temperature_K: float) -> float:
    """P_g/rho = 2kT/m_p of ionised hydrogen, in (kpc/Myr)^2."""
    return _KELVIN * temperature_K


def temperature_K(square_kpc2_Myr2: FloatArray) -> FloatArray:
    """T of ionised hydrogen with that P_g/rho."""
    return np.asarray(square_kpc2_Myr2, float) / _KELVIN


class EvenSpline:
    """A cubic spline through values at even steps of ln z, for one number at a time, at which it is fast."""

    def __init__(self, ln_z: FloatArray, values: FloatArray) -> None:
        self.first, self.step, self.last = float(ln_z[0]), float(ln_z[1] - ln_z[0]), ln_z.size - 2
        self.powers = [tuple(row) for row in CubicSpline(ln_z, values).c.T.tolist()]

    def __call__(self, z: float) -> float:
        x = math.log(z) - self.first
        at = min(max(int(x / self.step), 0), self.last)
        x -= at * self.step
        a, b, c, d = self.powers[at]
        return float(((a * x + b) * x + c) * x + d)


class WindTube(NamedTuple):
    """A flux tube and the gravity along it, by functions of z [kpc].

    Attributes
    ----------
    ln_area, opening : callable
        ln A, and d ln A/dz [1/kpc].
    gravity, potential : callable
        g towards the base [kpc/Myr^2], and Phi [(kpc/Myr)^2].
    end_kpc : float
        How far the wind is followed.
    """

    ln_area: Callable[[float], float]
    opening: Callable[[float], float]
    gravity: Callable[[float], float]
    potential: Callable[[float], float]
    end_kpc: float


def galactic_tube(R_kpc: float, opening_kpc: float, end_kpc: float) -> WindTube:
    """A = 1 + (z/opening)^2 at one R of the Galaxy's potential, as in Breitschwerdt et al. (1991)."""
    galaxy = GalacticPotential()
    x = np.linspace(math.log(_LOWEST_KPC), math.log(2.0 * end_kpc), 2000)
    pull = EvenSpline(x, galaxy.vertical_gravity_kpc_Myr2(R_kpc, np.exp(x)))
    return WindTube(
        lambda z: np.log1p((z / opening_kpc) ** 2),  # of arrays as well
        lambda z: 2.0 * z / (opening_kpc**2 + z * z),
        pull,
        lambda z: galaxy.potential_kpc2_Myr2(R_kpc, z),  # type: ignore[arg-type,return-value]
        end_kpc,
    )


@dataclass(frozen=True)
class WindBase:
    """What a wind starts from.

    Attributes
    ----------
    z_kpc : float
        Height.
    density_cm3, temperature_K, B_uG : float
        rho/m_p of fully ionised hydrogen, its temperature, the field along the tube.
    cosmic_ray_flux : float
        Energy flux of cosmic rays there, gamma_c/(gamma_c - 1) (u + v_A) P_c, in erg cm^-2 s^-1.
    gamma_g, gamma_c : float
        Adiabatic indices.
    """

    z_kpc: float
    density_cm3: float
    temperature_K: float
    B_uG: float
    cosmic_ray_flux: float
    gamma_g: float = 5.0 / 3.0
    gamma_c: float = 4.0 / 3.0

    def __post_init__(self) -> None:
        values = (self.z_kpc, self.density_cm3, self.temperature_K, self.B_uG, self.cosmic_ray_flux)
        if not all(math.isfinite(value) and value > 0.0 for value in values):
            raise UserError(
                "base of a wind: allowed: height, density, temperature, field and flux above zero"
            )
        if not (1.0 <= self.gamma_g <= 2.0 and 1.0 < self.gamma_c <= 2.0):
            raise UserError("adiabatic indices of a wind: allowed: 1 to 2, gamma_c above 1")

    @cached_property
    def v_A_kpc_Myr(self) -> float:
        """Alfven speed at the base."""
        return float(alfven_speed_kpc_Myr(self.B_uG, self.density_cm3))

    def cosmic_ray_pressure(self, u_kpc_Myr: float) -> float:
        """P_c at the base, if that is the speed there, in m_p (kpc/Myr)^2 cm^-3."""
        share = (self.gamma_c - 1.0) / self.gamma_c / ENERGY_FLUX_ERG_CM2_S
        return share * self.cosmic_ray_flux / (u_kpc_Myr + self.v_A_kpc_Myr)


class Closure(NamedTuple):
    """What protons do that a fluid does not: z G by z (none: nothing), and their P_c over its at the base."""

    extra: EvenSpline | None = None
    base_share: float = 1.0


class State(NamedTuple):
    """The wind at a height: speeds in kpc/Myr, P_g/rho and P_c/rho in (kpc/Myr)^2."""

    u: float
    v_A: float
    gas: float
    cosmic: float
    gamma: float
    """Gamma."""
    extra: float
    """G in 1/kpc."""

    def lift(self, gamma_g: float) -> float:
        """Share of the force of cosmic rays that lifts; the rest goes as heat of the gas."""
        return 1.0 - (gamma_g - 1.0) * self.v_A / self.u

    def square_c(self, gamma_g: float) -> float:
        """c*^2."""
        return gamma_g * self.gas + self.gamma * self.cosmic * self.lift(gamma_g)


@dataclass(frozen=True)
class WindEquations:
    """The equations for y = (ln u, ln P_g, ln P_c), over rho u A of `mass_flux` [cm^-3 kpc/Myr at A = 1].

    Attributes
    ----------
    base : WindBase
        Field, adiabatic indices.
    tube : WindTube
        Cross-section and gravity.
    closure : Closure
        How cosmic rays follow.
    mass_flux : float
        n u A.
    """

    base: WindBase
    tube: WindTube
    closure: Closure
    mass_flux: float

    def density_cm3(self, z: float, ln_u: float) -> float:
        """From the mass flux."""
        return self.mass_flux / math.exp(ln_u + float(self.tube.ln_area(z)))

    def state(self, z: float, y: FloatArray) -> State:
        """Speeds and pressures."""
        ln_area, base = float(self.tube.ln_area(z)), self.base
        u = math.exp(y[0])
        n = self.mass_flux / (u * math.exp(ln_area))
        there = base.B_uG * math.exp(float(self.tube.ln_area(base.z_kpc)) - ln_area)
        v_A = base.v_A_kpc_Myr * there / base.B_uG * math.sqrt(base.density_cm3 / n)
        gamma = base.gamma_c * (2.0 * u + v_A) / (2.0 * (u + v_A))
        extra = 0.0 if self.closure.extra is None else self.closure.extra(z) / z
        return State(u, v_A, math.exp(y[1]) / n, math.exp(y[2]) / n, gamma, extra)

    def sides(self, z: float, y: FloatArray) -> tuple[float, float, State]:
        """c*^2 A'/A - g - G (P_c/rho) l, u^2 - c*^2, and the state that they are of."""
        state, index = self.state(z, y), self.base.gamma_g
        square = state.square_c(index)
        pulled = float(self.tube.gravity(z)) + state.extra * state.cosmic * state.lift(index)
        return square * float(self.tube.opening(z)) - pulled, state.u**2 - square, state

    def slopes(self, z: float, state: State, steepness: float) -> list[float]:
        """dy/dz where d ln u/dz is `steepness`."""
        ln_rho = -steepness - float(self.tube.opening(z))
        ln_P_c = state.gamma * ln_rho + state.extra
        index = self.base.gamma_g
        heating = (index - 1.0) * state.v_A / state.u * state.cosmic / state.gas * ln_P_c
        return [steepness, index * ln_rho - heating, ln_P_c]

    def __call__(self, z: float, y: FloatArray) -> list[float]:
        numerator, denominator, state = self.sides(z, y)
        return self.slopes(z, state, numerator / denominator)
