"""Protons and boron over carbon as measured at the Earth, from densities and grammage at the Sun."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import KPC_MYR_CM_S, M_P_G, M_P_GEV, MBARN_CM2, FloatArray, momentum_GeV, speed_kpc_Myr

MODULATION_GV = 0.5
"""Force-field potential of the Sun, a mean over AMS-02's years (Gleeson & Axford 1968 for the method)."""

# Production of boron on hydrogen by its parents with all isotopes and short-lived ones, above some GeV per
# nucleon where it is flat, in mb: rounded from the channels of Genolini et al. 2018 (PRC 98, 034611), good to
# 10-20%.
BORON_FROM = {"C": 72.0, "N": 49.0, "O": 38.0}
# Fluxes of the parents over that of carbon at the same rigidity (AMS-02, Phys. Rep. 894, 1).
PARENT_OVER_CARBON = {"C": 1.0, "N": 0.28, "O": 1.05}
BORON_MASS = 10.7


def proton_flux_m2_s_sr_GV(
    energy_GeV: ArrayLike, density_per_GeV_cm3: ArrayLike, modulation_GV: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Flux per rigidity inside the heliosphere, from the density outside it.

    Parameters
    ----------
    energy_GeV : array_like, shape (n,)
        Total energies outside.
    density_per_GeV_cm3 : array_like, shape (..., n)
        dn/dE of protons.
    modulation_GV : float
        Potential of the force field; 0 leaves the flux as it is outside.

    Returns
    -------
    (ndarray, ndarray)
        Rigidity inside [GV], shape (n,), and flux, m^-2 s^-1 sr^-1 GV^-1; energies that do not come through
        are NaN.
    """
    outside = np.asarray(energy_GeV, float)
    inside = outside - modulation_GV
    arrives = inside > M_P_GEV * (1 + 1e-9)
    p_out, p_in = momentum_GeV(outside), momentum_GeV(np.where(arrives, inside, 2.0 * M_P_GEV))
    speed_cm_s = speed_kpc_Myr(p_out) * KPC_MYR_CM_S
    per_energy = np.asarray(density_per_GeV_cm3) * speed_cm_s / (4.0 * np.pi) * 1e4
    # J/p^2 is conserved (Liouville); dE/dR is beta.
    flux = per_energy * (p_in / p_out) ** 2 * p_in / np.where(arrives, inside, 1.0)
    return np.where(arrives, p_in, np.nan), np.where(arrives, flux, np.nan)


def inelastic_cross_section_mb(mass_number: float) -> float:
    """On hydrogen above 2 GeV per nucleon, 45 A^0.7 [1 + 0.016 sin(5.3 - 2.63 ln A)] (Letaw et al. 1983)."""
    return float(45.0 * mass_number**0.7 * (1.0 + 0.016 * np.sin(5.3 - 2.63 * np.log(mass_number))))


def boron_over_carbon(grammage_g_cm2: ArrayLike) -> FloatArray:
    """B/C of nuclei that crossed a mean grammage of hydrogen, the paths exponentially distributed.

    The weighted slab: boron made per gram by C, N and O with the fluxes that they have here, and destroyed.
    That distribution is exact for a thin disc of gas in a diffusive halo.
    """
    X = np.asarray(grammage_g_cm2, float) * MBARN_CM2 / M_P_G
    return np.asarray(X * _made_mb() / (1.0 + X * inelastic_cross_section_mb(BORON_MASS)))


def grammage_of(boron_over_carbon: ArrayLike) -> FloatArray:
    """The mean grammage [g cm^-2] that makes a B/C, as `boron_over_carbon` has it."""
    ratio = np.asarray(boron_over_carbon, float)
    lost = ratio * inelastic_cross_section_mb(BORON_MASS)
    return np.asarray(ratio / (_made_mb() - lost) * M_P_G / MBARN_CM2)


def _made_mb() -> float:
    """Boron made per nucleus of hydrogen and of carbon."""
    return sum(PARENT_OVER_CARBON[parent] * BORON_FROM[parent] for parent in BORON_FROM)


def local_slope(rigidity_GV: ArrayLike, flux: ArrayLike, low_GV: float, high_GV: float) -> float:
    """Slope d ln J/d ln R by a straight line through the points between two rigidities."""
    R, J = np.asarray(rigidity_GV, float), np.asarray(flux, float)
    use = (R >= low_GV) & (R <= high_GV) & np.isfinite(J) & (J > 0)
    if use.sum() < 2:
        return float("nan")
    return float(np.polyfit(np.log(R[use]), np.log(J[use]), 1)[0])
