"""Emissivity of gamma rays, neutrinos and electrons per hydrogen atom, from a density of protons.

q(E) = c integral n_p(E_p) beta (d sigma/dE)(E, E_p) dE_p

is the number of secondaries made per second, GeV and hydrogen atom; times the density of hydrogen it is the
source of the sky (`sky`). Everything is linear in the density of protons. Nuclei that come with them
have the same rigidity as they, not the same energy for each nucleon.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import C_CM_S, M_P_GEV, MBARN_CM2, FloatArray, momentum_GeV
from ..data import read as measured
from .secondaries import production_cross_section_mb_GeV

_NODES_PER_BIN = 8
MASS_NUMBERS = {"He": 4, "C": 12, "N": 14, "O": 16, "Ne": 20, "Mg": 24, "Si": 28, "Fe": 56}


def local_helium_per_proton(proton_energy_edges_GeV: ArrayLike, heavier: bool = True) -> FloatArray:
    """Flux of helium over that of protons at the same rigidity, as AMS-02 has them, in each bin of energy.

    Held beyond the measured rigidities, 3He as 4He. Of `heavier` nuclei each counts as A/4 of helium: their
    nucleons collide one by one.
    """
    ends = np.maximum(momentum_GeV(np.asarray(proton_energy_edges_GeV, dtype=float)), 1e-3)
    R, protons = np.sqrt(ends[1:] * ends[:-1]), measured.protons()[0]
    found = np.zeros(R.shape)
    for name, points in measured.nuclei().items():
        at = np.clip(R, max(points.x[0], protons.x[0]), min(points.x[-1], protons.x[-1]))
        if heavier or name == "He":
            found += MASS_NUMBERS[name] / 4.0 * points.at(at)[0] / protons.at(at)[0]
    return found


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
    secondary: str,
    product_energy_GeV: ArrayLike,
    proton_energy_edges_GeV: ArrayLike,
    helium_per_proton: FloatArray | None = None,
) -> FloatArray:
    """`emissivity_matrix` of what skies show: of neutrinos a third, those of one flavour (nu + nubar)."""
    matrix = emissivity_matrix(secondary, product_energy_GeV, proton_energy_edges_GeV, helium_per_proton)
    return matrix * (1.0 / 3.0 if secondary == "neutrino" else 1.0)


def emissivity_matrix(
    secondary: str,
    product_energy_GeV: ArrayLike,
    proton_energy_edges_GeV: ArrayLike,
    helium_per_proton: FloatArray | None = None,
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
    helium_per_proton : ndarray, shape (n_bin,), optional
        Flux of helium over that of protons at the same rigidity, in each bin; without it there is none.

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
    matrix = np.einsum("pbn,bn->pb", rate.reshape(-1, *proton.shape), weight)
    if helium_per_proton is None:
        return matrix
    # Of a proton's rigidity, half its momentum a nucleon. Fluxes are compared, so that v is the proton's.
    momentum = momentum_GeV(proton)
    sigma = production_cross_section_mb_GeV(
        secondary, np.hypot(momentum / 2.0, M_P_GEV).ravel(), product_energy_GeV, "He-p"
    ).reshape(-1, *proton.shape)
    helium = np.einsum("pbn,bn->pb", sigma, weight * momentum / proton) * (MBARN_CM2 * C_CM_S)
    return np.asarray(matrix + helium_per_proton * helium)
