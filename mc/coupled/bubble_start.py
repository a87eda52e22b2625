"""What an expanding bubble starts from: the gas at rest, and the momenta of what is injected."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...fields.units import (
    K_B_ERG_K,
    KPC_CM,
    KPC_MYR_CM_S,
    M_P_G,
    MYR_S,
    FloatArray,
    momentum_GeV,
    total_energy_GeV,
)
from ..spectrum import Spectrum

ZONES, GROUPS, GROUPS_BELOW = 400, 48, 8
CIRCULAR_KM_S = 220.0
COLD_K = 1e4
"""Uniform gas that no gravity holds hardly moves by itself at this temperature."""
_ABOVE_E_MAX = 10.0
_NODES_IN_GROUP = 8


class Gas(NamedTuple):
    """Gas as it is at first, in spheres or planes.

    Attributes
    ----------
    r_kpc : ndarray, shape (zones + 1,)
        Faces; the first is where the wall is.
    density_cm3, pressure : ndarray, shape (zones,)
        rho/m_p, and the pressure in m_p (kpc/Myr)^2 cm^-3.
    gamma : float
        Adiabatic index; 1: isothermal.
    v_c_kpc_Myr : float
        Circular speed of the flat potential; 0: no gravity.
    dimensions : int
        3, or 1 for planes.
    """

    r_kpc: FloatArray
    density_cm3: FloatArray
    pressure: FloatArray
    gamma: float = 5.0 / 3.0
    v_c_kpc_Myr: float = 0.0
    dimensions: int = 3


class Groups(NamedTuple):
    """Cosmic rays by momentum, and how many are injected.

    Attributes
    ----------
    p_edges_GeV : ndarray, shape (groups + 1,)
        Evenly spaced in ln p.
    injected_s : ndarray, shape (groups,)
        Protons per second.
    """

    p_edges_GeV: FloatArray
    injected_s: FloatArray

    @property
    def energy_edges_GeV(self) -> FloatArray:
        """The same edges in total energy."""
        return total_energy_GeV(self.p_edges_GeV)

    @property
    def p_GeV(self) -> FloatArray:
        """Geometric centres."""
        return np.sqrt(self.p_edges_GeV[1:] * self.p_edges_GeV[:-1])

    def means(self) -> tuple[FloatArray, FloatArray]:
        """Energy, and p v/3, of the mean proton of each group, of a density ~ p^-2 [GeV]."""
        x, w = np.polynomial.legendre.leggauss(_NODES_IN_GROUP)
        half = 0.5 * np.diff(np.log(self.p_edges_GeV))
        p = self.p_GeV[:, None] * np.exp(half[:, None] * x)
        w = w / p
        E = total_energy_GeV(p)
        return tuple((each * w).sum(axis=1) / w.sum(axis=1) for each in (E, p**2 / E / 3.0))  # type: ignore


def self_similar_front_kpc(L_erg_s: float, density_cm3: float, age_Myr: float) -> float:
    """Radius of a thin shell in uniform gas, from d(M u)/dt = 4 pi R^2 P and dE/dt = L - P dV/dt, E = 3 P V.

    (25/(44.8 pi))^(1/5) (L t^3/rho)^(1/5) = 0.708 (L t^3/rho)^(1/5): nothing diffuses, gas radiates.
    """
    scale = L_erg_s * (age_Myr * MYR_S) ** 3 / (density_cm3 * M_P_G)
    return float((25.0 / (44.8 * np.pi) * scale) ** 0.2 / KPC_CM)


def groups_of(spectrum: Spectrum, count: int = GROUPS, below: int = GROUPS_BELOW) -> Groups:
    """Groups from `below` widths under E_min, for protons that the bubble cools, to ten times E_max."""
    low, high = momentum_GeV(spectrum.E_min_GeV), momentum_GeV(_ABOVE_E_MAX * spectrum.E_max_GeV)
    width = np.log(high / low) / (count - below)
    p = low * np.exp(width * np.arange(-below, count - below + 1))
    rates = np.zeros(count)
    rates[below:] = spectrum.group_rates_s(total_energy_GeV(p[below:]))
    return Groups(p, rates)


def faces_kpc(inner_kpc: float, outer_kpc: float, count: int = ZONES) -> FloatArray:
    """Faces of zones that grow with the radius."""
    return np.geomspace(inner_kpc, outer_kpc, count + 1)


def sound_speed_squared(T_K: float) -> float:
    """P/rho of ionised hydrogen, 2 k T/m_p, in (kpc/Myr)^2."""
    return 2.0 * K_B_ERG_K * T_K / M_P_G / KPC_MYR_CM_S**2


def uniform_gas(r_kpc: FloatArray, density_cm3: float, T_K: float, gamma: float = 1.0) -> Gas:
    """Gas at rest that no gravity holds: at 1e4 K no balance exists in a galaxy."""
    density = np.full(r_kpc.size - 1, density_cm3)
    return Gas(r_kpc, density, density * sound_speed_squared(T_K), gamma)


def hydrostatic_gas(
    r_kpc: FloatArray, density_cm3: float, at_kpc: float, T_K: float, v_c_km_s: float = CIRCULAR_KM_S
) -> Gas:
    """Gas of one temperature in balance in a flat potential, rho ~ r^-(m_p v_c^2/2kT): r^-2.9 at 1e6 K.

    The pressures are those that hold the zones exactly; they are at the temperature to the square of the
    width of a zone.
    """
    v_c, sound = v_c_km_s * 1e5 / KPC_MYR_CM_S, sound_speed_squared(T_K)
    slope = v_c**2 / sound
    exponent = 3.0 - slope
    volumes, edges = np.diff(r_kpc**3) / 3.0, r_kpc / at_kpc
    # Mean of (r/at)^-slope over each zone.
    within = np.diff(np.log(edges)) if abs(exponent) < 1e-9 else np.diff(edges**exponent) / exponent
    density = density_cm3 * at_kpc**3 * within / volumes
    mass = density * volumes * 4.0 * np.pi
    weight = 0.5 * (mass[1:] + mass[:-1]) * v_c**2 / r_kpc[1:-1] / (4.0 * np.pi * r_kpc[1:-1] ** 2)
    pressure = np.append(np.cumsum(weight[::-1])[::-1], 0.0) + density[-1] * sound
    return Gas(r_kpc, density, pressure, v_c_kpc_Myr=v_c)
