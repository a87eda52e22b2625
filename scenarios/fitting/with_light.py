"""Predictions at the Sun with the circumgalactic light of the same solution of the transport equation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...fields.exceptions import RunFailed
from ...fields.units import FloatArray
from ...maps.light.local_cosmic_rays import LocalCosmicRays
from ...maps.light.sky_of_cells import sky_average
from ...mc.diffusion.solve import Solution, solve
from ..build import Setup
from .local_data import needed_GeV
from .predictions import Predictions

_NUCLEI_PER_DECADE = 5
_PARENT = 30.0  # energy of protons over the highest of what they make that is asked for
_FROM = 0.5  # the lowest


@dataclass
class PredictionsWithLight(Predictions):
    """Predictions at the points, then E^2 I of the circumgalactic gas, averaged over the sky.

    Attributes
    ----------
    light : dict of str to ndarray
        Energies [GeV] of "neutrino" and "gamma", in this order.
    """

    light: dict[str, FloatArray] | None = None

    def local_at(
        self, coordinates: FloatArray, energies_GeV: tuple[float, float]
    ) -> tuple[Setup, LocalCosmicRays]:
        """The medium, and cosmic rays at the Sun, at all energies that are needed for the light as well."""
        low, high = needed_GeV(self.measured)
        for E in (self.light or {}).values():
            low, high = min(low, _FROM * float(E[0])), max(high, _PARENT * float(E[-1]))
        setup, local = super().local_at(coordinates, (low, high))
        return setup, replace(local, bins_per_decade=_NUCLEI_PER_DECADE)

    def _predicted(self, local: LocalCosmicRays) -> FloatArray:
        found = np.concatenate([super()._predicted(local), self._light(local.protons, local)])
        if not np.all(found > 0.0):
            raise RunFailed("the transport equation has no circumgalactic light above zero")
        return found

    def _light(self, protons: Solution, local: LocalCosmicRays) -> FloatArray:
        """E^2 I of all energies, one secondary after the other."""
        parts = [
            E**2 * sky_average(protons, secondary, E, local.helium_per_proton)["cgm"]
            for secondary, E in (self.light or {}).items()
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def steady_over_age(self, coordinates: FloatArray, age_Myr: float) -> FloatArray:
        """Light of the steady state over that after steady injection for so long, at all energies.

        What flows out slowly has not filled the Bell region yet at the lowest energies.
        """
        local = self._local(coordinates)[1]
        release = local.release
        young = solve(local.cells, local.energy_edges_GeV, release.spectrum, release.R_d_kpc, age_Myr)
        return self._light(local.protons, local) / self._light(young, local)
