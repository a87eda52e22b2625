"""Absorption of gamma rays by pair production on the cosmic microwave background, or any black body.

Breit & Wheeler's cross section, averaged over isotropic photons (Gould & Schreder 1967, PR 155, 1404). Light
of stars and dust, which differs from place to place, is in `starlight`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import GEV_ERG, K_B_ERG_K, KPC_CM, FloatArray

CMB_TEMPERATURE_K = 2.7255
"""Temperature of the cosmic microwave background in K (Fixsen 2009, ApJ 707, 916)."""
ELECTRON_MASS_GEV = 0.51099895069e-3
"""Electron mass in GeV/c^2 (CODATA 2022)."""
HBAR_C_GEV_CM = 1.973269804593025e-14
"""Planck's constant over 2 pi times the speed of light in GeV cm (exact)."""
SIGMA_THOMSON_CM2 = 6.6524587051e-25
"""Thomson cross section in cm^2 (CODATA 2022)."""


def black_body_eV_cm3(temperature_K: float) -> float:
    """Energy density of black-body light, pi^2 (kT)^4/(15 (hbar c)^3)."""
    kT = K_B_ERG_K * temperature_K / GEV_ERG
    return float(np.pi**2 / 15.0 * kT**4 / HBAR_C_GEV_CM**3 * 1e9)


def cmb_absorption_per_kpc(energy_GeV: ArrayLike) -> FloatArray:
    """Inverse mean free path in 1/kpc of a gamma ray of energy `energy_GeV` in the CMB, 2.7255 K.

    Good to 1e-4 from 10 TeV to 1 EeV; it underflows to zero below. Same shape as `energy_GeV`.
    """
    return black_body_absorption_per_kpc(energy_GeV, CMB_TEMPERATURE_K)


def black_body_absorption_per_kpc(energy_GeV: ArrayLike, temperature_K: float) -> FloatArray:
    """Inverse mean free path in 1/kpc of a gamma ray of energy `energy_GeV` within a black body.

    kT/(8 pi^2 (hbar c)^3 E^2) integral s sigma(s) [-ln(1 - exp(-s/(4 E kT)))] ds over s > 4 m_e^2,
    the integral over its photons being done in closed form. With s = 4 m_e^2 cosh^2 u the velocity of the
    electrons in the centre of mass is tanh u. Same shape as `energy_GeV`.
    """
    E = np.asarray(energy_GeV, dtype=float)[..., None]
    kT = K_B_ERG_K * temperature_K / GEV_ERG
    m2 = ELECTRON_MASS_GEV**2
    # Up to where the number of photons has fallen by exp(-40) from threshold.
    u = np.arccosh(np.sqrt(1 + 40 * E * kT / m2)) * np.linspace(0, 1, 401)
    beta, s = np.tanh(u), 4 * m2 * np.cosh(u) ** 2
    sigma = 3 / 16 * SIGMA_THOMSON_CM2 / np.cosh(u) ** 2
    sigma *= (3 - beta**4) * 2 * u - 2 * beta * (2 - beta**2)
    photons = -np.log(-np.expm1(-s / (4 * E * kT)))
    integral = np.trapezoid(s * sigma * photons * 2 * s * beta, u, axis=-1)
    return KPC_CM * kT / (8 * np.pi**2 * HBAR_C_GEV_CM**3 * E[..., 0] ** 2) * integral
