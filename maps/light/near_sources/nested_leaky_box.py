"""The nested leaky box: grammage about the sources falls with energy, that of the Galaxy does not.

What sources release crosses X_s(R) in a cocoon about them, leaves it with all that it has made there, and
crosses X_g in the Galaxy (Cowsik & Burch 2010, PRD 82, 023009; Blasi 2019, Sect. 3). Each is a leaky box
(`mc.diffusion.leaky_box`). Primaries leave a cocoon as they were released, since all of them leave; within it
they are as R^-s X_s. So fragments, of the energy per nucleon of their parents, are made as X_s at their own
rigidity, antiprotons and positrons as X_s at some twenty times theirs. What is made there of nucleons from
nuclei, and antiprotons that lose energy without annihilating, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ....fields.gas_density import inelasticity, pp_energy_loss_rate_GeV_Myr
from ....fields.units import KPC_CM, MBARN_CM2, FloatArray, momentum_GeV
from ....mc.diffusion.leaky_box import Box
from ....mc.diffusion.nuclei import Network, solve_nuclei
from ....mc.diffusion.species import Species, centres, steady_spectrum
from ..antimatter import (
    ANTIPROTON,
    HELIUM,
    POSITRON,
    PROTON,
    antiprotons_destroyed_mb,
    cooling_rate_Myr,
    made_per_projectile_cm3_Myr,
)
from ..at_the_sun import FluxesAtSun
from ..local_cosmic_rays import Release, network_within, secondary_edges_GV, symbols_of, where_followed

Both = tuple[FloatArray, FloatArray]
"""Densities in the cocoons and in the Galaxy, per kpc^3."""


@dataclass(frozen=True)
class NestedLeakyBox(FluxesAtSun):
    """Cosmic rays at the Sun of cocoons within a Galaxy, both of them leaky boxes.

    Attributes
    ----------
    source, galaxy : Box
        The cocoons, all of them as one, and the Galaxy.
    release : Release
        What the sources release into the cocoons; its own grammage is not looked at.
    energy_edges_GeV : ndarray
        Bins of the total energy of protons.
    radiation_eV_cm3 : float
        Energy density of field and light in both, in which positrons lose energy.
    helium_factor : float
        Collisions in gas with its helium, over those in its hydrogen alone.
    """

    source: Box
    galaxy: Box
    release: Release
    energy_edges_GeV: FloatArray
    radiation_eV_cm3: float
    helium_factor: float = 1.33

    @cached_property
    def network(self) -> Network:
        return network_within(self.energy_edges_GeV)

    @cached_property
    def proton_edges_GV(self) -> FloatArray:
        return momentum_GeV(self.energy_edges_GeV)

    @cached_property
    def protons_kpc3(self) -> Both:
        """Protons, (bins,) each; they lose energy in collisions."""
        E, p = self.energy_edges_GeV[:-1], self.proton_edges_GV
        low = np.maximum(p[:-1], 1e-3)
        per_gas = pp_energy_loss_rate_GeV_Myr(E, inelasticity(E)) * E / low**2 * self.helium_factor
        rates = self.release.protons_Myr(self.energy_edges_GeV)
        return self.through_both(PROTON, p, (rates, 0.0 * rates), 0.0, per_gas)

    @cached_property
    def nuclei_kpc3(self) -> Both:
        """Nuclei, (bins, nuclei) each."""
        without = replace(self.release, grammage_g_cm2=0.0)
        rates = without.rates_Myr(self.network)
        return nuclei_through_both(self.source, self.galaxy, self.network, rates)

    def through_both(
        self,
        species: Species,
        edges_GV: FloatArray,
        made_Myr: Both,
        destroyed_mb: ArrayLike,
        loss_in_gas_cm3_Myr: ArrayLike = 0.0,
        loss_Myr: ArrayLike = 0.0,
    ) -> Both:
        """Densities of what is made in both, is destroyed on gas and loses momentum."""
        speed = species.speed_kpc_Myr(centres(edges_GV)) * KPC_CM * MBARN_CM2
        fed, found = 0.0 * made_Myr[0], []
        for box, made in zip((self.source, self.galaxy), made_Myr, strict=True):
            n = box.hydrogen_cm3
            ends = np.asarray(destroyed_mb) * speed * n
            loss = np.asarray(loss_in_gas_cm3_Myr) * n + np.asarray(loss_Myr)
            loss = np.broadcast_to(loss, made.shape)[:, None]
            density = steady_spectrum(box, species, edges_GV, (made + fed)[:, None], ends[:, None], loss)[
                :, 0
            ]
            fed = box.leaving_Myr(species, edges_GV, density)
            found.append(density)
        return found[0], found[1]

    # -- antiprotons and positrons -------------------------------------------------------------

    def made_Myr(self, species: Species) -> Both:
        """Antiprotons or positrons made per Myr in the cocoons and in the Galaxy, by bin."""
        nucleons = np.array([nucleus.A / HELIUM.A for nucleus in self.network.nuclei])
        from_protons, from_helium = self._per_projectile[species.name]
        first, second = (
            (from_protons @ protons + from_helium @ (nuclei @ nucleons)) * box.hydrogen_cm3 * box.size_kpc3
            for protons, nuclei, box in zip(
                self.protons_kpc3, self.nuclei_kpc3, (self.source, self.galaxy), strict=True
            )
        )
        return first, second

    @cached_property
    def _per_projectile(self) -> dict[str, tuple[FloatArray, FloatArray]]:
        """What protons and helium make, per projectile and hydrogen atom: (bins, bins of projectiles)."""
        beams = ((PROTON, self.proton_edges_GV), (HELIUM, self.network.rigidity_edges_GV))
        found = {}
        for species in (ANTIPROTON, POSITRON):
            edges = secondary_edges_GV(species)
            first, second = (made_per_projectile_cm3_Myr(species, beam, R, edges) for beam, R in beams)
            found[species.name] = first, second
        return found

    def secondaries_kpc3(self, species: Species) -> Both:
        """Antiprotons or positrons in the Galaxy that cocoons have made, and that the Galaxy has made."""
        made = self.made_Myr(species)
        nothing, edges = 0.0 * made[0], secondary_edges_GV(species)
        positron = species is POSITRON
        destroyed = 0.0 if positron else antiprotons_destroyed_mb(centres(edges))
        loss = cooling_rate_Myr(edges, self.radiation_eV_cm3)[:, 0] if positron else 0.0
        first, second = (
            self.through_both(species, edges, each, destroyed, 0.0, loss)[1]
            for each in ((made[0], nothing), (nothing, made[1]))
        )
        return first, second

    def parents(self, species: Species) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Rigidity of the protons of the Galaxy that make antiprotons or positrons, over theirs.

        Returns
        -------
        (ndarray, ndarray, ndarray)
            Rigidities [GV] of what is made, mean and median of the ratio.
        """
        made = self._per_projectile[species.name][0] * self.protons_kpc3[1]
        R, edges = centres(secondary_edges_GV(species)), np.maximum(self.proton_edges_GV, 1e-3)
        made /= made.sum(axis=1)[:, None]
        below = np.cumsum(made, axis=1)
        median = [np.exp(np.interp(0.5, each, np.log(edges[1:]))) for each in below]
        return R, made @ centres(edges) / R, np.array(median) / R

    # -- what there is at the Sun --------------------------------------------------------------

    @property
    def symbols(self) -> list[str]:
        """What there is a flux of."""
        return symbols_of(self.release, self.network)

    @cached_property
    def _secondaries(self) -> dict[str, FloatArray]:
        found = {}
        for species in (ANTIPROTON, POSITRON):
            R = centres(secondary_edges_GV(species))
            density = np.sum(self.secondaries_kpc3(species), axis=0)
            found[species.name] = where_followed(self.energy_edges_GeV, R, density)
        return found

    def density_at_sun(self, name: str) -> tuple[Species, FloatArray, FloatArray]:
        """Species, edges of its bins of rigidity, and its density in the Galaxy per bin, per kpc^3."""
        if name == PROTON.name:
            return PROTON, self.proton_edges_GV, self.protons_kpc3[1]
        for species in (ANTIPROTON, POSITRON):
            if name == species.name:
                return species, secondary_edges_GV(species), self._secondaries[name]
        i = self.network.names.index(name)
        return self.network.nuclei[i], self.network.rigidity_edges_GV, self.nuclei_kpc3[1][:, i]

    def without_losses(self) -> NestedLeakyBox:
        """The same where positrons do not radiate."""
        other = replace(self, radiation_eV_cm3=0.0)
        for each in ("network", "protons_kpc3", "nuclei_kpc3", "_per_projectile"):
            if each in self.__dict__:
                other.__dict__[each] = self.__dict__[each]
        return other


def nuclei_through_both(source: Box, galaxy: Box, network: Network, rates_Myr: FloatArray) -> Both:
    """Nuclei of a chain in both boxes, of those that sources release per Myr, (bins, nuclei) each."""
    found, rates = [], rates_Myr
    for box in (source, galaxy):
        density = solve_nuclei(box, network, rates, box.shares, box.gas_cm3)[:, :, 0]
        leaving = [
            box.leaving_Myr(nucleus, network.rigidity_edges_GV, density[:, i])
            for i, nucleus in enumerate(network.nuclei)
        ]
        rates = np.stack(leaving, axis=1)
        found.append(density)
    return found[0], found[1]
