"""From a scenario to the wind of a base, or to why there is none."""

from __future__ import annotations

from typing import NamedTuple

from ....fields.exceptions import NotConverged
from ....mc.coupled.wind_base import NoWind
from ....mc.coupled.wind_loop import DrivenWind
from ....mc.coupled.wind_protons import Release
from ... import driven_wind
from ...build import spectrum_of
from ...file.quantities import ScenarioError
from ...file.scenario import Scenario
from ...file.wind_tables import CosmicRayWind, spans_a_decade

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
    if faults := list(spans_a_decade(scenario.source, "a [cosmic_ray_wind]")):
        raise ScenarioError(*faults)
    return wanted


def release_of(scenario: Scenario) -> Release:
    """Protons that one side of the disc releases, and what its gas takes from those that cross it."""
    return driven_wind.release_of(spectrum_of(scenario), scenario.source.R_d, wanted_of(scenario).column)


def found_at(scenario: Scenario, base: Base, release: Release) -> Found:
    """Look for the wind of a base."""
    wanted = wanted_of(scenario).model_copy(update=base._asdict())
    tube = wanted.opening, wanted.end
    try:
        driven = driven_wind.driven_wind(wanted, release, scenario.source.slope, *tube)
    except NoWind as none:
        return Found(base, None, none.reason, str(none), tuple(none.tried))
    except NotConverged as fault:
        return Found(base, None, NOT_CONVERGED, f"no wind: {fault}")
    return Found(base, driven)
