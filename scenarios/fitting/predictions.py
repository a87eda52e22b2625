"""What a scenario predicts at the points of measurements, for values of its free keys.

Each prediction solves the transport equation once. All are kept, and written to a file if there is one, so
that a fit that was stopped goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...fields.exceptions import RunFailed
from ...fields.units import FloatArray
from ...maps.light.at_the_sun import flux_or_ratio
from ...maps.light.local_cosmic_rays import LocalCosmicRays
from ...mc.checkpoint import digest
from ...mc.tally import energy_groups
from ..at_the_sun import local_cosmic_rays, release_of
from ..build import Setup, find_medium, spectrum_of
from ..file.quantities import ScenarioError
from ..file.scenario import Scenario
from .free_keys import FreeKey, with_values
from .kept import Kept
from .local_data import Measured, needed_GeV

# Of a coordinate that is a logarithm, and of others times the value. Curves are smooth, but where a key moves
# the Bell surface, which follows edges of cells: such slopes are good to some 15%.
STEP = 0.01
_NOTHING = 1e-200


@dataclass
class Predictions:
    """Predictions for values of the free keys of a scenario.

    Attributes
    ----------
    scenario : Scenario
        All other keys.
    keys : tuple of FreeKey
        Which vary, in the order of the coordinates.
    measured : tuple of Measured
        What is predicted, one after the other.
    kept : Kept
        What was predicted so far.
    threads : int
        Of rounds that find waves or a current, where the scenario has them.
    """

    scenario: Scenario
    keys: tuple[FreeKey, ...]
    measured: tuple[Measured, ...]
    kept: Kept = field(default_factory=Kept)
    threads: int = 1
    _last: tuple[bytes, Setup, LocalCosmicRays] | None = None

    def scenario_at(self, coordinates: FloatArray) -> Scenario:
        values = [key.value(float(u)) for key, u in zip(self.keys, coordinates, strict=True)]
        return with_values(self.scenario, self.keys, values)

    def allows(self, coordinates: FloatArray) -> bool:
        """Whether the values go together."""
        try:
            self.scenario_at(coordinates)
        except ScenarioError:
            return False
        return True

    def at(self, coordinates: FloatArray) -> FloatArray:
        """Fluxes and ratios at all points, (points,)."""
        return self.kept.or_made(("solved", *map(float, coordinates)), lambda: self._solved(coordinates))

    def slopes(self, coordinates: FloatArray) -> FloatArray:
        """d ln (prediction) / d coordinate, (points, keys), by differences.

        Of a key that changes no more than what is released, what there is is weighed anew in place of solved.
        """
        here = np.log(self.at(coordinates))
        found = np.empty((here.size, len(self.keys)))
        # What is weighed anew comes first: its base has just been solved.
        for i, key in sorted(enumerate(self.keys), key=lambda each: not each[1].of_source_alone):
            there = np.array(coordinates, float)
            there[i] += self._step(key, float(there[i]))
            found[:, i] = (np.log(self._beside(coordinates, there, key)) - here) / (there[i] - coordinates[i])
        return found

    def _step(self, key: FreeKey, at: float) -> float:
        low, high = key.limits
        size = STEP if key.logarithmic else STEP * (abs(at) or high - low)
        return size if at + size <= high else -size

    def _beside(self, base: FloatArray, there: FloatArray, key: FreeKey) -> FloatArray:
        """The prediction a step away."""
        if not key.of_source_alone:
            return self.at(there)
        return self.kept.or_made(
            ("weighed", *map(float, base), *map(float, there)), lambda: self._weighed(base, there)
        )

    def _weighed(self, base: FloatArray, there: FloatArray) -> FloatArray:
        setup, local = self._local(base)
        self._predicted(local)  # solved by now, unless what it gave was kept
        scenario = self.scenario_at(there)
        other = find_medium(scenario, self.threads)
        if digest(other.medium.table) != digest(setup.medium.table):
            return self.at(there)  # what is released drives the medium
        return self._predicted(local.reweighted(release_of(scenario, spectrum_of(scenario))))

    def _solved(self, coordinates: FloatArray) -> FloatArray:
        return self._predicted(self._local(coordinates)[1])

    def _local(self, coordinates: FloatArray) -> tuple[Setup, LocalCosmicRays]:
        """Cosmic rays at the Sun, the last of which are kept."""
        name = np.asarray(coordinates, float).tobytes()
        if self._last is None or self._last[0] != name:
            self._last = (name, *self.local_at(coordinates, needed_GeV(self.measured)))
        return self._last[1:]

    def local_at(
        self, coordinates: FloatArray, energies_GeV: tuple[float, float]
    ) -> tuple[Setup, LocalCosmicRays]:
        """The medium, and cosmic rays at the Sun between two energies.

        Raises
        ------
        UserError
            If the values are not allowed together.
        NotConverged
            If waves or a current do not converge.
        """
        scenario = self.scenario_at(coordinates)
        setup = find_medium(scenario, self.threads)
        edges = energy_groups(*scenario.transport.energy_range)[::2]
        here = np.flatnonzero((edges >= energies_GeV[0]) & (edges <= energies_GeV[1]))
        edges = edges[max(here[0] - 1, 0) : here[-1] + 2]
        return setup, local_cosmic_rays(scenario, setup, spectrum_of(scenario), edges)

    def _predicted(self, local: LocalCosmicRays) -> FloatArray:
        found = np.concatenate([flux_or_ratio(local, each.names, each.rigidity_GV) for each in self.measured])
        if not np.all(np.isfinite(found) & (found > _NOTHING)):
            raise RunFailed("the transport equation has no flux above zero where there are measurements")
        return found
