"""Gas that cosmic rays cross (disc, ionised halo, circumgalactic medium), and the energy they lose in it.

Densities are hydrogen nuclei per cm^3 in the disc and the halo, rho/m_p around the galaxy (PRL). R and z in
kpc.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .surface import distance_from_disc_kpc
from .units import C_KPC_MYR, KPC_CM, M_P_G, M_P_GEV, MBARN_CM2, FloatArray, momentum_GeV

OMEGA_B_RHO_CR_G_CM3 = 0.022 * 1.88e-29
"""Mean baryon density of the Universe in g/cm^3, from Omega_b h^2 = 0.022 and rho_cr = 1.88e-29 h^2 (PRL)."""

HELIUM_PER_HYDROGEN = 0.096
"""Nuclei of helium for each of hydrogen in the gas (a mass fraction of 0.28)."""
MASS_PER_HYDROGEN = 1.0 + 4.0 * HELIUM_PER_HYDROGEN
"""Mass of the gas for each nucleus of hydrogen, in proton masses."""

DISC_DENSITY_CM3 = 1.0
DISC_HEIGHT_KPC = 0.1
HALO_DENSITY_CM3 = 1e-2
HALO_DENSITY_FAR_CM3 = 1e-3
HALO_HEIGHT_KPC = 2.0


def disc_density_cm3(R_kpc: ArrayLike, z_kpc: ArrayLike, R_d_kpc: float) -> FloatArray:
    """Density of the gas disc, 1 cm^-3 exp(-|z|/100 pc) for R < R_d and nothing beyond.

    At R_d itself it is half of that.
    """
    profile = DISC_DENSITY_CM3 * np.exp(-np.abs(np.asarray(z_kpc, dtype=float)) / DISC_HEIGHT_KPC)
    return profile * np.heaviside(R_d_kpc - np.asarray(R_kpc, dtype=float), 0.5)


def halo_density_cm3(R_kpc: ArrayLike, z_kpc: ArrayLike, R_d_kpc: float) -> FloatArray:
    """Density of the ionised halo, falling from 1e-2 to 1e-3 cm^-3 with distance from the disc.

    The ends are the range that REV names for ionised gas. The scale of 2 kpc is that of the warm ionised
    layer (1.8 kpc, Gaensler et al. 2008); the floor is the hot gas that remains above it.
    """
    fall = np.exp(-distance_from_disc_kpc(R_kpc, z_kpc, R_d_kpc) / HALO_HEIGHT_KPC)
    return HALO_DENSITY_FAR_CM3 + (HALO_DENSITY_CM3 - HALO_DENSITY_FAR_CM3) * fall


def cgm_density_cm3(delta_G: ArrayLike) -> FloatArray:
    """Density delta_G Omega_b rho_cr/m_p of the circumgalactic medium (PRL): 2.5e-7 cm^-3 delta_G."""
    return np.asarray(delta_G, dtype=float) * OMEGA_B_RHO_CR_G_CM3 / M_P_G


def beta_profile(r_kpc: ArrayLike, core_kpc: float, beta: float) -> FloatArray:
    """Gas density over that at the centre, (1 + (r/r_c)^2)^(-3 beta/2) (Cavaliere & Fusco-Femiano 1976)."""
    return (1.0 + (np.asarray(r_kpc, dtype=float) / core_kpc) ** 2) ** (-1.5 * beta)


def beta_profile_slope(r_kpc: ArrayLike, core_kpc: float, beta: float) -> FloatArray:
    """d ln n/d ln r of `beta_profile`."""
    x_squared = (np.asarray(r_kpc, dtype=float) / core_kpc) ** 2
    return -3.0 * beta * x_squared / (1.0 + x_squared)


def grammage_per_length_g_cm2_kpc(density_cm3: ArrayLike) -> FloatArray:
    """Grammage n m_p per length of path, in g cm^-2 kpc^-1."""
    return np.asarray(density_cm3, dtype=float) * M_P_G * KPC_CM


_PION_MASS_GEV = 0.1349768  # neutral pion
PP_THRESHOLD_GEV = 2 * _PION_MASS_GEV + _PION_MASS_GEV**2 / (2 * M_P_GEV)
"""Kinetic energy in GeV above which a proton makes pions on a proton at rest."""


def inelastic_cross_section_mb(E_GeV: ArrayLike) -> FloatArray:
    """Inelastic proton-proton cross section in mb (Kafexhiu et al. 2014, PRD 90, 123014, Eq. 1).

    `E_GeV` is the total energy of the proton; the cross section is zero below the pion threshold.
    """
    x = np.maximum((np.asarray(E_GeV, dtype=float) - M_P_GEV) / PP_THRESHOLD_GEV, 1.0)
    log_x = np.log(x)
    return (30.7 - 0.96 * log_x + 0.18 * log_x**2) * (1 - x**-1.9) ** 3


def inelasticity(E_GeV: ArrayLike) -> FloatArray:
    """Mean fraction K of its total energy that a proton loses in an inelastic collision.

    Half of its kinetic energy (K_p = 1/2 of Ensslin et al. 2007, A&A 473, 41; Mannheim & Schlickeiser 1994,
    A&A 286, 983), from the threshold of pions up: 0.45 at 10 GeV, of which pions take 0.27 and the nucleon
    that is struck the rest. Pions alone, as in Krakau & Schlickeiser (2015), are `maps.light_fraction`; above
    10 PeV they would take more than this.
    """
    E = np.asarray(E_GeV, dtype=float)
    return np.asarray(0.5 * (E - M_P_GEV) / E)


def pp_energy_loss_rate_GeV_Myr(E_GeV: ArrayLike, inelasticity: ArrayLike) -> FloatArray:
    """Energy loss by pp collisions in gas of 1 cm^-3, K sigma_inel beta c E, in GeV/Myr per cm^-3.

    dE/dt = -n times this. `inelasticity` K is the mean fraction of the energy lost per collision.
    """
    E = np.asarray(E_GeV, dtype=float)
    speed = C_KPC_MYR * momentum_GeV(E) / E
    return np.asarray(inelasticity) * inelastic_cross_section_mb(E) * MBARN_CM2 * KPC_CM * speed * E
