"""Synchrotron emission of electrons and positrons that cool where they are made.

They lose energy by synchrotron radiation and by inverse Compton scattering on the cosmic microwave
background, in a time short against the time to be carried away (`cooling_time_Myr` lets one check).
Starlight, bremsstrahlung and ionisation are left out. Pitch angles are isotropic. The energies of electrons
are total energies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exprel, kve, spence

from ...fields.units import C_CM_S, E_ESU, GEV_ERG, K_B_ERG_K, MYR_S, UG_GAUSS, FloatArray
from .absorption import CMB_TEMPERATURE_K, ELECTRON_MASS_GEV, HBAR_C_GEV_CM, SIGMA_THOMSON_CM2

_CMB_KT_GEV = K_B_ERG_K * CMB_TEMPERATURE_K / GEV_ERG
CMB_ENERGY_DENSITY_GEV_CM3 = np.pi**2 / 15 * _CMB_KT_GEV**4 / HBAR_C_GEV_CM**3
"""Energy density of the cosmic microwave background, a T^4, in GeV cm^-3."""

# Frequencies in units of the critical frequency:
_MAX_X = 700.0  # beyond this exp(-x) underflows
_MIN_X = 8.0  # electrons that see a higher one add less than 0.2% to the light, for q ~ E^-3 or harder


def magnetic_energy_density_GeV_cm3(B_uG: ArrayLike) -> FloatArray:
    """Energy density B^2/(8 pi) in GeV cm^-3 of a field `B_uG`."""
    return (np.asarray(B_uG, dtype=float) * UG_GAUSS) ** 2 / (8 * np.pi * GEV_ERG)


def _klein_nishina_reduction(b: FloatArray) -> FloatArray:
    """Loss over its Thomson value on isotropic photons of energy e, with b = 4 gamma e/(m c^2).

    Jones (1968, PR 167, 1159) integrated over the scattered photon, in the form of Moderski et al. (2005,
    MNRAS 363, 954), where it is f_KN.
    """
    # Below 0.01 the closed form loses its digits; its power series is good to 1e-7 there.
    series = 1 - b * (63 / 40 - b * (441 / 200 - b * 101 / 35))
    b = np.maximum(b, 0.01)
    g = (b / 2 + 6 + 6 / b) * np.log1p(b) - 2 + 2 * spence(1 + b)
    g -= (11 / 12 * b**3 + 6 * b**2 + 9 * b + 4) / (1 + b) ** 2
    return np.where(b > 0.01, 9 * g / b**3, series)


def cmb_klein_nishina_reduction(energy_GeV: ArrayLike) -> FloatArray:
    """Inverse-Compton energy loss on the cosmic microwave background over its Thomson value.

    The exact loss for the full Klein-Nishina cross section and gamma >> 1 (`_klein_nishina_reduction`),
    averaged over the energy density of a black body. 1 in the Thomson limit, 0.98 at 1 TeV, 0.33 at 100 TeV,
    0.0016 at 10 PeV. Same shape as `energy_GeV`.
    """
    gamma = np.asarray(energy_GeV, dtype=float)[..., None] / ELECTRON_MASS_GEV
    photon = np.exp(np.linspace(-12, 5, 120))  # e/kT; trapezoids in ln e
    weight = photon**4 / np.expm1(photon)
    reduction = _klein_nishina_reduction(4 * gamma * photon * _CMB_KT_GEV / ELECTRON_MASS_GEV)
    return reduction @ weight / weight.sum()


def energy_loss_rate_GeV_s(energy_GeV: ArrayLike, B_uG: ArrayLike) -> FloatArray:
    """Energy loss rate -dE/dt in GeV/s by synchrotron radiation and inverse Compton scattering on the CMB.

    (4/3) sigma_T c gamma^2 beta^2 (U_B + F U_CMB) (Blumenthal & Gould 1970, RMP 42, 237), with F from
    `cmb_klein_nishina_reduction`. Arguments broadcast.
    """
    E = np.asarray(energy_GeV, dtype=float)
    momentum_squared = (E / ELECTRON_MASS_GEV) ** 2 - 1
    energy_density = magnetic_energy_density_GeV_cm3(B_uG)
    energy_density = energy_density + CMB_ENERGY_DENSITY_GEV_CM3 * cmb_klein_nishina_reduction(E)
    return 4 / 3 * SIGMA_THOMSON_CM2 * C_CM_S * momentum_squared * energy_density


def cooling_time_Myr(energy_GeV: ArrayLike, B_uG: ArrayLike) -> FloatArray:
    """Cooling time E/(-dE/dt) in Myr, from `energy_loss_rate_GeV_s`. Arguments broadcast."""
    E = np.asarray(energy_GeV, dtype=float)
    return E / (energy_loss_rate_GeV_s(E, B_uG) * MYR_S)


def _integral_above(energy_GeV: FloatArray, source: FloatArray) -> FloatArray:
    """Integral of `source` from each energy to the last; a power law in each interval, so exact for those."""
    f = energy_GeV * source
    left, right = f[..., :-1], f[..., 1:]
    positive = (left > 0) & (right > 0)
    log_ratio = np.log(np.where(positive, right, 1.0) / np.where(positive, left, 1.0))
    mean = np.where(positive, left * exprel(log_ratio), (left + right) / 2)
    parts = mean * np.diff(np.log(energy_GeV))
    above = np.zeros_like(f)
    above[..., :-1] = np.cumsum(parts[..., ::-1], axis=-1)[..., ::-1]
    return above


def cooled_electron_density(energy_GeV: ArrayLike, source: ArrayLike, B_uG: ArrayLike) -> FloatArray:
    """Steady density dN/dE of electrons that cool where they are made, in GeV^-1 cm^-3.

    N(E) = 1/b(E) integral q(E') dE' over E' > E, with b from `energy_loss_rate_GeV_s`. Losses are taken as
    continuous.

    Parameters
    ----------
    energy_GeV : array_like, shape (n_energy,)
        Increasing total energies, up to where the source has died out.
    source : array_like, shape (..., n_energy)
        Electrons and positrons made, q in GeV^-1 cm^-3 s^-1.
    B_uG : array_like, shape (...)
        Magnetic field.

    Returns
    -------
    ndarray, shape (..., n_energy)
    """
    E = np.asarray(energy_GeV, dtype=float)
    injected = _integral_above(E, np.asarray(source, dtype=float))
    return injected / energy_loss_rate_GeV_s(E, np.asarray(B_uG, dtype=float)[..., None])


def _critical_frequency_Hz(energy_GeV: FloatArray, B_uG: FloatArray) -> FloatArray:
    """Critical frequency 3 gamma^2 e B/(4 pi m c) of an electron at a pitch angle of 90 degrees."""
    gyration = E_ESU * C_CM_S * B_uG * UG_GAUSS / (2 * np.pi * ELECTRON_MASS_GEV * GEV_ERG)
    return 1.5 * (energy_GeV / ELECTRON_MASS_GEV) ** 2 * gyration


def synchrotron_power_erg_s_Hz(frequency_Hz: ArrayLike, energy_GeV: ArrayLike, B_uG: ArrayLike) -> FloatArray:
    """Synchrotron power per unit frequency of one electron, the mean over isotropic pitch angles.

    (3 sqrt(3)/pi) sigma_T c U_B/nu_B t^2 {K_4/3 K_1/3 - (3/5) t [K_4/3^2 - K_1/3^2]}, modified Bessel
    functions of t = nu/(3 gamma^2 nu_B), with nu_B the gyrofrequency (Crusius & Schlickeiser 1986, A&A 164,
    L16; Ghisellini, Guilbert & Svensson 1988, ApJ 334, L5). For gamma >> 1. Arguments broadcast.

    Returns
    -------
    ndarray
        In erg s^-1 Hz^-1, into all directions.
    """
    nu, B = np.asarray(frequency_Hz, dtype=float), np.asarray(B_uG, dtype=float)
    nu_c = _critical_frequency_Hz(np.asarray(energy_GeV, dtype=float), B)
    t = nu / np.maximum(nu_c, nu / _MAX_X) / 2
    K43, K13 = kve(4 / 3, t), kve(1 / 3, t)
    kernel = t**2 * (K43 * K13 - 0.6 * t * (K43**2 - K13**2)) * np.exp(-2 * t)
    # sigma_T c U_B/nu_B is (2 pi/3) e^3 B/(m c^2).
    return 2 * np.sqrt(3) * E_ESU**3 * B * UG_GAUSS / (ELECTRON_MASS_GEV * GEV_ERG) * kernel


def synchrotron_emissivity(
    frequency_Hz: ArrayLike, energy_GeV: ArrayLike, source: ArrayLike, B_uG: ArrayLike
) -> FloatArray:
    """Synchrotron power per volume and frequency of electrons that cool where they are made.

    `synchrotron_power_erg_s_Hz` of `cooled_electron_density`.

    Parameters
    ----------
    frequency_Hz : array_like, shape (n_frequency,)
        Frequencies.
    energy_GeV : array_like, shape (n_energy,)
        Increasing total energies, 10 a decade or more, from well below those that radiate at the lowest
        frequency up to where the source has died out.
    source : array_like, shape (..., n_energy)
        Electrons and positrons made, q in GeV^-1 cm^-3 s^-1.
    B_uG : array_like, shape (...)
        Magnetic field.

    Returns
    -------
    ndarray, shape (..., n_frequency)
        In erg s^-1 cm^-3 Hz^-1, into all directions (4 pi times that per steradian).

    Raises
    ------
    ValueError
        If electrons below the lowest energy would radiate at the lowest frequency in the strongest field.
    """
    nu, E = np.atleast_1d(np.asarray(frequency_Hz, dtype=float)), np.asarray(energy_GeV, dtype=float)
    B = np.asarray(B_uG, dtype=float)
    if np.max(_critical_frequency_Hz(E[0], B)) * _MIN_X > nu.min():
        raise ValueError(
            f"the electrons begin at {E[0]:g} GeV, too high for {nu.min():g} Hz in {B.max():g} uG"
        )
    width = np.gradient(np.log(E))
    width[[0, -1]] /= 2
    electrons = cooled_electron_density(E, source, B) * E * width
    power = [np.sum(electrons * synchrotron_power_erg_s_Hz(f, E, B[..., None]), axis=-1) for f in nu]
    return np.stack(power, axis=-1)
