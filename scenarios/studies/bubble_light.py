"""The light of an expanding bubble: emissivity of its zones, the mean of the sky, maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from ...fields.galaxy import Galaxy
from ...fields.units import FloatArray, total_energy_GeV
from ...maps.light.absorption import cmb_absorption_per_kpc
from ...maps.light.emissivity import matrix_per_flavour
from ...maps.light.skyfile import FLAVOURS, SkyCube, write_sky
from ...maps.light.spherical import SphericalSky
from ...mc.coupled.bubble_snapshot import Snapshot
from ..run import SECONDARIES


@dataclass(frozen=True)
class BubbleLight:
    """Skies of bubbles within r_max at some energies [GeV]; neutrinos per flavour."""

    r_max_kpc: float
    energy_GeV: FloatArray

    @cached_property
    def _sky(self) -> SphericalSky:
        return SphericalSky(self.r_max_kpc)

    def at_nodes(self, galaxy: Galaxy, snapshot: Snapshot, secondary: str) -> FloatArray:
        """Emissivity at the nodes of the sky [GeV^-1 cm^-3 s^-1]; in the cavity there is no gas."""
        matrix = matrix_per_flavour(secondary, self.energy_GeV, total_energy_GeV(snapshot.p_edges_GeV))
        targets = snapshot.density_cm3 * float(galaxy.helium_factors[2])
        return self._sky.at_nodes(snapshot.r_kpc, snapshot.protons_cm3[1:] @ matrix.T * targets[:, None])

    def neutrinos(self, galaxy: Galaxy, snapshot: Snapshot) -> FloatArray:
        """E^2 I of the average of the sky [GeV cm^-2 s^-1 sr^-1]."""
        return self.energy_GeV**2 * self._sky.mean(self.at_nodes(galaxy, snapshot, "neutrino"))

    def maps(self, galaxy: Galaxy, snapshot: Snapshot, secondary: str, nside: int) -> FloatArray:
        """Intensity maps (energies, pixels); gamma rays are dimmed on the CMB."""
        dimmed = secondary == "gamma"
        absorption = cmb_absorption_per_kpc(self.energy_GeV) if dimmed else np.zeros(self.energy_GeV.size)
        return self._sky.maps(self.at_nodes(galaxy, snapshot, secondary), nside, absorption)


def write_skies(
    galaxy: Galaxy, ages: list[Snapshot], light: BubbleLight, nside: int, about: dict[str, Any]
) -> dict[str, Callable[[Path], None]]:
    """Files of the skies at each age, by name, each with what writes it."""
    return {
        f"sky_{secondary}_{one.age_Myr:g}_Myr.fits": partial(
            _write,
            galaxy,
            one,
            light,
            secondary,
            nside,
            about | {"delta_G": galaxy.delta_G, "age_Myr": one.age_Myr},
        )
        for one in ages
        for secondary in SECONDARIES
    }


def _write(
    galaxy: Galaxy,
    snapshot: Snapshot,
    light: BubbleLight,
    secondary: str,
    nside: int,
    about: dict[str, Any],
    path: Path,
) -> None:
    maps = light.maps(galaxy, snapshot, secondary, nside)
    write_sky(path, SkyCube(secondary, FLAVOURS[secondary][0], light.energy_GeV, maps, metadata=about))
