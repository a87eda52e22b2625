"""The halo that cosmic rays near their sources are held against."""

from __future__ import annotations

from functools import lru_cache

from ....maps.light.local_cosmic_rays import LocalCosmicRays
from ....mc.tally import energy_groups
from ...at_the_sun import local_cosmic_rays
from ...build import given_medium, spectrum_of
from ...file.scenario import load

STANDARD = "milky-way"


@lru_cache(maxsize=1)
def standard_halo() -> LocalCosmicRays:
    """Cosmic rays at the Sun of `milky-way`, by the transport equation."""
    scenario = load(STANDARD)
    edges = energy_groups(*scenario.transport.energy_range)
    return local_cosmic_rays(scenario, given_medium(scenario), spectrum_of(scenario), edges)
