"""A finished run, as Python sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..fields.galaxy import Galaxy
from ..fields.medium import Medium
from ..fields.units import FloatArray
from ..maps.synthesis import ComponentMaps, Synthesis
from ..mc.result import Result
from ..mc.self_consistency import Settled
from .current import MeasuredCurrent
from .schema import Scenario


@dataclass(frozen=True)
class Run:
    """A finished run: its scenario, the galaxy and medium made of it, what was counted; and what was found
    before: waves, the current that drives the instability."""

    scenario: Scenario
    galaxy: Galaxy
    medium: Medium
    result: Result
    settled: Settled | None = None
    current: MeasuredCurrent | None = None

    @cached_property
    def synthesis(self) -> Synthesis:
        """The run as seen from the Sun."""
        return Synthesis(self.result, self.medium, self.scenario.medium.helium_factor, self.galaxy.R_d_kpc)

    def sky(
        self, secondary: str, energy_GeV: FloatArray | list[float] | None = None, nside: int | None = None
    ) -> ComponentMaps:
        """Intensity maps of "neutrino" or "gamma" with errors, by component (RING, Galactic)."""
        low, high, count = self.scenario.sky.energies
        energy = np.geomspace(low, high, count) if energy_GeV is None else np.asarray(energy_GeV, float)
        return self.synthesis.maps(secondary, energy, nside or self.scenario.sky.nside)

    def reweight(self, **changes: float) -> Run:
        """The same particles under another injection spectrum, see `Result.reweight`."""
        return replace(self, result=self.result.reweight(**changes))
