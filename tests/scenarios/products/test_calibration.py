"""The Galaxy as local data have it, as it is shipped, is within 10% of AMS-02 at every point above 20 GV."""

import pytest
from crhalo.mc.tally import energy_groups
from crhalo.scenarios import load
from crhalo.scenarios.at_the_sun import local_cosmic_rays
from crhalo.scenarios.build import given_medium, spectrum_of
from crhalo.scenarios.products.nuclei import compared, ranges_of, summary_of

EDGES = energy_groups(1.0, 1e7)[::2]


def farthest_from_ams02(scenario):
    """Largest departure from one of protons, helium and B/C, by what it is, from 20 GV to 1.4 TV."""
    local = local_cosmic_rays(scenario, given_medium(scenario), spectrum_of(scenario), EDGES)
    ranges = ranges_of(summary_of(compared(local)))
    names = ("protons", "helium", "boron_over_carbon")
    return {name: max(abs(each - 1.0) for each in ranges[f"{name}_over_ams02"]) for name in names}


@pytest.mark.parametrize("name", ["milky-way", "milky-way-circumgalactic"])
def test_it_is_within_a_tenth(name):
    off = farthest_from_ams02(load(name))
    assert all(each < 0.1 for each in off.values()), off


def test_a_fifth_more_diffusion_is_noticed():
    off = farthest_from_ams02(load("milky-way").with_overrides([f"diffusion.D0={1.2 * 8.6115e28} cm2/s"]))
    assert off["boron_over_carbon"] > 0.1 and off["protons"] > 0.1
