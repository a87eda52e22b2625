"""Cosmic-ray nuclei: which there are, what they become on the gas, and B/C of a grammage.

Fragmentation on hydrogen from a table (`maps/data/nuclei/fragmentation.ecsv`), between its energies linear
in the logarithm, constant beyond the last; inelastic cross sections of Letaw et al. 1983 (ApJS 51, 271),
constant above 5 GeV per nucleon; the helium of the gas by Ferrando et al. 1988 (PRC 37, 1490), as GALPROP has
their formula. Left out: F, Na, Al and what lies between silicon and iron, as parents (some 2% of boron), 3He,
and captures of electrons by 7Be.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.gas_density import HELIUM_PER_HYDROGEN
from ...fields.units import M_P_G, MBARN_CM2, FloatArray
from ...mc.diffusion.nuclei import NUCLEON_GEV, Network, Nucleus
from ...mc.diffusion.species import centres

_FOLDER = Path(__file__).parents[1] / "data" / "nuclei"

BE10_LIFETIME_MYR = 1.387 / np.log(2.0)
"""Of a half-life of 1.387 Myr (Korschinek et al. 2010, Chmeleff et al. 2010)."""

NUCLEI = (
    Nucleus.of("Fe", 26, 56),
    Nucleus.of("Si", 14, 28),
    Nucleus.of("Mg", 12, 24),
    Nucleus.of("Ne", 10, 20),
    Nucleus.of("O", 8, 16),
    Nucleus.of("N15", 7, 15),
    Nucleus.of("N14", 7, 14),
    Nucleus.of("C13", 6, 13),
    Nucleus.of("C12", 6, 12),
    Nucleus.of("B11", 5, 11),
    Nucleus.of("Be10", 4, 10, BE10_LIFETIME_MYR, "B10"),
    Nucleus.of("B10", 5, 10),
    Nucleus.of("Be9", 4, 9),
    Nucleus.of("Be7", 4, 7),
    Nucleus.of("He", 2, 4),
)
"""From the heaviest down; an element without a mass number stands for all its isotopes."""
ELEMENTS = {
    "He": ("He",),
    "Be": ("Be7", "Be9", "Be10"),
    "B": ("B10", "B11"),
    "C": ("C12", "C13"),
    "N": ("N14", "N15"),
    "O": ("O",),
    "Ne": ("Ne",),
    "Mg": ("Mg",),
    "Si": ("Si",),
    "Fe": ("Fe",),
}
"""The nuclei that an element's flux is made of."""
PRIMARIES = ("He", "C12", "N14", "O", "Ne", "Mg", "Si", "Fe")
"""What sources accelerate."""

# Isotopes in the fluxes of carbon and nitrogen near the Earth, roughly: 15N makes 5% more boron than 14N, 13C
# 44% less than 12C, so that 5% of carbon more or less in 13C changes B/C by 1%.
_ISOTOPES = {"C": {"C12": 0.93, "C13": 0.07}, "N": {"N14": 0.5, "N15": 0.5}}
# Of fluxes per rigidity, for parents at another rigidity than their fragments.
_SLOPE = 2.7


def energy_per_nucleon_GeV(nucleus: Nucleus, rigidity_GV: ArrayLike) -> FloatArray:
    """Kinetic energy over mass number."""
    return NUCLEON_GEV * (nucleus.lorentz_factor(rigidity_GV) - 1.0)


def inelastic_cross_section_mb(mass_number: ArrayLike) -> FloatArray:
    """On hydrogen above 2 GeV per nucleon, 45 A^0.7 [1 + 0.016 sin(5.3 - 2.63 ln A)] (Letaw et al. 1983)."""
    A = np.asarray(mass_number, float)
    return np.asarray(45.0 * A**0.7 * (1.0 + 0.016 * np.sin(5.3 - 2.63 * np.log(A))))


def destroyed_mb(nucleus: Nucleus, energy_GeV: ArrayLike) -> FloatArray:
    """Inelastic cross section on hydrogen at a kinetic energy per nucleon (Letaw et al. 1983).

    With their fall below 2 GeV and their factor of 0.8 for helium.
    """
    T = np.asarray(energy_GeV, float)
    fall = 1.0 - 0.62 * np.exp(-T / 0.2) * np.sin(1.58 / T**0.28)
    return inelastic_cross_section_mb(nucleus.A) * fall * (0.8 if nucleus.Z == 2 else 1.0)


def made_mb(parent: str, fragment: str, energy_GeV: ArrayLike) -> FloatArray:
    """Cross section on hydrogen of the making of a fragment, zero where the table has none.

    Parameters
    ----------
    parent, fragment : str
        Names of two of `NUCLEI`.
    energy_GeV : array_like
        Kinetic energy per nucleon; below the table, its first value.
    """
    energies, channels = _fragmentation()
    values = channels.get((parent, fragment), np.zeros(energies.size))
    return np.interp(np.log(energy_GeV), np.log(energies), values)


def helium_over_hydrogen(parent: Nucleus, fragment: Nucleus | None = None) -> float:
    """Cross section on a nucleus of helium over that on hydrogen, above 1.5 GeV per nucleon.

    Ferrando et al. 1988: 2.1 A^-0.055 for destruction, exp(0.031 |dZ - 4.4 f|^1.43) for the making of a
    fragment that has lost the charge dZ, with f = -0.76, -0.41 and 1 for C, O and Fe, linear in ln Z between
    and beyond. Where dZ is more than half the charge, its value there.
    """
    if fragment is None:
        return float(2.1 / parent.A**0.055)
    ln_Z, f = np.log([6.0, 8.0, 26.0]), np.array([-0.76, -0.41, 1.0])
    below = f[0] + (f[1] - f[0]) * (np.log(parent.Z) - ln_Z[0]) / (ln_Z[1] - ln_Z[0])
    shift = below if parent.Z < 8 else np.interp(np.log(parent.Z), ln_Z, f)
    lost = min(parent.Z - fragment.Z, parent.Z // 2)
    return float(np.exp(0.031 * abs(lost - 4.4 * shift) ** 1.43))


def network(rigidity_edges_GV: ArrayLike, helium: float = HELIUM_PER_HYDROGEN) -> Network:
    """All nuclei and cross sections per hydrogen atom of a gas with some helium, for bins of rigidity.

    Parameters
    ----------
    rigidity_edges_GV : array_like, shape (bins + 1,)
        Above some 4 GV: the table begins at 1 GeV per nucleon.
    helium : float
        Nuclei of helium for each of hydrogen.
    """
    edges = np.asarray(rigidity_edges_GV, float)
    bins, count = edges.size - 1, len(NUCLEI)
    destroyed, made = np.zeros((bins, count)), np.zeros((bins, count, count))
    for i, nucleus in enumerate(NUCLEI):
        energy = energy_per_nucleon_GeV(nucleus, centres(edges))
        destroyed[:, i] = destroyed_mb(nucleus, energy) * (1.0 + helium * helium_over_hydrogen(nucleus))
        for j, parent in enumerate(NUCLEI[:i]):
            with_helium = 1.0 + helium * helium_over_hydrogen(parent, nucleus)
            made[:, i, j] = made_mb(parent.name, nucleus.name, energy) * with_helium
    return Network(NUCLEI, edges, destroyed, made)


def of_elements(per_nucleus: FloatArray) -> dict[str, FloatArray]:
    """Sums over the isotopes of each element, of an array (bins, nuclei, ...)."""
    names = [nucleus.name for nucleus in NUCLEI]
    return {
        element: per_nucleus[:, [names.index(each) for each in isotopes]].sum(axis=1)
        for element, isotopes in ELEMENTS.items()
    }


def parents_over_carbon(rigidity_GV: ArrayLike) -> dict[str, FloatArray]:
    """Fluxes of what makes boron over that of carbon at equal rigidity, near the Earth (AMS-02).

    Between the points linear in the logarithm of the rigidity, constant beyond the first and the last.
    """
    table = _table("parents")
    R, ln = np.log(np.array(table["rigidity"])), np.log(np.asarray(rigidity_GV, float))
    over_oxygen = {name: np.interp(ln, R, np.array(table[name])) for name in table.colnames[1:]}
    over_oxygen["O"] = np.ones_like(over_oxygen["C"])
    return {name: values / over_oxygen["C"] for name, values in over_oxygen.items()}


def weighted_slab(
    grammage_g_cm2: ArrayLike,
    rigidity_GV: ArrayLike,
    parents: tuple[str, ...] = ("C", "N", "O", "Ne", "Mg", "Si", "Fe"),
    helium: float = HELIUM_PER_HYDROGEN,
    slope: float = _SLOPE,
) -> FloatArray:
    """B/C of nuclei that crossed a mean grammage of hydrogen, the paths exponentially distributed.

    Each isotope of boron is made by the parents with the fluxes that they have here (10B by 11B too), and is
    destroyed: exact for a thin disc of gas in a diffusive halo. A parent is taken at the rigidity from which
    its fragments come, where its flux is higher or lower by the power `slope`.

    Parameters
    ----------
    grammage_g_cm2 : array_like
        Of hydrogen, without the helium that comes with it; that of the sources included.
    rigidity_GV : array_like
        Broadcast with the grammage.
    parents : tuple of str
        Elements that make boron.
    helium : float
        Nuclei of helium in the gas for each of hydrogen.
    slope : float
        Of the fluxes per rigidity, s in R^-s. 1 takes parents at the rigidity of boron.
    """
    X, R = np.broadcast_arrays(np.asarray(grammage_g_cm2, float), np.asarray(rigidity_GV, float))
    thickness, over_carbon = X * MBARN_CM2 / M_P_G, parents_over_carbon(R)
    nuclei = {nucleus.name: nucleus for nucleus in NUCLEI}
    fluxes = {
        isotope: share * over_carbon[element]
        for element in parents
        for isotope, share in _ISOTOPES.get(element, {element: 1.0}).items()
    }
    boron = np.zeros(X.shape)
    for name in ("B11", "B10"):
        nucleus = nuclei[name]
        energy = energy_per_nucleon_GeV(nucleus, R)
        made = np.zeros(X.shape)
        for other, flux in fluxes.items():
            parent = nuclei[other]
            moved = (nucleus.A / nucleus.Z) / (parent.A / parent.Z)
            per_hydrogen = 1.0 + helium * helium_over_hydrogen(parent, nucleus)
            made = made + flux * moved ** (slope - 1.0) * made_mb(other, name, energy) * per_hydrogen
        lost = destroyed_mb(nucleus, energy) * (1.0 + helium * helium_over_hydrogen(nucleus))
        fluxes[name] = thickness * made / (1.0 + thickness * lost)
        boron = boron + fluxes[name]
    return boron


@cache
def _table(name: str) -> Any:
    from astropy.table import Table

    return Table.read(_FOLDER / f"{name}.ecsv", format="ascii.ecsv")


@cache
def _fragmentation() -> tuple[FloatArray, dict[tuple[str, str], FloatArray]]:
    """Energies per nucleon, and cross sections by (parent, fragment)."""
    table = _table("fragmentation")
    values = np.stack([table[name].quantity.to_value("mbarn") for name in table.colnames[2:]], axis=1)
    channels = zip(table["parent"].tolist(), table["fragment"].tolist(), strict=True)
    energies = np.array(table.meta["energy_per_nucleon_GeV"], float)
    return energies, dict(zip(channels, values, strict=True))
