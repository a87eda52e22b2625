"""Emissivity of gamma rays, neutrinos and electrons per hydrogen atom, from a density of protons.

q(E) = c integral n_p(E_p) beta (d sigma/dE)(E, E_p) dE_p

is the number of secondaries made per second, GeV and hydrogen atom; times the density of hydrogen it is the
source of the sky (`sky`). Everything is linear in the density of protons.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import C_CM_S, MBARN_CM2, FloatArray, momentum_GeV
from .secondaries import production_cross_section_mb_GeV

_NODES_PER_BIN = 8


def _rate_coefficient_cm3_s_GeV(
    secondary: str, product_energy_GeV: ArrayLike, proton_energy_GeV: FloatArray
) -> FloatArray:
    """beta c d sigma/dE in cm^3 s^-1 GeV^-1, shape (n_product, n_proton)."""
    sigma = production_cross_section_mb_GeV(secondary, proton_energy_GeV, product_energy_GeV)
    beta = momentum_GeV(proton_energy_GeV) / proton_energy_GeV
    return sigma * (MBARN_CM2 * C_CM_S * beta)


def emissivity(
    secondary: str,
    product_energy_GeV: ArrayLike,
    proton_energy_GeV: ArrayLike,
    proton_density: ArrayLike,
    nuclear_enhancement: float = 1.0,
) -> FloatArray:
    """Emissivity per hydrogen atom of a density of protons known on a grid of energies.

    Parameters
    ----------
    secondary : {"gamma", "neutrino", "electron_positron"}
        As `production_cross_section_mb_GeV`; neutrinos are all flavours, nu + nubar.
    product_energy_GeV : array_like, shape (n_product,)
        Energies of the product.
    proton_energy_GeV : array_like, shape (n_proton,)
        Increasing total energies, 20 a decade or more for 0.3% (trapezoids in ln E).
    proton_density : array_like, shape (..., n_proton)
        dn/dE in GeV^-1 cm^-3.
    nuclear_enhancement : float
        Factor for nuclei heavier than hydrogen in gas and cosmic rays; 1 is protons on protons alone.

    Returns
    -------
    ndarray, shape (..., n_product)
        q in GeV^-1 s^-1 per hydrogen atom.
    """
    proton = np.asarray(proton_energy_GeV, dtype=float)
    width = np.gradient(np.log(proton))
    width[[0, -1]] /= 2
    rate = _rate_coefficient_cm3_s_GeV(secondary, product_energy_GeV, proton)
    return nuclear_enhancement * np.asarray(proton_density, dtype=float) @ (rate * proton * width).T


def matrix_per_flavour(
    secondary: str, product_energy_GeV: ArrayLike, proton_energy_edges_GeV: ArrayLike
) -> FloatArray:
    """`emissivity_matrix` of what skies show: of neutrinos a third, those of one flavour (nu + nubar)."""
    matrix = emissivity_matrix(secondary, product_energy_GeV, proton_energy_edges_GeV)
    return matrix * (1.0 / 3.0 if secondary == "neutrino" else 1.0)


def emissivity_matrix(
    secondary: str, product_energy_GeV: ArrayLike, proton_energy_edges_GeV: ArrayLike
) -> FloatArray:
    """Emissivity per hydrogen atom and per proton in each energy bin.

    Within a bin the protons are spread as E^-2, so that with N_b protons per cm^3 in bin b (a tally)
    ``emissivity_matrix(...) @ N`` is q in GeV^-1 s^-1 per hydrogen atom.

    Parameters
    ----------
    secondary, product_energy_GeV
        As for `emissivity`.
    proton_energy_edges_GeV : array_like, shape (n_bin + 1,)
        Increasing total energies.

    Returns
    -------
    ndarray, shape (n_product, n_bin)
        In cm^3 s^-1 GeV^-1.
    """
    edges = np.log(np.asarray(proton_energy_edges_GeV, dtype=float))
    x, w = np.polynomial.legendre.leggauss(_NODES_PER_BIN)
    centre, half_width = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    proton = np.exp(centre[:, None] + half_width[:, None] * x)
    weight = w / proton  # dE E^-2 = dlnE E^-1
    weight /= weight.sum(axis=1, keepdims=True)
    rate = _rate_coefficient_cm3_s_GeV(secondary, product_energy_GeV, proton.ravel())
    return np.einsum("pbn,bn->pb", rate.reshape(-1, *proton.shape), weight)
