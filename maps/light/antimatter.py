"""Antiprotons and positrons that protons and helium make on the gas, and what ends them.

Yields are the tables of AAfrag (QGSJET-II-04m, see `secondaries`), which begin at a total energy of 4 GeV
of a proton, 5 GeV of a nucleus of helium: positrons below some 0.3 GeV are too few. They take the total
energy of the whole projectile, also of helium. Antineutrons decay into antiprotons of their energy and are
counted with them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...fields.gas_density import HELIUM_PER_HYDROGEN
from ...fields.units import C_CM_S, M_P_GEV, MBARN_CM2, MYR_S, FloatArray
from ...mc.diffusion.nuclei import Nucleus
from ...mc.diffusion.species import Species
from .absorption import ELECTRON_MASS_GEV, SIGMA_THOMSON_CM2
from .nuclei import inelastic_cross_section_mb
from .secondaries import _aafragpy

GEV_PER_EV = 1e-9

ANTIPROTON = Species("pbar", 1, M_P_GEV)
POSITRON = Species("e+", 1, ELECTRON_MASS_GEV)
PROTON = Species("H", 1, M_P_GEV)
HELIUM = Nucleus.of("He", 2, 4)
CHANNELS = {"pbar": ("ap", "an"), "e+": ("posi",)}
"""Channels of AAfrag that a product is made of."""

# Points of a bin of the product, and of one of the projectile with fluxes as R^-2.7.
_PRODUCT_POINTS, _PROJECTILE_POINTS, _SLOPE = 9, 4, 2.7


def made_per_projectile_cm3_Myr(
    product: Species,
    projectile: Species,
    rigidity_edges_GV: ArrayLike,
    product_edges_GV: ArrayLike,
    helium: float = HELIUM_PER_HYDROGEN,
) -> FloatArray:
    """Products per Myr in each bin, for each projectile in each bin and hydrogen atom per cm^3.

    `rates @ n * n_H * volume` of projectiles n per kpc^3 (bins, cells), hydrogen per cm^3 and kpc^3 is what
    `mc.diffusion.species.steady_spectrum` takes as sources.

    Parameters
    ----------
    product : Species
        `ANTIPROTON` or `POSITRON`.
    projectile : Species
        `PROTON` or `HELIUM`.
    rigidity_edges_GV : array_like, shape (projectile bins + 1,)
        Of the projectiles, whose fluxes within a bin are taken as R^-2.7.
    product_edges_GV : array_like, shape (bins + 1,)
        Of the products.
    helium : float
        Nuclei of helium in the gas for each of hydrogen.

    Returns
    -------
    ndarray, shape (bins, projectile bins)
    """
    ln = np.log(np.asarray(rigidity_edges_GV, float))
    low, high = ln[:-1], ln[1:]
    parts = (np.arange(_PROJECTILE_POINTS) + 0.5) / _PROJECTILE_POINTS
    R = np.exp(low[:, None] + parts * (high - low)[:, None])
    weights = R ** (1.0 - _SLOPE)
    weights /= weights.sum(axis=1, keepdims=True)
    beam = "p" if projectile.Z == 1 else "He"
    energy = projectile.mass_GeV * projectile.lorentz_factor(R.ravel())
    sigma = _in_bins_mb(product, f"{beam}-p", energy, product_edges_GV)
    sigma += helium * _in_bins_mb(product, f"{beam}-He", energy, product_edges_GV)
    per_second = sigma * MBARN_CM2 * C_CM_S * _beta(projectile, R.ravel())
    return np.einsum("bps,ps->bp", per_second.reshape(-1, *R.shape), weights) * MYR_S


def _beta(species: Species, rigidity_GV: FloatArray) -> FloatArray:
    return species.Z * rigidity_GV / (species.mass_GeV * species.lorentz_factor(rigidity_GV))


def _in_bins_mb(product: Species, pair: str, energy_GeV: FloatArray, edges_GV: ArrayLike) -> FloatArray:
    """Cross section of the making of a product in each bin of rigidity, (bins, energies)."""
    ln = np.log(np.asarray(edges_GV, float))
    parts = np.linspace(0.0, 1.0, _PRODUCT_POINTS)
    R = np.exp(ln[:-1, None] + parts * np.diff(ln)[:, None])
    E = product.mass_GeV * product.lorentz_factor(R)
    sigma = np.zeros((R.size, energy_GeV.size))
    with _aafragpy() as aafragpy:
        for channel in CHANNELS[product.name]:
            table = aafragpy.get_cross_section(channel, pair, energy_GeV, E.ravel(), "zeros")[0]
            sigma += np.nan_to_num(np.reshape(table, (-1, R.size)).T)
    # dE = beta^2 E dln R.
    per_ln_R = sigma.reshape(*R.shape, -1) * (_beta(product, R) ** 2 * E)[..., None]
    return np.trapezoid(per_ln_R, np.log(R)[..., None], axis=1)


def antiprotons_destroyed_mb(rigidity_GV: ArrayLike, helium: float = HELIUM_PER_HYDROGEN) -> FloatArray:
    """Inelastic cross section of antiprotons per hydrogen atom of a gas with helium, annihilation included.

    On hydrogen -107.9 + 29.43 ln R - 1.655 ln^2 R + 189.9 R^(-1/3) mb, on helium that of protons on helium
    (Letaw et al. 1983), as XS4GCR has them (Evoli et al. 2018, JCAP 07, 006). Those that survive with less
    energy are left out: above some 3 GV they are few.
    """
    R = np.asarray(rigidity_GV, float)
    on_hydrogen = -107.9 + 29.43 * np.log(R) - 1.655 * np.log(R) ** 2 + 189.9 * R ** (-1.0 / 3.0)
    return on_hydrogen + helium * inelastic_cross_section_mb(4.0)


def cooling_per_GeV_Myr(energy_density_eV_cm3: ArrayLike) -> FloatArray:
    """b of -dE/dt = b E^2 for electrons and positrons, by synchrotron and inverse Compton radiation.

    4/3 sigma_T c U/(m c^2)^2 with U the energy density of the field and of the light together: Klein and
    Nishina's decrease, which begins at some 50 GeV for starlight, is left out. 1 eV/cm^3 has 1.02e-16 per
    GeV and second.
    """
    per_second = 4.0 / 3.0 * SIGMA_THOMSON_CM2 * C_CM_S * GEV_PER_EV / ELECTRON_MASS_GEV**2
    return per_second * MYR_S * np.asarray(energy_density_eV_cm3, float)


def cooling_rate_Myr(rigidity_edges_GV: ArrayLike, energy_density_eV_cm3: ArrayLike) -> FloatArray:
    """-dln p/dt of positrons at the lower edges of bins, as `steady_spectrum` takes it, (bins, cells).

    From the energy density of field and light in each cell, or one for all.
    """
    density = np.atleast_1d(np.asarray(energy_density_eV_cm3, float))
    energy = POSITRON.mass_GeV * POSITRON.lorentz_factor(np.asarray(rigidity_edges_GV, float)[:-1])
    return energy[:, None] * cooling_per_GeV_Myr(density)[None, :]
