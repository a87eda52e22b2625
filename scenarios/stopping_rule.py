"""The stopping rule: are the quantities of `transport.precision_of` known well enough?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields.galaxy import Galaxy
from ..fields.medium import Medium
from ..maps.light.sky_model import SkyModel
from ..mc.result import Result
from ..mc.tally import Region
from ..mc.uncertainty import Interval, interval, reached
from .file.quantities import ScenarioError
from .file.scenario import Scenario

_NEUTRINOS_GEV = {"cgm_neutrinos_10TeV": 1e4, "cgm_neutrinos_1TeV": 1e3}
_OF_THE_DISC = "galactic_density_1TeV"
_REGIONS = {_OF_THE_DISC: Region.DISC, "density_behind_the_surface_1TeV": Region.NEAR}
_REGION_GEV, _HALF_DECADE = 1e3, 0.5


def check_precision(scenario: Scenario, galaxy: Galaxy) -> None:
    """Refuse (`ScenarioError`) a quantity that is nothing in this scenario, which no run makes precise."""
    low, high = scenario.transport.energy_range
    for name in scenario.transport.precision_of:
        energy = _NEUTRINOS_GEV.get(name, _REGION_GEV)
        # Neutrinos come from protons of any higher energy.
        followed = energy < high and (low <= energy or name in _NEUTRINOS_GEV)
        if not followed or not (galaxy.has_bell_region or name == _OF_THE_DISC):
            raise ScenarioError(
                f"transport.precision_of: {name} is zero here; allowed: others with --precision"
            )


@dataclass(frozen=True)
class Precision:
    """A rule that is asked of the result so far.

    Attributes
    ----------
    wanted : float
        Relative error of each of `scenario.transport.precision_of`.
    """

    scenario: Scenario
    galaxy: Galaxy
    medium: Medium
    wanted: float

    def __call__(self, result: Result) -> bool:
        scenario = self.scenario
        sky_model = SkyModel(result, self.medium, self.galaxy.R_d_kpc)
        intervals = intervals_of(scenario.transport.precision_of, sky_model)
        return reached(intervals, result.tallies["injected"].shape[0], self.wanted)


def intervals_of(names: tuple[str, ...], sky_model: SkyModel) -> dict[str, Interval]:
    """Quantities that `transport.precision_of` can name, with Student's intervals."""
    result, found = sky_model.result, {}
    for name in names:
        if name in _NEUTRINOS_GEV:
            per_H = sky_model.emissivity_per_H("neutrino", np.array([_NEUTRINOS_GEV[name]]))
            replicas = sky_model.replicas_of_mean({"bell": per_H["bell"]})["cgm"][:, 0]
        else:
            near = np.abs(np.log10(result.current_energy_GeV / _REGION_GEV)) < _HALF_DECADE
            E = result.current_energy_GeV[near]
            replicas = result.density_cm3("region")[:, near, _REGIONS[name]] @ E
        found[name] = interval(replicas)
    return found
