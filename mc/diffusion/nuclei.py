"""Nuclei in the steady transport equation: a chain from the heaviest down, by rigidity.

    div(u n - D grad n) + [sigma v n_gas + 1/(gamma tau)] n = q + sum of sigma_j v n_gas n_j,     n per ln R,

where plasma expands with adiabatic losses. A fragment keeps the energy per nucleon, so its rigidity is that
of its parent times the ratio of their A/Z: a parent is taken at the rigidity from which the fragment comes.
(At one and the same, fluxes as R^-2.7 would have 15% too little 11B, 32% too little 10Be, 25% too much 7Be.)
Cross sections, sources and gas come in as plain arrays: nothing here knows a nucleus by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fields.units import C_CM_S, C_KPC_MYR, M_P_G, MBARN_CM2, MYR_S, FloatArray
from .species import Places, Species, centres, steady_spectrum

NUCLEON_GEV = 0.9315
"""Mass of a bound nucleon."""
_NOTHING = 1e-300


@dataclass(frozen=True)
class Nucleus(Species):
    """An isotope, or an element with a mean mass number.

    Attributes
    ----------
    A : float
        Mass number.
    lifetime_Myr : float
        Mean life at rest.
    becomes : str
        What it decays into, of the same mass number.
    """

    A: float = 1.0
    lifetime_Myr: float = np.inf
    becomes: str = ""

    @classmethod
    def of(cls, name: str, Z: int, A: float, lifetime_Myr: float = np.inf, becomes: str = "") -> Nucleus:
        return cls(name, Z, A * NUCLEON_GEV, A, lifetime_Myr, becomes)

    def decay_Myr(self, rigidity_GV: FloatArray) -> FloatArray:
        """Chance of a decay per Myr in flight."""
        return 1.0 / (self.lorentz_factor(rigidity_GV) * self.lifetime_Myr)


@dataclass(frozen=True)
class Network:
    """What nuclei become in collisions, per atom of hydrogen and what comes with it, at each rigidity.

    Attributes
    ----------
    nuclei : tuple of Nucleus
        Each after all that it can be made from.
    rigidity_edges_GV : ndarray, shape (bins + 1,)
        Of the bins.
    destroyed_mb : ndarray, shape (bins, nuclei)
        Inelastic cross sections, at the energy per nucleon of each at the centre of the bin.
    made_mb : ndarray, shape (bins, nuclei, nuclei)
        Of the making of the first from the second, at the energy per nucleon of the first.
    """

    nuclei: tuple[Nucleus, ...]
    rigidity_edges_GV: FloatArray
    destroyed_mb: FloatArray
    made_mb: FloatArray

    def __post_init__(self) -> None:
        """Refuse a chain that does not run down, and arrays of other shapes (ValueError)."""
        bins, count = len(self.rigidity_edges_GV) - 1, len(self.nuclei)
        if self.destroyed_mb.shape != (bins, count) or self.made_mb.shape != (bins, count, count):
            raise ValueError(f"cross sections must be of {bins} bins and {count} nuclei")
        if np.any(np.triu(self.made_mb) != 0.0) or any(
            daughter <= parent for parent, daughter in self._decays
        ):
            raise ValueError("each nucleus must come after all that it can be made from")

    @property
    def rigidity_GV(self) -> FloatArray:
        """Centres of the bins."""
        return centres(self.rigidity_edges_GV)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(nucleus.name for nucleus in self.nuclei)

    @property
    def _decays(self) -> list[tuple[int, int]]:
        """(Parent, daughter) of each decay."""
        return [(i, self.names.index(n.becomes)) for i, n in enumerate(self.nuclei) if n.becomes]

    def made_by_decay_Myr(self) -> FloatArray:
        """Rates of decay of the second into the first, as `made_mb`."""
        rates = np.zeros(self.made_mb.shape)
        for parent, daughter in self._decays:
            R = self.rigidity_GV * self.moved(daughter, parent)
            rates[:, daughter, parent] = self.nuclei[parent].decay_Myr(R)
        return rates

    def moved(self, daughter: int, parent: int) -> float:
        """Rigidity of the parent over that of the daughter that it makes."""
        one, other = self.nuclei[parent], self.nuclei[daughter]
        return (one.A / one.Z) / (other.A / other.Z)


def solve_nuclei(
    cells: Places, network: Network, rates_Myr: FloatArray, shares: FloatArray, gas_cm3: FloatArray
) -> FloatArray:
    """Nuclei of a chain, each injected with the same shares in space.

    Parameters
    ----------
    cells : Places
        Where.
    network : Network
        Nuclei, cross sections and the bins of rigidity, a tenth of a decade or so.
    rates_Myr : ndarray, shape (bins, nuclei)
        Nuclei that the sources release into each bin, per Myr, on both sides of the plane.
    shares : ndarray, shape (cells,)
        Share of the sources in each cell, as `Cells.shares`.
    gas_cm3 : ndarray, shape (cells,)
        Hydrogen that is met.

    Returns
    -------
    ndarray, shape (bins, nuclei, cells)
        Nuclei per kpc^3 in each bin.
    """
    volume, width = cells.volume_kpc3, np.diff(np.log(network.rigidity_edges_GV))
    per_mb = gas_cm3 * MBARN_CM2 * C_CM_S * MYR_S
    decay = network.made_by_decay_Myr()
    found = np.zeros((*rates_Myr.shape, cells.count))
    for i, nucleus in enumerate(network.nuclei):
        beta = nucleus.speed_kpc_Myr(network.rigidity_GV) / C_KPC_MYR
        sources = 0.5 * rates_Myr[:, i, None] * shares
        for j in range(i):
            made, decaying = network.made_mb[:, i, j] * beta, decay[:, i, j]
            if made.any() or decaying.any():
                parents = _at_rigidities(network, found[:, j], network.moved(i, j)) * width[:, None]
                sources += (made[:, None] * per_mb + decaying[:, None]) * parents * volume
        ends = (network.destroyed_mb[:, i] * beta)[:, None] * per_mb
        ends = ends + nucleus.decay_Myr(network.rigidity_GV)[:, None]
        found[:, i] = steady_spectrum(cells, nucleus, network.rigidity_edges_GV, sources, ends)
    return found


def after_the_sources(network: Network, rates_Myr: FloatArray, grammage_g_cm2: float) -> FloatArray:
    """What leaves sources in which nuclei cross a mean grammage of hydrogen, the paths exponential.

    Parameters
    ----------
    network : Network
        Nuclei and cross sections.
    rates_Myr : ndarray, shape (bins, nuclei)
        Of acceleration.
    grammage_g_cm2 : float
        The same at all rigidities.

    Returns
    -------
    ndarray, shape (bins, nuclei)
        Destroyed in part, with the fragments that the sources made.
    """
    thickness = grammage_g_cm2 / M_P_G * MBARN_CM2
    width = np.diff(np.log(network.rigidity_edges_GV))
    left = np.array(rates_Myr, float)
    for i in range(len(network.nuclei)):
        for j in range(i):
            parents = _at_rigidities(network, left[:, j, None], network.moved(i, j))[:, 0] * width
            left[:, i] += thickness * network.made_mb[:, i, j] * parents
        left[:, i] /= 1.0 + thickness * network.destroyed_mb[:, i]
    return left


def _at_rigidities(network: Network, per_bin: FloatArray, times: float) -> FloatArray:
    """Densities per ln R at `times` the centres of the bins; power laws between these and beyond."""
    R = np.log(network.rigidity_GV)
    per_ln_R = per_bin / np.diff(np.log(network.rigidity_edges_GV))[:, None]
    if times == 1.0 or R.size == 1:
        return per_ln_R
    wanted = R + np.log(times)
    low = np.clip(np.searchsorted(R, wanted) - 1, 0, R.size - 2)
    weight = ((wanted - R[low]) / (R[low + 1] - R[low]))[:, None]
    ln = np.log(np.maximum(per_ln_R, _NOTHING))
    return np.exp((1.0 - weight) * ln[low] + weight * ln[low + 1])
