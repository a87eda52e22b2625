"""Yields of gamma rays, neutrinos and electrons in collisions of protons and helium, from aafragpy.

The yields are the tables of AAfrag (QGSJET-II-04m; Kachelriess et al. 2019, 2023; Koldobskiy et al. 2021,
PRD 104, 123027), which begin at a proton energy of 4 GeV. Below that, gamma rays follow Kafexhiu et al.
(2014, PRD 90, 123014), and neutrinos and electrons are left out: for protons as E^-2 that loses 0.6% of
the neutrinos and 0.2% of the electrons at 1 GeV, 17% and 11% at 0.3 GeV, half and a third at 0.1 GeV
(measured with Kamae et al. 2006). The two descriptions do not join: at 4 GeV the gamma-ray energy fraction
steps from 0.08 (Kafexhiu) to 0.06 (AAfrag).

Every energy here is a total energy, as in the rest of the package and in the tables of AAfrag. It matters: to
read it as kinetic energy would shift a proton of 4 GeV by a quarter. (Kafexhiu's formulae take the kinetic
energy; it is converted here, once.) That of helium is given here for each of its nucleons, from 1.25 GeV; the
tables have that of the nucleus.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.gas_density import HELIUM_PER_HYDROGEN, MASS_PER_HYDROGEN, inelastic_cross_section_mb
from ...fields.units import M_P_GEV, FloatArray

SECONDARIES: dict[str, tuple[str, ...]] = {
    "gamma": ("gam",),
    "neutrino": ("nu_all",),
    "electron_positron": ("el", "posi"),
}
"""The secondaries and the AAfrag channels that make them up; "neutrino" is nu + nubar of all flavours."""

AAFRAG_MIN_GEV = 4.0
"""Lowest total proton energy of the AAfrag tables."""
PAIRS: dict[str, tuple[int, float]] = {
    "p-p": (1, AAFRAG_MIN_GEV),
    "p-He": (1, AAFRAG_MIN_GEV),
    "He-p": (4, 1.25),
    "He-He": (4, 1.25),
}
"""Projectiles on targets: nucleons of the projectile, and the lowest total energy for each in the tables."""


@contextmanager
def _aafragpy() -> Iterator[Any]:
    """The aafragpy package, with everything it does to the process (path, warnings) undone afterwards."""
    path = sys.path.copy()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            import aafragpy
            import aafragpy.Kafexhiu2014

            yield aafragpy
        finally:
            sys.path[:] = path


def production_cross_section_mb_GeV(
    secondary: str, energy_per_nucleon_GeV: ArrayLike, product_energy_GeV: ArrayLike, pair: str = "p-p"
) -> FloatArray:
    """Differential cross section d sigma/dE of projectile + target -> `secondary` + anything.

    Parameters
    ----------
    secondary : {"gamma", "neutrino", "electron_positron"}
        Neutrinos are nu + nubar of all flavours; one flavour after oscillations is a third of it.
    energy_per_nucleon_GeV : array_like, shape (n_energy,)
        Total energy of the projectile for each of its nucleons: of a proton up to 4e11 GeV, with helium up to
        6e8 GeV.
    product_energy_GeV : array_like, shape (n_product,)
        Total energy of the product.
    pair : {"p-p", "p-He", "He-p", "He-He"}
        Projectile and target.

    Returns
    -------
    ndarray, shape (n_product, n_energy)
        d sigma/dE in mb/GeV. Below the tables: Kafexhiu et al. (2014) for gamma rays of p-p, zero for others.

    Raises
    ------
    ValueError
        If the secondary or the pair is unknown or an energy lies above the tables.
    """
    if secondary not in SECONDARIES:
        raise ValueError(f"unknown secondary {secondary!r}; allowed: {', '.join(SECONDARIES)}")
    if pair not in PAIRS:
        raise ValueError(f"unknown pair {pair!r}; allowed: {', '.join(PAIRS)}")
    energy = np.atleast_1d(np.asarray(energy_per_nucleon_GeV, dtype=float))
    product = np.atleast_1d(np.asarray(product_energy_GeV, dtype=float))
    sigma = np.zeros((product.size, energy.size))
    nucleons, lowest_GeV = PAIRS[pair]
    tabulated = energy >= lowest_GeV
    with _aafragpy() as aafragpy:
        if tabulated.any():
            for channel in SECONDARIES[secondary]:
                table, _, _ = aafragpy.get_cross_section(channel, pair, nucleons * energy[tabulated], product)
                sigma[:, tabulated] += np.reshape(table, (-1, product.size)).T
        if secondary == "gamma" and pair == "p-p":
            for i in np.flatnonzero(~tabulated):
                sigma[:, i] = aafragpy.Kafexhiu2014.F_gamma_Kafexhiu2014(
                    energy[i] - M_P_GEV, product, "GEANT"
                )
    # Beyond the kinematic limits both libraries return nan (a power of a negative number, 0 times -inf).
    return np.nan_to_num(sigma, nan=0.0)


def light_mb_GeV(pair: str, energy_per_nucleon_GeV: float) -> float:
    """Energy of the gamma rays, neutrinos, e+ and e- of a collision of a pair, times its cross section."""
    product = np.geomspace(1e-4, 4 * energy_per_nucleon_GeV, 561)
    sigma = np.sum(
        [
            production_cross_section_mb_GeV(each, energy_per_nucleon_GeV, product, pair)
            for each in SECONDARIES
        ],
        axis=0,
    )[:, 0]
    return float(np.trapezoid(sigma * product**2, np.log(product)))


def helium_over_hydrogen(proton_energy_GeV: float) -> float:
    """Energy that a proton's collisions put into light in helium, over those in as many nuclei of hydrogen.

    Of the tables of AAfrag, from 5 GeV on: 3.7 at 10 GeV, 3.5 at 1 TeV, 3.2 at 1 PeV.
    """
    return light_mb_GeV("p-He", proton_energy_GeV) / light_mb_GeV("p-p", proton_energy_GeV)


def target_factors(proton_energy_GeV: float = 1e3) -> tuple[float, float, float]:
    """Light of (disc, halo, circumgalactic) gas with helium over that of as many protons as its density says.

    With x nuclei of helium for each of hydrogen, each worth r: 1 + x r where the density is that of hydrogen,
    (1 + x r)/(1 + 4 x) where it is rho/m_p. At 1 TeV (1.33, 1.33, 0.96); from 10 GeV to 1 PeV 1.35 to 1.31
    and 0.98 to 0.95.
    """
    per_hydrogen = 1.0 + HELIUM_PER_HYDROGEN * helium_over_hydrogen(proton_energy_GeV)
    return per_hydrogen, per_hydrogen, per_hydrogen / MASS_PER_HYDROGEN


@cache
def _energy_fraction_nodes(secondary: str) -> tuple[FloatArray, FloatArray]:
    """ln E of the proton and the energy fraction that `secondary` takes in one inelastic collision."""
    proton = np.geomspace(AAFRAG_MIN_GEV, 1e9, 85)
    product = np.geomspace(1e-4, 1e9, 521)
    sigma = production_cross_section_mb_GeV(secondary, proton, product)
    energy = np.trapezoid(sigma * product[:, None] ** 2, np.log(product), axis=0)
    return np.log(proton), energy / (proton * inelastic_cross_section_mb(proton))


def energy_fraction(secondary: str, proton_energy_GeV: ArrayLike) -> FloatArray:
    """Mean fraction of the proton's energy that goes into `secondary` in one inelastic collision.

    Constant below 4 GeV and above 1e9 GeV, interpolated in ln E between.
    """
    log_proton, fraction = _energy_fraction_nodes(secondary)
    return np.interp(np.log(np.asarray(proton_energy_GeV, dtype=float)), log_proton, fraction)


def light_fraction(proton_energy_GeV: ArrayLike) -> FloatArray:
    """Fraction of its energy that a proton's inelastic collision turns into gamma rays, neutrinos, e+ and e-.

    What pions (and kaons) take, and the sky receives: 0.27 at 10 GeV, 0.47 above 1 TeV, constant beyond the
    tables. The loss rate of Krakau & Schlickeiser (2015, ApJ 802, 114), 3.85e-16 n (E/GeV)^1.28
    (E/GeV + 200)^-0.2 GeV/s, is this share too: it agrees to 7% from 10 to 100 GeV, and is 40% larger at PeV.
    Same shape as `proton_energy_GeV` (total energy).
    """
    return np.sum([energy_fraction(secondary, proton_energy_GeV) for secondary in SECONDARIES], axis=0)
