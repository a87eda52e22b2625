"""From a scenario to the wind of a base, or to why there is none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....fields.exceptions import NotConverged
from ....fields.galaxy import Galaxy
from ....fields.gas_density import MASS_PER_HYDROGEN
from ....fields.units import KPC_CM, M_P_G, MYR_S, FloatArray, momentum_GeV, total_energy_GeV
from ....mc.coupled.wind_base import NoWind
from ....mc.coupled.wind_flow import WindBase, galactic_tube
from ....mc.coupled.wind_loop import DrivenWind, wind_with_protons
from ....mc.coupled.wind_protons import Release
from ...build import spectrum_of
from ...file.quantities import ScenarioError
from ...file.scenario import Scenario
from ...file.study_tables import CosmicRayWind

_PER_DECADE, _ABOVE_E_MAX = 12, 6.0
# Protons that have cooled below the least that are released, down to here.
_BELOW_E_MIN, _LOWEST_GEV = 0.3, 0.03
NOT_CONVERGED = "not converged"


class Base(NamedTuple):
    """Density [cm^-3], temperature [K] and field [uG] that a wind may start from."""

    n_0: float
    T_0: float
    B_0: float

    def __str__(self) -> str:
        """As 0.002 cm^-3, 3e5 K, 1 uG."""
        return f"{self.n_0:g} cm^-3, {self.T_0:g} K, {self.B_0:g} uG"


class Found(NamedTuple):
    """The wind of a base; none: `reason`, in a word or two, and `told`, in a line."""

    base: Base
    driven: DrivenWind | None
    reason: str = ""
    told: str = ""
    tried: tuple[tuple[float, str], ...] = ()


def wanted_of(scenario: Scenario) -> CosmicRayWind:
    """The table of a scenario, checked against the rest of it.

    Raises
    ------
    ScenarioError
        If the injection spectrum spans less than a decade.
    """
    wanted = scenario.cosmic_ray_wind
    assert wanted is not None
    if scenario.source.E_max < 10.0 * scenario.source.E_min:
        raise ScenarioError("source.E_max: allowed: ten times source.E_min or more with a [cosmic_ray_wind]")
    return wanted


def release_of(scenario: Scenario) -> Release:
    """Protons that one side of the disc releases, and what its gas takes from those that cross it."""
    wanted, spectrum = wanted_of(scenario), spectrum_of(scenario)
    low = max(_BELOW_E_MIN * float(momentum_GeV(spectrum.E_min_GeV)), _LOWEST_GEV)
    high = _ABOVE_E_MAX * spectrum.E_max_GeV
    p = np.geomspace(low, high, int(np.ceil(_PER_DECADE * np.log10(high / low))) + 1)
    E = total_energy_GeV(p)
    sides = 2.0 * np.pi * (scenario.source.R_d * KPC_CM) ** 2
    hydrogen_cm2 = 0.5 * wanted.column / (M_P_G * MASS_PER_HYDROGEN)
    lost: FloatArray = Galaxy().loss_rate(p) / MYR_S * hydrogen_cm2
    return Release(p, spectrum.rate_GeV_s(E) * p**2 / E / sides, lost)


def found_at(scenario: Scenario, base: Base, release: Release) -> Found:
    """Look for the wind of a base."""
    wanted = wanted_of(scenario)
    start = WindBase(wanted.z_0, base.n_0, base.T_0, base.B_0, release.energy_flux_erg_cm2_s)
    tube = galactic_tube(wanted.R, wanted.opening, wanted.end)
    try:
        driven = wind_with_protons(
            start, tube, release, wanted.cells, wanted.nonlinear, scenario.source.slope
        )
    except NoWind as none:
        return Found(base, None, none.reason, str(none), tuple(none.tried))
    except NotConverged as fault:
        return Found(base, None, NOT_CONVERGED, f"no wind: {fault}")
    return Found(base, driven)
