"""What reaches the Sun of the nuclei that sources release, and of the antiprotons and positrons they make.

All from the steady transport equation in the medium of a run, in the plane at the radius of the Sun.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ...fields.gas_density import MASS_PER_HYDROGEN
from ...fields.units import C_KPC_MYR, KPC_CM, M_P_G, M_P_GEV, MBARN_CM2, MYR_S, FloatArray, momentum_GeV
from ...mc.diffusion.finite_volumes import Cells
from ...mc.diffusion.nuclei import Network, after_the_sources, solve_nuclei
from ...mc.diffusion.solve import Solution, residence, solve
from ...mc.diffusion.species import Species, centres, steady_spectrum
from ...mc.spectrum import Spectrum
from .antimatter import (
    ANTIPROTON,
    HELIUM,
    POSITRON,
    PROTON,
    antiprotons_destroyed_mb,
    cooling_rate_Myr,
    made_per_projectile_cm3_Myr,
)
from .at_the_sun import FluxesAtSun
from .nuclei import ELEMENTS, network
from .sky import SUN_R_KPC
from .starlight import STARLIGHT_EV_CM3, starlight_over_local
from .synchrotron import CMB_ENERGY_DENSITY_GEV_CM3, magnetic_energy_density_GeV_cm3

SHARES_AT_GV = 10.0
"""Rigidity at which shares of what sources release are given."""
_PER_DECADE, _LOWEST_GV, _HIGHEST_GV = 10, 4.0, 1e5
# Of antiprotons and positrons; positrons need finer bins, since they cool.
_SECONDARIES_GV = {ANTIPROTON.name: (1.0, 1e4, 10), POSITRON.name: (0.5, 1e4, 20)}
# Times their rigidity: from beyond come 2% of antiprotons, 5% of positrons of protons as R^-2.7.
_MADE_FROM = 100.0
_TINY = 1e-300


@dataclass(frozen=True)
class Release:
    """What sources release.

    Attributes
    ----------
    spectrum : Spectrum
        Of protons.
    shares : mapping of str to float
        Nuclei for each proton of the same rigidity, at `SHARES_AT_GV`, by the names of `nuclei.NUCLEI`.
    slope : float
        Of nuclei per rigidity; breaks and the end are at the rigidities at which those of protons are.
    grammage_g_cm2 : float
        Hydrogen that they cross within the sources.
    R_d_kpc : float
        Radius of the disc that they are in.
    """

    spectrum: Spectrum
    shares: Mapping[str, float]
    slope: float
    grammage_g_cm2: float
    R_d_kpc: float

    def rates_Myr(self, network: Network) -> FloatArray:
        """Nuclei that leave the sources per Myr, (bins, nuclei)."""
        R = network.rigidity_GV
        per_share = self.nuclei_per_ln_R_Myr(R) * np.diff(np.log(network.rigidity_edges_GV))
        made = np.zeros((R.size, len(network.nuclei)))
        for name, share in self.shares.items():
            made[:, network.names.index(name)] = share * per_share
        return after_the_sources(network, made, self.grammage_g_cm2)

    def protons_Myr(self, energy_edges_GeV: FloatArray) -> FloatArray:
        """Protons that leave the sources per Myr, by bin of total energy."""
        return self.spectrum.group_rates_s(energy_edges_GeV) * MYR_S

    def nuclei_per_ln_R_Myr(self, rigidity_GV: FloatArray) -> FloatArray:
        """dN/dln R of nuclei with a share of 1."""
        R, E = rigidity_GV, np.hypot(rigidity_GV, M_P_GEV)
        # Of protons: dE/dR is R/E.
        protons = self.spectrum.rate_GeV_s(E) * R**2 / E * MYR_S
        return np.asarray(protons * (R / SHARES_AT_GV) ** (self.spectrum.slope - self.slope))


@dataclass(frozen=True)
class LocalCosmicRays(FluxesAtSun):
    """Cosmic rays at the Sun.

    Attributes
    ----------
    cells : Cells
        Where the equation is solved.
    release : Release
        What the sources release.
    energy_edges_GeV : ndarray
        Bins of the total energy of protons.
    field_uG : callable
        (R_kpc, z_kpc) -> uG, in which positrons lose energy.
    bins_per_decade : int
        Of the rigidity of nuclei; with half as many B/C comes out to 0.3%.
    """

    cells: Cells
    release: Release
    energy_edges_GeV: FloatArray
    field_uG: Callable[[FloatArray, FloatArray], FloatArray]
    bins_per_decade: int = _PER_DECADE

    def at_sun(self, values: FloatArray) -> FloatArray:
        """Values of cells (..., cells) in the plane at the radius of the Sun."""
        return np.asarray(self.cells.spread(values)[..., 0] @ _rings_at_sun(self.cells))

    @property
    def weights_at_sun(self) -> FloatArray:
        """Share of each cell in `at_sun`, (cells,)."""
        weights = np.zeros(self.cells.shape)
        weights[:, 0] = _rings_at_sun(self.cells)
        return weights[self.cells.used]

    @cached_property
    def protons(self) -> Solution:
        """Protons in the steady state."""
        release = self.release
        return solve(self.cells, self.energy_edges_GeV, release.spectrum, release.R_d_kpc)

    @cached_property
    def network(self) -> Network:
        """Nuclei, and bins of rigidity within the energies of the protons."""
        return network_within(self.energy_edges_GeV, self.bins_per_decade)

    @cached_property
    def nuclei_kpc3(self) -> FloatArray:
        """Nuclei of each kind per bin of rigidity and cell, (bins, nuclei, cells)."""
        shares = self.cells.shares(self.release.R_d_kpc)
        return solve_nuclei(
            self.cells, self.network, self.release.rates_Myr(self.network), shares, self._hydrogen_cm3
        )

    def reweighted(self, release: Release) -> LocalCosmicRays:
        """The same with other spectra of protons and nuclei, without solving the equation again.

        Exact where particles keep their energy per nucleon: what sources release keeps its rigidity, and
        fragments come from nuclei that left at twice their momentum per nucleon (iron, at 2.15 times). Losses
        in collisions with gas, of a few per cent, are taken to be those of the old spectrum.

        Raises
        ------
        ValueError
            If the release differs in more than its spectra: then nuclei mix in another way.
        """
        same = replace(release, spectrum=self.release.spectrum, slope=self.release.slope)
        if same != self.release:
            raise ValueError("release: allowed: one that differs in its spectra alone")
        other, edges = replace(self, release=release), self.energy_edges_GeV
        # What has not been solved yet will be when it is asked for.
        if "protons" in self.__dict__:
            rates = _ratio(*(each.spectrum.group_rates_s(edges) for each in (release, self.release)))
            density = rates[:, None] * self.protons.protons_kpc3
            other.__dict__["protons"] = replace(self.protons, protons_kpc3=density)
        if "nuclei_kpc3" in self.__dict__:
            left_at = [1.0 if n.name in release.shares else 2.0 * n.Z / n.A for n in self.network.nuclei]
            R = self.network.rigidity_GV[:, None] * np.array(left_at)
            rates = _ratio(*(each.nuclei_per_ln_R_Myr(R) for each in (release, self.release)))
            other.__dict__["nuclei_kpc3"] = rates[..., None] * self.nuclei_kpc3
        return other

    @cached_property
    def _hydrogen_cm3(self) -> FloatArray:
        # Around the galaxy densities are rho/m_p.
        return self.cells.gas_cm3 @ [1.0, 1.0, 1.0 / MASS_PER_HYDROGEN]

    # -- at the Sun, outside the heliosphere --------------------------------------------------

    @property
    def symbols(self) -> list[str]:
        """What there is a flux of."""
        return symbols_of(self.release, self.network)

    def density_at_sun(self, name: str) -> tuple[Species, FloatArray, FloatArray]:
        """Species, edges of its bins of rigidity, and its density at the Sun per bin."""
        if name == PROTON.name:
            return PROTON, momentum_GeV(self.energy_edges_GeV), self.at_sun(self.protons.protons_kpc3)
        if name in _SECONDARIES_GV:
            species = {ANTIPROTON.name: ANTIPROTON, POSITRON.name: POSITRON}[name]
            return species, *self._secondaries[name]
        i = self.network.names.index(name)
        return self.network.nuclei[i], self.network.rigidity_edges_GV, self.at_sun(self.nuclei_kpc3[:, i])

    @cached_property
    def _secondaries(self) -> dict[str, tuple[FloatArray, FloatArray]]:
        """Edges of bins of rigidity and densities at the Sun of antiprotons and positrons.

        NaN where what makes them was not followed.
        """
        found = {}
        for species in (ANTIPROTON, POSITRON):
            edges = secondary_edges_GV(species)
            R = centres(edges)
            if species is POSITRON:
                removal, loss = np.zeros(1), cooling_rate_Myr(edges, self._energy_density_eV_cm3)
            else:
                loss, speed_cm3_mb = np.zeros(1), species.speed_kpc_Myr(R) * KPC_CM * MBARN_CM2
                removal = (antiprotons_destroyed_mb(R) * speed_cm3_mb)[:, None] * self._hydrogen_cm3
            made = self._made_Myr(species, edges)
            density = self.at_sun(steady_spectrum(self.cells, species, edges, made, removal, loss))
            found[species.name] = edges, where_followed(self.energy_edges_GeV, R, density)
        return found

    def _made_Myr(self, species: Species, edges_GV: FloatArray) -> FloatArray:
        """Secondaries of protons and nuclei made per Myr on the gas and within the sources, (bins, cells)."""
        R_edges, E_edges = self.network.rigidity_edges_GV, self.energy_edges_GeV
        nucleons = np.array([nucleus.A / HELIUM.A for nucleus in self.network.nuclei])
        released = (
            self.release.rates_Myr(self.network) @ nucleons,
            self.release.spectrum.group_rates_s(E_edges),
        )
        beams = (
            (HELIUM, R_edges, np.einsum("bnc,n->bc", self.nuclei_kpc3, nucleons), released[0]),
            (PROTON, momentum_GeV(E_edges), self.protons.protons_kpc3, released[1] * MYR_S),
        )
        on_gas = self._hydrogen_cm3 * self.cells.volume_kpc3
        # Of particles that cross it at the speed of light: hydrogen per cm^3 and Myr.
        in_sources = self.release.grammage_g_cm2 / M_P_G / (C_KPC_MYR * KPC_CM)
        shares = 0.5 * self.cells.shares(self.release.R_d_kpc)
        made = np.zeros((edges_GV.size - 1, self.cells.count))
        for beam, edges, density, rates in beams:
            per_projectile = made_per_projectile_cm3_Myr(species, beam, edges, edges_GV)
            made += (per_projectile @ density) * on_gas
            made += (per_projectile @ rates * in_sources)[:, None] * shares
        return made

    @cached_property
    def _energy_density_eV_cm3(self) -> FloatArray:
        """Of field, cosmic microwave background and starlight in each cell."""
        uniform = (
            magnetic_energy_density_GeV_cm3(self.field_uG(*self.cells.centres_kpc))
            + CMB_ENERGY_DENSITY_GEV_CM3
        )
        light = STARLIGHT_EV_CM3 * starlight_over_local(self.cells.R_kpc, self.cells.z_kpc)[self.cells.used]
        return np.asarray(1e9 * uniform + light)

    # -- what skies and tables ask for ---------------------------------------------------------

    @property
    def helium_per_proton(self) -> FloatArray | None:
        """Helium for each proton of the same rigidity in what shines, in the bins of proton energy.

        A heavier nucleus counts as A/4 of helium, as its nucleons collide one by one. Ratios of fluxes at the
        Sun, held beyond the rigidities that nuclei are followed to; None where there are no nuclei.
        """
        if not self.release.shares:
            return None
        R = self.network.rigidity_GV
        nucleons = sum(n.A / HELIUM.A * self.flux(n.name, R, 0.0) for n in self.network.nuclei)
        ratio = nucleons / self.flux(PROTON.name, R, 0.0)
        known = np.isfinite(ratio)
        wanted = centres(np.maximum(momentum_GeV(self.energy_edges_GeV), _TINY))
        return np.exp(np.interp(np.log(wanted), np.log(R[known]), np.log(ratio[known])))

    def hydrogen_g_cm2(self, rigidity_GV: ArrayLike) -> FloatArray:
        """Mean grammage of hydrogen that protons at the Sun have crossed since they left their sources."""
        crossed = [
            residence(self.cells, float(p), self.release.R_d_kpc).crossed_g_cm2
            for p in np.atleast_1d(np.asarray(rigidity_GV, float))
        ]
        return self.at_sun(np.reshape(crossed, (-1, self.cells.count)))


def symbols_of(release: Release, network: Network) -> list[str]:
    """What there is a flux of: protons, antimatter and, where nuclei are released, elements and isotopes."""
    others = [*ELEMENTS, *network.names] if release.shares else []
    return list(dict.fromkeys([PROTON.name, ANTIPROTON.name, POSITRON.name, *others]))


def network_within(energy_edges_GeV: FloatArray, per_decade: int = _PER_DECADE) -> Network:
    """Nuclei, and bins of rigidity within energies of protons."""
    low, high = momentum_GeV(energy_edges_GeV[[0, -1]])
    return network(bins_GV(max(low, _LOWEST_GV), min(high, _HIGHEST_GV), per_decade))


def secondary_edges_GV(species: Species) -> FloatArray:
    """Bins of rigidity of antiprotons or positrons."""
    return bins_GV(*_SECONDARIES_GV[species.name])


def where_followed(energy_edges_GeV: FloatArray, rigidity_GV: FloatArray, density: FloatArray) -> FloatArray:
    """Densities of antiprotons or positrons, NaN where what makes them was not followed."""
    low, high = momentum_GeV(energy_edges_GeV[[0, -1]])
    followed = (low <= rigidity_GV) & (rigidity_GV <= high / _MADE_FROM)
    return np.where(followed, density, np.nan)


def _rings_at_sun(cells: Cells) -> FloatArray:
    """Share of each ring in values at the radius of the Sun: linear between the middles of two."""
    return np.array([np.interp(SUN_R_KPC, cells.R_kpc, ring) for ring in np.eye(cells.R_kpc.size)])


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def bins_GV(low: float, high: float, per_decade: int) -> FloatArray:
    """Edges of bins, evenly spaced in the logarithm."""
    return np.geomspace(low, high, max(round(per_decade * np.log10(high / low)), 3) + 1)
